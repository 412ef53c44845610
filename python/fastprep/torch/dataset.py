"""``Split.to_torch()``: rows of mapped shards by index, safe in worker processes."""

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
from fastprep.torch.loss_warnings import WEIGHTS, warn_ignored

COLUMNS = (INPUT_IDS, LABELS, SEGMENT_LENGTHS, SEGMENT_KINDS, SEGMENT_WEIGHTS, SEQ_LENGTHS, ROW_WEIGHT)
"""The columns a row is made of, where it has them."""

Index = SupportsIndex | np.bool_
"""A row's number; numpy's booleans are taken as Python's are."""

Tensors = dict[str, torch.Tensor]


class TorchRows(Dataset[Tensors]):
    """A map-style data set over mapped shards.

    It holds shards that are not opened. Each process maps them at its first row, so that a data set can be pickled
    (spawned workers) and inherited (forked workers).

    A row is a dictionary of 1-d tensors: ``input_ids`` and ``labels`` (int64, one per token), ``segment_lengths`` and
    ``segment_kinds`` (int64, one per segment), and where the shards have them ``segment_weights`` (float32, one per
    segment), ``seq_lengths`` (int64, one per packed document) and ``row_weight`` (float32, one).
    """

    def __init__(self, shards: Shards, rows: int) -> None:
        """Args: the shards, and the number of rows in all of them."""
        self._shards = shards
        self._rows = rows
        self._fillers = 0
        self._selected: Sequence[int] | None = None
        self._opened: tuple[int, TokenRows] | None = None
        self._warned = False

    def __len__(self) -> int:
        """Rows, fillers included."""
        return self._own() + self._fillers

    def __getitem__(self, index: Index) -> Tensors:
        """One row; negative indices count from the end.

        Raises:
            IndexError: There is no such row.
            SourceError: A shard is missing, or is not what the manifest says.
            DataError: A column holds nulls or another type than the pipeline writes.
        """
        return self.numbered([self._position(index)]).cut()[0]

    def __getitems__(self, indices: Sequence[Index]) -> Rows:
        """Several rows at once, as ``DataLoader`` asks for a batch; raises as one row does.

        What comes back is a sequence of rows that are only cut when they are looked at: the collator of
        ``PreparedData`` lays a batch out from the mapped files without them. Where the rows are packed or have weights,
        another collator that looks at them is warned about.
        """
        return self.numbered([self._position(index) for index in indices])

    def filled(self, multiple: int) -> TorchRows:
        """The same rows, and behind them as many that weigh nothing as make their number a multiple."""
        filled = copy.copy(self)
        filled._fillers = -self._own() % multiple
        return filled

    def selected(self, numbers: Sequence[int]) -> TorchRows:
        """These rows alone, by their numbers in the shards, in this order."""
        selected = copy.copy(self)
        selected._selected, selected._fillers = numbers, 0
        return selected

    def numbered(self, numbers: list[int]) -> Rows:
        """Rows by number; ``FILLER`` is a row of one token that weighs nothing."""
        return Rows(self, self._in_shards(numbers))

    def lengths(self, numbers: list[int]) -> list[int]:
        """Tokens of these rows."""
        return self.tokens().lengths(self._in_shards(numbers))

    def _own(self) -> int:
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
            raise IndexError(f"row {row} of {len(self)}")
        row = row + len(self) if row < 0 else row
        return row if row < self._own() else FILLER

    def tokens(self) -> TokenRows:
        """The rows as the core has them, mapped by this process."""
        pid = os.getpid()
        if self._opened is None or self._opened[0] != pid:
            self._opened = (pid, TokenRows.mapped(self._shards))
        return self._opened[1]

    def columns(self) -> tuple[str, ...]:
        """Those of ``COLUMNS`` that the rows have."""
        return tuple(name for name in COLUMNS if name in self._shards.columns)

    def warn_ignored(self) -> None:
        """Warns, once, that a collator that is not ours reads rows that it makes another loss of."""
        worker = get_worker_info()
        if not self._warned and (worker is None or worker.id == 0):
            self._warned = True
            warn_ignored(self.columns(), stacklevel=4)


class Rows(Sequence[Tensors]):
    """Some rows of a ``TorchRows``, in an order of their own.

    Attributes:
        numbers: The number of each row in the data set; ``FILLER`` for rows that weigh nothing.
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
        """The rows of the whole data set as the core has them."""
        return self._dataset.tokens()

    def columns(self) -> tuple[str, ...]:
        """Those of ``COLUMNS`` that the rows have."""
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
