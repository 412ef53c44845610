"""`WeightedTrainer`: the gradient of Σ w·ce / Σ w, however a step is divided."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import published
import pytest
from published import make_rows, publish

import fastprep as fp

os.environ.setdefault("HF_HUB_OFFLINE", "1")
torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")
from training import Gradient, error, make_model, make_tokenizer, options, reference  # noqa: E402

from fastprep.trainer import WeightedLoss, WeightedTrainer  # noqa: E402  # needs transformers

pytestmark = pytest.mark.heavy

ROWS = make_rows(13, seed=5, weighted=True)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> fp.PreparedData:
    return fp.load(publish(tmp_path_factory.mktemp("trainer") / "out", {"train": ROWS, "valid": ROWS[:7]}))


@pytest.mark.parametrize(("batch", "steps"), [(13, 1), (7, 2), (5, 3), (1, 13)])
@pytest.mark.parametrize("layout", ["padded", "flat"])
def test_the_gradient_is_that_of_all_rows(
    data: fp.PreparedData, tmp_path: Path, batch: int, steps: int, layout: Any
) -> None:
    seen = Gradient()
    args = options(tmp_path, per_device_train_batch_size=batch, gradient_accumulation_steps=steps, logging_steps=1)
    trainer = WeightedTrainer(
        model=make_model(),
        args=transformers.TrainingArguments(**args),
        train_dataset=data["train"].to_torch(),
        eval_dataset=data["valid"].to_torch(),
        data_collator=data.collator(prompt_loss_weight=0.3, layout=layout),
        callbacks=[seen],
    )
    trainer.train()
    loss, wanted = reference(ROWS, 0.3)
    assert error(seen.kept, wanted) < 1e-5
    logged = next(entry["loss"] for entry in trainer.state.log_history if "loss" in entry)
    assert logged == pytest.approx(loss, abs=1e-3)
    assert trainer.evaluate()["eval_loss"] == pytest.approx(reference(ROWS[:7], 0.3)[0], rel=1e-5)


def test_in_bfloat16_it_is_near(data: fp.PreparedData, tmp_path: Path) -> None:
    seen = Gradient()
    args = options(tmp_path, per_device_train_batch_size=5, gradient_accumulation_steps=3, bf16=True)
    WeightedTrainer(
        model=make_model(),
        args=transformers.TrainingArguments(**args),
        train_dataset=data["train"].to_torch(),
        data_collator=data.collator(prompt_loss_weight=0.3),
        callbacks=[seen],
    ).train()
    assert error(seen.kept, reference(ROWS, 0.3)[1]) < 2e-2


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_at_the_ends_it_is_the_loss_of_transformers(tmp_path: Path, weight: float) -> None:
    """At weight 0 the loss of completions alone, at weight 1 that of all tokens."""
    rows = make_rows(9, seed=2)
    data = fp.load(publish(tmp_path / "out", {"train": rows}))
    collate = data.collator(prompt_loss_weight=weight, weighted=True)
    gradients = []
    for trainer_class in (WeightedTrainer, transformers.Trainer):
        seen = Gradient()
        args = options(tmp_path, per_device_train_batch_size=3, gradient_accumulation_steps=3)

        def batch_of(rows: Any, keep: bool = trainer_class is WeightedTrainer) -> Any:
            batch = collate(rows)
            if not keep:
                del batch["loss_weights"]
            return batch

        trainer_class(
            model=make_model(),
            args=transformers.TrainingArguments(**args, remove_unused_columns=False),
            train_dataset=data["train"].to_torch(),
            data_collator=batch_of,
            callbacks=[seen],
        ).train()
        gradients.append([one.double() for one in seen.kept])
    assert error(gradients[0], gradients[1]) < 1e-5


@pytest.mark.parametrize("layout", ["padded", "flat"])
def test_trl_trains_with_weights(data: fp.PreparedData, tmp_path: Path, layout: Any) -> None:
    trl = pytest.importorskip("trl", reason="trl is not installed")

    class WeightedSFTTrainer(WeightedLoss, trl.SFTTrainer):  # type: ignore[misc]
        pass

    seen = Gradient()
    args = options(tmp_path, per_device_train_batch_size=5, gradient_accumulation_steps=3, bf16=False)
    WeightedSFTTrainer(
        model=make_model(),
        args=trl.SFTConfig(**data.trl_args(weighted=True), **args),
        train_dataset=data["train"].to_datasets(),
        data_collator=data.collator(prompt_loss_weight=0.3, layout=layout),
        processing_class=make_tokenizer(),
        callbacks=[seen],
    ).train()
    assert error(seen.kept, reference(ROWS, 0.3)[1]) < 1e-5


def test_what_would_fail_in_silence_is_refused(data: fp.PreparedData, tmp_path: Path) -> None:
    def train(args: dict[str, Any], **more: Any) -> None:
        given = {"data_collator": data.collator(), "train_dataset": data["train"].to_torch(), "model": make_model()}
        WeightedTrainer(args=transformers.TrainingArguments(**options(tmp_path, **args)), **given | more).train()

    with pytest.raises(fp.PlanError, match="label_smoothing_factor"):
        train({"label_smoothing_factor": 0.1})
    with pytest.raises(fp.PlanError, match="compute_loss_func"):
        train({}, compute_loss_func=lambda *_, **__: None)
    mixture = make_model()
    mixture.config.output_router_logits = True
    with pytest.raises(fp.PlanError, match="router_aux_loss_coef"):
        train({}, model=mixture)
    with pytest.raises(fp.ColumnError, match="loss_weights"):
        train(
            {"per_device_train_batch_size": 1},
            train_dataset=data["train"].to_datasets().select_columns(["input_ids", "labels"]),
            data_collator=transformers.DataCollatorForSeq2Seq(make_tokenizer()),
        )


def test_other_losses_of_trl_are_refused(data: fp.PreparedData, tmp_path: Path) -> None:
    trl = pytest.importorskip("trl", reason="trl is not installed")
    with pytest.raises(fp.PlanError, match="WeightedLoss first"):
        type("Swapped", (trl.SFTTrainer, WeightedLoss), {})
    trainer_class = type("Weighted", (WeightedLoss, trl.SFTTrainer), {})
    with pytest.raises(fp.PlanError, match="loss_type"):
        trainer_class(
            model=make_model(),
            args=trl.SFTConfig(**data.trl_args(weighted=True), **options(tmp_path, bf16=False), loss_type="dft"),
            train_dataset=data["train"].to_datasets(),
            data_collator=data.collator(),
            processing_class=make_tokenizer(),
        )


TWO = """
import os, sys
sys.path[:0] = {paths!r}
import torch, transformers
import test_trainer as t
import fastprep as fp
from pathlib import Path

