"""A tokenizer in memory: its ids are those that the object makes, not those of what it would write."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import PAIR, pairs, refused, rows
from tokenizer_files import byte_characters

import fastprep as fp

tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")

# Scores that serde_json reads to a neighbour of theirs: `a` + `xx` + `x` and `a` + `x` + `xx` are as likely.
SCORES = [("<unk>", 0.0), ("a", -6.250438355095281), ("x", -9.173015966758017), ("xx", -5.542181702356512)]


def unigram(scores: list[tuple[str, float]], special: bool = False) -> Any:
    made = tokenizers.Tokenizer(tokenizers.models.Unigram(scores, 0, False))
    if special:
        made.add_special_tokens([tokenizers.AddedToken("</s>", normalized=False)])
    return made


def test_scores_keep_their_last_bit(tmp_path: Any) -> None:
    made = unigram(SCORES)
    assert fp.Tokenizer(made).encode("axxx") == made.encode("axxx").ids
    # A file is read as tokenizers reads it, which loses the bit.
    made.save(str(tmp_path / "tokenizer.json"))
    read = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert read.encode("axxx").ids != made.encode("axxx").ids
    assert fp.Tokenizer(tmp_path / "tokenizer.json").encode("axxx") == read.encode("axxx").ids


def test_scores_keep_their_last_bit_when_control_tokens_are_plain_text() -> None:
    made = unigram(SCORES, special=True)
    [row] = rows(pairs(("axxx</s>", "axxx")).format(PAIR).tokenize(made, special_tokens="as_text"))
    ids = made.encode("axxx").ids
    assert row["input_ids"][: len(ids)] == ids
    assert made.token_to_id("</s>") not in row["input_ids"]


@given(
    scores=st.lists(st.floats(-20, -0.5, allow_nan=False), min_size=8, max_size=8),
    text=st.text("ab", max_size=30),
)
def test_any_scores(scores: list[float], text: str) -> None:
    pieces = ["a", "b", "aa", "ab", "ba", "bb", "aab", "bab"]
    made = unigram([("<unk>", 0.0), *zip(pieces, scores, strict=True)])
    assert fp.Tokenizer(made).encode(text) == made.encode(text).ids


def byte_level() -> Any:
    characters = sorted(byte_characters())
    made = tokenizers.Tokenizer(tokenizers.models.BPE({c: i for i, c in enumerate(characters)}, []))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.add_special_tokens(["<|end|>"])
    return made


def test_encode_special_tokens_is_kept() -> None:
    made = byte_level()
    made.encode_special_tokens = True
    assert fp.Tokenizer(made).encode("a<|end|>") == made.encode("a<|end|>").ids
    [row] = rows(pairs(("a<|end|>", "b")).format(PAIR).tokenize(made))
    assert row["input_ids"] == made.encode(row["prompt"]).ids + made.encode(row["completion"]).ids


def test_a_model_that_samples_is_refused() -> None:
    made = unigram(SCORES)
    made.model.alpha = 0.5
    with refused(fp.TokenizerError, "tokenizer_random", "alpha"):
        fp.Tokenizer(made)


def test_parts_written_in_python_are_refused() -> None:
    class Upper:
        def pre_tokenize(self, text: Any) -> None: ...

    made = byte_level()
    made.pre_tokenizer = tokenizers.pre_tokenizers.PreTokenizer.custom(Upper())
    with refused(fp.TokenizerError, "tokenizer_broken", "cannot be written as JSON"):
        fp.Tokenizer(made)
