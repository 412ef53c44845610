"""Warnings about columns that decide the loss and that trainers of others ignore."""

from __future__ import annotations

import warnings
from collections.abc import Collection

from fastprep._fastprep import ROW_WEIGHT, SEGMENT_WEIGHTS, SEQ_LENGTHS

WEIGHTS = (SEGMENT_WEIGHTS, ROW_WEIGHT)
"""Columns that weigh tokens."""

LOSS_WEIGHTS = "loss_weights"
"""What a collator of ours calls the weights of a batch."""

USE_WEIGHTS = (
    "train with fastprep.trainer.WeightedTrainer, or for TRL with WeightedLoss; "
    "a loop that multiplies by `loss_weights` itself takes data.collator(..., weighted=True)"
)

KEEP_APART = (
    'data.collator() with remove_unused_columns=False keeps documents apart (layout="flat"), '
    "and so does SFTConfig(**data.trl_args()) without a data_collator"
)


def warn_ignored(columns: Collection[str], stacklevel: int) -> None:
    """Warns about rows that go to collators of others, where such a collator makes another loss of them.

    Args:
        columns: The columns that the rows have.
        stacklevel: As for ``warnings.warn``, counted from the caller.
    """
    if SEQ_LENGTHS in columns:
        warn(
            "the rows are packed, and a collator that does not read `seq_lengths` lets the documents of a row attend "
            "to each other",
            KEEP_APART,
            stacklevel + 1,
        )
    for name in WEIGHTS:
        if name in columns:
            warn(
                f"the rows have weights (`{name}`), and a trainer that does not read them trains with other weights",
                USE_WEIGHTS,
                stacklevel + 1,
            )


def warn(what: str, help: str, stacklevel: int) -> None:
    """A warning in the form of the errors."""
    warnings.warn(f"{what}\n  help: {help}", stacklevel=stacklevel + 1)
