"""`inspect(silence=…)`: findings that count for nothing, each with a reason; and the baseline of a sink."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from shell import run
from test_inspect import PLANTED, clean, counts, inspected
from tiny import jsonl, refused

import fastprep as fp

WHY = "the answers | are <meant> to be so"


def exit_code(*arguments: object) -> object:
    return run(*map(str, arguments)).code


def faulty(number: int = 300) -> list[dict[str, Any]]:
    rows = clean(number)
    rows[3::20] = [PLANTED["empty_answers"][0](row) for row in rows[3::20]]
    rows[4] |= {"completion": "caf\ufffd"}
    return rows


def test_a_finding_that_is_silenced_is_listed_and_does_not_count(tmp_path: Path) -> None:
    loud = inspected(faulty())
    assert loud.verdict.startswith("repair first")
    found = inspected(faulty(), silence={"empty_answers": WHY})
    assert found.verdict == "good: only 1 finding of low severity"
    assert counts(found) == counts(loud)
    last = found.findings[-1]
    assert (last.code, last.severity, last.silenced) == ("empty_answers", "high", WHY)
    assert [finding.silenced for finding in found.findings[:-1]] == [None]
    assert "  - empty_answers (high): 15 of 300 rows (5.0%); silenced: the answers | are" in str(found)
    assert str(found).count("empty_answers") == 1
    assert (
        "- empty\\_answers (high): 15 of 300 rows (5.0%); silenced: the answers \\| are &lt;meant>"
        in found.to_markdown()
    )
    pytest.importorskip("altair")
    page = found.to_html()
    assert "<h2>Silenced</h2>" in page
    assert "are &lt;meant&gt; to be so" in page


def test_a_finding_that_is_silenced_does_not_rise(tmp_path: Path) -> None:
    before = tmp_path / "before.json"
    before.write_text(inspected(clean(300)).to_json(), "utf-8")
    codes = [entry["code"] for entry in inspected(faulty(), baseline=before).risen]
    assert codes == ["empty_answers", "replacement_characters"]
    both = dict.fromkeys(codes, WHY)
    assert inspected(faulty(), baseline=before, silence=both).risen == []
    path = jsonl(tmp_path / "rows.jsonl", faulty())
    flags = [part for code in codes for part in ("--silence", f"{code}={WHY}")]
    assert exit_code("inspect", path, "--baseline", before) == 1
    assert exit_code("inspect", path, "--baseline", before, *flags[:2]) == 1
    assert exit_code("inspect", path, "--baseline", before, *flags) == 0
    assert exit_code("inspect", path, "--fix", tmp_path / "plan.toml", *flags) == 2


def test_rules_and_expectations_can_be_silenced() -> None:
    found = inspected(
        clean(50),
        rules={"short": pl.col("prompt").str.len_chars() > 0},
        expect={"completion": fp.expect(length=(1, 2))},
        silence={"short": "a rule", "unexpected_length": "an expectation"},
    )
    assert {finding.code: finding.silenced for finding in found.findings} == {
        "short": "a rule",
        "unexpected_length": "an expectation",
    }
    assert found.verdict == "good: no problem was found"


def test_what_cannot_be_silenced_is_refused(tmp_path: Path) -> None:
    rules = {"short": pl.col("prompt") == ""}
    for silence, says in [
        ({"empty_answer": "so"}, "there is no finding 'empty_answer' to silence; did you mean `empty_answers`?"),
        ({"x": "so"}, "there are short, empty_answers, empty_prompts"),
        ({"empty_answers": " "}, "`silence` of 'empty_answers' needs a reason; got ' '"),
        ({"empty_answers": None}, "needs a reason; got None"),
        ([], "`silence` must be"),
    ]:
        with refused(fp.PlanError, "bad_option", says):
            inspected(clean(10), rules=rules, silence=silence)
    path = jsonl(tmp_path / "rows.jsonl", clean(10))
    for flag in ("empty_answers", "empty_answers=", "none=so"):
        assert exit_code("inspect", path, "--silence", flag) == 2
    assert exit_code("inspect", path, "--silence", "loops=a", "--silence", "loops=b") == 2


def test_the_report_of_a_sink_is_a_baseline(tmp_path: Path) -> None:
    pytest.importorskip("altair")
    rows = faulty()
    path = jsonl(tmp_path / "rows.jsonl", rows)
    plan = fp.scan(path).validate(not_blank="completion")
    plan.sink_jsonl(tmp_path / "out", report=True)
    report = tmp_path / "out" / "report.json"
    raw = fp.scan(path).inspect(baseline=report)
    assert raw.risen == []
    assert "compared with the rows before the steps of the baseline" in str(raw)
    prepared = fp.scan(tmp_path / "out").inspect(baseline=report)
    assert (prepared.risen, prepared.to_dict()["baseline"]) == ([], "after")
    assert "compared with the rows after the steps of the baseline" in prepared.to_markdown()
    assert [entry["code"] for entry in plan.head(300).inspect(baseline=report).risen] == []
    # Rows of a plan with steps are compared with those after the steps, which have no empty answer.
    unrepaired = fp.scan(path).normalize("completion").inspect(baseline=report)
    assert [entry["code"] for entry in unrepaired.risen] == ["empty_answers"]
    rows[6] |= {"completion": "a\x00b"}
    jsonl(path, rows)
    assert [entry["code"] for entry in fp.scan(path).inspect(baseline=report).risen] == ["control_characters"]


def test_the_report_of_a_sink_that_looked_at_nothing_is_no_baseline(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"version": 1, "before": None, "after": None}), "utf-8")
    with refused(fp.PlanError, "bad_baseline", "is the report of a sink that has looked at no rows"):
        inspected(clean(10), baseline=report)
