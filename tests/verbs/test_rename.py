"""`rename`: other names, the same values."""

from __future__ import annotations

import pytest
from tiny import PAIR, pairs, records, refused, rows

import fastprep as fp

ROW = {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("mapping", "made"),
    [
        ({"a": "x"}, {"x": "1", "b": "2"}),
        ({"a": "b", "b": "a"}, {"b": "1", "a": "2"}),
        ({}, ROW),
    ],
)
def test_renames_in_place(mapping: dict[str, str], made: dict[str, str]) -> None:
    (row,) = rows(records(ROW).rename(mapping))
    assert list(row.items()) == list(made.items())


def test_later_steps_know_the_new_name_only() -> None:
    plan = records({"q": "a", "r": "b"}).rename({"q": "prompt", "r": "completion"})
    assert rows(plan.format(PAIR)) == [{"prompt": "a\n##\n", "completion": "b\n###\n"}]
    with refused(fp.ColumnError, "missing_column", "select: there is no column `q`; columns: prompt, completion"):
        plan.select("q").explain()


@pytest.mark.parametrize(
    ("mapping", "kind", "code", "says"),
    [
        ({"aa": "x"}, fp.ColumnError, "missing_column", "there is no column `aa`; columns: a, b"),
        ({"a": "b"}, fp.PlanError, "bad_option", "two columns would have the name `b`"),
        ({"a": "x", "b": "x"}, fp.PlanError, "bad_option", "two columns would have the name `x`"),
        ({"a": "__fastprep_key"}, fp.ColumnError, "reserved_column", "are reserved"),
        ({"a": 1}, fp.PlanError, "bad_option", "`mapping` must be"),
        ([("a", "b")], fp.PlanError, "bad_option", "`mapping` must be a mapping from column names"),
        ("a", fp.PlanError, "bad_option", "`mapping` must be a mapping from column names"),
    ],
)
def test_what_cannot_be_is_refused(mapping: dict[str, str], kind: type[fp.FastprepError], code: str, says: str) -> None:
    with refused(kind, code, f"rename: .*{says}"):
        records(ROW).rename(mapping).explain()


@pytest.mark.parametrize("mapping", [{"prompt": "x"}, {"extra": "prompt"}, {"extra": "completion"}])
def test_proven_columns_keep_their_names(mapping: dict[str, str]) -> None:
    with refused(fp.PlanError, "bad_chain", "rename: after format this step could change"):
        pairs(("a", "b")).format(PAIR).rename(mapping)
