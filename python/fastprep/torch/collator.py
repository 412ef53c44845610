"""``PreparedData.collator()``: rows to a batch, padded or end to end, with a weight for each token."""

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
from fastprep.torch.dataset import COLUMNS, Rows
from fastprep.torch.loss_warnings import KEEP_APART, LOSS_WEIGHTS, USE_WEIGHTS, WEIGHTS, warn
from fastprep.words import Layout, PaddingSide

Row = Mapping[str, Any]
"""A row of ``to_torch()`` (tensors) or ``to_datasets()`` (lists)."""

UNASKED = (
    "rows have weights, and nothing asked for them: a trainer that does not read `loss_weights` takes each as 0 or 1"
)


@dataclass(frozen=True)
class Collator:
    """Lays rows out as a batch; picklable.

    A token of a target segment has the weight 1, of a context segment ``prompt_loss_weight``, both times the segment's
    ``segment_weights`` and the row's ``row_weight`` where there are any; tokens that are never trained, and padding,
    have 0. The label is the token's id where the weight is above 0, else -100. The first token of a document is
    predicted from nothing: its label is -100 and its weight 0.

    Weights work in a loss that multiplies by ``loss_weights``, and such a loss asks for them: ``WeightedTrainer`` does,
    and a loop of one's own says ``weighted=True``. It pops ``loss_weights``, since models ignore them or fail on them,
    and uses them against the labels, both shifted by one token (the example of ``load``).

    Where nothing asks, a trainer may see the labels alone, and would train each labelled token with the weight 1. So
    prompts then have the weight 0 and the label -100: completions alone are trained. A warning comes once, where
    ``prompt_loss_weight`` is above 0 or rows have weights other than 0 and 1.

    Rows without segments, as ``transformers.Trainer`` leaves them, are weighted by their stored labels.

    Attributes:
        prompt_loss_weight: Weight of context tokens, 0 to 1; it has an effect if ``weighted``.
        pad_token_id: The id of padding.
        pad_to_multiple_of: Batches are padded to a multiple of this many tokens; None for the longest row.
        padding_side: ``"right"`` or ``"left"``; of padded batches.
        layout: ``"padded"``, or ``"flat"``: all rows end to end in one line, each a document that attends to itself.
        weighted: Whether the loss uses ``loss_weights``.
        expected: Columns of the folder without which its rows have another loss: ``seq_lengths``, ``segment_weights``
            and ``row_weight``, where it has them. Rows without ``seq_lengths`` are refused, rows without their weights
            refused if ``weighted``, else warned about.

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
            raise _bad_option("prompt_loss_weight", self.prompt_loss_weight, "from 0 (untrained) to 1 (as the target)")
        if self.pad_to_multiple_of is not None and self.pad_to_multiple_of < 1:
            raise _bad_option("pad_to_multiple_of", self.pad_to_multiple_of, "None or a number of tokens, 1 or more")
        if self.pad_token_id < 0:
            raise _bad_option("pad_token_id", self.pad_token_id, "a token id, 0 or more")
        if self.padding_side not in get_args(PaddingSide):
            raise _bad_option("padding_side", self.padding_side, '"right" or "left"')
        if self.layout not in get_args(Layout):
            raise _bad_option("layout", self.layout, '"padded" or "flat"')
        if self.layout == "flat" and self.padding_side == "left":
            raise _bad_option("padding_side", self.padding_side, '"right" where the layout is flat')

    def __call__(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Makes a batch.

        Args:
            rows: B rows of ``to_torch()``, or of ``to_datasets()``.

        Returns:
            With the layout ``"padded"`` tensors of shape [B, T], T being the longest row, rounded up to
            ``pad_to_multiple_of``: ``input_ids``, ``attention_mask`` and ``labels`` (int64), ``loss_weights``
            (float32).

            With ``"flat"`` tensors of shape [1, N], N being the tokens of all rows: ``input_ids``, ``position_ids``
            and ``labels`` (int64), ``loss_weights`` (float32), and no mask: positions begin at 0 with each document.
            For attention kernels that take lengths, ``cu_seq_lens_q`` and ``cu_seq_lens_k`` (int32, [documents + 1])
            say where documents begin, ``max_length_q`` and ``max_length_k`` (int) how long the longest is.
            ``use_cache`` is False: with a cache, transformers lets documents attend to each other.

        Raises:
            ColumnError: The rows lack ``input_ids``, or both segments and labels, or what the loss needs: boundaries
                of packed rows; where ``weighted``, segments if prompts weigh something, and weights.
            DataError: There are no rows, or segments do not add up to the row's tokens.
            PlanError: Packed rows are to be padded: their documents would attend to each other.
        """
        return self.lay_out(rows).tensors()

    def lay_out(self, rows: Sequence[Row]) -> LaidOut:
        """The batch as one buffer, which goes from worker to trainer faster than tensors; raises as a call does."""
        if not rows:
            raise DataError.new("a batch needs a row or more", code="empty_batch", help="drop empty batches")
        if isinstance(rows, Rows):
            tokens, numbers, columns = rows.tokens(), rows.numbers, set(rows.columns())
        else:
            columns = set(rows[0])
            self._look_for_expected(columns)
            tokens, numbers = _tokens(rows), list(range(len(rows)))
        prompt_loss_weight = self.prompt_loss_weight if self.weighted else 0.0
        how = (prompt_loss_weight, self.pad_token_id, self.pad_to_multiple_of or 1)
        batch: LaidOut
        if self.layout == "flat":
            batch = Flat(*tokens.flat(numbers, *how))
        else:
            batch = Padded(*tokens.padded(numbers, *how, self.padding_side == "left"))
        if not self.weighted:
            self._warn_of_weights(batch, columns)
        return batch

    def asked_for_weights(self) -> Collator:
        """The same collator for a loss that uses ``loss_weights``."""
        return replace(self, weighted=True)

    def _look_for_expected(self, columns: set[str]) -> None:
        """Rows that come without columns of their folder: a trainer or the user dropped them."""
        missing = [name for name in self.expected if name not in columns]
        if SEQ_LENGTHS in missing:
            raise ColumnError.new(
                f"the folder's rows are packed, and a row has no `{SEQ_LENGTHS}`: its documents would become one",
                code="missing_column",
                column=SEQ_LENGTHS,
                help=f"transformers.Trainer drops the column by default: {KEEP_APART}",
            )
        if missing and self.weighted:
            raise _dropped(missing[0], columns)
        for name in missing:
            self._warn_once(f"the folder's rows have weights (`{name}`), and a row comes without them")

    def _warn_of_weights(self, batch: LaidOut, columns: set[str]) -> None:
        if self.prompt_loss_weight > 0:
            self._warn_once(
                f"prompt_loss_weight={self.prompt_loss_weight:g} has no effect: nothing asked for weights, so the "
                "batch trains completions alone"
            )
        if UNASKED not in self._warned and not columns.isdisjoint(WEIGHTS):
            weights = batch.tensors()[LOSS_WEIGHTS]
            if bool(((weights != 0) & (weights != 1)).any()):
                self._warn_once(UNASKED)

    def _warn_once(self, what: str) -> None:
        worker = get_worker_info()
        if what not in self._warned and (worker is None or worker.id == 0):
            self._warned.add(what)
            warn(what, USE_WEIGHTS, stacklevel=4)


