"""``PreparedData.collator()``: makes a batch of rows, padded or flat, with a weight for each token."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import torch
from torch.utils.data import get_worker_info

from fastprep._fastprep import INPUT_IDS, LABELS, ROW_WEIGHT, SEQ_LENGTHS, TokenRows
from fastprep.exceptions import ColumnError, DataError, PlanError
from fastprep.loss_columns import LOSS_WEIGHTS, SEPARATE_DOCUMENTS, USE_WEIGHTS, WEIGHTS
from fastprep.torch.dataset import COLUMNS, Rows
from fastprep.warn import warn
from fastprep.words import Layout, PaddingSide

Row = Mapping[str, Any]
"""A row of ``to_torch()`` (tensors) or ``to_datasets()`` (lists)."""

IGNORED_WEIGHTS = (
    "the rows have weights, but weights are off: a trainer that does not read `loss_weights` uses only weights 0 and 1"
)


@dataclass(frozen=True)
class Collator:
    """Makes a batch of rows; picklable.

    A token of a target segment has the weight 1, a token of a context segment ``prompt_loss_weight``; both are
    multiplied by the segment's ``segment_weights`` and the row's ``row_weight``, if the rows have them. Tokens that are
    never trained, and padding, have the weight 0. The label is the token's id if the weight is above 0, else -100. The
    first token of a document is not predicted: its label is -100 and its weight 0.

    Weights need a loss that multiplies by ``loss_weights``. ``WeightedTrainer`` has one, and turns weights on; for a
    loop of your own, pass ``weighted=True``. The loop pops ``loss_weights`` from the batch, since models ignore them or
    fail on them, and applies them to the labels, both shifted by one token (see the example of ``load``).

    With weights off, a trainer reads only the labels, and would train each labelled token with the weight 1. So prompts
    then have the weight 0 and the label -100: only completions are trained. A warning comes once if
    ``prompt_loss_weight`` is above 0 or rows have weights other than 0 and 1.

    Rows without segments, as ``transformers.Trainer`` leaves them, are weighted by their stored labels.

    Attributes:
        prompt_loss_weight: The weight of context tokens, 0 to 1; it has an effect only if ``weighted``.
        pad_token_id: The id of padding.
        pad_to_multiple_of: The length of a batch is a multiple of this many tokens; None for the longest row.
        padding_side: ``"right"`` or ``"left"``, for padded batches.
        layout: ``"padded"``, or ``"flat"``: all rows one after another in a single row; documents do not attend to each
            other.
        weighted: Whether the loss uses ``loss_weights``.
        expected: Columns of the folder that the loss depends on: ``seq_lengths``, ``segment_weights`` and
            ``row_weight``, if the folder has them. Rows without ``seq_lengths`` are refused. Rows without weights are
            refused if ``weighted``, else a warning comes.

    Raises:
        PlanError: An attribute is out of range.
    """

    prompt_loss_weight: float = 0.0
    pad_token_id: int = 0
    pad_to_multiple_of: int | None = None
    padding_side: PaddingSide = "right"
    layout: Layout = "padded"
    weighted: bool = False
    expected: tuple[str, ...] = ()
    _warned: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Checks the attributes."""
        if not 0.0 <= self.prompt_loss_weight <= 1.0:
            raise _bad_option("prompt_loss_weight", self.prompt_loss_weight, "from 0 (not trained) to 1 (as targets)")
        if self.pad_to_multiple_of is not None and self.pad_to_multiple_of < 1:
            raise _bad_option("pad_to_multiple_of", self.pad_to_multiple_of, "None or at least 1")
        if self.pad_token_id < 0:
            raise _bad_option("pad_token_id", self.pad_token_id, "a token id, at least 0")
        if self.padding_side not in get_args(PaddingSide):
            raise _bad_option("padding_side", self.padding_side, '"right" or "left"')
        if self.layout not in get_args(Layout):
            raise _bad_option("layout", self.layout, '"padded" or "flat"')
        if self.layout == "flat" and self.padding_side == "left":
            raise _bad_option("padding_side", self.padding_side, '"right" if the layout is flat')

    def __call__(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Makes a batch of rows.

        Args:
            rows: B rows of ``to_torch()``, or of ``to_datasets()``.

        Returns:
            With the layout ``"padded"``: tensors of shape [B, T], where T is the length of the longest row, rounded
            up to a multiple of ``pad_to_multiple_of``: ``input_ids``, ``attention_mask`` and ``labels`` (int64),
            ``loss_weights`` (float32).

            With ``"flat"``: tensors of shape [1, N], where N is the number of tokens of all rows: ``input_ids``,
            ``position_ids`` and ``labels`` (int64), ``loss_weights`` (float32), and no mask. Positions start at 0 in
            each document. For attention kernels that take lengths, ``cu_seq_lens_q`` and ``cu_seq_lens_k`` (int32,
            [documents + 1]) are the offsets of documents, and ``max_length_q`` and ``max_length_k`` (int) the length of
            the longest. ``use_cache`` is False: with a cache, transformers lets documents attend to each other.

        Raises:
            ColumnError: The rows lack ``input_ids``, or both segments and labels, or what the loss needs:
                ``seq_lengths`` for packed rows; if ``weighted``, segments if prompts have a weight, and weights.
            DataError: There are no rows, or the segments do not add up to the row's tokens.
            PlanError: The rows are packed, but the layout is padded: their documents would attend to each other.
        """
        return self.batch_buffer(rows).tensors()

    def batch_buffer(self, rows: Sequence[Row]) -> BatchBuffer:
        """The batch as one buffer, which a worker sends to the trainer faster than tensors. Raises as a call does."""
        if not rows:
            raise DataError.new("a batch must have at least one row", code="empty_batch", help="skip empty batches")
        if isinstance(rows, Rows):
            tokens, numbers, columns = rows.tokens(), rows.numbers, set(rows.columns())
        else:
            columns = set(rows[0])
            self._check_expected(columns)
            tokens, numbers = _tokens(rows), list(range(len(rows)))
        prompt_loss_weight = self.prompt_loss_weight if self.weighted else 0.0
        settings = (prompt_loss_weight, self.pad_token_id, self.pad_to_multiple_of or 1)
        batch: BatchBuffer
        if self.layout == "flat":
            batch = Flat(*tokens.flat(numbers, *settings))
        else:
            batch = Padded(*tokens.padded(numbers, *settings, self.padding_side == "left"))
        if not self.weighted:
            self._warn_if_weights_are_ignored(batch, columns)
        return batch

    def with_weights(self) -> Collator:
        """The same collator for a loss that uses ``loss_weights``."""
        return replace(self, weighted=True)

    def _check_expected(self, columns: set[str]) -> None:
        """Refuses or warns about rows without columns of their folder, which a trainer or the user removed."""
        missing = [name for name in self.expected if name not in columns]
        if SEQ_LENGTHS in missing:
            raise ColumnError.new(
                f"the folder's rows are packed, but a row has no `{SEQ_LENGTHS}`: its documents would become one",
                code="missing_column",
                column=SEQ_LENGTHS,
                help=f"transformers.Trainer removes the column by default: {SEPARATE_DOCUMENTS}",
            )
        if missing and self.weighted:
            raise _removed_column(missing[0], columns)
        for name in missing:
            self._warn_once(f"the folder's rows have weights (`{name}`), but a row has none")

    def _warn_if_weights_are_ignored(self, batch: BatchBuffer, columns: set[str]) -> None:
        if self.prompt_loss_weight > 0:
            self._warn_once(
                f"prompt_loss_weight={self.prompt_loss_weight:g} has no effect, because weights are off: the batch "
                "trains only completions"
            )
        if IGNORED_WEIGHTS not in self._warned and not columns.isdisjoint(WEIGHTS):
            weights = batch.tensors()[LOSS_WEIGHTS]
            if bool(((weights != 0) & (weights != 1)).any()):
                self._warn_once(IGNORED_WEIGHTS)

    def _warn_once(self, what: str) -> None:
        worker = get_worker_info()
        if what not in self._warned and (worker is None or worker.id == 0):
            self._warned.add(what)
            warn(what, USE_WEIGHTS, stacklevel=4)


class BatchBuffer(ABC):
    """A batch in one buffer, as the core fills it; picklable."""

    @abstractmethod
    def tensors(self) -> dict[str, Any]:
        """The batch as tensors over the buffer."""

    def pin_memory(self) -> dict[str, Any]:
        """The batch as tensors in pinned memory; a ``DataLoader`` calls it."""
        batch = self.tensors()
        return {name: one.pin_memory() if isinstance(one, torch.Tensor) else one for name, one in batch.items()}


@dataclass(frozen=True)
class Padded(BatchBuffer):
    """A padded batch: ids, mask, labels and weights, each of height × width."""

    buffer: bytearray
    height: int
    width: int

    def tensors(self) -> dict[str, Any]:
        """See ``Collator``."""
        size = self.height * self.width
        ids, mask, labels = _tensor(self.buffer, torch.int64, 0, 3 * size).view(3, self.height, self.width).unbind()
        weights = _tensor(self.buffer, torch.float32, 3 * size * 8, size).view(self.height, self.width)
        return {INPUT_IDS: ids, "attention_mask": mask, LABELS: labels, LOSS_WEIGHTS: weights}


@dataclass(frozen=True)
class Flat(BatchBuffer):
    """A flat batch: ids, positions, labels and weights, then the offsets of documents."""

    buffer: bytearray
    size: int
    documents: int
    longest: int

    def tensors(self) -> dict[str, Any]:
        """See ``Collator``."""
        buffer, size, longest = self.buffer, self.size, self.longest
        ids, positions, labels = _tensor(buffer, torch.int64, 0, 3 * size).view(3, 1, size).unbind()
        offsets = _tensor(buffer, torch.int32, 28 * size, self.documents + 1)
        return {
            INPUT_IDS: ids,
            "position_ids": positions,
            LABELS: labels,
            LOSS_WEIGHTS: _tensor(buffer, torch.float32, 24 * size, size).view(1, size),
            "cu_seq_lens_q": offsets,
            "cu_seq_lens_k": offsets,
            "max_length_q": longest,
            "max_length_k": longest,
            "use_cache": False,
        }


def _tensor(buffer: bytearray, dtype: torch.dtype, offset: int, count: int) -> torch.Tensor:
    if count == 0:
        return torch.empty(0, dtype=dtype)
    return torch.frombuffer(buffer, dtype=dtype, offset=offset, count=count)


def _tokens(rows: Sequence[Row]) -> TokenRows:
    """Rows of lists or tensors as the core's rows."""
    columns = {name: _column(rows, name) for name in COLUMNS if name in rows[0] or name == INPUT_IDS}
    return TokenRows(pa.table(columns))


def _column(rows: Sequence[Row], name: str) -> pa.Array:
    try:
        parts = [row[name] for row in rows]
    except KeyError:
        raise _removed_column(name, rows[0]) from None
    dtype = np.float32 if name in WEIGHTS else np.int64
    if name == ROW_WEIGHT:
        return pa.array(np.array([float(part) for part in parts], dtype))
    if isinstance(parts[0], torch.Tensor):
        flat = torch.cat(parts).numpy().astype(dtype, copy=False)
    else:
        # "unsafe", since numpy makes an array of floats of an empty list.
        flat = np.concatenate(parts, dtype=dtype, casting="unsafe")
    offsets = np.concatenate(([0], np.cumsum([len(part) for part in parts]))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat))


def _removed_column(name: str, columns: Iterable[str]) -> ColumnError:
    return ColumnError.new(
        f"a row has no `{name}`; columns: {', '.join(columns)}",
        code="missing_column",
        column=name,
        help="use fastprep.trainer.WeightedTrainer, which keeps the columns that transformers.Trainer removes",
    )


def _bad_option(name: str, value: object, expected: str) -> PlanError:
    return PlanError.new(f"`{name}` must be {expected}; got {value!r}", code="bad_option")
