"""`recommend` and `subsets`: numbers that follow from the data, and parts that nest."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from published import Row, make_rows, pack, publish, trained

import fastprep as fp


def data_of(folder: Path, rows: list[Row]) -> fp.PreparedData:
    return fp.load(publish(folder, {"train": rows}, batch_rows=500))


def test_values_follow_the_guide(tmp_path: Path) -> None:
    rows = make_rows(3000, seed=1)
    found = fp.recommend(data_of(tmp_path / "a", rows), base_lr=1e-4, price_per_million_tokens=2.0)
    assert (found.n_epochs, found.batch_size, found.learning_rate_multiplier) == (2, 6, 0.05)
    assert found.learning_rate == pytest.approx(5e-6)
    assert (found.prompt_loss_weight, found.steps, found.warmup_steps) == (0.01, 1000, 30)
    assert found.tokens == 2 * sum(len(row["input_ids"]) for row in rows)
    assert found.cost == found.tokens / 1e6 * 2
    names = [advice.name for advice in found.advice]
    assert names == [
        *("n_epochs", "batch_size", "learning_rate_multiplier", "learning_rate"),
        *("prompt_loss_weight", "warmup_steps", "tokens", "cost"),
    ]
    for advice in found.advice:
        assert getattr(found, advice.name) == advice.value
        assert advice.reason
        assert advice.source
    assert str(found).count("\n") == len(names) - 1


def test_few_distinct_completions_are_a_classification(tmp_path: Path) -> None:
    rows = [row | {"completion": f"class {i % 5}"} for i, row in enumerate(make_rows(60))]
    assert fp.recommend(data_of(tmp_path / "a", rows), base_lr=1e-4).n_epochs == 4


def test_long_prompts_weigh_half_of_their_completions(tmp_path: Path) -> None:
    row: Row = {"input_ids": [5] * 201, "labels": [-100] * 200 + [5]}
    row |= {"segment_lengths": [200, 1], "segment_kinds": [1, 2]}
    found = fp.recommend(data_of(tmp_path / "a", [row] * 10), base_lr=1e-4)
    assert found.prompt_loss_weight * 200 == pytest.approx(0.5)


def test_packs_count_their_documents(tmp_path: Path) -> None:
    rows = make_rows(3000, seed=1)
    plain = fp.recommend(data_of(tmp_path / "a", rows), base_lr=1e-4)
    packed = fp.recommend(data_of(tmp_path / "b", pack(rows)), base_lr=1e-4)
    assert (plain.batch_size, plain.steps, plain.tokens) == (packed.batch_size, packed.steps, packed.tokens)


def test_training_args_make_the_batch(tmp_path: Path) -> None:
    found = fp.recommend(data_of(tmp_path / "a", make_rows(6000)), base_lr=1e-4)
    assert found.batch_size == 12
    for held, devices, batch, steps in ((4, 1, 4, 3), (16, 1, 12, 1), (4, 2, 3, 2), (5, 1, 4, 3), (1, 3, 1, 4)):
        args = found.training_args(per_device_batch_size=held, devices=devices)
        assert (args["per_device_train_batch_size"], args["gradient_accumulation_steps"]) == (batch, steps)
        assert batch * steps * devices >= found.batch_size
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    made = transformers.TrainingArguments(
        **found.training_args(per_device_batch_size=4), output_dir=str(tmp_path), use_cpu=True
    )
    assert (made.learning_rate, made.warmup_steps) == (found.learning_rate, found.warmup_steps)
    ranges = found.ranges()
    assert ranges["batch_size"] == {"choices": [6, 12, 24]}
    assert ranges["learning_rate_multiplier"] == {"low": 0.02, "high": 0.2, "log": True}


@pytest.mark.parametrize("base_lr", [0, -1, float("nan")])
def test_a_base_rate_is_above_0(tmp_path: Path, base_lr: float) -> None:
    with pytest.raises(fp.PlanError, match="base_lr"):
        fp.recommend(data_of(tmp_path / "a", make_rows(5)), base_lr=base_lr)


def test_a_folder_is_loaded(tmp_path: Path) -> None:
    data = data_of(tmp_path / "a", make_rows(50))
    for folder in (tmp_path / "a", str(tmp_path / "a")):
        assert fp.recommend(folder, base_lr=1e-4) == fp.recommend(data, base_lr=1e-4)
    with pytest.raises(fp.SourceError, match="not a prepared folder"):
        fp.recommend(tmp_path)


@pytest.mark.parametrize(
    ("data", "options", "match"),
    [
        (3, {}, "`data` must be prepared data; got 3 of type int"),
        ([{"input_ids": [1]}], {}, "pass the folder that a sink wrote"),
        (None, {"base_lr": "high"}, "`base_lr` must be a number; got 'high'"),
        (None, {"method": "qlora"}, "one of full, lora"),
        (None, {"batch_size": 0}, "`batch_size` must be at least 1; got 0"),
        (None, {"batch_size": 1.5}, "`batch_size` must be a whole number; got 1.5"),
        (None, {"price_per_million_tokens": "3"}, "`price_per_million_tokens` must be a number; got '3'"),
        (None, {"method": "lora", "base_lr": 1e-4}, "`base_lr` is for full fine-tuning only"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, data: Any, options: dict[str, Any], match: str) -> None:
    with pytest.raises(fp.PlanError, match=match) as caught:
        fp.recommend(data_of(tmp_path / "a", make_rows(5)) if data is None else data, **options)
    assert caught.value.code == "bad_option"


def test_rates_are_absolute_where_none_is_given(tmp_path: Path) -> None:
    data = data_of(tmp_path / "a", make_rows(20_000, longest=4))
    full, lora = fp.recommend(data), fp.recommend(data, method="lora")
    assert (full.learning_rate, full.learning_rate_multiplier, full.batch_size) == (2e-5, None, 40)
    assert (lora.learning_rate, lora.learning_rate_multiplier, lora.batch_size) == (2e-4, None, 16)
    assert lora.steps == 2 * 1250
    assert full.ranges()["learning_rate"] == {"low": 5e-6, "high": 8e-5, "log": True}
    assert "learning_rate_multiplier" not in lora.ranges()
    sources = {advice.name: advice.source for advice in (*full.advice, *lora.advice)}
    assert sources["learning_rate"] == "TRL, LoRA without regret"


@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_batch_size_that_is_given_is_kept(tmp_path: Path, method: Any) -> None:
    data = data_of(tmp_path / "a", make_rows(100))
    found = fp.recommend(data, method=method, batch_size=64)
    assert (found.batch_size, found.steps, found.warmup_steps) == (64, 4, 1)
    assert "batch_size" not in found.ranges()
    [advice] = [advice for advice in found.advice if advice.name == "batch_size"]
    assert (advice.source, "learn worse" in advice.reason) == ("given", method == "lora")
    args = found.training_args(per_device_batch_size=8, devices=2)
    assert (args["per_device_train_batch_size"], args["gradient_accumulation_steps"]) == (8, 4)
    # The multiplier is that of the batch that is used.
    assert fp.recommend(data, base_lr=1e-4, batch_size=64).learning_rate_multiplier == 0.2


# --- subsets


def test_subsets_nest_and_are_parts_of_the_split(tmp_path: Path) -> None:
    rows = make_rows(100)
    split = data_of(tmp_path / "a", rows)["train"]
    parts = split.subsets([10, 30, 100], seed=3)
    assert set(parts[10].numbers) < set(parts[30].numbers) < set(parts[100].numbers) == set(range(100))
    assert parts[10].numbers != split.subsets([10], seed=4)[10].numbers
    part = parts[30]
    wanted = [rows[i] for i in part.numbers]
    assert part.to_arrow().to_pylist() == wanted
    assert (len(part), part.trained_tokens) == (30, trained(wanted))
    assert part.tokens == sum(len(row["input_ids"]) for row in wanted)


def test_subsets_keep_the_shares_of_a_column(tmp_path: Path) -> None:
    rows = [row | {"id": "rare" if i < 10 else "often"} for i, row in enumerate(make_rows(200))]
    split = data_of(tmp_path / "a", rows)["train"]
    for size, part in split.subsets([20, 40, 60, 200], by="id", seed=1).items():
        assert abs(Counter(part.to_arrow()["id"].to_pylist())["rare"] - size / 20) <= 1
    with pytest.raises(fp.PlanError, match="no column `lang`"):
        split.subsets([5], by="lang")


@pytest.mark.parametrize("sizes", [[], [0], [101], [1.5]])
def test_sizes_are_those_of_the_split(tmp_path: Path, sizes: list[Any]) -> None:
    with pytest.raises(fp.PlanError, match="sizes"):
        data_of(tmp_path / "a", make_rows(100))["train"].subsets(sizes)


def test_subsets_train(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    rows = make_rows(40)
    data = data_of(tmp_path / "a", rows)
    part = data["train"].subsets([12], seed=1)[12]
    batches = part.loader(lambda rows: rows.numbers, batch_size=5)
    for _ in range(2):
        assert sorted(row for batch in batches for row in batch) == list(part.numbers)
    grouped = part.loader(data.collator(), batch_size=5, group_by_length=True)
    assert sum(int((batch["labels"] != -100).sum()) for batch in grouped) == part.trained_tokens
    filled = part.to_torch().filled(8)
    assert len(filled) == 16
    assert filled[13]["labels"].tolist() == [-100]
    assert filled[3]["input_ids"].tolist() == rows[part.numbers[3]]["input_ids"]


def test_subsets_are_datasets(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="datasets is not installed")
    rows = make_rows(40)
    part = data_of(tmp_path / "a", rows)["train"].subsets([12], seed=1)[12]
    assert part.to_datasets().to_list() == [rows[i] for i in part.numbers]
