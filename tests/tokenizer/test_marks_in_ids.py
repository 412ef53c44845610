"""Marks that are unique as text and not as ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny import pairs, records

import fastprep as fp

pytestmark = pytest.mark.batches

tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")


@pytest.fixture(scope="module")
def word_piece() -> Any:
    """Drops white space, as BERT does."""
    words = {word: i for i, word in enumerate(["[UNK]", "#", "a", "b", "end", "stop"])}
    made = tokenizers.Tokenizer(tokenizers.models.WordPiece(words, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    return made


def findings(tokenizer: Any, folder: Path, *texts: tuple[str, str], **marks: str) -> dict[str, int]:
    format_ = fp.PromptFormat("{prompt}", completion="{completion}", eos=False, **marks)
    report = pairs(*texts).format(format_).tokenize(tokenizer).sink_arrow(folder, overwrite=True)
    return {name: count for name, count in report.findings.items() if "_ids_" in name}


def test_a_stop_whose_ids_hold_the_separator_is_reported(word_piece: Any, tmp_path: Path) -> None:
    assert findings(word_piece, tmp_path / "out", ("a", "b"), ("b", "a")) == {"stop_ids_hold_separator": 2}
    marks = {"separator": "\nend\n", "stop": "\nstop\n"}
    assert findings(word_piece, tmp_path / "out", ("a", "b"), **marks) == {}


def test_other_text_with_the_ids_of_a_mark_is_reported(word_piece: Any, tmp_path: Path) -> None:
    marks = {"separator": "\nend\n", "stop": "\nstop\n"}
    texts = [("a", "b"), ("a end b", "a"), ("a", "b end a"), ("stop", "b"), ("a", "b stop a")]
    assert findings(word_piece, tmp_path / "out", *texts, **marks) == {
        "separator_ids_in_text": 2,
        "stop_ids_in_text": 2,
    }


def test_a_tokenizer_that_loses_nothing_has_unique_marks(tokenizer_folder: Path, tmp_path: Path) -> None:
    assert findings(tokenizer_folder, tmp_path / "out", ("a ## b", "b ### a")) == {}


FOREIGN = "<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<end_of_turn>", "[/INST]", "<｜end▁of▁sentence｜>"


@pytest.mark.parametrize("token", FOREIGN)
def test_a_control_token_of_another_model_is_a_finding(token: str, word_piece: Any, tmp_path: Path) -> None:
    rows = records({"q": "a", "a": f"b{token}"}, {"q": f"a {token}{token}", "a": "b"}, {"q": "a", "a": "b"})
    plan = rows.format(fp.PromptFormat("{q}", completion="{a}", eos=False))
    report = plan.tokenize(word_piece).sink_arrow(tmp_path / "out")
    assert report.rows["written"] == 3
    assert report.findings[f"foreign_control_token:{token}"] == 3


def test_a_control_token_of_ones_own_is_no_foreign_one(tokenizer_folder: Path, tmp_path: Path) -> None:
    plan = pairs(("a", "b<|endoftext|>")).format(fp.PromptFormat("{prompt}", completion="{completion}"))
    report = plan.tokenize(tokenizer_folder, special_tokens="as_token").sink_arrow(tmp_path / "out")
    assert "foreign_control_token:<|endoftext|>" not in report.findings
