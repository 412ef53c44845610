"""Unmodified trainers of transformers and TRL on conversations with tools and several turns: each trained token of the
folder has a gradient, and no other has any."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tiny import records
from tokenizer_files import byte_characters
from training import options

import fastprep as fp

os.environ.setdefault("HF_HUB_OFFLINE", "1")
torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")
tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")

pytestmark = pytest.mark.heavy

TEMPLATE = (
    "{{ bos_token }}{% for t in tools or [] %}{{ t|tojson }}\n{% endfor %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content or '' }}"
    "{% for c in m.tool_calls or [] %}<call>{{ c.function|tojson }}</call>{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]


def conversation(i: int) -> dict[str, Any]:
    """Two to five turns of the assistant, one of them a call; in every third conversation one does not train."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": f"s{i}"}] if i % 2 else []
    for turn in range(2 + i % 3):
        messages.append({"role": "user", "content": f"q{i}.{turn} é"})
        if turn == 1:
            call = {"type": "function", "function": {"name": "f", "arguments": {"n": i}}}
            messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
            messages.append({"role": "tool", "content": f"r{i}"})
        weight = {"weight": 0} if i % 3 == 0 and turn == 0 else {}
        messages.append({"role": "assistant", "content": f"a{i}.{turn} 😀" * (1 + turn), **weight})
    return {"messages": messages, "tools": TOOLS}


CONVERSATIONS = [conversation(i) for i in range(12)]


def make_tokenizer() -> Any:
    characters = sorted(byte_characters())
    made = tokenizers.Tokenizer(tokenizers.models.BPE({c: i for i, c in enumerate(characters)}, []))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    made.add_special_tokens(["<pad>", "<s>", "<|im_start|>", "<|im_end|>"])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", eos_token="<|im_end|>", pad_token="<pad>"
    )


TOKENIZER = make_tokenizer()


def make_model() -> Any:
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(TOKENIZER),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        pad_token_id=TOKENIZER.pad_token_id,
        bos_token_id=TOKENIZER.bos_token_id,
        eos_token_id=TOKENIZER.eos_token_id,
    )
    return transformers.LlamaForCausalLM(config)


def publish(folder: Path, *, packed: bool) -> tuple[fp.PreparedData, int]:
    """The prepared folder, and the trained tokens of its report."""
    chat = fp.ChatFormat.from_text(TEMPLATE)
    plan = records(*CONVERSATIONS).read_as("openai_chat").format(chat).tokenize(TOKENIZER, max_length=1200)
    report = (plan.pack() if packed else plan).sink_arrow(folder)
    return fp.load(folder), report.to_dict()["tokens"]["trained"]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[fp.PreparedData, int]:
    return publish(tmp_path_factory.mktemp("plain") / "out", packed=False)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> tuple[fp.PreparedData, int]:
    return publish(tmp_path_factory.mktemp("packed") / "out", packed=True)


class Seen:
    """For each row of each batch, the tokens that the loss reaches: the gradient of the last hidden state at a position
    is that of the token after it."""

    def __init__(self, model: Any) -> None:
        self.rows: list[tuple[int, ...]] = []
        self._ids: Any = None
        model.model.register_forward_pre_hook(self._before, with_kwargs=True)
        model.model.norm.register_forward_hook(self._after)

    def _before(self, module: Any, args: Any, kwargs: Any) -> None:
        self._ids = kwargs["input_ids"]

    def _after(self, module: Any, args: Any, output: Any) -> None:
        ids = self._ids
        if output.requires_grad:
            output.register_hook(lambda gradient: self._keep(ids, gradient))

    def _keep(self, ids: Any, gradient: Any) -> None:
        reached = (gradient != 0).any(-1)
        for row, is_reached in zip(ids, reached, strict=True):
            # Nothing follows the last token.
            assert not is_reached[-1]
            self.rows.append(tuple(row[1:][is_reached[:-1]].tolist()))


def check(seen: Seen, data: fp.PreparedData, trained: int) -> None:
    """All trained tokens of the folder were reached, in their rows, and no others."""
    rows = data["train"].to_arrow().to_pylist()
    expected = [tuple(label for label in row["labels"] if label != -100) for row in rows]
    assert sorted(seen.rows) == sorted(expected)
    assert sum(map(len, seen.rows)) == trained == data["train"].trained_tokens


def one_step(folder: Path, **more: Any) -> dict[str, Any]:
    return options(folder, per_device_train_batch_size=1, gradient_accumulation_steps=12, **more)


def turns_of(talk: dict[str, Any]) -> list[str]:
    """What the turns of the assistant that train are, without a template engine."""
    texts = []
    for message in talk["messages"]:
        if message["role"] == "assistant" and message.get("weight") != 0:
            calls = [json.dumps(call["function"]) for call in message.get("tool_calls", [])]
            texts.append((message["content"] or "") + "".join(f"<call>{call}</call>" for call in calls) + "<|im_end|>")
    return texts


def test_what_trains_are_answers_and_calls_through_their_end(plain: tuple[fp.PreparedData, int]) -> None:
    rows = plain[0]["train"].to_arrow().to_pylist()
    decoded = [TOKENIZER.decode([label for label in row["labels"] if label != -100]) for row in rows]
    assert decoded == ["".join(turns_of(talk)) for talk in CONVERSATIONS]


def test_a_trainer_reaches_trained_tokens_alone(plain: tuple[fp.PreparedData, int], tmp_path: Path) -> None:
    data, trained = plain
    for dataset in (data["train"].to_torch(), data["train"].to_datasets()):
        model = make_model()
        seen = Seen(model)
        args = options(tmp_path, per_device_train_batch_size=5, gradient_accumulation_steps=3)
        transformers.Trainer(
            model=model,
            args=transformers.TrainingArguments(**args),
            train_dataset=dataset,
            data_collator=transformers.DataCollatorForSeq2Seq(TOKENIZER),
        ).train()
        check(seen, data, trained)


def test_a_trainer_with_our_collator_reaches_the_same(plain: tuple[fp.PreparedData, int], tmp_path: Path) -> None:
    data, trained = plain
    model = make_model()
    seen = Seen(model)
    transformers.Trainer(
        model=model,
        args=transformers.TrainingArguments(**one_step(tmp_path)),
        train_dataset=data["train"].to_torch(),
        data_collator=data.collator(layout="flat"),
    ).train()
    check(seen, data, trained)


def test_a_trainer_of_packs_reaches_the_same(packed: tuple[fp.PreparedData, int], tmp_path: Path) -> None:
    data, trained = packed
    model = make_model()
    seen = Seen(model)
    transformers.Trainer(
        model=model,
        args=transformers.TrainingArguments(**one_step(tmp_path, remove_unused_columns=False)),
        train_dataset=data["train"].to_torch(),
        data_collator=data.collator(),
    ).train()
    assert len(seen.rows) < len(CONVERSATIONS)
    check(seen, data, trained)


@pytest.mark.parametrize("is_packed", [False, True])
def test_trl_reaches_trained_tokens_alone(
    plain: tuple[fp.PreparedData, int], packed: tuple[fp.PreparedData, int], tmp_path: Path, is_packed: bool
) -> None:
    trl = pytest.importorskip("trl", reason="trl is not installed")
    data, trained = packed if is_packed else plain
    model = make_model()
    seen = Seen(model)
    trl.SFTTrainer(
        model=model,
        args=trl.SFTConfig(**one_step(tmp_path, bf16=False, gradient_checkpointing=False), **data.trl_args()),
        train_dataset=data["train"].to_datasets(),
        processing_class=TOKENIZER,
    ).train()
    check(seen, data, trained)
