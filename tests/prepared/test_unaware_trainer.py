"""Unmodified trainers of transformers and TRL, which read neither weights nor boundaries: the loss is that of
completions and single documents, or there is an error or a warning."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from published import Row, make_rows, pack, publish

import fastprep as fp

os.environ.setdefault("HF_HUB_OFFLINE", "1")
torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")
from training import Gradient, error, make_model, make_tokenizer, options, reference  # noqa: E402

from fastprep.trainer import WeightedTrainer  # noqa: E402  # needs transformers

pytestmark = pytest.mark.heavy

PLAIN = make_rows(13, seed=5)
WEIGHTED = make_rows(13, seed=5, weighted=True)
ROW_WEIGHTS = [row | {"row_weight": [0.0, 0.5, 1.0, 2.0][i % 4]} for i, row in enumerate(PLAIN)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> fp.PreparedData:
    return fp.load(publish(tmp_path_factory.mktemp("plain") / "out", {"train": PLAIN}))


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> fp.PreparedData:
    return fp.load(publish(tmp_path_factory.mktemp("packed") / "out", {"train": pack(PLAIN)}))


def folder_of(rows: list[Row], folder: Path) -> fp.PreparedData:
    return fp.load(publish(folder / "out", {"train": rows}))


def train(folder: Path, dataset: Any, collate: Any, **more: Any) -> tuple[float, list[Any]]:
    """Loss and gradient of one step of an unmodified Trainer over all rows."""
    seen = Gradient()
    batch = {"per_device_train_batch_size": 5, "gradient_accumulation_steps": 3, "logging_steps": 1}
    trainer = transformers.Trainer(
        model=make_model(),
        args=transformers.TrainingArguments(**options(folder, **batch, **more)),
        train_dataset=dataset,
        data_collator=collate,
        callbacks=[seen],
    )
    trainer.train()
    return _logged(trainer), seen.kept


def train_trl(folder: Path, dataset: Any, args: dict[str, Any], **more: Any) -> tuple[float, list[Any]]:
    """The same of an unmodified SFTTrainer."""
    trl = pytest.importorskip("trl", reason="trl is not installed")
    seen = Gradient()
    batch = {"per_device_train_batch_size": 5, "gradient_accumulation_steps": 3, "logging_steps": 1, "bf16": False}
    trainer = trl.SFTTrainer(
        model=make_model(),
        args=trl.SFTConfig(**options(folder, **batch), **args),
        train_dataset=dataset,
        processing_class=make_tokenizer(),
        callbacks=[seen],
        **more,
    )
    trainer.train()
    return _logged(trainer), seen.kept


def _logged(trainer: Any) -> float:
    return float(next(entry["loss"] for entry in trainer.state.log_history if "loss" in entry))


def check(found: tuple[float, list[Any]], rows: list[Row]) -> None:
    """The loss and gradient of the completions of these rows, each document alone."""
    loss, gradient = reference(rows, 0.0)
    assert found[0] == pytest.approx(loss, abs=1e-3)
    assert error(found[1], gradient) < 1e-5


@contextmanager
def warned(*texts: str) -> Iterator[None]:
    """Our warnings are these, in any order, each once."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    ours = [str(one.message) for one in caught if "\n  help: " in str(one.message)]
    assert len(ours) == len(texts), ours
    assert all(any(text in one for one in ours) for text in texts), ours


# --- weights


@pytest.mark.parametrize("keep_columns", [True, False])
@pytest.mark.parametrize("source", ["torch", "datasets"])
@pytest.mark.parametrize("layout", ["padded", "flat"])
def test_a_trainer_that_asks_for_no_weights_trains_completions(
    data: fp.PreparedData, tmp_path: Path, layout: Any, source: str, keep_columns: bool
) -> None:
    split = data["train"]
    dataset = split.to_torch() if source == "torch" else split.to_datasets()
    if keep_columns and source == "datasets":
        # Text cannot be a tensor; our collator does not look at it.
        assert "prompt" in dataset.column_names
    collate = data.collator(prompt_loss_weight=0.1, layout=layout)
    with warned("prompt_loss_weight=0.1 has no effect"):
        found = train(tmp_path, dataset, collate, remove_unused_columns=not keep_columns)
    check(found, PLAIN)


@pytest.mark.parametrize("layout", ["padded", "flat"])
def test_trl_that_asks_for_no_weights_trains_completions(data: fp.PreparedData, tmp_path: Path, layout: Any) -> None:
    collate = data.collator(prompt_loss_weight=0.1, layout=layout)
    dataset = data["train"].to_datasets()
    with warned("prompt_loss_weight=0.1 has no effect"):
        found = train_trl(tmp_path, dataset, data.trl_args(weighted=True), data_collator=collate)
    check(found, PLAIN)


