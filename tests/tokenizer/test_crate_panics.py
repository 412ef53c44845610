"""Where the crate `tokenizers` panics there is an error of ours that names the text, at every entry."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from tiny import PAIR, pairs, refused, rows
from tokenizer_files import byte_characters

import fastprep as fp

tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")

TEXT = "ab\n x"


def panicking(first: str = "ab") -> Any:
    """It panics where a token that takes the white space after it stands before one that takes what is before it."""
    characters = sorted(byte_characters())
    made = tokenizers.Tokenizer(tokenizers.models.BPE({c: i for i, c in enumerate(characters)}, []))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    token = tokenizers.AddedToken
    made.add_tokens([token(first, rstrip=True, normalized=False), token("\n", lstrip=True, normalized=False)])
    with pytest.raises(BaseException, match="bad split"):
        made.encode(f"{first}\n x")
    return made


@pytest.fixture(scope="module")
def tokenizer() -> fp.Tokenizer:
    return fp.Tokenizer(panicking())


def test_one_text(tokenizer: fp.Tokenizer) -> None:
    for policy in ("as_token", "as_text", "raise"):
        with refused(fp.TokenizerError, "cannot_encode", "tokenizers 0.23 panicked") as e:
            tokenizer.encode(TEXT, special_tokens=policy)
        assert repr(TEXT)[1:-1] in str(e.value)
        assert "defect of fastprep" not in str(e.value)
    assert tokenizer.encode("ab x") != []


def test_a_tokenizer_that_panics_on_a_text_of_the_trial_can_be_used() -> None:
    made = panicking("a")
    assert fp.Tokenizer(made).encode("x a") == made.encode("x a").ids


def test_many_texts_name_the_row(tokenizer: fp.Tokenizer) -> None:
    for work in (tokenizer.encode_batch, tokenizer.count_tokens):
        with refused(fp.TokenizerError, "cannot_encode", "tokenizers 0.23 panicked") as e:
            work(["a", None, TEXT, TEXT])
        assert e.value.row == 2


@pytest.mark.parametrize("policy", ["as_token", "as_text", "reject"])
def test_rows_name_their_place(policy: Any) -> None:
    plan = pairs(("a", "b"), (TEXT, "c")).format(PAIR).tokenize(panicking(), special_tokens=policy)
    with refused(fp.TokenizerError, "cannot_encode", "tokenizers 0.23 panicked") as e:
        rows(plan)
    assert e.value.row == 1


def test_ids_that_the_decoder_panics_on() -> None:
    made = panicking()
    made.decoder = tokenizers.decoders.CTC(pad_token="a")
    loaded = fp.Tokenizer(made)
    for ids in ([-1], [2**31 - 1], [0, 300, -5]):
        assert isinstance(loaded.decode(ids), str)
        assert "".join(loaded.token_texts(ids)) == loaded.decode(ids)


def test_nothing_is_printed() -> None:
    code = (
        "import tokenizers as tk, fastprep as fp\n"
        "t = tk.Tokenizer(tk.models.BPE({'a': 0}, []))\n"
        "t.add_tokens([tk.AddedToken('ab', rstrip=True, normalized=False),"
        " tk.AddedToken('\\n', lstrip=True, normalized=False)])\n"
        "try: fp.Tokenizer(t).encode('ab\\n x')\n"
        "except fp.TokenizerError: pass\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
