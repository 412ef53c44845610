"""`data.dpo()`, `kto()` and `reward()`: what TRL's trainers train on is our ids, unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fastprep as fp

torch = pytest.importorskip("torch", reason="torch is not installed")
trl = pytest.importorskip("trl", reason="trl is not installed")

import transformers  # noqa: E402
from training import Gradient, error, options  # noqa: E402

CHAT = fp.ChatFormat.from_text(
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}<|endoftext|>{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)
TOKENIZER = Path(__file__).resolve().parents[2] / "examples" / "tokenizer"
FORMAT = fp.PromptFormat("{q}", completion="{a}", separator="\n##\n", stop="\n###\n")
BETA = 0.1

Row = dict[str, Any]


def pairs(folder: Path, **options: Any) -> fp.PreparedData:
    made: list[Row] = [
        {"prompt": "q" * (i % 5 + 1), "chosen": f"a{i}" * (i % 3 + 1), "rejected": [turn("assistant", f"b{i}")]}
        for i in range(9)
    ]
    if options.pop("within", False):
        made[4]["rejected"] = [turn("assistant", "b"), turn("user", "r"), turn("assistant", "c")]
    plan = fp.from_records(made).read_as("preference").format(CHAT, **options).tokenize(TOKENIZER)
    plan.sink_arrow(folder)
    return fp.load(folder)


def turn(role: str, content: str) -> Row:
    return {"role": role, "content": content}


def labelled(folder: Path) -> fp.PreparedData:
    made = [{"q": "q" * (i % 4 + 1), "a": f"a{i}" * (i % 3 + 1), "good": i % 3 > 0} for i in range(9)]
    fp.from_records(made).format(FORMAT, label="good").tokenize(TOKENIZER).sink_arrow(folder)
    return fp.load(folder)


def stored(data: fp.PreparedData) -> list[Row]:
    rows: list[Row] = data["train"].to_arrow().to_pylist()
    return rows


def model(seed: int, kind: Any = transformers.LlamaForCausalLM) -> Any:
    torch.manual_seed(seed)
    return kind(
        transformers.LlamaConfig(
            vocab_size=fp.Tokenizer(TOKENIZER).vocab_size,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            pad_token_id=0,
            num_labels=1,
        )
    )


def tokenizer() -> Any:
    # TRL wants one; it must not be used.
    return transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(TOKENIZER / "tokenizer.json"), pad_token="<|endoftext|>", eos_token="<|endoftext|>"
    )


def arguments(folder: Path, **more: Any) -> Row:
    common = {"per_device_train_batch_size": 9, "bf16": False, "gradient_checkpointing": False}
    return options(folder, **common, **more)


def trained_rows(trainer: Any, prefix: str = "") -> Iterator[tuple[list[int], list[int]]]:
    """The ids of each row of the trainer's own data loader, and those of its answer."""
    for batch in trainer.get_train_dataloader():
        masks = batch.get(f"{prefix}completion_mask", batch[f"{prefix}attention_mask"])
        for ids, attention, mask in zip(
            batch[f"{prefix}input_ids"], batch[f"{prefix}attention_mask"], masks, strict=True
        ):
            yield ids[attention.bool()].tolist(), ids[mask.bool()].tolist()


def log_prob(of: Any, prompt: list[int], answer: list[int]) -> Any:
    """The sum of the log probabilities of an answer, a row at a time."""
    ids = torch.tensor([prompt + answer])
    logits = of(input_ids=ids, use_cache=False).logits.log_softmax(-1)[0, :-1]
    return logits.gather(-1, ids[0, 1:, None]).sum(-1).flatten()[len(prompt) - 1 :].sum()


def gradient(loss: Any, of: Any) -> list[Any]:
    loss.backward()
    return [parameter.grad for parameter in of.parameters()]


@pytest.mark.heavy
def test_dpo_trains_on_our_ids(tmp_path: Path) -> None:
    data = pairs(tmp_path / "out")
    dpo, kept = data.dpo(), Gradient()
    config = trl.DPOConfig(**dpo.args, **arguments(tmp_path), beta=BETA)
    trainer = dpo.trainer(
        model(0), ref_model=model(1), args=config, train_dataset=dpo["train"], processing_class=tokenizer(),
        callbacks=[kept],
    )  # fmt: skip
    rows = stored(data)
    wanted = sorted((r["prompt_ids"] + r[n], r[n]) for r in rows for n in ("chosen_ids", "rejected_ids"))
    assert sorted(trained_rows(trainer)) == wanted
    trainer.train()
    policy, reference = model(0).double(), model(1).double().requires_grad_(False)
    losses = []
    for row in rows:
        ratio = [
            log_prob(policy, row["prompt_ids"], row[name]) - log_prob(reference, row["prompt_ids"], row[name])
            for name in ("chosen_ids", "rejected_ids")
        ]
        losses.append(-torch.nn.functional.logsigmoid(BETA * (ratio[0] - ratio[1])))
    assert error(kept.kept, gradient(torch.stack(losses).mean(), policy)) < 1e-5


