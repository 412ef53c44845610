"""`Tokenizer.encode(special_tokens=)`: what becomes of control tokens that a text writes."""

from __future__ import annotations

import base64
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import refused
from tokenizer_files import byte_characters

import fastprep as fp

tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")


def made(lower: bool = False) -> Any:
    characters = sorted(byte_characters())
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE({c: i for i, c in enumerate(characters)}, []))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    if lower:
        tokenizer.normalizer = tokenizers.normalizers.Lowercase()
    token = tokenizers.AddedToken
    tokenizer.add_special_tokens([token("<s>", normalized=False), token("</s>", normalized=lower)])
    tokenizer.add_tokens([token("tool", normalized=False)])
    template = tokenizers.processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 256)])
    tokenizer.post_processor = template
    return tokenizer


REFERENCE = made()
OURS = fp.Tokenizer(REFERENCE)
TEXTS = st.lists(st.sampled_from(["<s>", "</s>", "tool", "a", " ", "<s", "/s>", "é"]), max_size=8).map("".join)


@given(text=TEXTS, special=st.booleans())
def test_ids_of_each_word(text: str, special: bool) -> None:
    wanted = REFERENCE.encode(text, add_special_tokens=special).ids
    assert OURS.encode(text, add_special_tokens=special) == wanted
    assert OURS.encode(text, add_special_tokens=special, special_tokens="as_token") == wanted
    plain = OURS.encode(text, special_tokens="as_text")
    assert not {256, 257} & set(plain)
    assert OURS.decode(plain) == text
    assert OURS.encode(text, add_special_tokens=True, special_tokens="as_text") == [256, *plain]
    if "<s>" in text or "</s>" in text:
        with refused(fp.DataError, "special_token_in_text", "at byte"):
            OURS.encode(text, special_tokens="raise")
    else:
        assert OURS.encode(text, special_tokens="raise") == plain == OURS.encode(text)


def test_columns() -> None:
    texts = pa.array(["a", None, "b</s>"]).dictionary_encode()
    plain = OURS.encode_batch(texts, special_tokens="as_text").to_pylist()
    assert plain[2] == OURS.encode("b</s>", special_tokens="as_text")
    assert OURS.count_tokens(texts).to_pylist() == [1, None, 2]
    assert OURS.count_tokens(texts, special_tokens="as_text").to_pylist() == [1, None, 5]
    for work in (OURS.encode_batch, OURS.count_tokens):
        with refused(fp.DataError, "special_token_in_text", '"</s>" at byte 1') as e:
            work(texts, special_tokens="raise")
        assert e.value.row == 2
    frame = pl.DataFrame({"text": ["b</s>"]})
    counted = frame.select(
        ids=pl.col("text").fastprep.tokenize(OURS, special_tokens="as_text").list.len(),
        tokens=pl.col("text").fastprep.count_tokens(OURS, special_tokens="as_text"),
    )
    assert counted.row(0) == (5, 5)


def test_a_token_that_the_normalizer_makes() -> None:
    reference = made(lower=True)
    ours = fp.Tokenizer(reference)
    assert 257 in reference.encode("a</S>").ids
    assert 257 not in ours.encode("a</S>", special_tokens="as_text")
    with refused(fp.DataError, "special_token_in_text", "which its text does not write"):
        ours.encode("a</S>", special_tokens="raise")


def test_ranks(tmp_path: Any) -> None:
    path = tmp_path / "cl100k_base.tiktoken"
    path.write_bytes(b"".join(base64.b64encode(bytes([byte])) + b" %d\n" % byte for byte in range(256)))
    ours = fp.Tokenizer(path)
    [end] = ours.encode("<|endoftext|>")
    assert end not in ours.encode("a<|endoftext|>b", special_tokens="as_text")
    assert ours.decode(ours.encode("a<|endoftext|>b", special_tokens="as_text")) == "a<|endoftext|>b"
    with refused(fp.DataError, "special_token_in_text", "endoftext"):
        ours.encode("<|endoftext|>", special_tokens="raise")


def test_other_words_are_refused() -> None:
    with refused(fp.PlanError, "bad_option", '`special_tokens` must be one of as_token, as_text, raise; got "reject"'):
        OURS.encode("a", special_tokens="reject")  # type: ignore[arg-type]
