"""``Split.loader()``: shuffled batches for every rank and worker, with a cursor to resume from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from fastprep import options
from fastprep.exceptions import PlanError
from fastprep.torch.collator import BatchBuffer, Collator
from fastprep.torch.dataset import Rows, TorchRows
from fastprep.torch.epoch_order import EpochOrder, Share
from fastprep.torch.loss_warnings import warn

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


@dataclass
class Pass:
    """A pass over an epoch.

    Attributes:
        epoch: The number of the epoch.
        share: The rows of the epoch that the pass takes.
        done: How many batches it has returned.
    """

    epoch: int
    share: Share
    done: int = 0


class Loader:
    """A loader of one rank's batches. Each pass is an epoch; see ``Split.loader``.

    Attributes:
        dataset: The ``Batches`` that it returns.
    """

    def __init__(self, dataset: Batches, num_workers: int, pin_memory: bool, prefetch_factor: int | None) -> None:
        """See ``Split.loader``."""
        self.dataset = dataset
        self._loader: DataLoader[Any] | None = None
        if num_workers or pin_memory:
            self._loader = DataLoader(
                dataset,
                batch_size=None,
                collate_fn=_unchanged,
                num_workers=num_workers,
                pin_memory=pin_memory,
                prefetch_factor=prefetch_factor,
            )
        # The pass that returned a batch last, unless it has ended.
        self._last: Pass | None = None

    def __len__(self) -> int:
        """The number of batches of this rank in a pass: of the epoch, or of its rest after a loaded cursor."""
        return len(self.dataset)

    def __iter__(self) -> Iterator[Any]:
        """The batches of the epoch, or from a loaded cursor on. The pass after a complete one is the next epoch.

        A pass that was left before its end starts again, with a warning the first time.
        """
        self._end_last_pass()
        own = Pass(self.dataset.epoch, self.dataset.share())
        for batch in self._batches(own.share):
            own.done += 1
            # An iterator from before a change of epoch or cursor does not count.
            if self._is_current(own):
                self._last = own
            yield batch.tensors() if isinstance(batch, BatchBuffer) else batch
        if self._is_current(own):
            self.set_epoch(own.epoch + 1)

    def _is_current(self, one: Pass) -> bool:
        return (one.epoch, one.share.start) == (self.dataset.epoch, self.dataset.start)

    def _end_last_pass(self) -> None:
        """Ends the last pass, also if batches of it are left."""
        last, self._last = self._last, None
        if last is None:
            return
        if last.done == last.share.steps:
            # The loop counted batches, and did not request one more.
            self.set_epoch(last.epoch + 1)
        else:
            self.dataset.warn_unfinished(last.done, last.share.steps, stacklevel=4)

    def _batches(self, share: Share) -> Iterator[Any]:
        if self._loader is None:
            return map(self.dataset.batch, share.batches())
        self.dataset.for_loader = True
        try:
            return iter(self._loader)
        finally:
            self.dataset.for_loader = False

    @property
    def epoch(self) -> int:
        """The current epoch, or the next one between passes."""
        return self.dataset.epoch

    def set_epoch(self, epoch: int) -> None:
        """Makes the next pass start at the first row of ``epoch``. In the current epoch, a loaded cursor stays.

        A complete pass sets the next epoch itself.

        Raises:
            PlanError: ``epoch`` is not a whole number of at least 0.
        """
        epoch = options.whole_number("loader", "epoch", epoch, 0, 1 << 63)
        if epoch != self.dataset.epoch:
            self.dataset.set_epoch(epoch)
            self._last = None

    @property
    def fillers(self) -> int:
        """The number of fillers (rows with weight 0) in a pass, for all ranks together."""
        return self.dataset.share().fillers

    @property
    def dropped(self) -> int:
        """The number of rows in a pass that no rank gets, because of ``drop_last``."""
        return self.dataset.share().dropped

    def state_dict(self) -> State:
        """The cursor after the last batch that the loader returned: plain numbers, the same on every rank.

        Batches that workers have prepared in advance do not count. After a pass it is the start of the next epoch.
        """
        state = self.dataset.state_dict()
        del state["step"]
        if self._last is None:
            return state
        share = self._last.share
        return state | {"start": min(share.start + self._last.done * share.step_rows, share.order.rows)}

    def load_state_dict(self, state: State) -> None:
        """Continues with the next row that no rank has had, with any number of ranks, workers and rows in a batch.

        Each pass starts there until one has reached the end of the epoch.

        Raises:
            PlanError: The cursor is from another data set or seed, or from a single worker.
        """
        if "step" in state:
            raise PlanError.new(
                "the cursor is from the Batches of one worker, not from a loader",
                code="other_cursor",
                help="load the cursor where it was taken, or use loader.state_dict()",
            )
        self.dataset.load_state_dict(state)
        self._last = None


def _unchanged(batch: Any) -> Any:
    return batch


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
