"""Promise 5 for every family of tokenizers, trained here: what is seen at inference is what was trained on."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
from common import removal
from hypothesis import given, settings
from hypothesis import strategies as st

import fastprep as fp

pytestmark = pytest.mark.batches

tokenizers = pytest.importorskip("tokenizers", minversion="0.23")

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers  # noqa: E402

CORPUS = [
    "Name a colour of the rainbow, and say why you like it.\n##\nBlue is the colour of the sea and of the sky.\n",
    "def add(a, b):\n    return a + b\n\n\nprint(add(1, 2))\n",
    "The quick brown fox jumps over the lazy dog; the dog did not mind, and slept on.\n###\n",
    "Übung macht den Meister, sagt man. Déjà vu à l'école. Café crème, s'il vous plaît.",
    "Q: what is 2 + 2? A: 4. Q: who? A: nobody.\tEnd",
]
SPECIAL = ["<unk>", "<s>", "</s>"]
KNOWN = sorted(set("".join(CORPUS)))
# What merges across a border, if anything does.
PIECES = ["the", " the", "col", "our", " ", "  ", "\n", "\n\n", "#", "##", "a", " a", ".", "é", "'s", "2 +", "dog"]
FOREIGN = ["語", "😀", "\U0010ffff", "e\u0301", "\x00", "\u200d", "ß"]


def _trained(tokenizer: Any, trainer: Any) -> Any:
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def _special() -> list[Any]:
    return [AddedToken(token, special=True) for token in SPECIAL]


def _with_bos(tokenizer: Any) -> Any:
    bos = tokenizer.token_to_id("<s>")
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", bos)]
    )
    return tokenizer


def byte_level(prefix_space: bool = False) -> Any:
    """GPT-2's kind."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    return _trained(
        tokenizer,
        trainers.BpeTrainer(vocab_size=400, special_tokens=_special(), initial_alphabet=alphabet, show_progress=False),
    )


def unigram(scheme: str) -> Any:
    """ALBERT's and newer T5's kind."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme=scheme)
    trainer = trainers.UnigramTrainer(
        vocab_size=160, special_tokens=_special(), unk_token="<unk>", initial_alphabet=KNOWN, show_progress=False
    )
    return _trained(tokenizer, trainer)


def sentencepiece() -> Any:
    """Llama-2's kind: a mark before the text, no pre-tokenizer, bytes for what the vocabulary lacks."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=200, special_tokens=_special(), show_progress=False)
    made = json.loads(_with_bos(_trained(tokenizer, trainer)).to_str())
    vocab = made["model"]["vocab"]
    for byte in range(256):
        vocab[f"<0x{byte:02X}>"] = len(vocab)
    made["model"] |= {"byte_fallback": True, "fuse_unk": True, "unk_token": "<unk>"}
    made["pre_tokenizer"] = None
    tokenizer = Tokenizer.from_str(json.dumps(made))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return tokenizer


