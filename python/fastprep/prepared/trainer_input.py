"""``PreparedData.dpo()``, ``kto()`` and ``reward()``: rows with preferences as a trainer of TRL takes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from fastprep._fastprep import (
    CHOSEN_IDS,
    CHOSEN_LABELS,
    COMPLETION_IDS,
    COMPLETION_LABELS,
    IGNORE,
    LABELLED_COLUMNS,
    PROMPT_IDS,
    REJECTED_IDS,
    REJECTED_LABELS,
    ROW_WEIGHT,
)
from fastprep.exceptions import ColumnError, DataError
from fastprep.optional_packages import require
from fastprep.preference_columns import ANSWER_IDS
from fastprep.warn import warn

if TYPE_CHECKING:
    import datasets
    import pyarrow

    from fastprep.prepared.prepared_data import PreparedData
    from fastprep.prepared.split import Split


MARGIN = "margin"
"""The column of how much better the preferred answer is, which RewardTrainer knows."""


class TrainerInput(Mapping[str, Any]):
    """What a trainer of TRL needs of rows with preferences: a mapping from split names to ``datasets.Dataset``.

    Attributes:
        args: Arguments for the trainer's config, with which it trains the rows unchanged, without cutting any.
        trainer: The class of the trainer: TRL's class with one change. TRL's would tokenize the rows again; that for
            reward models would drop longer rows without a word.
    """

    def __init__(self, name: str, rows: Mapping[str, datasets.Dataset]) -> None:
        """Args: the name of the trainer, and the rows of each split; see ``PreparedData.dpo``."""
        self.args: dict[str, Any] = {"max_length": None}
        self._name = name
        self._rows = dict(rows)

    def __getitem__(self, split: str) -> datasets.Dataset:
        """The rows of a split."""
        return self._rows[split]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"TrainerInput({self._name!r}, { {name: len(rows) for name, rows in self._rows.items()} })"

    @property
    def trainer(self) -> Any:
        """The class of the trainer."""
        require("trl", "transformers", f"TrainerInput.trainer of {self._name}")
        from fastprep.torch import preference_trainers

        return getattr(preference_trainers, self._name)


def dpo(data: PreparedData) -> TrainerInput:
    """See ``PreparedData.dpo``."""
    columns = [PROMPT_IDS, CHOSEN_IDS, REJECTED_IDS]
    _check(data, "dpo", columns, {CHOSEN_IDS: CHOSEN_LABELS, REJECTED_IDS: REJECTED_LABELS})
    rows = {name: split._datasets().select_columns(columns) for name, split in data.items()}
    # RewardTrainer takes columns named `chosen_ids` and `rejected_ids` as whole sequences.
    return TrainerInput("DPOTrainer", {name: each.rename_columns(ANSWER_IDS) for name, each in rows.items()})


def kto(data: PreparedData) -> TrainerInput:
    """See ``PreparedData.kto``."""
    columns = [PROMPT_IDS, COMPLETION_IDS, LABELLED_COLUMNS[-1]]
    _check(data, "kto", columns, {COMPLETION_IDS: COMPLETION_LABELS})
    return TrainerInput("KTOTrainer", {name: split._datasets().select_columns(columns) for name, split in data.items()})


def reward(data: PreparedData) -> TrainerInput:
    """See ``PreparedData.reward``."""
    _check(data, "reward", [PROMPT_IDS, CHOSEN_IDS, REJECTED_IDS], {})
    return TrainerInput("RewardTrainer", {name: _sequences(split) for name, split in data.items()})


def _check(data: PreparedData, method: str, columns: list[str], trained: dict[str, str]) -> None:
    """Checks that the rows have these columns, and that all tokens of the answers `trained` train."""
    require("datasets", "transformers", f"PreparedData.{method}()")
    names = [column["name"] for column in data.manifest["schema"]]
    if missing := [name for name in (*columns, *trained.values()) if name not in names]:
        raise ColumnError.new(
            f"{method}: there is no column `{missing[0]}`; columns: {', '.join(names)}",
            code="missing_column",
            path=data.path,
            column=missing[0],
            help="prepare rows with preferences: format(...) of two answers for dpo and reward, of an answer with a "
            "label for kto, and tokenize(...)",
        )
    if ROW_WEIGHT in names:
        warn(
            f"the rows have weights (`{ROW_WEIGHT}`), which have no effect in trainers of preferences",
            "leave the step out that adds them",
            stacklevel=4,
        )
    for split in data.values():
        for ids, labels in trained.items():
            if (row := _first_untrained(split.to_arrow(), labels)) is not None:
                raise DataError.new(
                    f"{method}: row {row + 1} of the split {split.name!r} has tokens within `{ids}` that must not "
                    "train, and the trainer trains all tokens of an answer",
                    code="preference_rows",
                    path=data.path,
                    row=row,
                    column=ids,
                    help='prepare the rows with format(..., on_untrained="reject"), the default',
                )


def _first_untrained(table: pyarrow.Table, labels: str) -> int | None:
    """The number of the first row with a label that does not train."""
    import numpy as np

    before = 0
    for chunk in table[labels].chunks:
        offsets = np.asarray(chunk.offsets)
        untrained = np.flatnonzero(np.asarray(chunk.values)[offsets[0] : offsets[-1]] == IGNORE)
        if len(untrained):
            return before + int(np.searchsorted(offsets, offsets[0] + untrained[0], side="right")) - 1
        before += len(chunk)
    return None


def _sequences(split: Split) -> datasets.Dataset:
    """Prompt and answer as one sequence, for each answer, and the margin of the pair, if it has one."""
    import datasets
    import pyarrow as pa

    table = split.to_arrow()
    names = (CHOSEN_IDS, REJECTED_IDS)
    item = pa.field("item", pa.int32(), nullable=False)
    schema = pa.schema([pa.field(name, pa.list_(item), nullable=False) for name in names])
    batches = [
        pa.record_batch([_joined(batch[PROMPT_IDS], batch[name]) for name in names], schema=schema)
        for batch in table.select([PROMPT_IDS, *names]).to_batches()
    ]
    rows = pa.Table.from_batches(batches, schema=schema)
    if MARGIN in table.column_names:
        rows = rows.append_column(MARGIN, pa.array(_margins(table[MARGIN], split), pa.float64()))
    identity = f"{split._manifest['data']}/{split.name}/reward"
    fingerprint = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return datasets.Dataset(datasets.table.InMemoryTable(rows), fingerprint=fingerprint)


def _margins(column: pyarrow.ChunkedArray, split: Split) -> list[float]:
    values: list[Any] = column.to_pylist()
    if getattr(column.type, "extension_name", None) == "arrow.json":
        values = [None if value is None else json.loads(value) for value in values]
    for row, value in enumerate(values):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ColumnError.new(
                f"reward: RewardTrainer takes the column `{MARGIN}` as how much better an answer is, a number in each "
                f"row; row {row + 1} of the split {split.name!r} has {value!r}",
                code="wrong_type",
                column=MARGIN,
                help=f"rename it if it is something else, rename({{{MARGIN!r}: ...}}), or remove it, drop({MARGIN!r})",
            )
    return values


def _joined(first: Any, second: Any) -> Any:
    """Lists of ids, each of the first followed by that of the second."""
    import numpy as np
    import pyarrow as pa

    parts = []
    for lists in (first, second):
        offsets = np.asarray(lists.offsets)
        parts.append((np.asarray(lists.values)[offsets[0] : offsets[-1]], np.diff(offsets)))
    (ids, lengths), (more_ids, more_lengths) = parts
    ends = np.concatenate(([0], np.cumsum(lengths + more_lengths)))
    out = np.empty(ends[-1], dtype=np.int32)
    is_first = np.repeat(np.tile([True, False], len(lengths)), np.stack((lengths, more_lengths), axis=1).ravel())
    out[is_first], out[~is_first] = ids, more_ids
    item = pa.field("item", pa.int32(), nullable=False)
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(out), type=pa.list_(item))