@pytest.mark.heavy
@pytest.mark.parametrize("loss_type", ["kto", "apo_zero_unpaired"])
def test_kto_trains_on_our_ids(tmp_path: Path, loss_type: str) -> None:
    data = labelled(tmp_path / "out")
    kto, kept = data.kto(), Gradient()
    config = trl.KTOConfig(**kto.args, **arguments(tmp_path), beta=BETA, loss_type=loss_type)
    trainer = kto.trainer(
        model(0), ref_model=model(1), args=config, train_dataset=kto["train"], processing_class=tokenizer(),
        callbacks=[kept],
    )  # fmt: skip
    rows = stored(data)
    pairs = [(row["prompt_ids"], row["completion_ids"]) for row in rows]
    assert list(trained_rows(trainer)) == [(prompt + answer, answer) for prompt, answer in pairs]
    policy, reference = model(0).double(), model(1).double().requires_grad_(False)
    kl = torch.zeros((), dtype=torch.float64)
    if loss_type == "kto":
        others = [answer for _, answer in pairs[-1:] + pairs[:-1]]
        wanted = [(prompt + other, other) for (prompt, _), other in zip(pairs, others, strict=True)]
        assert list(trained_rows(trainer, "KL_")) == wanted
        ratios = [
            log_prob(policy, prompt, other) - log_prob(reference, prompt, other)
            for (prompt, _), other in zip(pairs, others, strict=True)
        ]
        kl = torch.stack(ratios).mean().detach().clamp(min=0)
    trainer.train()
    losses = []
    for row, (prompt, answer) in zip(rows, pairs, strict=True):
        ratio = log_prob(policy, prompt, answer) - log_prob(reference, prompt, answer)
        sign = 1 if row["label"] else -1
        losses.append(1 - torch.sigmoid(BETA * sign * (ratio - kl)))
    assert error(kept.kept, gradient(torch.stack(losses).mean(), policy)) < 1e-5


@pytest.mark.heavy
def test_a_reward_model_trains_on_our_ids(tmp_path: Path) -> None:
    data = pairs(tmp_path / "out", within=True, on_untrained="keep")
    reward, kept = data.reward(), Gradient()
    assert issubclass(reward.trainer, trl.RewardTrainer)
    kind = transformers.LlamaForSequenceClassification
    config = trl.RewardConfig(**reward.args, **arguments(tmp_path), center_rewards_coefficient=None)
    trainer = reward.trainer(
        model(0, kind), args=config, train_dataset=reward["train"], processing_class=tokenizer(), callbacks=[kept]
    )
    rows = stored(data)
    wanted = sorted(r["prompt_ids"] + r[n] for r in rows for n in ("chosen_ids", "rejected_ids"))
    assert sorted(ids for ids, _ in trained_rows(trainer)) == wanted
    trainer.train()
    policy = trained_like(trainer, kind)
    losses = []
    for row in rows:
        score = [
            policy(input_ids=torch.tensor([row["prompt_ids"] + row[name]]), use_cache=False).logits[0, 0]
            for name in ("chosen_ids", "rejected_ids")
        ]
        losses.append(-torch.nn.functional.logsigmoid(score[0] - score[1]))
    assert error(kept.kept, gradient(torch.stack(losses).mean(), policy)) < 1e-5


def trained_like(trainer: Any, kind: Any) -> Any:
    """The model of a trainer whose learning rate is 0, in float64."""
    policy = model(0, kind)
    policy.load_state_dict(trainer.model.state_dict())
    return policy.double()


def test_the_rows_of_a_trainer_are_not_those_of_another(tmp_path: Path) -> None:
    data, good = pairs(tmp_path / "pairs"), labelled(tmp_path / "labelled")
    assert data.dpo()["train"].column_names == ["prompt_ids", "chosen_answer_ids", "rejected_answer_ids"]
    assert good.kto()["train"].column_names == ["prompt_ids", "completion_ids", "label"]
    assert data.reward()["train"].column_names == ["chosen_ids", "rejected_ids"]
    assert [dict(row) for row in data.reward()["train"]] == [
        {name: row["prompt_ids"] + row[name] for name in ("chosen_ids", "rejected_ids")} for row in stored(data)
    ]
    for refused in (data["train"].to_datasets, data["train"].to_torch, data.trl_args, data.collator):
        with pytest.raises(fp.PlanError, check=lambda e: e.code == "preference_rows"):
            refused()
    for refused in (data.kto, good.dpo, good.reward):
        with pytest.raises(fp.ColumnError, check=lambda e: e.code == "missing_column"):
            refused()
    assert len(data["train"].to_polars()) == 9


def test_answers_with_untrained_tokens_are_for_reward_models_alone(tmp_path: Path) -> None:
    data = pairs(tmp_path / "out", within=True, on_untrained="keep")
    with pytest.raises(fp.DataError, match=r"row 5 of the split .* tokens within `rejected_ids`") as caught:
        data.dpo()
    assert (caught.value.code, caught.value.row) == ("preference_rows", 4)
    assert len(data.reward()["train"]) == 9


