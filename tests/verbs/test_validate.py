"""`validate`: rules that a row must meet, and what becomes of those that do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow
import pytest
from tiny import column, jsonl, records, refused, rejects

import fastprep as fp

ROWS: list[dict[str, Any]] = [
    {"id": 0, "t": "good"},
    {"id": 1, "t": ""},
    {"id": 2, "t": " \t\u3000\n"},
    {"id": 3, "t": None},
    {"id": 4},
    {"id": 5, "t": "éé"},
    {"id": 6, "t": "a long text"},
]


@pytest.mark.parametrize(
    ("rule", "removed", "detail"),
    [
        ({"required": "t"}, {"missing_field": [3, 4]}, "`t` is absent or null"),
        ({"required": ["id", "t"]}, {"missing_field": [3, 4]}, "`t` is absent or null"),
        ({"not_blank": "t"}, {"blank_field": [1, 2]}, "`t` is empty or holds only white space"),
        ({"min_chars": {"t": 3}}, {"too_short": [1, 5]}, "`t` has 0 characters, fewer than 3"),
        ({"max_chars": {"t": 4}}, {"too_many_chars": [6]}, "`t` has 11 characters, more than 4"),
        ({"max_chars": {"t": 2}}, {"too_many_chars": [0, 2, 6]}, "`t` has 4 characters, more than 2"),
        ({"allowed": {"t": ["good", "éé"]}}, {"value_not_allowed": [1, 2, 6]}, 'is "", not one of ["good", "éé"]'),
        ({"allowed": {"t": "good"}}, {"value_not_allowed": [1, 2, 5, 6]}, 'is "", not one of ["good"]'),
        (
            {"required": "t", "not_blank": "t", "min_chars": {"t": 3}},
            {"missing_field": [3, 4], "blank_field": [1, 2], "too_short": [5]},
            "`t` is empty or holds only white space",
        ),
    ],
)
def test_rules_take_out_the_rows_that_break_them(
    rule: dict[str, Any], removed: dict[str, list[int]], detail: str, tmp_path: Path
) -> None:
    report = records(*ROWS).validate(**rule).sink_arrow(tmp_path / "out")
    set_aside = rejects(tmp_path / "out")
    assert {code: [r["row"] for r in set_aside if r["code"] == code] for code in removed} == removed
    assert report.reasons == {code: len(found) for code, found in removed.items()}
    assert detail in set_aside[0]["detail"]
    assert set_aside[0]["record"] == ROWS[set_aside[0]["row"]]
    assert report.rows["written"] == 7 - len(set_aside)


def test_drop_counts_and_keeps_no_record(tmp_path: Path) -> None:
    report = records(*ROWS).validate(required="t", on_invalid="drop").sink_arrow(tmp_path / "out")
    assert report.reasons == {"missing_field": 2}
    assert (report.rows["rejected"], report.rows["dropped"]) == (0, 2)
    assert rejects(tmp_path / "out") == []


def test_raise_ends_the_run_and_names_the_row(tmp_path: Path) -> None:
    plan = records(*ROWS).validate(not_blank="t", on_invalid="raise")
    with refused(fp.DataError, "blank_field", "`t` is empty or holds only white space\n  at data, line 2") as e:
        plan.sink_arrow(tmp_path / "out")
    assert (e.value.path, e.value.row, e.value.line, e.value.column) == ("data", 1, 2, "t")
    assert not (tmp_path / "out").exists()


def test_is_explained_with_its_defaults() -> None:
    plan = records(*ROWS).validate(required="id", min_chars={"t": 2}, allowed={"t": ["good"]})
    assert 'VALIDATE     id required; t >= 2 chars; t in ["good"]; on_invalid=reject  [map]' in plan.explain()


def test_required_asks_for_no_type() -> None:
    assert column(records({"n": 1}, {"n": None}).validate(required="n"), "n") == ["1"]
    with refused(fp.ColumnError, "wrong_type", "validate: column `n` must be text; it is int64"):
        records({"n": 1}).validate(not_blank="n").explain()


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({}, "no rule is given"),
        ({"required": []}, "no rule is given"),
        ({"required": 5}, "`required` must be"),
        ({"not_blank": ["t", None]}, "`not_blank` must be"),
        ({"min_chars": {"t": -1}}, r"`min_chars\['t'\]` must be at least 0; got -1"),
        ({"max_chars": {"t": "3"}}, r"`max_chars\['t'\]` must be a whole number; got '3'"),
        ({"max_chars": 3}, "`max_chars` must be a mapping"),
        ({"allowed": {"t": [1, 2]}}, r"`allowed\['t'\]` must be"),
        ({"allowed": ["good"]}, "`allowed` must be a mapping"),
        ({"required": "t", "on_invalid": "rejct"}, "must be one of reject, drop, raise; .*; did you mean `reject`"),
    ],
)
def test_what_is_no_rule_fails_at_once(rule: dict[str, Any], says: str) -> None:
    with refused(fp.PlanError, "bad_option", says):
        records(*ROWS).validate(**rule)


def test_a_missing_column_names_those_there_are() -> None:
    with refused(fp.ColumnError, "missing_column", "validate: there is no column `tt`; columns: "):
        records(*ROWS).validate(required="tt").explain()


def test_required_takes_columns_of_any_type() -> None:
    made = pyarrow.table(
        {
            "id": [0, 1, 2],
            "list": pyarrow.array([[1], None, []]),
            "struct": pyarrow.array([{"a": 1}, None, {"a": None}]),
            "binary": pyarrow.array([b"\xff", None, b""]),
            "dictionary": pyarrow.array(["a", None, "b"]).dictionary_encode(),
            "date": pyarrow.array([0, None, 1], pyarrow.date32()),
            "nothing": pyarrow.nulls(3),
        }
    )
    for name in ("list", "struct", "binary", "dictionary", "date"):
        assert column(fp.from_arrow(made).validate(required=name), "id") == [0, 2], name
    assert column(fp.from_arrow(made).validate(required="nothing", on_invalid="drop"), "id") == []
    raw = records({"id": 0, "m": [1]}, {"id": 1, "m": None}, {"id": 2})
    assert column(raw.validate(required="m"), "m") == ["[1]"]


def test_texts_of_messages_are_checked_by_role(tmp_path: Path) -> None:
    def chat(*said: tuple[str, Any], **more: Any) -> dict[str, Any]:
        return {"messages": [{"role": role, "content": text, **more} for role, text in said]}

    rows = [
        chat(("user", " "), ("assistant", "a")),
        chat(("user", "q"), ("assistant", "")),
        chat(("user", "q"), ("assistant", "a"), ("user", "q"), ("assistant", " \n")),
        chat(("assistant", None), tool_calls=[{"function": {"name": "f", "arguments": "{}"}}]),
        chat(("alien", "q")),
    ]
    plan = records(*rows).validate(not_blank="messages", on="assistant")
    report = plan.sink_jsonl(tmp_path / "out")
    assert report.reasons == {"blank_field": 2, "wrong_type": 1}
    assert [line["row"] for line in rejects(tmp_path / "out")] == [1, 2, 4]
    assert "messages not blank in messages of assistant; on_invalid=reject" in plan.explain()
    long = records(*rows).validate(
        max_chars={"messages": 0}, required="messages", on=["user", "tool"], on_invalid="drop"
    )
    assert long.sink_jsonl(tmp_path / "long").reasons == {"too_many_chars": 3, "wrong_type": 1}
    scanned = fp.scan_jsonl(jsonl(tmp_path / "rows.jsonl", rows)).validate(not_blank="messages", on="assistant")
    assert fp.Pipeline.from_json(scanned.to_json()).collect().num_rows == 2
    with refused(fp.ColumnError, "wrong_type", "validate: column `n` must be messages as JSON; it is"):
        records({"n": 1}).validate(not_blank="n", on="user").explain()
    with refused(fp.PlanError, "bad_option", "validate: `on` is empty"):
        plan.validate(not_blank="messages", on=[])
