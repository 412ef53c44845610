"""``Split.to_torch()``: a map-style data set over mapped shards, safe in worker processes."""

from __future__ import annotations

import copy
import operator
import os
from collections.abc import Iterator, Sequence
from typing import Any, SupportsIndex, overload

import numpy as np
import torch
from torch.utils.data import Dataset, get_worker_info

from fastprep._fastprep import (
    FILLER,
    INPUT_IDS,
    LABELS,
    ROW_WEIGHT,
    SEGMENT_KINDS,
    SEGMENT_LENGTHS,
    SEGMENT_WEIGHTS,
    SEQ_LENGTHS,
    Shards,
    TokenRows,
)
from fastprep.loss_columns import WEIGHTS, warn_ignored

COLUMNS = (INPUT_IDS, LABELS, SEGMENT_LENGTHS, SEGMENT_KINDS, SEGMENT_WEIGHTS, SEQ_LENGTHS, ROW_WEIGHT)
"""The columns of a row, if the shards have them."""

Index = SupportsIndex | np.bool_
"""A row's number. numpy's booleans count as 0 and 1, as Python's do."""

Tensors = dict[str, torch.Tensor]


class TorchRows(Dataset[Tensors]):
    """A map-style data set over mapped shards.

    The shards are not open at first: each process maps them at its first row. So a data set can be pickled (for spawned
    workers) and inherited (by forked workers).

    A row is a dictionary of 1-d tensors: ``input_ids`` and ``labels`` (int64, one per token), ``segment_lengths`` and
    ``segment_kinds`` (int64, one per segment), and, if the shards have them, ``segment_weights`` (float32, one per
    segment), ``seq_lengths`` (int64, one per packed document) and ``row_weight`` (float32, one).
    """

    def __init__(self, shards: Shards, rows: int) -> None:
        """Args: the shards, and their number of rows."""
        self._shards = shards
        self._rows = rows
        self._fillers = 0
        self._selected: Sequence[int] | None = None
        self._opened: tuple[int, TokenRows] | None = None
        self._warned = False

    def __len__(self) -> int:
        """The number of rows, including fillers."""
        return self._real_rows() + self._fillers

    def __getitem__(self, index: Index) -> Tensors:
        """One row; negative indices count from the end.

        Raises:
            IndexError: There is no such row.
            SourceError: A shard is missing, or does not match the manifest.
            DataError: A column contains nulls, or does not have the type that a sink writes.
        """
        return self.numbered([self._position(index)]).cut()[0]

    def __getitems__(self, indices: Sequence[Index]) -> Rows:
        """Several rows at once, as ``DataLoader`` reads a batch. Raises as for one row.

        The rows are cut only when they are accessed: the collator of ``PreparedData`` makes a batch directly from the
        mapped files. If the rows are packed or have weights, a warning comes when another collator accesses them.
        """
        return self.numbered([self._position(index) for index in indices])

    def filled(self, multiple: int) -> TorchRows:
        """The same rows, followed by fillers (rows with weight 0) up to a multiple of ``multiple``."""
        filled = copy.copy(self)
        filled._fillers = -self._real_rows() % multiple
        return filled

    def selected(self, numbers: Sequence[int]) -> TorchRows:
        """Only these rows, by their numbers in the shards, in this order."""
        selected = copy.copy(self)
        selected._selected, selected._fillers = numbers, 0
        return selected

    def numbered(self, numbers: list[int]) -> Rows:
        """Rows by number. ``FILLER`` is a row of one token with weight 0."""
        return Rows(self, self._in_shards(numbers))

    def lengths(self, numbers: list[int]) -> list[int]:
        """The number of tokens of each of these rows."""
        return self.tokens().lengths(self._in_shards(numbers))

    def _real_rows(self) -> int:
        return self._rows if self._selected is None else len(self._selected)

    def _in_shards(self, numbers: list[int]) -> list[int]:
        selected = self._selected
        if selected is None:
            return numbers
        return [selected[number] if number >= 0 else FILLER for number in numbers]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def _position(self, index: Index) -> int:
        row = int(index) if isinstance(index, np.bool_) else operator.index(index)
        if not -len(self) <= row < len(self):
            raise IndexError(f"row {row} is out of range: the data set has {len(self)} rows")
        row = row + len(self) if row < 0 else row
        return row if row < self._real_rows() else FILLER

    def tokens(self) -> TokenRows:
        """The core's rows, mapped by this process."""
        pid = os.getpid()
        if self._opened is None or self._opened[0] != pid:
            self._opened = (pid, TokenRows.mapped(self._shards))
        return self._opened[1]

    def columns(self) -> tuple[str, ...]:
        """The columns of ``COLUMNS`` that the rows have."""
        return tuple(name for name in COLUMNS if name in self._shards.columns)

    def warn_ignored(self) -> None:
        """Warns, once, that a collator of another library reads rows for which it would change the loss."""
        worker = get_worker_info()
        if not self._warned and (worker is None or worker.id == 0):
            self._warned = True
            warn_ignored(self.columns(), stacklevel=4)


class Rows(Sequence[Tensors]):
    """Some rows of a ``TorchRows``, in any order. They are cut when they are accessed.

    Attributes:
        numbers: The number of each row in the data set; ``FILLER`` for fillers.
    """

    def __init__(self, dataset: TorchRows, numbers: list[int]) -> None:
        """Args: the data set, and the rows' numbers."""
        self.numbers = numbers
        self._dataset = dataset
        self._rows: list[Tensors] | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> Tensors: ...
    @overload
    def __getitem__(self, index: slice) -> list[Tensors]: ...
    def __getitem__(self, index: int | slice) -> Tensors | list[Tensors]:
        self._dataset.warn_ignored()
        return self.cut()[index]

    def __iter__(self) -> Iterator[Tensors]:
        self._dataset.warn_ignored()
        return iter(self.cut())

    def tokens(self) -> TokenRows:
        """The core's rows of the entire data set."""
        return self._dataset.tokens()

    def columns(self) -> tuple[str, ...]:
        """The columns of ``COLUMNS`` that the rows have."""
        return self._dataset.columns()

    def cut(self) -> list[Tensors]:
        """Each row as tensors."""
        if self._rows is None:
            self._rows = [{} for _ in self.numbers]
            for name, (flat, lengths) in self.tokens().columns(self.numbers).items():
                dtype = torch.float32 if name in WEIGHTS else torch.int64
                tensor = torch.frombuffer(flat, dtype=dtype) if flat else torch.empty(0, dtype=dtype)
                for row, part in zip(self._rows, tensor.split_with_sizes(lengths), strict=True):
                    row[name] = part
        return self._rows
