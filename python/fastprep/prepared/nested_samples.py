"""Samples of rows that hold one another: which rows ``Split.subsets()`` takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastprep import options
from fastprep._fastprep import Permutation
from fastprep.exceptions import PlanError


def nested_samples(
    rows: int, sizes: Sequence[int], seed: int, groups: npt.NDArray[Any] | None
) -> dict[int, list[int]]:
    """Row numbers by sample size, ascending; a larger sample holds all rows of a smaller one.

    Args:
        rows: How many rows there are.
        sizes: Rows of each sample.
        seed: Decides which rows are in the smaller samples.
        groups: None, or the group of each row, from 0 on: each sample then has the groups in the shares of all rows.
    """
    checked = [options.whole("subsets", "sizes", size, 1) for size in sizes]
    seed = options.whole("subsets", "seed", seed, 0, 1 << 64)
    if not checked or max(checked) > rows:
        raise PlanError.new(
            f"subsets: sizes={list(sizes)}, but the split has {rows} rows",
            code="bad_option",
            help="give sizes from 1 to the number of rows",
        )
    order = np.array(Permutation(rows, seed, 0).take(0, rows, 1))
    if groups is not None:
        order = _evenly(order, groups)
    return {size: sorted(order[:size].tolist()) for size in checked}


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