torch.set_num_threads(1)
data = fp.load({folder!r})
for batch, steps in ((7, 1), (2, 4)):
    seen = t.Gradient()
    args = t.options(Path({folder!r}), per_device_train_batch_size=batch, gradient_accumulation_steps=steps)
    trainer = t.WeightedTrainer(
        model=t.make_model(), args=transformers.TrainingArguments(**args, ddp_backend="gloo"),
        train_dataset=data["train"].to_torch(), eval_dataset=data["valid"].to_torch(),
        data_collator=data.collator(prompt_loss_weight=0.3), callbacks=[seen],
    )
    trainer.train()
    loss, wanted = t.reference(t.ROWS, 0.3)
    assert t.error(seen.kept, wanted) < 1e-5, t.error(seen.kept, wanted)
    found = trainer.evaluate()["eval_loss"]
    assert abs(found - t.reference(t.ROWS[:7], 0.3)[0]) < 1e-4, found
rank = torch.distributed.get_rank()
loader = data["train"].loader(lambda rows: rows.numbers, batch_size=3)
assert (loader.dataset.rank, loader.dataset.world_size) == (rank, 2)
own = [row for batch in loader for row in batch]
every = [None, None]
torch.distributed.all_gather_object(every, own)
assert sorted(row for rows in every for row in rows) == [-1, *range(13)]
# One call, so that the lines of two processes cannot run into one another.
os.write(1, b"both are right\\n")
# Else a thread of gloo may outlive the interpreter, and ends the process with an abort.
torch.distributed.barrier()
torch.distributed.destroy_process_group()
"""


def test_two_processes_train_as_one(data: fp.PreparedData, tmp_path: Path) -> None:
    pytest.importorskip("accelerate", reason="accelerate is not installed")
    script = tmp_path / "two.py"
    paths = [str(Path(__file__).parent), str(Path(published.__file__).parent)]
    script.write_text(TWO.format(paths=paths, folder=str(data.path)), "utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(script)]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=env)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("both are right") == 2, done.stdout
