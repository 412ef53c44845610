"""``Split.loader()``: shuffled batches for every rank and worker, with a cursor to resume from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch.utils.data import DataLoader

from fastprep import option_checks
from fastprep.exceptions import PlanError
from fastprep.torch.batches import Batches, State
from fastprep.torch.collator import BatchBuffer
from fastprep.torch.epoch_order import Share


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
        epoch = option_checks.whole_number("loader", "epoch", epoch, 0, 1 << 63)
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
