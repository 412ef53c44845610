"""Inference with `data.format`: stops are seen where they were generated, and a trained model's answers come back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import fastprep as fp

torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")
tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")

CITIES = "oslo bern rome lima kyiv riga doha suva male bonn apia cork".split()
THINGS = "river bridge castle market harbour tower".split()
ROWS = [
    {"q": f"Which {thing} is in {city}?", "a": f"the {CITIES[(7 * i + j) % 12]} {THINGS[(i + j) % 6]} Nº{i + j} ✓"}
    for i, city in enumerate(CITIES)
    for j, thing in enumerate(THINGS)
][:64]
# Without EOS, so that the stop alone ends what is generated.
FORMAT = fp.PromptFormat("Q: {q}", completion="{a}", separator="\n##\n", stop="\n###\n", eos=False)


def make_tokenizer(kind: str, folder: Path) -> Any:
    """A small tokenizer of each family, trained on the rows."""
    texts = ["".join(FORMAT.render(**row)) for row in ROWS]
    special = ["<pad>", "<s>", "</s>", "<unk>"]
    if kind == "bpe":
        made = tokenizers.Tokenizer(tokenizers.models.BPE())
        made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = tokenizers.decoders.ByteLevel()
        alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
        trainer = tokenizers.trainers.BpeTrainer(vocab_size=340, special_tokens=special, initial_alphabet=alphabet)
    else:
        made = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
        # As in Llama 2: spaces are ▁, one is put before the text, and bytes stand for rare characters.
        made.normalizer = tokenizers.normalizers.Sequence(
            [tokenizers.normalizers.Prepend("▁"), tokenizers.normalizers.Replace(" ", "▁")]
        )
        decoders = tokenizers.decoders
        made.decoder = decoders.Sequence(
            [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
        )
        byte_tokens = [f"<0x{byte:02X}>" for byte in range(256)]
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=400, special_tokens=[*special, *byte_tokens], limit_alphabet=40
        )
    made.train_from_iterator(texts, trainer)
    parts = json.loads(made.to_str())
    parts["added_tokens"] = parts["added_tokens"][: len(special)]  # byte tokens are no control tokens
    made = tokenizers.Tokenizer.from_str(json.dumps(parts))
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


@pytest.fixture(scope="module", params=["bpe", "sentencepiece"])
def tokenizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("tokenizer")
    made = make_tokenizer(request.param, folder)
    made.folder = folder
    return made


@pytest.fixture(scope="module")
def data(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> fp.PreparedData:
    out = tmp_path_factory.mktemp("data") / "out"
    fp.from_records(ROWS).format(FORMAT).tokenize(tokenizer.folder, max_length=200).sink_arrow(out)
    return fp.load(out)


def test_ids_of_rendered_prompts_are_those_of_training(tokenizer: Any, data: fp.PreparedData) -> None:
    for row, trained in zip(ROWS, data["train"].to_arrow().to_pylist(), strict=True):
        prompt = tokenizer(data.format.render_prompt(q=row["q"]), add_special_tokens=False)["input_ids"]
        assert trained["input_ids"][: len(prompt)] == prompt
        assert trained["segment_lengths"][0] == len(prompt)


def test_stops_where_the_completion_of_training_stops(tokenizer: Any, data: fp.PreparedData) -> None:
    for trained in data["train"].to_arrow().to_pylist()[:12]:
        ids, prompt = torch.tensor([trained["input_ids"]]), trained["segment_lengths"][0]
        criteria = data.format.stopping_criteria(tokenizer, prompt)
        fired = [bool(criteria(ids[:, :end], None)) for end in range(prompt, ids.shape[1] + 1)]
        assert fired == [False] * (ids.shape[1] - prompt) + [True]


def test_a_prompt_that_ends_like_a_stop_does_not_fire(tokenizer: Any) -> None:
    fmt = fp.PromptFormat("{q}", completion="{a}", separator="\n###", stop="\n\n")
    prompt = tokenizer("what\n\n\n###", add_special_tokens=False)["input_ids"]
    criteria = fmt.stopping_criteria(tokenizer, len(prompt))
    assert not bool(criteria(torch.tensor([prompt]), None))
    newline = tokenizer("a\n", add_special_tokens=False)["input_ids"][-1]
    assert not bool(criteria(torch.tensor([[*prompt, newline]]), None))
    assert bool(criteria(torch.tensor([[*prompt, newline, newline]]), None))


def test_a_stop_that_begins_with_a_space_is_seen_at_once(tokenizer: Any) -> None:
    fmt = fp.PromptFormat("{q}", completion="{a}", separator="\n##\n", stop=" is")
    prompt = tokenizer("what\n##\n", add_special_tokens=False)["input_ids"]
    spaced = tokenizer("which is", add_special_tokens=False)["input_ids"]
    tail = next(spaced[i:] for i in range(len(spaced)) if tokenizer.decode(spaced[:i]) == "which")
    assert bool(fmt.stopping_criteria(tokenizer, len(prompt))(torch.tensor([prompt + tail]), None))


def test_an_overfitted_model_answers_and_stops(tokenizer: Any, data: fp.PreparedData) -> None:
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=None,
    )
    model = transformers.LlamaForCausalLM(config)
    loader = data["train"].loader(data.collator(), batch_size=64)
    optimizer = torch.optim.AdamW(model.parameters(), lr=6e-3)
    for step in range(300):
        for batch in loader:
            batch.pop("loss_weights")
            loss = model(**batch, use_cache=False).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if step % 10 == 0 and loss < 0.01:
            break
    assert loss < 0.05
    prompts = [data.format.render_prompt(q=row["q"]) for row in ROWS]
    inputs = tokenizer(prompts, return_tensors="pt", padding=True, padding_side="left", add_special_tokens=False)
    inputs.pop("token_type_ids", None)
    width = inputs["input_ids"].shape[1]
    generated = model.eval().generate(
        **inputs, max_new_tokens=80, do_sample=False, stopping_criteria=data.format.stopping_criteria(tokenizer, width)
    )
    assert generated.shape[1] < width + 80
    answers = [data.format.parse_completion(tokenizer.decode(row[width:])) for row in generated]
    assert answers == [row["a"] for row in ROWS]
