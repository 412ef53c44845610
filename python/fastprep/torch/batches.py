"""The batches of one rank as an iterable data set, divided among worker processes, with a cursor to resume from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils.data import IterableDataset, get_worker_info

from fastprep.exceptions import PlanError
from fastprep.torch.collator import Collator
from fastprep.torch.dataset import Rows, TorchRows
from fastprep.torch.epoch_order import EpochOrder, Share
from fastprep.warn import warn

State = dict[str, Any]
"""A cursor: only numbers, so that it can be stored as JSON."""

Collate = Callable[[Rows], Any]


class Batches(IterableDataset[Any]):
    """The batches of one rank, as an iterable data set. The process that iterates makes them.

    A ``DataLoader`` over it needs ``batch_size=None``. Worker processes divide the steps among themselves.

    Attributes:
        epoch: The current or next epoch; its number decides the order.
        rank: The number of this process.
        world_size: The number of processes that train together.
        for_loader: Whether batches may be ``BatchBuffer``: set while a ``Loader`` starts its workers.
    """

    def __init__(
        self,
        rows: TorchRows,
        collate: Collate,
        *,
        batch_size: int,
        seed: int | None,
        group_by_length: bool,
        rank: int,
        world_size: int,
        drop_last: bool,
    ) -> None:
        """See ``Split.loader``."""
        self.epoch = 0
        self.for_loader = False
        self._warned = False
        self.rank, self.world_size = rank, world_size
        self._rows, self._collate = rows, collate
        self._batch_size, self._seed, self._drop_last = batch_size, seed, drop_last
        self._group_by_length = group_by_length
        self._rewind()

    def _rewind(self) -> None:
        # Where a pass starts: the rows of the epoch before it, the rows of a block, and its first step.
        self._start, self._block, self._first = 0, self._batch_size * self.world_size, 0
        # The next step of the pass that returned a batch last.
        self._step = 0

    def set_epoch(self, epoch: int) -> None:
        """Makes the next pass start at the first row of ``epoch``. In the current epoch, a loaded cursor stays."""
        if epoch != self.epoch:
            self.epoch = epoch
            self._rewind()

    def share(self) -> Share:
        """This rank's share of the rest of the epoch: its steps, fillers and dropped rows."""
        lengths = self._rows.lengths if self._group_by_length else None
        order = EpochOrder(len(self._rows), self._seed, self.epoch, self._block, lengths)
        return Share(order, self._start, self._batch_size, self.rank, self.world_size, self._drop_last)

    def __len__(self) -> int:
        """The number of batches of this rank in the rest of the epoch, the same for every rank."""
        return self.share().steps

    def __iter__(self) -> Iterator[Any]:
        """The batches of the epoch, or from a loaded cursor on; in a worker process, its share of them.

        A pass that was left before its end starts again, with a warning the first time.
        """
        worker = get_worker_info()
        every = worker.num_workers if worker else 1
        share = self.share()
        if self._first < self._step < share.steps:
            self.warn_unfinished(self._step // every, -(-share.steps // every))
        first = self._first if self._first else worker.id if worker else 0
        for done, numbers in enumerate(share.batches(first, every), 1):
            self._step = first + done * every
            yield self.batch(numbers)
        self._rewind()

    def warn_unfinished(self, done: int, steps: int, stacklevel: int = 3) -> None:
        """Warns, once, that this pass starts where the last one started, which was left before its end."""
        if not self._warned:
            self._warned = True
            warn(
                f"the last pass was left after {done} of {steps} batches, so this pass starts again at its start",
                "to continue instead, keep the iterator or call loader.load_state_dict(loader.state_dict())",
                stacklevel,
            )

    def batch(self, numbers: list[int]) -> Any:
        """The batch of these rows. A worker of a ``Loader`` sends a buffer, and the trainer's process makes tensors."""
        rows = self._rows.numbered(numbers)
        if self.for_loader and isinstance(self._collate, Collator):
            return self._collate.batch_buffer(rows)
        return self._collate(rows)

    def state_dict(self) -> State:
        """The position of this process in the epoch. In worker processes it is valid for the same number of workers."""
        return {
            "rows": len(self._rows),
            "seed": self._seed,
            "epoch": self.epoch,
            "start": self._start,
            "block": self._block,
            "step": self._step,
        }

    def load_state_dict(self, state: State) -> None:
        """Continues where ``state_dict`` was taken.

        Raises:
            PlanError: The state is from another data set or seed, with which other rows would come.
        """
        for name, own in (("rows", len(self._rows)), ("seed", self._seed)):
            if state[name] != own:
                raise PlanError.new(
                    f"the cursor has {name}={state[name]!r}, but the loader has {name}={own!r}",
                    code="other_cursor",
                    help="load the cursor into a loader of the same data set and seed",
                )
        self.epoch, self._start, self._block = state["epoch"], state["start"], state["block"]
        self._first = self._step = state.get("step", 0)

    @property
    def start(self) -> int:
        """How many rows of the epoch come before the pass: 0, or as many as a loaded cursor has."""
        return self._start


def ranks(rank: int | None, world_size: int | None) -> tuple[int, int]:
    """The rank and the number of ranks: the arguments, else from ``torch.distributed``, else 0 and 1.

    Raises:
        PlanError: Only one of them is passed, or the rank is not below the world size.
    """
    if rank is None and world_size is None:
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            return torch.distributed.get_rank(), torch.distributed.get_world_size()
        return 0, 1
    if rank is None or world_size is None or not 0 <= rank < world_size:
        raise PlanError.new(
            f"`rank` must be at least 0 and below `world_size`; got rank={rank}, world_size={world_size}",
            code="bad_option",
            help="pass both, or neither with torch.distributed",
        )
    return rank, world_size
