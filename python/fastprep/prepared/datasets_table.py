"""The table behind ``Split.to_datasets()``: mapped IPC files that ``datasets`` neither copies nor pickles.

``datasets`` maps only the stream form of Arrow IPC, and a table that it holds in memory is pickled whole. This block
is pickled as its shards and the edits made since. It names no cache files, so that ``datasets`` does not write beside
the shards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import pyarrow as pa
from datasets.table import TableBlock, table_cast, table_flatten

from fastprep._fastprep import Shards
from fastprep.prepared.shards import table as mapped

Edit = tuple[str, tuple[Any, ...], dict[str, Any]]
"""A method of the table with its arguments."""


class MappedTable(TableBlock):  # type: ignore[misc]  # datasets ships no types
    """Mapped shards and the edits (dropped columns, slices, ...) that lead from them to ``table``."""

    def __init__(self, table: pa.Table, shards: Shards, edits: tuple[Edit, ...]) -> None:
        """Use ``of``."""
        super().__init__(table)
        self.shards = shards
        self.edits = edits

    @classmethod
    def of(cls, shards: Shards, edits: tuple[Edit, ...] = ()) -> Self:
        """Maps the shards and applies the edits."""
        table = mapped(shards)
        for edit in edits:
            table = _apply(table, edit)
        return cls(table, shards, edits)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).of, (self.shards, self.edits)


def _apply(table: pa.Table, edit: Edit) -> pa.Table:
    name, args, kwargs = edit
    own: dict[str, Callable[..., pa.Table]] = {"cast": table_cast, "flatten": table_flatten}
    return own[name](table, *args, **kwargs) if name in own else getattr(table, name)(*args, **kwargs)


def _recorded(name: str) -> Callable[..., MappedTable]:
    def method(self: MappedTable, *args: Any, **kwargs: Any) -> MappedTable:
        edit = (name, args, kwargs)
        return MappedTable(_apply(self.table, edit), self.shards, (*self.edits, edit))

    return method


# The transforms that datasets.table.Table leaves to its blocks.
for _name in (
    "add_column",
    "append_column",
    "cast",
    "combine_chunks",
    "drop",
    "filter",
    "flatten",
    "remove_column",
    "rename_columns",
    "replace_schema_metadata",
    "select",
    "set_column",
    "slice",
):
    setattr(MappedTable, _name, _recorded(_name))