class LaidOut(ABC):
    """A batch as the core laid it out; picklable."""

    @abstractmethod
    def tensors(self) -> dict[str, Any]:
        """The batch: tensors over the buffer."""

    def pin_memory(self) -> dict[str, Any]:
        """The batch in pinned memory: what a ``DataLoader`` asks for."""
        batch = self.tensors()
        return {name: one.pin_memory() if isinstance(one, torch.Tensor) else one for name, one in batch.items()}


@dataclass(frozen=True)
class Padded(LaidOut):
    """Planes of ids, mask, labels and weights, each of height × width."""

    planes: bytearray
    height: int
    width: int

    def tensors(self) -> dict[str, Any]:
        """See ``Collator``."""
        size = self.height * self.width
        ids, mask, labels = _tensor(self.planes, torch.int64, 0, 3 * size).view(3, self.height, self.width).unbind()
        weights = _tensor(self.planes, torch.float32, 3 * size * 8, size).view(self.height, self.width)
        return {INPUT_IDS: ids, "attention_mask": mask, LABELS: labels, LOSS_WEIGHTS: weights}


@dataclass(frozen=True)
class Flat(LaidOut):
    """Lines of ids, positions, labels and weights, then where documents begin and the last ends."""

    lines: bytearray
    size: int
    documents: int
    longest: int

    def tensors(self) -> dict[str, Any]:
        """See ``Collator``."""
        lines, size, longest = self.lines, self.size, self.longest
        ids, positions, labels = _tensor(lines, torch.int64, 0, 3 * size).view(3, 1, size).unbind()
        borders = _tensor(lines, torch.int32, 28 * size, self.documents + 1)
        return {
            INPUT_IDS: ids,
            "position_ids": positions,
            LABELS: labels,
            LOSS_WEIGHTS: _tensor(lines, torch.float32, 24 * size, size).view(1, size),
            "cu_seq_lens_q": borders,
            "cu_seq_lens_k": borders,
            "max_length_q": longest,
            "max_length_k": longest,
            "use_cache": False,
        }


def _tensor(buffer: bytearray, dtype: torch.dtype, offset: int, count: int) -> torch.Tensor:
    if count == 0:
        return torch.empty(0, dtype=dtype)
    return torch.frombuffer(buffer, dtype=dtype, offset=offset, count=count)


def _tokens(rows: Sequence[Row]) -> TokenRows:
    """Rows of lists or tensors as the core takes them."""
    columns = {name: _column(rows, name) for name in COLUMNS if name in rows[0] or name == INPUT_IDS}
    return TokenRows(pa.table(columns))


def _column(rows: Sequence[Row], name: str) -> pa.Array:
    try:
        parts = [row[name] for row in rows]
    except KeyError:
        raise _dropped(name, rows[0]) from None
    dtype = np.float32 if name in WEIGHTS else np.int64
    if name == ROW_WEIGHT:
        return pa.array(np.array([float(part) for part in parts], dtype))
    if isinstance(parts[0], torch.Tensor):
        flat = torch.cat(parts).numpy().astype(dtype, copy=False)
    else:
        # Unsafe, since an empty list is an array of floats.
        flat = np.concatenate(parts, dtype=dtype, casting="unsafe")
    offsets = np.concatenate(([0], np.cumsum([len(part) for part in parts]))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat))


def _dropped(name: str, columns: Iterable[str]) -> ColumnError:
    return ColumnError.new(
        f"a row has no `{name}`; it has: {', '.join(columns)}",
        code="missing_column",
        column=name,
        help="fastprep.trainer.WeightedTrainer keeps the columns that transformers.Trainer drops",
    )


def _bad_option(name: str, value: object, wanted: str) -> PlanError:
    return PlanError.new(f"{name}={value!r}: it must be {wanted}", code="bad_option")
