"""``Split.subsets()``: nested parts of a split, to see what more examples would bring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import options
from ._fastprep import IGNORE, INPUT_IDS, LABELS, Permutation
from .data import Split
from .exceptions import PlanError

if TYPE_CHECKING:
    import datasets
    import pyarrow

    from .torch_dataset import TorchRows


class Subset(Split):
    """Some rows of a split, in the split's order; whatever a split gives, it gives of these rows.

    Attributes:
        numbers: The rows' numbers in the split, ascending.
    """

    def __init__(self, split: Split, numbers: Sequence[int]) -> None:
        """Args: the split, and the numbers of the rows."""
        self.__dict__.update(split.__dict__)
        self._whole = split
        self.numbers = tuple(numbers)
        self._rows = len(self.numbers)
        table = split.to_arrow()
        if INPUT_IDS in table.column_names:
            self.tokens = self._values(table, INPUT_IDS).size
        if LABELS in table.column_names:
            self.trained_tokens = int((self._values(table, LABELS) != IGNORE).sum())

    def _values(self, table: pyarrow.Table, name: str) -> npt.NDArray[Any]:
        """The values of a list column of these rows."""
        import pyarrow.compute as pc

        return np.asarray(pc.list_flatten(table[name].take(list(self.numbers)).combine_chunks()))

    def to_arrow(self) -> pyarrow.Table:
        """The rows as a table; unlike that of a split it is a copy."""
        return self._whole.to_arrow().take(list(self.numbers))

    def _datasets(self) -> datasets.Dataset:
        """A selection of the mapped rows."""
        return self._whole._datasets().select(self.numbers)

    def to_torch(self) -> TorchRows:
        """The ids of the rows as a map-style torch data set; see ``TorchRows``."""
        return self._whole.to_torch().selected(self.numbers)


def subsets(split: Split, sizes: Sequence[int], seed: int, by: str | None) -> dict[int, Subset]:
    """See ``Split.subsets``."""
    wanted = [options.whole("subsets", "sizes", size, 1) for size in sizes]
    seed = options.whole("subsets", "seed", seed, 0, 1 << 64)
    if not wanted or max(wanted) > len(split):
        raise PlanError.new(
            f"subsets: sizes={list(sizes)}, but the split has {len(split)} rows",
            code="bad_option",
            help="give sizes from 1 to the number of rows",
        )
    order = np.array(Permutation(len(split), seed, 0).take(0, len(split), 1))
    if by is not None:
        order = _evenly(order, _groups(split, by))
    return {size: Subset(split, sorted(order[:size].tolist())) for size in wanted}


def _groups(split: Split, by: str) -> npt.NDArray[Any]:
    table = split.to_arrow()
    if by not in table.column_names:
        raise PlanError.new(
            f"subsets: there is no column `{by}`; there are: {', '.join(table.column_names)}"
            f"{options.did_you_mean(by, table.column_names)}",
            code="bad_option",
            help="name a column that the prepared rows have",
        )
    codes = table[by].combine_chunks().dictionary_encode("encode").indices
    return np.asarray(codes)


def _evenly(order: npt.NDArray[Any], groups: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The order in which every beginning has its share of each group: rows stand where they would be if a group's rows
    were spread evenly."""
    shuffled = groups[order]
    by_group = np.argsort(shuffled, kind="stable")
    sizes = np.bincount(shuffled)
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    place = np.empty(len(order))
    place[by_group] = np.arange(len(order)) - np.repeat(starts, sizes)
    return order[np.argsort((place + 0.5) / sizes[shuffled], kind="stable")]

