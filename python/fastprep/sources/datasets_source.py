"""Data sets of the package `datasets` as streams of Arrow data, in batches."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from fastprep.exceptions import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import datasets
    import pyarrow as pa

GATHERED_BYTES = 64 << 20
"""Size of a batch whose rows are gathered by their indices: the more rows, the fewer look-ups for each."""
GATHERED_ROWS = 65_536
STREAMED_ROWS = 1_000
"""Rows that are taken at a time from a data set without a table."""


def is_dataset(data: Any) -> bool:
    """Whether this is a data set of `datasets`, of any kind."""
    datasets = sys.modules.get("datasets")
    if datasets is None:
        return False
    kinds = (datasets.Dataset, datasets.DatasetDict, datasets.IterableDataset, datasets.IterableDatasetDict)
    return isinstance(data, kinds)


class DatasetSource:
    """A `datasets.Dataset`: the rows of its table in the order of its indices, which `select` and `shuffle` make."""

    def __init__(self, dataset: datasets.Dataset) -> None:
        self.data = dataset

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        import pyarrow as pa

        schema = self.data.data.table.schema
        reader = pa.RecordBatchReader.from_batches(schema, record_batches(self.data))
        return reader.__arrow_c_stream__(requested_schema)


class DatasetDictSource:
    """A `datasets.DatasetDict`: the rows of each split in order, with a column for their split."""

    def __init__(self, splits: Mapping[str, datasets.Dataset], column: str) -> None:
        self.data = splits
        self._column = column
        schemas = {name: split.data.table.schema for name, split in splits.items()}
        (first, schema), *others = schemas.items()
        for name, other in others:
            if not other.equals(schema):
                raise PlanError.new(
                    f"from_datasets: the splits `{first}` and `{name}` have different columns or types",
                    code="bad_option",
                    help="cast them to the same features, or pass one split: from_datasets(data[…])",
                )
        if column in schema.names:
            raise PlanError.new(
                f"from_datasets: the rows already have a column `{column}`, the name of the column for their splits",
                code="bad_option",
                help=f"rename it: data.rename_column({column!r}, …)",
            )
        self._schema = schema

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        import pyarrow as pa

        schema = self._schema.append(pa.field(self._column, pa.dictionary(pa.int32(), pa.string())))
        reader = pa.RecordBatchReader.from_batches(schema, self._batches(schema))
        return reader.__arrow_c_stream__(requested_schema)

    def _batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        import numpy as np
        import pyarrow as pa

        for name, split in self.data.items():
            for batch in record_batches(split):
                column = pa.DictionaryArray.from_arrays(np.zeros(batch.num_rows, np.int32), [name])
                yield pa.RecordBatch.from_arrays([*batch.columns, column], schema=schema)


class IterableDatasetSource:
    """A `datasets.IterableDataset`, which is iterated again for each stream."""

    def __init__(self, dataset: datasets.IterableDataset) -> None:
        self.data = dataset

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        import pyarrow as pa

        features, first = self.data.features, None
        if features is not None and self.data._ex_iterable.iter_arrow is not None:
            tables = self.data.with_format("arrow").iter(batch_size=STREAMED_ROWS)
        else:
            # The rows are Python objects already, as functions of the user made them.
            tables = _tables(self.data)
        if features is not None:
            schema = features.arrow_schema
        else:
            # Without declared features, the first rows say what the columns are.
            first = next(tables, None)
            schema = pa.schema([]) if first is None else first.schema
        reader = pa.RecordBatchReader.from_batches(schema, _aligned(first, tables, schema))
        return reader.__arrow_c_stream__(requested_schema)


def record_batches(dataset: datasets.Dataset) -> Iterator[pa.RecordBatch]:
    """The rows of a data set in the order of its indices, if it has any."""
    import numpy as np
    import pyarrow as pa

    table = dataset.data.table
    table.validate()
    batches = table.to_batches()
    if dataset._indices is None:
        yield from batches
        return
    starts = np.cumsum([0] + [batch.num_rows for batch in batches])
    indices = dataset._indices.column(0)
    each = max(1, table.nbytes // max(1, table.num_rows))
    rows = max(1, min(GATHERED_ROWS, GATHERED_BYTES // each))
    for start in range(0, len(indices), rows):
        wanted = indices.slice(start, rows).to_numpy().astype(np.int64)
        # The rows of each record batch are taken together: pyarrow would first join all batches into one.
        which = np.searchsorted(starts, wanted, side="right") - 1
        order = np.argsort(which, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(which[order])) + 1)
        taken = [batches[which[group[0]]].take(pa.array(wanted[group] - starts[which[group[0]]])) for group in groups]
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        yield from pa.Table.from_batches(taken).combine_chunks().take(pa.array(back)).to_batches()


def _tables(dataset: datasets.IterableDataset) -> Iterator[pa.Table]:
    import pyarrow as pa

    features = dataset.features
    types = {field.name: field.type for field in features.arrow_schema} if features is not None else {}
    for batch in dataset.with_format(None).iter(batch_size=STREAMED_ROWS):
        encoded = features.encode_batch(batch) if features is not None else batch
        yield pa.table({name: pa.array(values, types.get(name)) for name, values in encoded.items()})


def _aligned(first: pa.Table | None, tables: Iterator[pa.Table], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The tables with the columns of the schema; a column that is absent, or has only nulls, is null."""
    import pyarrow as pa

    row = 0
    for table in [first] if first is not None else []:
        yield from table.to_batches()
        row += table.num_rows
    for table in tables:
        unknown = set(table.column_names) - set(schema.names)
        if unknown:
            raise ValueError(f"the column `{min(unknown)}` first appears after row {row}; {_DECLARE}")
        columns = []
        for field in schema:
            found = table[field.name] if field.name in table.column_names else pa.chunked_array([], pa.null())
            if found.type == field.type:
                columns.append(found)
            elif pa.types.is_null(found.type):
                columns.append(pa.nulls(table.num_rows, field.type))
            else:
                raise ValueError(
                    f"column `{field.name}` is {field.type}, but after row {row} it is {found.type}; {_DECLARE}"
                )
        yield from pa.Table.from_arrays(columns, schema=schema).to_batches()
        row += table.num_rows


_DECLARE = "declare the columns with data.cast(datasets.Features(…))"
