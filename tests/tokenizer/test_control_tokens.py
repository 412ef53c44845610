"""Promise 6: no text becomes a control token but where the format, or `as_token`, says so. The ids tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny import column, pairs, refused, rejects, rows

import fastprep as fp

pytestmark = pytest.mark.batches

tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")

# Rows end in the stop alone, so that each EOS among the ids is one of the text.
PAIR = fp.PromptFormat("{prompt}", completion="{completion}", separator="\n##\n", stop="\n###\n", eos=False)
CHARACTERS = sorted(set("abcdefghijklmnopqrstuvwxyzABCDS<>/#|[]_ \n"))
EOS = 1


def unigram() -> Any:
    """A Unigram model that has `</s>` as a piece, after NFKC: full-width `＜/s＞` becomes that piece."""
    vocab = [("<unk>", 0.0), ("</s>", 0.0), *((c, -1.0) for c in CHARACTERS)]
    made = tokenizers.Tokenizer(tokenizers.models.Unigram(vocab, unk_id=0, byte_fallback=False))
    made.normalizer = tokenizers.normalizers.NFKC()
    made.add_special_tokens([tokenizers.AddedToken("<unk>", normalized=False), tokenizers.AddedToken("</s>")])
    made.decoder = tokenizers.decoders.Fuse()
    return made


def lower() -> Any:
    """A model of characters after Lowercase, whose `</s>` is searched for in the lower-cased text."""
    vocab = {"<unk>": 0, "</s>": EOS, **{c: i + 2 for i, c in enumerate(CHARACTERS)}}
    made = tokenizers.Tokenizer(tokenizers.models.BPE(vocab, [], unk_token="<unk>"))
    made.normalizer = tokenizers.normalizers.Lowercase()
    made.add_special_tokens(
        [tokenizers.AddedToken("<unk>", normalized=False), tokenizers.AddedToken("</s>", normalized=True)]
    )
    made.decoder = tokenizers.decoders.Fuse()
    return made


CASES = [pytest.param(unigram, "＜/s＞", id="nfkc"), pytest.param(lower, "</S>", id="lowercase")]


def plan(tokenizer: Any, hidden: str, policy: str, fmt: fp.PromptFormat = PAIR) -> fp.Pipeline:
    texts = [("fine", "fine"), ("a", f"a{hidden}b"), (f"{hidden}a", "b"), ("an é", "語 😀")]
    return pairs(*texts).format(fmt).tokenize(tokenizer, special_tokens=policy)


@pytest.mark.parametrize(("made", "hidden"), CASES)
@pytest.mark.parametrize("policy", ["reject", "drop", "strip"])
def test_a_row_whose_ids_hold_a_control_token_goes(made: Any, hidden: str, policy: str, tmp_path: Path) -> None:
    tokenizer = made()
    assert EOS in tokenizer.encode(hidden).ids
    report = plan(tokenizer, hidden, policy).sink_arrow(tmp_path / "out")
    kept = fp.load(tmp_path / "out")["train"].to_arrow().to_pylist()
    # What the model does not know becomes <unk>, which nobody has written.
    assert [row["prompt"] for row in kept] == ["fine\n##\n", "an é\n##\n"]
    assert not any(EOS in row["input_ids"] for row in kept)
    assert report.reasons == {"special_token_in_text": 2}
    assert report.findings == {"special_token_in_text:</s>": 2}
    assert report.rows["rejected"] == (0 if policy == "drop" else 2)
    if policy != "drop":
        assert [r["row"] for r in rejects(tmp_path / "out")] == [1, 2]
        assert '"</s>"' in rejects(tmp_path / "out")[0]["detail"]


@pytest.mark.parametrize(("made", "hidden"), CASES)
def test_raise_names_the_row(made: Any, hidden: str) -> None:
    with refused(fp.DataError, "special_token_in_text", "control token") as e:
        rows(plan(made(), hidden, "raise"))
    assert (e.value.row, e.value.column) == (1, "completion")


@pytest.mark.parametrize(("made", "hidden"), CASES)
def test_as_text_encodes_it_as_the_characters_that_it_is(made: Any, hidden: str) -> None:
    tokenizer = made()
    kept = rows(plan(tokenizer, hidden, "as_text"))
    assert len(kept) == 4
    for row in kept:
        assert EOS not in row["input_ids"]
    normalized = tokenizer.normalizer.normalize_str(kept[1]["prompt"] + kept[1]["completion"])
    assert tokenizer.decode(kept[1]["input_ids"], skip_special_tokens=False) == normalized


@pytest.mark.parametrize(("made", "hidden"), CASES)
def test_as_token_takes_it_for_the_token(made: Any, hidden: str, tmp_path: Path) -> None:
    report = plan(made(), hidden, "as_token").sink_arrow(tmp_path / "out")
    kept = fp.load(tmp_path / "out")["train"].to_arrow()["input_ids"].to_pylist()
    assert [ids.count(EOS) for ids in kept] == [0, 1, 1, 0]
    assert report.findings == {"special_token_in_text:</s>": 2}


@pytest.mark.parametrize(("made", "hidden"), CASES)
@pytest.mark.parametrize("policy", ["reject", "as_text"])
def test_what_the_format_writes_is_meant(made: Any, hidden: str, policy: str) -> None:
    fmt = fp.PromptFormat("{prompt}</s>", completion="{completion}</s>", separator="|>", stop="<|")
    kept = column(plan(made(), hidden, policy, fmt), "input_ids")
    assert [ids.count(EOS) for ids in kept] == [2] * (2 if policy == "reject" else 4)


@pytest.mark.parametrize("added", [False, True])
@pytest.mark.parametrize("path", [".", "tokenizer.json"])
@pytest.mark.parametrize(("policy", "kept"), [("reject", 1), ("strip", 2), ("as_text", 2), ("as_token", 2)])
def test_a_named_eos_is_a_control_token_though_it_is_not_marked(
    added: bool, path: str, policy: str, kept: int, tmp_path: Path
) -> None:
    vocab = [("<unk>", 0.0), ("</s>", 0.0), *((c, -1.0) for c in CHARACTERS)]
    made = tokenizers.Tokenizer(tokenizers.models.Unigram(vocab, unk_id=0, byte_fallback=False))
    if added:
        made.add_tokens(["</s>"])
    made.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text('{"eos_token": "</s>"}')
    plan = pairs(("a", "b"), ("a", "x</s>y")).format(PAIR).tokenize(tmp_path / path, special_tokens=policy)
    ids = column(plan, "input_ids")
    # A piece of the model that is no added token, which the folder would make it, cannot be kept from the model.
    is_piece = path == "tokenizer.json" and not added
    assert len(ids) == (1 if is_piece and policy == "as_text" else kept)
    assert any(EOS in row for row in ids) is (policy == "as_token")
