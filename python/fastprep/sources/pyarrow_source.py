"""Checks the buffers of pyarrow data that `from_arrow` gets, before the core reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastprep.exceptions import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa


class PyarrowSource:
    """A table, record batch or reader of pyarrow; checks that its buffers are as long as its types and offsets need.

    Arrow's C interface does not pass the lengths of buffers, so only pyarrow can check them. The core checks the values
    in the buffers, for data of any library.
    """

    def __init__(self, data: pa.Table | pa.RecordBatch | pa.RecordBatchReader, name: str) -> None:
        self.data = data
        self._name = name

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        import pyarrow as pa

        if isinstance(self.data, pa.RecordBatchReader):
            reader = pa.RecordBatchReader.from_batches(self.data.schema, self._batches(self.data))
            return reader.__arrow_c_stream__(requested_schema)
        try:
            self.data.validate()
        except pa.ArrowException as e:
            raise damaged(self._name, e) from e
        return self.data.__arrow_c_stream__(requested_schema)

    @staticmethod
    def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        for batch in reader:
            batch.validate()
            yield batch


def damaged(name: str, why: Exception) -> SourceError:
    """The error for Arrow data whose buffers do not match its types."""
    return SourceError.new(
        f"the Arrow data are damaged: {why}",
        code="corrupt_arrow",
        path=name,
        help="create the data again; table.validate(full=True) in pyarrow shows what is damaged",
    )
