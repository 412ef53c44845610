"""``DPOTrainer`` and ``KTOTrainer`` of TRL for rows that have token ids: TRL's would tokenize their text again."""

from __future__ import annotations

from typing import Any

import datasets
import trl

from fastprep._fastprep import CHOSEN_IDS, COMPLETION_IDS, LABELLED_COLUMNS, PROMPT_IDS, REJECTED_IDS
from fastprep.exceptions import ColumnError, PlanError
from fastprep.preference_columns import ANSWER_IDS

KL_IDS = "KL_completion_ids"
"""The column of the answer to another prompt, from which KTO estimates how far the model has moved."""


class DPOTrainer(trl.DPOTrainer):  # type: ignore[name-defined,misc]  # trl exports lazily
    """``trl.DPOTrainer`` for the rows of ``PreparedData.dpo()``.

    Raises:
        PlanError: `max_length` would cut answers, or the rows have a format that adds lists elementwise.
        ColumnError: The rows are not those of ``PreparedData.dpo()``.
    """

    def _prepare_dataset(self, dataset: Any, processing_class: Any, args: Any, dataset_name: str) -> Any:
        names = {new: old for old, new in ANSWER_IDS.items() if new in _columns(dataset)}
        dataset = dataset.rename_columns(names) if names else dataset
        _check(dataset, args, "dpo", (PROMPT_IDS, CHOSEN_IDS, REJECTED_IDS))
        return dataset


class KTOTrainer(trl.KTOTrainer):  # type: ignore[name-defined,misc]  # trl exports lazily
    """``trl.KTOTrainer`` for the rows of ``PreparedData.kto()``.

    Raises:
        PlanError: `max_length` would cut answers, or the rows have a format that adds lists elementwise.
        ColumnError: The rows are not those of ``PreparedData.kto()``.
    """

    def _prepare_dataset(self, dataset: Any, processing_class: Any, args: Any, dataset_name: str) -> Any:
        _check(dataset, args, "kto", (PROMPT_IDS, COMPLETION_IDS, LABELLED_COLUMNS[-1]))
        if not self.calculate_KL or KL_IDS in _columns(dataset):
            return dataset
        # As TRL does: the answers of each batch, moved by one row.
        return dataset.map(_other_answers, batched=True, batch_size=args.per_device_train_batch_size)


def _other_answers(rows: dict[str, Any]) -> dict[str, Any]:
    answers = rows[COMPLETION_IDS]
    return {KL_IDS: [*answers[-1:], *answers[:-1]]}


def _columns(dataset: Any) -> list[str]:
    return list(dataset.column_names or ())


def _check(dataset: Any, args: Any, method: str, needed: tuple[str, ...]) -> None:
    names = _columns(dataset)
    if missing := [name for name in needed if name not in names]:
        raise ColumnError.new(
            f"the rows have no column `{missing[0]}`; columns: {', '.join(names)}",
            code="missing_column",
            column=missing[0],
            help=f'pass the rows of data.{method}(), such as data.{method}()["train"]',
        )
    if args.max_length is not None:
        raise PlanError.new(
            f"max_length={args.max_length} would cut answers",
            code="bad_option",
            help=f"write {method.upper()}Config(**data.{method}().args, ...); "
            "tokenize(max_length=...) removes longer rows",
        )
    formatting = dataset.format["type"] if isinstance(dataset, datasets.Dataset) else _streamed_format(dataset)
    if formatting is not None:
        raise PlanError.new(
            f"the rows have the format {formatting!r}: the trainer joins prompt and answer by +, which adds arrays "
            "elementwise",
            code="bad_option",
            help="leave with_format and set_format out",
        )


def _streamed_format(dataset: Any) -> str | None:
    formatting = getattr(dataset, "_formatting", None)
    return None if formatting is None else formatting.format_type
