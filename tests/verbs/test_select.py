"""`select`: columns kept, in the order named; only they are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny import PAIR, column, jsonl, pairs, records, refused, rows

import fastprep as fp

ROW = {"a": "1", "b": "2", "c": "3"}


@pytest.mark.parametrize("names", [("c", "a"), (["c", "a"],), (("c",), "a")])
def test_keeps_columns_in_the_order_named(names: tuple[str | list[str], ...]) -> None:
    assert list(rows(records(ROW).select(*names))[0].items()) == [("c", "3"), ("a", "1")]


def test_reads_no_other_column(tmp_path: Path) -> None:
    plan = fp.scan_jsonl(jsonl(tmp_path / "x.jsonl", [ROW])).select("b")
    assert "reads 1 of 3 columns: b str" in plan.explain()
    assert plan.schema == {"b": "str"}


def test_a_chain_is_not_changed_by_what_is_made_of_it() -> None:
    plan = records(ROW)
    plan.select("a")
    assert rows(plan) == [ROW]
    assert repr(plan.select("a").shuffle()) == "Pipeline[from_records > select > shuffle]"


def test_can_follow_format() -> None:
    assert rows(pairs(("a", "b")).format(PAIR).select("completion")) == [{"completion": "b\n###\n"}]


def test_pipe_gives_the_chain_to_a_function() -> None:
    def keep(plan: fp.Pipeline, name: str, *, head: int) -> fp.Pipeline:
        return plan.select(name).head(head)

    assert column(records(ROW, ROW).pipe(keep, "b", head=1), "b") == ["2"]


def test_what_is_not_there_is_told_when_the_plan_is_explained() -> None:
    plan = records(ROW).select("a", "bb")
    with refused(fp.ColumnError, "missing_column", "select: there is no column `bb`; columns: a, b, c") as e:
        plan.explain()
    assert e.value.column == "bb"
    with refused(fp.ColumnError, "missing_column", "select: there is no column `b`; columns: a"):
        rows(records(ROW).select("a").select("b"))


@pytest.mark.parametrize("names", [(), ([],), (5,), (None,), (["a", 5],)])
def test_what_names_no_column_fails_at_once(names: tuple[object, ...]) -> None:
    with refused(fp.PlanError, "bad_option", "select: "):
        records(ROW).select(*names)  # type: ignore[arg-type]


def test_a_column_is_selected_once() -> None:
    with refused(fp.PlanError, "bad_option", "select: `a` occurs twice"):
        records(ROW).select("a", "a").explain()
