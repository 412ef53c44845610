"""What touches a token that counts only as a word of its own (`single_word`): one rule for every policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import records, rows
from tokenizer_files import byte_characters

import fastprep as fp

tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")

POLICIES = ["reject", "strip", "as_text", "as_token"]
WORD = ["\u0301", "\u200d", "a", "7", "_", "é", "日"]
NOT_WORD = ["²", "½", ".", " ", "\u00a0", "😀", "-"]


def made(normalized: bool = False) -> Any:
    """Bytes, a control token that counts as a word of its own, and one that does not."""
    characters = sorted(byte_characters())
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE({c: i for i, c in enumerate(characters)}, []))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    token = tokenizers.AddedToken
    tokenizer.add_special_tokens([token("[W]", single_word=True, normalized=normalized)])
    tokenizer.add_special_tokens([token("<s>", normalized=False)])
    tokenizer.add_tokens([token("[W]x", normalized=False), token("<s", normalized=False)])
    return tokenizer


def plan(q: str, b: str, policy: Any, tokenizer: Any) -> fp.Pipeline:
    fmt = fp.PromptFormat("{q} [W]{b} y", completion="{a}")
    return records({"q": q, "b": b, "a": "z"}).format(fmt).tokenize(tokenizer, special_tokens=policy)


def count(tokenizer: Any, text: str) -> int:
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return ids.count(tokenizer.token_to_id("[W]"))


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize("beside", [*WORD, *NOT_WORD])
@pytest.mark.parametrize("policy", POLICIES)
def test_what_the_format_writes_is_a_token_where_the_tokenizer_makes_it_one(
    policy: str, beside: str, normalized: bool
) -> None:
    tokenizer = made(normalized)
    [row] = rows(plan("plain", beside, policy, tokenizer))
    assert row["input_ids"].count(tokenizer.token_to_id("[W]")) == count(tokenizer, row["prompt"])
    assert count(tokenizer, row["prompt"]) == (beside in NOT_WORD)


@pytest.mark.parametrize("beside", [*WORD, *NOT_WORD])
def test_what_the_data_hold_is_plain_text_under_as_text(beside: str) -> None:
    tokenizer = made()
    [row] = rows(plan("has [W] here", beside, "as_text", tokenizer))
    assert row["input_ids"].count(tokenizer.token_to_id("[W]")) == (beside in NOT_WORD)
    assert tokenizer.decode(row["input_ids"], skip_special_tokens=False) == row["prompt"] + row["completion"]


@pytest.mark.parametrize("beside", [*WORD, *NOT_WORD])
def test_the_data_hold_a_token_only_where_it_counts(beside: str, tmp_path: Path) -> None:
    tokenizer = made()
    fmt = fp.PromptFormat("{q}", completion="{a}", eos=False)
    data = records({"q": f"x [W]{beside} y", "a": "z"}).format(fmt)
    token = beside in NOT_WORD
    for policy in ("as_token", "strip", "reject"):
        out = tmp_path / policy
        report = (
            records({"q": "x", "a": "z"}, {"q": f"x [W]{beside} y", "a": "z"})
            .format(fmt)
            .tokenize(tokenizer, special_tokens=policy)
            .sink_arrow(out)
        )
        assert report.findings == ({"special_token_in_text:[W]": 1} if token else {})
        assert report.rows["rejected"] == (token and policy == "reject")
    [stripped] = rows(data.tokenize(tokenizer, special_tokens="strip"))
    assert stripped["prompt"].startswith(f"x {beside} y" if token else f"x [W]{beside} y")


PIECES = st.lists(st.sampled_from([*WORD, *NOT_WORD, "[W]", "[W]x", "<s>", "<s", "x"]), max_size=8).map("".join)


@given(q=PIECES, a=PIECES)
def test_ids_hold_as_many_control_tokens_as_the_policy_says(q: str, a: str) -> None:
    tokenizer = made()
    control = [tokenizer.token_to_id("[W]"), tokenizer.token_to_id("<s>")]
    fmt = fp.PromptFormat("Q{q}", completion="A{a}", separator="\n#\n", stop="\n$\n")
    data = records({"q": q, "a": a}).format(fmt)

    def controls(ids: list[int]) -> list[int]:
        return [id for id in ids if id in control]

    [tokens] = rows(data.tokenize(tokenizer, special_tokens="as_token"))
    encoded = [tokenizer.encode(tokens[name], add_special_tokens=False).ids for name in ("prompt", "completion")]
    assert tokens["input_ids"] == encoded[0] + encoded[1]
    [text] = rows(data.tokenize(tokenizer, special_tokens="as_text"))
    assert controls(text["input_ids"]) == []
    assert bool(rows(data.tokenize(tokenizer, special_tokens="reject"))) == (controls(tokens["input_ids"]) == [])
    for row in rows(data.tokenize(tokenizer, special_tokens="strip")):
        assert controls(row["input_ids"]) == []
