"""Warnings about columns that the loss depends on, but that trainers of other libraries ignore."""

from __future__ import annotations

from collections.abc import Collection

from fastprep._fastprep import ROW_WEIGHT, SEGMENT_WEIGHTS, SEQ_LENGTHS
from fastprep.warn import warn

WEIGHTS = (SEGMENT_WEIGHTS, ROW_WEIGHT)
"""The columns with weights."""

LOSS_WEIGHTS = "loss_weights"
"""The key of the weights in a batch of ``Collator``."""

USE_WEIGHTS = (
    "train with fastprep.trainer.WeightedTrainer, or for TRL with WeightedLoss; "
    "in a loop that multiplies by `loss_weights` itself, use data.collator(..., weighted=True)"
)

SEPARATE_DOCUMENTS = (
    'to keep documents separate, use data.collator() with remove_unused_columns=False (layout="flat"), '
    "or SFTConfig(**data.trl_args()) without a data_collator"
)


def warn_ignored(columns: Collection[str], stacklevel: int) -> None:
    """Warns about rows for which a collator of another library would change the loss.

    Args:
        columns: The columns that the rows have.
        stacklevel: As for ``warnings.warn``, counted from the caller.
    """
    if SEQ_LENGTHS in columns:
        warn(
            "the rows are packed: with a collator that does not read `seq_lengths`, the documents of a row attend to "
            "each other",
            SEPARATE_DOCUMENTS,
            stacklevel + 1,
        )
    for name in WEIGHTS:
        if name in columns:
            warn(
                f"the rows have weights (`{name}`), which have no effect in a trainer that does not read them",
                USE_WEIGHTS,
                stacklevel + 1,
            )
