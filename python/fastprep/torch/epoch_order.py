"""Which rows come when: the order of an epoch, and each rank's and worker's share of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from fastprep._fastprep import FILLER, Permutation

GROUPED_BATCHES = 64
"""Batches whose rows are sorted by length together: enough for little padding, few enough to stay shuffled."""

Lengths = Callable[[list[int]], list[int]]
"""Tokens of rows by number."""


class EpochOrder:
    """The order of the rows of one epoch, the same for every rank and worker.

    Attributes:
        rows: How many there are.
    """

    def __init__(self, rows: int, seed: int | None, epoch: int, block: int = 1, lengths: Lengths | None = None) -> None:
        """Makes the order; no memory grows with the rows.

        Args:
            rows: How many there are.
            seed: None for the order of the shards.
            epoch: Each has an order of its own.
            block: With ``lengths``, rows of about one length that stay together: a batch of all ranks.
            lengths: None, or what gives the rows' lengths: shuffled rows are then sorted by length within
                ``GROUPED_BATCHES`` blocks, and these blocks shuffled.
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
        # A short block stays the last, so that batches go on falling together with blocks.
        whole = len(numbers) // self._block
        blocks = numbers[: whole * self._block].reshape(whole, self._block)
        if self._seed is not None:
            blocks = blocks[Permutation(whole, self._seed ^ start, self._epoch).take(0, whole, 1)]
        return [*blocks.flatten().tolist(), *numbers[whole * self._block :].tolist()]


@dataclass(frozen=True)
class Share:
    """What one rank takes of an epoch, from ``start`` on.

    Each step takes ``batch_size`` rows for each rank from the order and deals them in turn, so that ranks get as many,
    and with grouped lengths as long ones.

    Attributes:
        order: The order of all rows.
        start: Rows of the epoch that are done.
        batch_size: Rows of a batch of one rank.
        rank: Of ``world_size`` ranks.
        world_size: Ranks that train together.
        drop_last: Whether rows that do not make a whole step are left out. Else the last step is shorter, and ranks
            that come up short in it get fillers, so that all ranks have as many steps and rows.
    """

    order: EpochOrder
    start: int
    batch_size: int
    rank: int
    world_size: int
    drop_last: bool

    @property
    def step_rows(self) -> int:
        """Rows of a step, of all ranks."""
        return self.batch_size * self.world_size

    @property
    def steps(self) -> int:
        """Steps from ``start`` to the end."""
        rows = self.order.rows - self.start
        return rows // self.step_rows if self.drop_last else -(-rows // self.step_rows)

    @property
    def fillers(self) -> int:
        """Rows of all ranks that weigh nothing, up to the end."""
        return 0 if self.drop_last else -(self.order.rows - self.start) % self.world_size

    @property
    def dropped(self) -> int:
        """Rows that no rank gets."""
        return (self.order.rows - self.start) % self.step_rows if self.drop_last else 0

    def batches(self, first: int = 0, every: int = 1) -> Iterator[list[int]]:
        """Row numbers of this rank's batches: steps ``first``, ``first + every``, …; the last may hold fillers."""
        for step in range(first, self.steps, every):
            start = self.start + step * self.step_rows
            stop = min(start + self.step_rows, self.order.rows)
            numbers = self.order.take(start + self.rank, stop, self.world_size)
            if len(numbers) * self.world_size < stop - start:
                numbers.append(FILLER)
            yield numbers
