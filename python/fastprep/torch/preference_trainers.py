"""The trainers of TRL for rows with preferences that have token ids: TRL's own tokenize again, or drop long rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import datasets
import trl

from fastprep._fastprep import CHOSEN_IDS, COMPLETION_IDS, LABELLED_COLUMNS, PROMPT_IDS, REJECTED_IDS, TRAIN
from fastprep.exceptions import ColumnError, PlanError
from fastprep.preference_columns import ANSWER_IDS
from fastprep.warn import warn

KL_IDS = "KL_completion_ids"
"""The column of the answer to another prompt, from which KTO estimates how far the model has moved."""
LABEL = LABELLED_COLUMNS[-1]
CONFIGS = {"dpo": "DPOConfig", "kto": "KTOConfig", "reward": "RewardConfig"}
"""The class of the arguments, by the method of ``PreparedData``."""


class DPOTrainer(trl.DPOTrainer):  # type: ignore[name-defined,misc]  # trl exports lazily
    """``trl.DPOTrainer`` for the rows of ``PreparedData.dpo()``.

    Raises:
        PlanError: `max_length` would cut answers, or the rows have a format that adds lists elementwise.
        ColumnError: The rows are not those of ``PreparedData.dpo()``.
    """

    def _prepare_dataset(self, dataset: Any, processing_class: Any, args: Any, dataset_name: str) -> Any:
        names = {new: old for old, new in ANSWER_IDS.items() if new in _columns(dataset, "dpo")}
        dataset = dataset.rename_columns(names) if names else dataset
        _check(dataset, args, "dpo", (PROMPT_IDS, CHOSEN_IDS, REJECTED_IDS))
        _check_format(dataset)
        return dataset


class KTOTrainer(trl.KTOTrainer):  # type: ignore[name-defined,misc]  # trl exports lazily
    """``trl.KTOTrainer`` for the rows of ``PreparedData.kto()``.

    Raises:
        PlanError: `max_length` would cut answers, or the rows have a format that adds lists elementwise.
        ColumnError: The rows are not those of ``PreparedData.kto()``.
    """

    def _prepare_dataset(self, dataset: Any, processing_class: Any, args: Any, dataset_name: str) -> Any:
        _check(dataset, args, "kto", (PROMPT_IDS, COMPLETION_IDS, LABEL))
        _check_format(dataset)
        if dataset_name == TRAIN and isinstance(dataset, datasets.Dataset):
            _check_balance(dataset[LABEL], args)
        if not self.calculate_KL:
            return dataset
        # As TRL does: the answers of each batch, moved by one row. Rows that have them may be in another order now.
        return dataset.map(_other_answers, batched=True, batch_size=args.per_device_train_batch_size)


class RewardTrainer(trl.RewardTrainer):  # type: ignore[name-defined,misc]  # trl exports lazily
    """``trl.RewardTrainer`` for the rows of ``PreparedData.reward()``.

    Raises:
        PlanError: `max_length` would drop longer rows.
        ColumnError: The rows are not those of ``PreparedData.reward()``.
    """

    def _prepare_dataset(self, dataset: Any, processing_class: Any, args: Any, dataset_name: str) -> Any:
        _check(dataset, args, "reward", (CHOSEN_IDS, REJECTED_IDS))
        return super()._prepare_dataset(dataset, processing_class, args, dataset_name)


def _other_answers(rows: dict[str, Any]) -> dict[str, Any]:
    answers = rows[COMPLETION_IDS]
    return {KL_IDS: [*answers[-1:], *answers[:-1]]}


def _columns(dataset: Any, method: str) -> list[str]:
    if isinstance(dataset, Mapping):
        raise PlanError.new(
            f"the rows are those of several splits: {', '.join(dataset)}",
            code="bad_option",
            help=f'pass one of them, such as data.{method}()["train"]; eval_dataset takes several as '
            f"dict(data.{method}())",
        )
    return list(dataset.column_names or ())


def _check_balance(labels: Any, args: Any) -> None:
    """Warns of weights that do not make up for the numbers of good and bad answers, as TRL does."""
    good = sum(labels)
    few = [max(good, 1), max(len(labels) - good, 1)]
    weights = [args.desirable_weight, args.undesirable_weight]
    if few[0] == few[1] or min(weights) <= 0:
        return
    ratio = few[0] * weights[0] / (few[1] * weights[1])
    # By the paper of KTO; TRL rounds the limits to two digits.
    if 0.99 <= ratio <= 1.34:
        return
    warn(
        f"{good} good answers and {len(labels) - good} bad ones, with desirable_weight={weights[0]} and "
        f"undesirable_weight={weights[1]}",
        f"give KTOConfig a desirable_weight from {weights[0] / ratio:.2f} to {weights[0] / ratio * 4 / 3:.2f}, or an "
        f"undesirable_weight from {weights[1] * ratio * 3 / 4:.2f} to {weights[1] * ratio:.2f}",
        stacklevel=4,
    )


def _check(dataset: Any, args: Any, method: str, needed: tuple[str, ...]) -> None:
    names = _columns(dataset, method)
    if missing := [name for name in needed if name not in names]:
        raise ColumnError.new(
            f"the rows have no column `{missing[0]}`; columns: {', '.join(names)}",
            code="missing_column",
            column=missing[0],
            help=f'pass the rows of data.{method}(), such as data.{method}()["train"]',
        )
    if args.max_length is not None:
        raise PlanError.new(
            f"max_length={args.max_length} would {'drop longer rows' if method == 'reward' else 'cut answers'}",
            code="bad_option",
            help=f"write {CONFIGS[method]}(**data.{method}().args, ...); tokenize(max_length=...) removes longer rows",
        )


def _check_format(dataset: Any) -> None:
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
