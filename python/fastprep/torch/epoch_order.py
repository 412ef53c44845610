"""The order of the rows in an epoch, and the share of each rank and worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from fastprep._fastprep import FILLER, Permutation

GROUPED_BATCHES = 64
"""How many batches are sorted by length together: enough for little padding, few enough to stay shuffled."""

Lengths = Callable[[list[int]], list[int]]
"""Gives the number of tokens of rows, by row number."""


class EpochOrder:
    """The order of the rows of one epoch, the same for every rank and worker.

    Attributes:
        rows: The number of rows.
    """

    def __init__(self, rows: int, seed: int | None, epoch: int, block: int = 1, lengths: Lengths | None = None) -> None:
        """Makes the order. Memory does not grow with the rows.

        Args:
            rows: The number of rows.
            seed: None for the order of the shards.
            epoch: Each epoch has another order.
            block: With ``lengths``, how many rows of about the same length stay together: a batch of all ranks.
            lengths: None, or the lengths of rows: the shuffled rows are then sorted by length within
                ``GROUPED_BATCHES`` blocks, and the blocks shuffled.
        """
        self.rows = rows
        self._seed, self._epoch, self._block, self._lengths = seed, epoch, block, lengths
        self._shuffle = None if seed is None else Permutation(rows, seed, epoch)
        self._window: tuple[int, list[int]] = (-1, [])

    def take(self, start: int, stop: int, every: int = 1) -> list[int]:
        """Row numbers at positions ``start``, ``start + every``, … below ``stop`` and the end of the epoch."""
        if self._lengths is None:
            return self._shuffled(start, min(stop, self.rows), every)
        return [self._grouped(position, self._lengths) for position in range(start, min(stop, self.rows), every)]

    def _shuffled(self, start: int, stop: int, every: int) -> list[int]:
        return list(range(start, stop, every)) if self._shuffle is None else self._shuffle.take(start, stop, every)

    def _grouped(self, position: int, lengths: Lengths) -> int:
        size = self._block * GROUPED_BATCHES
        start = position - position % size
        if self._window[0] != start:
            self._window = (start, self._sorted(start, min(start + size, self.rows), lengths))
        return self._window[1][position - start]

    def _sorted(self, start: int, stop: int, lengths: Lengths) -> list[int]:
        shuffled = self._shuffled(start, stop, 1)
        numbers = np.array(shuffled)[np.argsort(lengths(shuffled), kind="stable")]
        # An incomplete block stays last, so that batches keep matching blocks.
        complete = len(numbers) // self._block
        blocks = numbers[: complete * self._block].reshape(complete, self._block)
        if self._seed is not None:
            blocks = blocks[Permutation(complete, self._seed ^ start, self._epoch).take(0, complete, 1)]
        return [*blocks.flatten().tolist(), *numbers[complete * self._block :].tolist()]


@dataclass(frozen=True)
class Share:
    """The rows of an epoch that one rank takes, from ``start`` to the end.

    Each step takes ``batch_size`` rows for each rank from the order, and gives them to the ranks in turn: each gets the
    same number, and with grouped lengths rows of about the same length.

    Attributes:
        order: The order of all rows.
        start: How many rows of the epoch are done.
        batch_size: Rows in a batch of one rank.
        rank: The number of this rank, below ``world_size``.
        world_size: The number of ranks that train together.
        drop_last: Whether to leave out rows that do not fill a step. Else the last step is shorter, and ranks that are
            one row short get a filler, so that all ranks have the same number of steps and rows.
    """

    order: EpochOrder
    start: int
    batch_size: int
    rank: int
    world_size: int
    drop_last: bool

    @property
    def step_rows(self) -> int:
        """The rows of a step, for all ranks together."""
        return self.batch_size * self.world_size

    @property
    def steps(self) -> int:
        """The number of steps from ``start`` to the end."""
        rows = self.order.rows - self.start
        return rows // self.step_rows if self.drop_last else -(-rows // self.step_rows)

    @property
    def fillers(self) -> int:
        """The number of fillers for all ranks together, up to the end."""
        return 0 if self.drop_last else -(self.order.rows - self.start) % self.world_size

    @property
    def dropped(self) -> int:
        """The number of rows that no rank gets."""
        return (self.order.rows - self.start) % self.step_rows if self.drop_last else 0

    def batches(self, first: int = 0, every: int = 1) -> Iterator[list[int]]:
        """Row numbers of this rank's batches at steps ``first``, ``first + every``, …; the last may have a filler."""
        for step in range(first, self.steps, every):
            start = self.start + step * self.step_rows
            stop = min(start + self.step_rows, self.order.rows)
            numbers = self.order.take(start + self.rank, stop, self.world_size)
            if len(numbers) * self.world_size < stop - start:
                numbers.append(FILLER)
            yield numbers
