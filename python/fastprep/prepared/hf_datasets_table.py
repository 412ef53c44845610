"""The table of ``Split.to_datasets()``: mapped IPC files that ``datasets`` neither copies nor pickles.

``datasets`` maps only the stream form of Arrow IPC, and pickles all data of a table in memory. The pickle of this table
holds the shards and the edits made since. It names no cache files, so that ``datasets`` does not write to the folder of
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
    """Mapped shards, and the edits (dropped columns, slices, ...) that turn them into ``table``."""

    def __init__(self, table: pa.Table, shards: Shards, edits: tuple[Edit, ...]) -> None:
        """Args: the table, and the shards and edits that it comes from; see ``from_shards``."""
        super().__init__(table)
        self.shards = shards
        self.edits = edits

    @classmethod
    def from_shards(cls, shards: Shards, edits: tuple[Edit, ...] = ()) -> Self:
        """Maps the shards and applies the edits."""
        table = mapped(shards)
        for edit in edits:
            table = _apply(table, edit)
        return cls(table, shards, edits)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_shards, (self.shards, self.edits)


def _apply(table: pa.Table, edit: Edit) -> pa.Table:
    name, args, kwargs = edit
    by_datasets: dict[str, Callable[..., pa.Table]] = {"cast": table_cast, "flatten": table_flatten}
    return by_datasets[name](table, *args, **kwargs) if name in by_datasets else getattr(table, name)(*args, **kwargs)


def _recorded(name: str) -> Callable[..., MappedTable]:
    def method(self: MappedTable, *args: Any, **kwargs: Any) -> MappedTable:
        edit = (name, args, kwargs)
        return MappedTable(_apply(self.table, edit), self.shards, (*self.edits, edit))

    return method


# The methods that datasets.table.Table leaves to its blocks.
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
