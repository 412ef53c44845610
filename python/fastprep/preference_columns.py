"""The columns of rows with preferences that are passed to trainers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fastprep._fastprep import CHOSEN_IDS, PROMPT_IDS, REJECTED_IDS
from fastprep.exceptions import PlanError

ANSWER_IDS = {CHOSEN_IDS: "chosen_answer_ids", REJECTED_IDS: "rejected_answer_ids"}
"""The names of the ids of answers without their prompt, until ``fastprep.torch.preference_trainers`` has them."""


def refuse_preferences(columns: Collection[str], path: Any) -> None:
    """Refuses to pass rows with preferences to a trainer without saying to which: some names mean other ids in others.

    Raises:
        PlanError: `preference_rows`.
    """
    if PROMPT_IDS in columns:
        raise PlanError.new(
            "the rows have preferences, and each trainer takes other ids of them: RewardTrainer takes `chosen_ids` as "
            "whole sequences, DPOTrainer as answers without the prompt",
            code="preference_rows",
            path=path,
            help="use data.dpo(), data.kto() or data.reward(); for other purposes to_arrow() or to_polars()",
        )