def test_what_would_change_ids_is_refused(tmp_path: Path) -> None:
    dpo = pairs(tmp_path / "out").dpo()
    prepare = dpo.trainer._prepare_dataset
    whole = trl.DPOConfig(**dpo.args, **options(tmp_path), bf16=False)
    assert prepare(None, dpo["train"], None, whole, "train").column_names == [
        "prompt_ids",
        "chosen_ids",
        "rejected_ids",
    ]
    again = prepare(None, prepare(None, dpo["train"], None, whole, "train"), None, whole, "train")
    assert again.column_names == ["prompt_ids", "chosen_ids", "rejected_ids"]
    with pytest.raises(fp.PlanError, match="would cut answers"):
        prepare(None, dpo["train"], None, trl.DPOConfig(**options(tmp_path), bf16=False), "train")
    for rows in (dpo["train"].with_format("torch"), dpo["train"].to_iterable_dataset().with_format("numpy")):
        with pytest.raises(fp.PlanError, match="elementwise"):
            prepare(None, rows, None, whole, "train")
    with pytest.raises(fp.ColumnError, match="`prompt_ids`"):
        prepare(None, pairs(tmp_path / "other").reward()["train"], None, whole, "train")
    with pytest.raises(fp.PlanError, match="several splits: train") as caught:
        prepare(None, dpo, None, whole, "eval")
    assert caught.value.code == "bad_option"
    assert 'data.dpo()["train"]' in str(caught.value)


def test_a_reward_model_drops_no_long_row(tmp_path: Path) -> None:
    data = pairs(tmp_path / "out")
    reward = data.reward()
    common = arguments(tmp_path)
    make = lambda config: reward.trainer(  # noqa: E731
        model(0, transformers.LlamaForSequenceClassification),
        args=config,
        train_dataset=reward["train"],
        processing_class=tokenizer(),
    )
    for limit in ({}, {"max_length": 4}):
        with pytest.raises(fp.PlanError, match="would drop longer rows") as caught:
            make(trl.RewardConfig(**common, **limit))
        assert "RewardConfig(**data.reward().args" in str(caught.value)
    trainer = make(trl.RewardConfig(**reward.args, **common))
    assert len(trainer.train_dataset) == len(data["train"])
    with pytest.raises(fp.ColumnError, match="`chosen_ids`"):
        trainer.evaluate(data.dpo()["train"])


def test_a_margin_is_passed_to_reward_models(tmp_path: Path) -> None:
    def made(name: str, margins: list[Any]) -> fp.PreparedData:
        given = [{"prompt": "q", "chosen": f"a{i}", "rejected": "b", "margin": m} for i, m in enumerate(margins)]
        fp.from_records(given).read_as("preference").format(CHAT).tokenize(TOKENIZER).sink_arrow(tmp_path / name)
        return fp.load(tmp_path / name)

    rows = made("numbers", [0.5, 2]).reward()["train"]
    assert rows.column_names == ["chosen_ids", "rejected_ids", "margin"]
    assert rows["margin"][:] == [0.5, 2.0]
    for name, margins, says in (("nulls", [0.5, None], "row 2 .* has None"), ("texts", ["a", "b"], "row 1 .* has 'a'")):
        with pytest.raises(fp.ColumnError, match=says, check=lambda e: e.code == "wrong_type"):
            made(name, margins).reward()


def test_kto_pairs_other_answers_again_in_another_order(tmp_path: Path) -> None:
    kto = labelled(tmp_path / "out").kto()
    config = trl.KTOConfig(**kto.args, **arguments(tmp_path, desirable_weight=1.0, undesirable_weight=1.75))
    trainer = kto.trainer(
        model(0), ref_model=model(1), args=config, train_dataset=kto["train"], processing_class=tokenizer()
    )
    shuffled = trainer.train_dataset.shuffle(seed=3)
    again = trainer._prepare_dataset(shuffled, None, config, "eval")
    answers = shuffled["completion_ids"][:]
    assert again["completion_ids"][:] == answers
    assert again["KL_completion_ids"][:] == [*answers[-1:], *answers[:-1]] != shuffled["KL_completion_ids"][:]


def test_kto_warns_of_weights_that_do_not_balance_the_labels(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    kto = labelled(tmp_path / "out").kto()
    assert sum(kto["train"]["label"]) == 6

    def prepare(name: str, **weights: float) -> list[str]:
        config = trl.KTOConfig(**kto.args, **arguments(tmp_path), loss_type="apo_zero_unpaired", **weights)
        recwarn.clear()
        stub = type("Stub", (), {"calculate_KL": False})()
        kto.trainer._prepare_dataset(stub, kto["train"], None, config, name)
        return [str(w.message) for w in recwarn if "good answers" in str(w.message)]

    (text,) = prepare("train")
    assert "6 good answers and 3 bad ones" in text
    assert "desirable_weight from 0.50 to 0.67, or an undesirable_weight from 1.50 to 2.00" in text
    assert not prepare("eval")
    for weights in ({"undesirable_weight": 1.75}, {"desirable_weight": 0.6}):
        assert not prepare("train", **weights)
