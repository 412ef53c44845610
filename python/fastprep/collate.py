"""``PreparedData.collator()``: rows to a padded batch with a weight for each token."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from .exceptions import ColumnError, DataError, PlanError

IGNORED = -100
"""The label that torch and transformers leave out of the loss."""

CONTEXT, TARGET = 1, 2
"""Segment kinds; 0 is never trained."""

Row = Mapping[str, Any]
"""A row of ``to_torch()`` (tensors) or ``to_datasets()`` (lists)."""


@dataclass(frozen=True)
class Collator:
    """Pads rows to a batch; picklable.

    A token of a target segment has the weight 1, of a context segment ``prompt_loss_weight``, both times the segment's
    ``segment_weights`` where there are any; tokens that are never trained, and padding, have 0. The label is the
    token's id where the weight is above 0, else -100: with ``prompt_loss_weight=0`` that is the stored label.

    Models ignore ``loss_weights`` or fail on them: pop them, and use them against the labels, both shifted by one token
    (the example of ``load``). Rows without segments, as ``transformers.Trainer`` leaves them, are weighted
    by their stored labels.

    Attributes:
        prompt_loss_weight: Weight of context tokens, 0 to 1.
        pad_token_id: The id of padding.
        pad_to_multiple_of: Batches are padded to a multiple of this many tokens; None for the longest row.
        padding_side: ``"right"`` or ``"left"``.

    Raises:
        PlanError: An attribute is out of range.
    """

    prompt_loss_weight: float = 0.0
    pad_token_id: int = 0
    pad_to_multiple_of: int | None = None
    padding_side: Literal["right", "left"] = "right"

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

    def __call__(self, rows: Sequence[Row]) -> dict[str, torch.Tensor]:
        """Makes a batch.

        Args:
            rows: B rows of ``to_torch()``, or of ``to_datasets()``.

        Returns:
            Tensors of shape [B, T], T being the longest row, rounded up to ``pad_to_multiple_of``: ``input_ids``,
            ``attention_mask`` and ``labels`` (int64), ``loss_weights`` (float32).

        Raises:
            ColumnError: The rows lack ``input_ids``, or segments although prompts are weighted, or both segments
                and labels.
            DataError: There are no rows, or segments do not add up to the row's tokens.
        """
        if not rows:
            raise DataError.new("a batch needs a row or more", code="empty_batch", help="drop empty batches")
        ids, lengths = _flatten(rows, "input_ids", np.int64)
        weights = self._weights(rows, lengths)
        labels = np.where(weights > 0, ids, IGNORED)

        step = self.pad_to_multiple_of or 1
        width = math.ceil(int(lengths.max()) / step) * step
        position = np.arange(width)
        taken = position < lengths[:, None] if self.padding_side == "right" else position >= width - lengths[:, None]

        def padded(flat: npt.NDArray[Any], padding: int) -> torch.Tensor:
            batch = np.full(taken.shape, padding, flat.dtype)
            batch[taken] = flat
            return torch.from_numpy(batch)

        return {
            "input_ids": padded(ids, self.pad_token_id),
            "attention_mask": torch.from_numpy(taken.astype(np.int64)),
            "labels": padded(labels, IGNORED),
            "loss_weights": padded(weights, 0),
        }

    def _weights(self, rows: Sequence[Row], lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """The weight of each token of the batch, rows end to end."""
        if "segment_kinds" not in rows[0] and self.prompt_loss_weight == 0:
            labels, label_lengths = _flatten(rows, "labels", np.int64)
            _check_lengths("labels", label_lengths, lengths)
            stored: npt.NDArray[np.float32] = (labels != IGNORED).astype(np.float32)
            return stored
        kinds, segments = _flatten(rows, "segment_kinds", np.int64)
        runs, runs_segments = _flatten(rows, "segment_lengths", np.int64)
        _check_lengths("segment_lengths", runs_segments, segments)
        ends = np.concatenate(([0], np.cumsum(runs)))[np.concatenate(([0], np.cumsum(segments)))]
        _check_lengths("segment_lengths", np.diff(ends), lengths)
        weights: npt.NDArray[np.float32] = (kinds == TARGET).astype(np.float32)
        weights[kinds == CONTEXT] = self.prompt_loss_weight
        if "segment_weights" in rows[0]:
            factors, factor_segments = _flatten(rows, "segment_weights", np.float32)
            _check_lengths("segment_weights", factor_segments, segments)
            weights *= factors
        return np.repeat(weights, runs)


def _flatten(rows: Sequence[Row], name: str, dtype: Any) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """A list column of the rows end to end, and each row's length."""
    try:
        parts = [row[name] for row in rows]
    except KeyError:
        raise ColumnError.new(
            f"a row has no `{name}`; it has: {', '.join(rows[0])}",
            code="missing_column",
            column=name,
            help="transformers.Trainer drops columns unless it is told remove_unused_columns=False",
        ) from None
    lengths = np.fromiter(map(len, parts), np.int64, len(parts))
    if isinstance(parts[0], torch.Tensor):
        return torch.cat(parts).numpy().astype(dtype, copy=False), lengths
    # Unsafe, since an empty list is an array of floats.
    return np.concatenate(parts, dtype=dtype, casting="unsafe"), lengths


def _check_lengths(name: str, found: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]) -> None:
    if not np.array_equal(found, wanted):
        row = int(np.flatnonzero(found != wanted)[0])
        raise DataError.new(
            f"row {row} of the batch: `{name}` covers {found[row]}, the row has {wanted[row]}",
            code="uneven_row",
            row=row,
            column=name,
            help="cut a row's ids, labels and segments together",
        )


def _bad_option(name: str, value: object, wanted: str) -> PlanError:
    return PlanError.new(f"{name}={value!r}: it must be {wanted}", code="bad_option")