def wordpiece() -> Any:
    """BERT's kind, but with its case: decoding gives the words, one space between any two."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.decoder = decoders.WordPiece(cleanup=False)
    trainer = trainers.WordPieceTrainer(vocab_size=200, special_tokens=_special(), show_progress=False)
    return _trained(tokenizer, trainer)


# The tokenizer, and whether it knows all of Unicode.
FAMILIES: dict[str, tuple[Any, bool]] = {
    "byte_level": (byte_level, True),
    "byte_level with BOS": (lambda: _with_bos(byte_level()), True),
    "unigram, always": (lambda: unigram("always"), False),
    "unigram, first": (lambda: unigram("first"), False),
    "unigram with BOS": (lambda: _with_bos(unigram("always")), False),
    "sentencepiece": (sentencepiece, True),
}


@functools.cache
def family(name: str) -> Any:
    return FAMILIES[name][0]() if name in FAMILIES else {"wordpiece": wordpiece}[name]()


def texts(foreign: bool) -> st.SearchStrategy[str]:
    pieces = [*PIECES, *FOREIGN] if foreign else PIECES
    return st.lists(st.one_of(st.sampled_from(pieces), st.sampled_from(KNOWN)), max_size=12).map("".join)


def tokenized(tokenizer: Any, pairs: list[tuple[str, str]], eos: bool = False, **options: Any) -> list[dict[str, Any]]:
    template = fp.PromptFormat("Q: {q}", completion="{a}", eos=eos)
    records = [{"q": q, "a": a, "i": str(i)} for i, (q, a) in enumerate(pairs)]
    table = fp.from_records(records).format(template).tokenize(tokenizer, **options).collect()
    rows: list[dict[str, Any]] = table.to_pylist()
    kept = [str(i) for i, (q, a) in enumerate(pairs) if removal(f"Q: {q}", a) is None]
    assert [row["i"] for row in rows] == kept
    return rows


def check_columns(row: dict[str, Any], context: int) -> None:
    """Labels, segments and ids say the same."""
    ids, labels = row["input_ids"], row["labels"]
    assert labels == [-100] * context + ids[context:]
    assert sum(row["segment_lengths"]) == len(ids)
    kinds = [k for k, n in zip(row["segment_kinds"], row["segment_lengths"], strict=True) for _ in range(n)]
    assert [kind == 2 for kind in kinds] == [label != -100 for label in labels]


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=40)
@given(data=st.data())
def test_prompt_ids_come_first_and_the_rows_ids_decode_to_its_text(name: str, data: st.DataObject) -> None:
    tokenizer, (_, foreign) = family(name), FAMILIES[name]
    pairs = data.draw(st.lists(st.tuples(texts(foreign), texts(foreign)), min_size=1, max_size=10))
    template = fp.PromptFormat("Q: {q}", completion="{a}")
    for row in tokenized(tokenizer, pairs):
        ids, whole = row["input_ids"], row["prompt"] + row["completion"]
        question = pairs[int(row["i"])][0]
        at_inference = tokenizer.encode(template.render_prompt(q=question)).ids
        assert ids[: len(at_inference)] == at_inference
        check_columns(row, len(at_inference))
        assert tokenizer.decode(ids, skip_special_tokens=True) == whole
        assert ids.count(tokenizer.token_to_id("<s>")) == ("BOS" in name or name == "sentencepiece")


@settings(max_examples=40)
@given(st.lists(st.tuples(texts(False), texts(False)), min_size=1, max_size=10))
def test_wordpiece_decodes_to_the_words_of_the_row(pairs: list[tuple[str, str]]) -> None:
    tokenizer = family("wordpiece")
    # "##" begins the inner pieces of words, so that text with it does not decode.
    template = fp.PromptFormat("Q: {q}", completion="{a}", separator="\nsay\n", stop="\nEnd")
    rows = fp.from_records([{"q": q, "a": a} for q, a in pairs]).format(template).tokenize(tokenizer).collect()
    for row in rows.to_pylist():
        ids = row["input_ids"]
        prompt, completion = (tokenizer.encode(row[part]).ids for part in ("prompt", "completion"))
        assert ids == prompt + completion
        check_columns(row, len(prompt))
        whole = row["prompt"] + row["completion"]
        if "##" not in whole and tokenizer.token_to_id("<unk>") not in ids:
            assert tokenizer.decode(ids) == " ".join(whole.split())


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=25)
@given(data=st.data())
def test_a_cut_row_keeps_a_trained_token_and_never_gets_a_false_stop(name: str, data: st.DataObject) -> None:
    tokenizer, (_, foreign) = family(name), FAMILIES[name]
    pairs = data.draw(st.lists(st.tuples(texts(foreign), texts(foreign)), min_size=1, max_size=8))
    limit = data.draw(st.integers(2, 40))
    whole = {row["i"]: row for row in tokenized(tokenizer, pairs)}
    records = [{"q": q, "a": a, "i": str(i)} for i, (q, a) in enumerate(pairs)]
    pipeline = fp.from_records(records).format(fp.PromptFormat("Q: {q}", completion="{a}"))

    def cut(policy: Any) -> dict[str, dict[str, Any]]:
        table = pipeline.tokenize(tokenizer, max_length=limit, on_overflow=policy).collect()
        return {row["i"]: row for row in table.to_pylist()}

    fits = {i for i, row in whole.items() if len(row["input_ids"]) <= limit}
    assert set(cut("reject")) == set(cut("drop")) == fits
    for policy in ("truncate_prompt_left", "truncate_completion"):
        rows = cut(policy)
        assert fits <= set(rows)
        for i, row in rows.items():
            ids, original = row["input_ids"], whole[i]["input_ids"]
            target = [label for label in whole[i]["labels"] if label != -100]
            trained = [label for label in row["labels"] if label != -100]
            assert trained
            assert len(ids) <= limit
            if i in fits:
                assert ids == original
            elif policy == "truncate_completion":
                assert ids == original[:limit]
            else:
                # Without context nothing predicts the first token of the completion.
                assert trained == target[len(target) == len(ids) :]
                assert ids[-len(target) :] == target


@pytest.mark.parametrize("name", FAMILIES)
def test_eos_ends_each_row_once_and_is_trained(name: str, tmp_path: Path) -> None:
    tokenizer = family(name)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text('{"bos_token": "<s>", "eos_token": "</s>"}')
    end = tokenizer.token_to_id("</s>")
    for pair in [("who?", "nobody."), ("the", " the"), ("a", "\n\n")]:
        for row in tokenized(tmp_path, [pair], eos=True):
            assert row["input_ids"].count(end) == 1
            assert row["labels"][-1] == row["input_ids"][-1] == end
            assert tokenizer.decode(row["input_ids"]) == row["prompt"] + row["completion"]


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=20)
@given(data=st.data())
def test_control_tokens_in_the_data_are_text_where_the_policy_says_so(name: str, data: st.DataObject) -> None:
    tokenizer = family(name)
    pieces = st.lists(st.sampled_from([*PIECES, "<s>", "</s>", "</s", ">", "<"]), max_size=6).map("".join)
    pairs = data.draw(st.lists(st.tuples(pieces, pieces), min_size=1, max_size=6))
    control = {tokenizer.token_to_id(token) for token in SPECIAL[1:]}
    begins = len(control & set(tokenizer.encode("a").ids))
    for row in tokenized(tokenizer, pairs, special_tokens="as_text"):
        assert sum(token in control for token in row["input_ids"]) == begins
        if FAMILIES[name][1]:
            assert tokenizer.decode(row["input_ids"]) == row["prompt"] + row["completion"]
    template = fp.PromptFormat("Q: {q}", completion="{a}")
    records = [{"q": q, "a": a} for q, a in pairs]
    clean = fp.from_records(records).format(template).tokenize(tokenizer).collect().to_pylist()
    rendered = [template.render(q=q, a=a) for q, a in pairs if removal(f"Q: {q}", a) is None]
    expected = [parts for parts in rendered if not any(token in part for part in parts for token in SPECIAL)]
    assert [(row["prompt"], row["completion"]) for row in clean] == expected
