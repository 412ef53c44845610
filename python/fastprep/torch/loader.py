"""``Split.loader()``: shuffled batches for every rank and worker, with a cursor that outlives both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from fastprep import options
from fastprep.exceptions import PlanError
from fastprep.torch.collator import Collator, LaidOut
from fastprep.torch.dataset import Rows, TorchRows
from fastprep.torch.epoch_order import EpochOrder, Share
from fastprep.torch.loss_warnings import warn

State = dict[str, Any]
"""A cursor: numbers only, so that it can be kept as JSON."""

Collate = Callable[[Rows], Any]


class Batches(IterableDataset[Any]):
    """Batches of one rank, made by the process that iterates: an iterable data set of whole batches.

    In a ``DataLoader`` it takes ``batch_size=None``; worker processes share its steps. ``Split.loader`` makes both.

    Attributes:
        epoch: The epoch that is next; its number decides the order.
        rank: This process among ``world_size``.
        world_size: Processes that train together.
        for_loader: Whether batches may be ``LaidOut``: set while our loader starts its workers.
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
        # Where a pass begins: rows of the epoch before it, rows that are grouped, and its first step.
        self._start, self._block, self._first = 0, self._batch_size * self.world_size, 0
        # The next step of the pass that handed out a batch last.
        self._step = 0

    def set_epoch(self, epoch: int) -> None:
        """The next pass is that of ``epoch``, from its first row on. For the epoch it is in, a loaded cursor stays."""
        if epoch != self.epoch:
            self.epoch = epoch
            self._rewind()

    def share(self) -> Share:
        """This rank's share of what is left of the epoch: its steps, fillers and dropped rows."""
        lengths = self._rows.lengths if self._group_by_length else None
        order = EpochOrder(len(self._rows), self._seed, self.epoch, self._block, lengths)
        return Share(order, self._start, self._batch_size, self.rank, self.world_size, self._drop_last)

    def __len__(self) -> int:
        """Batches of this rank in what is left of the epoch: every rank has as many."""
        return self.share().steps

    def __iter__(self) -> Iterator[Any]:
        """The batches of the epoch, or from a loaded cursor on; of a worker process its share of them.

        A pass that was left before its end is begun again, with a warning the first time.
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

    def warn_unfinished(self, done: int, steps: int) -> None:
        """Warns, once, that a pass begins where the last was left before its end."""
        if not self._warned:
            self._warned = True
            warn(
                f"the last pass was left after {done} of {steps} batches, and this one begins again where it began",
                "to go on after the last batch, keep the iterator or call loader.load_state_dict(loader.state_dict())",
                stacklevel=3,
            )

    def batch(self, numbers: list[int]) -> Any:
        """The batch of these rows; for a loader of ours a worker leaves the tensors to the trainer's process."""
        rows = self._rows.numbered(numbers)
        if self.for_loader and isinstance(self._collate, Collator):
            return self._collate.lay_out(rows)
        return self._collate(rows)

    def state_dict(self) -> State:
        """Where this process is in the epoch. In worker processes it fits as many workers only."""
        return {
            "rows": len(self._rows),
            "seed": self._seed,
            "epoch": self.epoch,
            "start": self._start,
            "block": self._block,
            "step": self._step,
        }

    def load_state_dict(self, state: State) -> None:
        """Goes on where ``state_dict`` was taken.

        Raises:
            PlanError: The state is of another data set or seed: other rows would come.
        """
        for name, own in (("rows", len(self._rows)), ("seed", self._seed)):
            if state[name] != own:
                raise PlanError.new(
                    f"the cursor is of {name}={state[name]!r}, the loader of {name}={own!r}",
                    code="other_cursor",
                    help="load it into a loader of the same data set and seed",
                )
        self.epoch, self._start, self._block = state["epoch"], state["start"], state["block"]
        self._first = self._step = state.get("step", 0)

    @property
    def start(self) -> int:
        """Rows of the epoch before a pass: 0, or those of a loaded cursor."""
        return self._start


@dataclass
class Pass:
    """Batches on their way to a loop.

    Attributes:
        epoch: The epoch whose rows they have.
        share: What the pass takes of it.
        done: Batches that were handed out.
    """

    epoch: int
    share: Share
    done: int = 0