def test_without_a_collator_of_ours_trl_trains_completions(data: fp.PreparedData, tmp_path: Path) -> None:
    for weighted in (True, False):
        with warned():
            found = train_trl(tmp_path, data["train"].to_datasets(), data.trl_args(weighted=weighted))
        check(found, PLAIN)


@pytest.mark.parametrize("keep_columns", [True, False])
def test_segment_weights_that_nothing_asks_for_are_warned_about(tmp_path: Path, keep_columns: bool) -> None:
    data = folder_of(WEIGHTED, tmp_path)
    # Dropped columns are noticed twice: where the dropping reads the rows, and where the collator misses one.
    texts = ["weights are off"] if keep_columns else ["does not read them", "but a row has none"]
    with warned(*texts):
        found = train(tmp_path, data["train"].to_torch(), data.collator(), remove_unused_columns=not keep_columns)
    # Segments of weight 0 are left out as long as the collator sees them.
    least = 0.0 if keep_columns else -1.0
    check(found, [row | {"segment_weights": [float(w > least) for w in row["segment_weights"]]} for row in WEIGHTED])


def test_row_weights_that_nothing_asks_for_are_warned_about(tmp_path: Path) -> None:
    data = folder_of(ROW_WEIGHTS, tmp_path)
    with warned("weights are off"):
        found = train(tmp_path, data["train"].to_torch(), data.collator(), remove_unused_columns=False)
    check(found, [row for row in ROW_WEIGHTS if row["row_weight"] > 0])


def test_a_weighted_trainer_asks_for_weights_without_a_warning(tmp_path: Path) -> None:
    data = folder_of(WEIGHTED, tmp_path)
    for late in (False, True):
        seen = Gradient()
        with warned():
            trainer = WeightedTrainer(
                model=make_model(),
                args=transformers.TrainingArguments(**options(tmp_path, per_device_train_batch_size=13)),
                train_dataset=data["train"].to_torch(),
                data_collator=None if late else data.collator(prompt_loss_weight=0.3),
                callbacks=[seen],
            )
            if late:
                trainer.data_collator = data.collator(prompt_loss_weight=0.3)
            trainer.train()
        assert error(seen.kept, reference(WEIGHTED, 0.3)[1]) < 1e-5


def test_a_collator_within_a_function_is_asked_by_hand(data: fp.PreparedData, tmp_path: Path) -> None:
    def gradient(collate: Any) -> list[Any]:
        seen = Gradient()
        WeightedTrainer(
            model=make_model(),
            args=transformers.TrainingArguments(**options(tmp_path, per_device_train_batch_size=13)),
            train_dataset=data["train"].to_torch(),
            data_collator=lambda rows: collate(rows),
            callbacks=[seen],
        ).train()
        return seen.kept

    with warned("prompt_loss_weight=0.3 has no effect"):
        unasked = gradient(data.collator(prompt_loss_weight=0.3))
    assert error(unasked, reference(PLAIN, 0.0)[1]) < 1e-5
    with warned():
        asked = gradient(data.collator(prompt_loss_weight=0.3, weighted=True))
    assert error(asked, reference(PLAIN, 0.3)[1]) < 1e-5


# --- packs


def test_a_trainer_that_drops_boundaries_is_refused(packed: fp.PreparedData, tmp_path: Path) -> None:
    split = packed["train"]
    for dataset in (split.to_torch(), split.to_datasets()):
        with pytest.raises(fp.ColumnError, match="seq_lengths") as caught:
            train(tmp_path, dataset, packed.collator())
        assert (caught.value.code, caught.value.column) == ("missing_column", "seq_lengths")
        assert "remove_unused_columns=False" in str(caught.value)
        assert 'layout="flat"' in str(caught.value)


@pytest.mark.parametrize("source", ["torch", "datasets"])
def test_a_trainer_that_keeps_boundaries_trains_documents(packed: fp.PreparedData, tmp_path: Path, source: str) -> None:
    dataset = packed["train"].to_torch() if source == "torch" else packed["train"].to_datasets()
    with warned():
        found = train(tmp_path, dataset, packed.collator(), remove_unused_columns=False)
    check(found, PLAIN)


@pytest.mark.parametrize("weighted", [False, True])
def test_trl_trains_documents_of_packs(packed: fp.PreparedData, tmp_path: Path, weighted: bool) -> None:
    with warned("SFTConfig(**data.trl_args())"):
        dataset = packed["train"].to_datasets()
    more = {"data_collator": packed.collator()} if weighted else {}
    check(train_trl(tmp_path, dataset, packed.trl_args(weighted=weighted), **more), PLAIN)


def test_collators_of_others_are_warned_about_packs(packed: fp.PreparedData, tmp_path: Path) -> None:
    foreign = transformers.DataCollatorForSeq2Seq(make_tokenizer())
    with warned("attend to each other"):
        found = train(tmp_path, packed["train"].to_torch(), foreign)
    assert error(found[1], reference(PLAIN, 0.0)[1]) > 1e-2
