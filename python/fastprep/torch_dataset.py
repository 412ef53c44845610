"""``Split.to_torch()``: rows of mapped shards by index, safe in worker processes."""

from __future__ import annotations

import operator
import os
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, SupportsIndex

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from torch.utils.data import Dataset

from .exceptions import DataError, SourceError
from .shards import map_shards

COLUMNS = ("input_ids", "labels", "segment_lengths", "segment_kinds", "segment_weights", "seq_lengths")
"""The columns a row is made of, where the shards have them."""

Index = SupportsIndex | np.bool_
"""A row's number; numpy's booleans are taken as Python's are."""


class TorchRows(Dataset[dict[str, torch.Tensor]]):
    """A map-style data set over mapped shards.

    It holds paths. Each process maps the files at its first row, so that a data set can be pickled (spawned workers)
    and inherited (forked workers).

    A row is a dictionary of 1-d tensors: ``input_ids`` and ``labels`` (int64, one per token), ``segment_lengths`` and
    ``segment_kinds`` (int64, one per segment), and where the shards have them ``segment_weights`` (float32, one per
    segment) and ``seq_lengths`` (int64, one per packed document).
    """

    def __init__(self, shards: Sequence[Path], rows: int) -> None:
        """Args: the shards in order, and the number of rows in all of them."""
        self._shards = tuple(shards)
        self._rows = rows
        self._opened: tuple[int, _Chunks] | None = None

    def __len__(self) -> int:
        """Rows."""
        return self._rows

    def __getitem__(self, index: Index) -> dict[str, torch.Tensor]:
        """One row; negative indices count from the end.

        Raises:
            IndexError: There is no such row.
            SourceError: A shard cannot be read, or the shards hold other rows than the manifest says.
            DataError: A column holds nulls or another type than the pipeline writes.
        """
        return self.__getitems__((index,))[0]

    def __getitems__(self, indices: Sequence[Index]) -> list[dict[str, torch.Tensor]]:
        """Several rows at once, as ``DataLoader`` asks for a batch; the rows share storage. Raises as one row does."""
        starts, chunks = self._chunks()
        places: list[tuple[_Chunk, int]] = []
        for index in indices:
            row = self._position(index)
            chunk = bisect_right(starts, row) - 1
            places.append((chunks[chunk], row - starts[chunk]))
        rows: list[dict[str, torch.Tensor]] = [{} for _ in places]
        if not rows:
            return rows
        for name in chunks[0]:
            parts = []
            for chunk_columns, row in places:
                column = chunk_columns[name]
                parts.append(column.values[column.offsets[row] : column.offsets[row + 1]])
            dtype = np.float32 if name == "segment_weights" else np.int64
            flat = torch.from_numpy(np.concatenate(parts, dtype=dtype))
            for target, tensor in zip(rows, flat.split_with_sizes([len(part) for part in parts]), strict=True):
                target[name] = tensor
        return rows

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def _position(self, index: Index) -> int:
        row = int(index) if isinstance(index, np.bool_) else operator.index(index)
        if not -self._rows <= row < self._rows:
            raise IndexError(f"row {row} of {self._rows}")
        return row + self._rows if row < 0 else row

    def _chunks(self) -> _Chunks:
        pid = os.getpid()
        if self._opened is None or self._opened[0] != pid:
            self._opened = (pid, _open(self._shards, self._rows))
        return self._opened[1]


class _Column(NamedTuple):
    """A list column of a record batch: row i is ``values[offsets[i]:offsets[i + 1]]``."""

    offsets: npt.NDArray[Any]
    values: npt.NDArray[Any]


_Chunk = dict[str, _Column]
_Chunks = tuple[list[int], list[_Chunk]]
"""The first row of each record batch, and its columns."""


def _open(shards: Sequence[Path], rows: int) -> _Chunks:
    table = map_shards(shards)
    if table.num_rows != rows:
        raise SourceError.new(
            f"the shards hold {table.num_rows} rows, the manifest says {rows}",
            code="damaged_shard",
            path=shards[0].parent,
            help="prepare the data again, or copy the folder again",
        )
    names = [name for name in COLUMNS if name in table.column_names]
    starts: list[int] = []
    chunks: list[_Chunk] = []
    start = 0
    for batch in table.select(names).to_batches():
        if batch.num_rows:
            starts.append(start)
            chunks.append({name: _view(name, batch.column(name)) for name in names})
            start += batch.num_rows
    return starts, chunks


def _view(name: str, column: pa.Array) -> _Column:
    lists = pa.types.is_list(column.type) or pa.types.is_large_list(column.type)
    if not lists or column.null_count or column.values.null_count:
        raise DataError.new(
            f"column `{name}` must hold lists without nulls, but is {column.type} with {column.null_count} nulls",
            code="wrong_type",
            column=name,
            help="keep the columns that .tokenize(...) makes as they are",
        )
    return _Column(column.offsets.to_numpy(), column.values.to_numpy(zero_copy_only=True))
