"""``PreparedData.collator()``: rows to a batch, padded or end to end, with a weight for each token."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import torch

from ._fastprep import TokenRows
from .exceptions import ColumnError, DataError, PlanError
from .torch_dataset import COLUMNS, Rows

Row = Mapping[str, Any]
"""A row of ``to_torch()`` (tensors) or ``to_datasets()`` (lists)."""

Layout = Literal["padded", "flat"]

_FLOATS = ("segment_weights", "row_weight")


@dataclass(frozen=True)
class Collator:
    """Lays rows out as a batch; picklable.

    A token of a target segment has the weight 1, of a context segment ``prompt_loss_weight``, both times the segment's
    ``segment_weights`` and the row's ``row_weight`` where there are any; tokens that are never trained, and padding,
    have 0. The label is the token's id where the weight is above 0, else -100: with ``prompt_loss_weight=0`` that is
    the stored label.

    Models ignore ``loss_weights`` or fail on them: pop them, and use them against the labels, both shifted by one token
    (the example of ``load``). Rows without segments, as ``transformers.Trainer`` leaves them, are weighted
    by their stored labels.

    Attributes:
        prompt_loss_weight: Weight of context tokens, 0 to 1.
        pad_token_id: The id of padding.
        pad_to_multiple_of: Batches are padded to a multiple of this many tokens; None for the longest row.
        padding_side: ``"right"`` or ``"left"``; of padded batches.
        layout: ``"padded"``, or ``"flat"``: all rows end to end in one line, each a document that attends to itself.

    Raises:
        PlanError: An attribute is out of range.
    """

    prompt_loss_weight: float = 0.0
    pad_token_id: int = 0
    pad_to_multiple_of: int | None = None
    padding_side: Literal["right", "left"] = "right"
    layout: Layout = "padded"

    def __post_init__(self) -> None:
        """Checks the attributes."""
        if not 0.0 <= self.prompt_loss_weight <= 1.0:
            raise _bad_option("prompt_loss_weight", self.prompt_loss_weight, "from 0 (untrained) to 1 (as the target)")
        if self.pad_to_multiple_of is not None and self.pad_to_multiple_of < 1:
            raise _bad_option("pad_to_multiple_of", self.pad_to_multiple_of, "None or a number of tokens, 1 or more")
        if self.pad_token_id < 0:
            raise _bad_option("pad_token_id", self.pad_token_id, "a token id, 0 or more")
        if self.padding_side not in ("right", "left"):
            raise _bad_option("padding_side", self.padding_side, '"right" or "left"')
        if self.layout not in ("padded", "flat"):
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
            The first token of a document follows nothing: its label is -100. For attention kernels that take
            lengths, ``cu_seq_lens_q`` and ``cu_seq_lens_k`` (int32, [documents + 1]) say where documents begin,
            ``max_length_q`` and ``max_length_k`` (int) how long the longest is. ``use_cache`` is False: with a
            cache, transformers lets documents attend to each other.

        Raises:
            ColumnError: The rows lack ``input_ids``, or segments although prompts are weighted, or both segments
                and labels.
            DataError: There are no rows, or segments do not add up to the row's tokens.
            PlanError: Packed rows are to be padded: their documents would attend to each other.
        """
        return self.lay_out(rows).tensors()

    def lay_out(self, rows: Sequence[Row]) -> LaidOut:
        """The batch as one buffer, which goes from worker to trainer faster than tensors; raises as a call does."""
        if not rows:
            raise DataError.new("a batch needs a row or more", code="empty_batch", help="drop empty batches")
        if isinstance(rows, Rows):
            tokens, numbers = rows.tokens(), rows.numbers
        else:
            tokens, numbers = _tokens(rows), list(range(len(rows)))
        how = (self.prompt_loss_weight, self.pad_token_id, self.pad_to_multiple_of or 1)
        if self.layout == "flat":
            return Flat(*tokens.flat(numbers, *how))
        return Padded(*tokens.padded(numbers, *how, self.padding_side == "left"))


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
        return {"input_ids": ids, "attention_mask": mask, "labels": labels, "loss_weights": weights}


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
            "input_ids": ids,
            "position_ids": positions,
            "labels": labels,
            "loss_weights": _tensor(lines, torch.float32, 24 * size, size).view(1, size),
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
    columns = {name: _column(rows, name) for name in COLUMNS if name in rows[0] or name == "input_ids"}
    return TokenRows(pa.table(columns))


def _column(rows: Sequence[Row], name: str) -> pa.Array:
    try:
        parts = [row[name] for row in rows]
    except KeyError:
        raise ColumnError.new(
            f"a row has no `{name}`; it has: {', '.join(rows[0])}",
            code="missing_column",
            column=name,
            help="transformers.Trainer drops columns unless it is told remove_unused_columns=False",
        ) from None
    dtype = np.float32 if name in _FLOATS else np.int64
    if name == "row_weight":
        return pa.array(np.array([float(part) for part in parts], dtype))
    if isinstance(parts[0], torch.Tensor):
        flat = torch.cat(parts).numpy().astype(dtype, copy=False)
    else:
        # Unsafe, since an empty list is an array of floats.
        flat = np.concatenate(parts, dtype=dtype, casting="unsafe")
    offsets = np.concatenate(([0], np.cumsum([len(part) for part in parts]))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat))


def _bad_option(name: str, value: object, wanted: str) -> PlanError:
    return PlanError.new(f"{name}={value!r}: it must be {wanted}", code="bad_option")
