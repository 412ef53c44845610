"""Data whose columns have names that steps use for their own."""

import pytest

import fastprep as fp

ROWS = [{"q": "2+2?", "a": "4", "split": None, "labels": 3, "input_ids": "none"}]
FORMAT = fp.PromptFormat("{q}", completion="{a}")


def test_a_column_split_does_not_hide_the_split(capsys: pytest.CaptureFixture[str]) -> None:
    fp.from_records(ROWS).format(FORMAT).split(valid=0.5).preview(1)
    assert "row 1 · valid" in capsys.readouterr().out


def test_columns_of_the_data_are_no_facts_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    fp.from_records(ROWS).format(FORMAT).preview(1)
    out = capsys.readouterr().out
    assert "row 1 ──" in out
    assert "2+2?" in out
