"""`preview`: the first rows as the model sees them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny import PAIR, pairs, records, refused

import fastprep as fp


def shown(plan: fp.Pipeline, capsys: pytest.CaptureFixture[str], n: int = 3) -> str:
    plan.preview(n)
    return capsys.readouterr().out


def test_shows_context_and_target_with_marked_line_ends(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(pairs(("what\tis\x07it", "this"), ("x", "y")).format(PAIR), capsys, 1)
    assert text.startswith("context · trained\nrow 0 ")
    assert "what→is\\x07it↵\n##↵\nthis↵\n###↵" in text
    assert "row 1" not in text


def test_shows_tokens_and_counts(tokenizer_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = pairs(("what is", "paris")).format(PAIR).split(valid=0.5).tokenize(tokenizer_folder)
    row = plan.collect().to_pylist()[0]
    trained = sum(label != -100 for label in row["labels"])
    text = shown(plan, capsys)
    assert f"row 0 · {row['split']} · {len(row['input_ids'])} tokens, {trained} trained" in text
    assert "what is↵\n##↵\nparis↵\n###↵" in text


def test_shows_columns_where_there_is_no_format(capsys: pytest.CaptureFixture[str]) -> None:
    assert "a: x\nn: 1\n" in shown(records({"a": "x", "n": 1}), capsys)


def test_says_what_was_taken_out(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(pairs(("a", ""), ("a", "b")).format(PAIR), capsys)
    assert "taken out  1 empty_completion, first: data:0" in text


def test_needs_no_shuffle_of_all_rows(capsys: pytest.CaptureFixture[str]) -> None:
    def endless() -> object:
        while True:
            yield {"prompt": "a", "completion": "b" * 1000}

    plan = fp.from_records(endless()).format(PAIR).shuffle()  # type: ignore[arg-type]
    assert "row 0" in shown(plan, capsys, 1)


@pytest.mark.parametrize("n", [0, -1, "3"])
def test_shows_a_number_of_rows_above_0(n: object) -> None:
    with refused(fp.PlanError, "bad_option", "preview: n="):
        pairs(("a", "b")).preview(n)  # type: ignore[arg-type]