class Loader:
    """A loader of one rank's batches, an epoch a pass; see ``Split.loader``.

    Attributes:
        dataset: The ``Batches`` behind it.
    """

    def __init__(self, dataset: Batches, num_workers: int, pin_memory: bool, prefetch_factor: int | None) -> None:
        """See ``Split.loader``."""
        self.dataset = dataset
        self._loader: DataLoader[Any] | None = None
        if num_workers or pin_memory:
            self._loader = DataLoader(
                dataset,
                batch_size=None,
                collate_fn=_as_it_is,
                num_workers=num_workers,
                pin_memory=pin_memory,
                prefetch_factor=prefetch_factor,
            )
        # The pass that handed out a batch last, unless it is over.
        self._last: Pass | None = None

    def __len__(self) -> int:
        """Batches of this rank in a pass: of the whole epoch, or of what a loaded cursor leaves of it."""
        return len(self.dataset)

    def __iter__(self) -> Iterator[Any]:
        """The batches of the epoch, or from a loaded cursor on; once they are through, the next pass is the next epoch.

        A pass that was left before its end is begun again, with a warning the first time.
        """
        self._leave()
        own = Pass(self.dataset.epoch, self.dataset.share())
        for batch in self._batches(own.share):
            own.done += 1
            # What an iterator does after the loader went on to another epoch or cursor does not count.
            if self._is_of_epoch(own):
                self._last = own
            yield batch.tensors() if isinstance(batch, LaidOut) else batch
        if self._is_of_epoch(own):
            self.set_epoch(own.epoch + 1)

    def _is_of_epoch(self, one: Pass) -> bool:
        return (one.epoch, one.share.start) == (self.dataset.epoch, self.dataset.start)

    def _leave(self) -> None:
        """The last pass is over, whether or not it came to its end."""
        last, self._last = self._last, None
        if last is None:
            return
        if last.done == last.share.steps:
            # The loop counted batches, and did not ask for one more.
            self.set_epoch(last.epoch + 1)
        else:
            self.dataset.warn_unfinished(last.done, last.share.steps)

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
        """The epoch that is under way, or next."""
        return self.dataset.epoch

    def set_epoch(self, epoch: int) -> None:
        """The next pass is that of ``epoch``, from its first row on. For the epoch it is in, a loaded cursor stays.

        A pass that comes to its end sets the next epoch itself.

        Raises:
            PlanError: ``epoch`` is no whole number, 0 or more.
        """
        epoch = options.whole("loader", "epoch", epoch, 0, 1 << 63)
        if epoch != self.dataset.epoch:
            self.dataset.set_epoch(epoch)
            self._last = None

    @property
    def fillers(self) -> int:
        """Rows that weigh nothing in a pass, of all ranks."""
        return self.dataset.share().fillers

    @property
    def dropped(self) -> int:
        """Rows that no rank gets in a pass: with ``drop_last``."""
        return self.dataset.share().dropped

    def state_dict(self) -> State:
        """The cursor behind the last batch that was handed out: the same on every rank, plain numbers.

        Batches that workers have made ahead are not counted. After a pass it is the beginning of the next epoch.
        """
        state = self.dataset.state_dict()
        del state["step"]
        if self._last is None:
            return state
        share = self._last.share
        return state | {"start": min(share.start + self._last.done * share.step_rows, share.order.rows)}

    def load_state_dict(self, state: State) -> None:
        """Goes on at the next row that no rank has had: with any number of ranks, workers and rows of a batch.

        Each pass begins there until one has come to the end of the epoch.

        Raises:
            PlanError: The cursor is of another data set or seed, or of one worker alone.
        """
        if "step" in state:
            raise PlanError.new(
                "the cursor is of one worker's Batches, not of a loader",
                code="other_cursor",
                help="load it where it was taken, or take it from the loader",
            )
        self.dataset.load_state_dict(state)
        self._last = None


def _as_it_is(batch: Any) -> Any:
    return batch


def ranks(rank: int | None, world_size: int | None) -> tuple[int, int]:
    """The rank and the number of ranks: as given, else of ``torch.distributed``, else one alone.

    Raises:
        PlanError: One is given without the other, or they do not fit.
    """
    if rank is None and world_size is None:
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            return torch.distributed.get_rank(), torch.distributed.get_world_size()
        return 0, 1
    if rank is None or world_size is None or not 0 <= rank < world_size:
        raise PlanError.new(
            f"rank={rank}, world_size={world_size}: a rank is 0 or more and below the world size",
            code="bad_option",
            help="give both, or none of them under torch.distributed",
        )
    return rank, world_size
