"""Arrow tables as polars frames, but for the types that polars does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastprep.exceptions import ColumnError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    import pyarrow as pa


def polars_frame(table: Any) -> pl.DataFrame:
    """The rows of an Arrow stream.

    Raises:
        ColumnError: a column has a type that polars cannot import; it would fail without naming the column.
    """
    import polars as pl
    import pyarrow as pa

    for field in pa.schema(table):
        for part in _parts(field.type):
            if _is_foreign(part):
                raise ColumnError.new(
                    f"column `{field.name}` is of type {field.type}, which polars cannot import",
                    code="wrong_type",
                    column=field.name,
                    help="leave the column out with drop, or convert it in the source; collect returns it as it is",
                )
    return pl.DataFrame(table)


def _is_foreign(part: pa.DataType) -> bool:
    """Whether polars has no such type."""
    from pyarrow import types

    return bool(
        types.is_decimal256(part)
        or types.is_interval(part)
        or types.is_union(part)
        or types.is_list_view(part)
        or types.is_large_list_view(part)
        or types.is_run_end_encoded(part)
    )


def _parts(part: pa.DataType) -> Iterator[pa.DataType]:
    """The type, and the types that it contains, at any depth."""
    from pyarrow import types

    yield part
    if types.is_dictionary(part):
        yield from _parts(part.value_type)
    for i in range(part.num_fields):
        yield from _parts(part.field(i).type)
