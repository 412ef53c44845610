"""Which rows ``Split.subsets()`` takes: a larger sample holds all rows of a smaller one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastprep import option_checks
from fastprep._fastprep import Permutation
from fastprep.exceptions import PlanError


def subset_rows(rows: int, sizes: Sequence[int], seed: int, groups: npt.NDArray[Any] | None) -> dict[int, list[int]]:
    """The row numbers of each sample, ascending, by its size.

    Args:
        rows: The number of rows.
        sizes: The number of rows of each sample.
        seed: Decides which rows are in the smaller samples.
        groups: None, or the group of each row, counted from 0: each sample then has the groups in their shares.
    """
    checked = [option_checks.whole_number("subsets", "sizes", size, 1) for size in sizes]
    seed = option_checks.whole_number("subsets", "seed", seed, 0, 1 << 64)
    if not checked or max(checked) > rows:
        raise PlanError.new(
            f"subsets: `sizes` must be from 1 to {rows}, the rows of the split; got {list(sizes)}",
            code="bad_option",
            help="pass smaller sizes",
        )
    order = np.array(Permutation(rows, seed, 0).take(0, rows, 1))
    if groups is not None:
        order = _evenly(order, groups)
    return {size: sorted(order[:size].tolist()) for size in checked}


def _evenly(order: npt.NDArray[Any], groups: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The order with each group spread evenly, so that every prefix has each group in its share."""
    shuffled = groups[order]
    by_group = np.argsort(shuffled, kind="stable")
    sizes = np.bincount(shuffled)
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    rank = np.empty(len(order))
    rank[by_group] = np.arange(len(order)) - np.repeat(starts, sizes)
    return order[np.argsort((rank + 0.5) / sizes[shuffled], kind="stable")]
