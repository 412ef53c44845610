"""`drop`: columns left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny import PAIR, jsonl, pairs, records, refused, rows

import fastprep as fp

ROW = {"a": "1", "b": "2", "c": "3"}


@pytest.mark.parametrize("columns", [("b",), ("a", "c"), (["c", "a"],), ("b", ["c"])])
def test_the_others_stay_in_their_order(columns: tuple[str | list[str], ...]) -> None:
    (row,) = rows(records(ROW).drop(*columns))
    dropped = {name for column in columns for name in ([column] if isinstance(column, str) else column)}
    assert list(row.items()) == [(name, value) for name, value in ROW.items() if name not in dropped]


def test_what_is_dropped_is_not_read(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", [{"a": "1", "b": "2"}, {"a": "1", "b": [3]}])
    plan = fp.scan_jsonl(path).drop("b")
    assert "reads 1 of 2 columns: a str" in plan.explain()
    assert rows(plan) == [{"a": "1"}, {"a": "1"}]


def test_a_column_that_is_read_before_is_dropped_all_the_same() -> None:
    assert rows(records(ROW).validate(not_blank="b").drop("b", "c")) == [{"a": "1"}]


def test_text_that_is_used_up_cannot_be_dropped_again() -> None:
    plan = records({"q": "a", "r": "b", "s": "c"}).format(fp.PromptFormat("{q}", completion="{r}"))
    assert list(plan.drop("s").schema) == ["prompt", "completion"]
    with refused(fp.ColumnError, "missing_column", "drop: there is no column `q`; columns: prompt, completion, s"):
        plan.drop("q").explain()
    with refused(fp.ColumnError, "missing_column", "tokenize: there is no column `prompt`"):
        pairs(("a", "b")).format(PAIR).drop("prompt").tokenize("nowhere").explain()


@pytest.mark.parametrize(
    ("columns", "kind", "code", "says"),
    [
        ((), fp.PlanError, "bad_option", "drop: no column is named"),
        ((3,), fp.PlanError, "bad_option", "drop: `columns` must be .*; got 3"),
        (("aa",), fp.ColumnError, "missing_column", "drop: there is no column `aa`; columns: a, b, c"),
    ],
)
def test_what_cannot_be_is_refused(columns: Any, kind: type[fp.FastprepError], code: str, says: str) -> None:
    with refused(kind, code, says):
        records(ROW).drop(*columns).explain()


def test_without_any_column_nothing_is_published(tmp_path: Path) -> None:
    with refused(fp.DataError, "no_columns", "have no columns"):
        records(ROW).drop("a", "b", "c").sink_arrow(tmp_path / "out")
