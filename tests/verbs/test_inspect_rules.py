"""`inspect`: findings of the user, as expressions and as functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from shell import failure, run
from shell import folder as folder
from test_inspect import clean, counts, inspected
from tiny import PAIR, jsonl, refused

import fastprep as fp

Row = dict[str, Any]

RULES: dict[str, Any] = {
    "seven": pl.col("prompt").str.contains("case 7"),
    "eight": lambda row: "case 8" in row["prompt"],
    "none": pl.col("prompt") == "",
}


def expected(rows: list[Row], text: str) -> list[int]:
    return [number for number, row in enumerate(rows) if text in row["prompt"]]


def test_a_rule_is_a_finding_with_its_count_and_its_rows(tmp_path: Path) -> None:
    rows = clean()
    out = tmp_path / "findings.jsonl"
    found = fp.scan(jsonl(tmp_path / "rows.jsonl", rows)).inspect(rules=RULES, rows=out)
    assert counts(found) == {"seven": len(expected(rows, "case 7")), "eight": len(expected(rows, "case 8"))}
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    for code, text in (("seven", "case 7"), ("eight", "case 8")):
        assert [line["row"] for line in lines if line["code"] == code] == expected(rows, text)
        finding = next(finding for finding in found.findings if finding.code == code)
        assert [example["line"] - 1 for example in finding.examples] == expected(rows, text)[:3]
        assert finding.examples[0]["match"][:20] == rows[expected(rows, text)[0]]["prompt"][:20]
        assert (finding.severity, finding.checked, finding.why) == ("high", 1_000, "A rule of yours.")
    assert "seven (high): rows that a rule of yours finds" in str(found)
    assert found.to_dict()["other_columns"] == []
    assert found.verdict == "repair first: 2 findings of high severity"


def test_a_rule_says_why_and_how_harmful_it_is() -> None:
    rule = fp.Rule(pl.col("prompt").str.contains("case 7"), why="Sevens lie.", repair="drop them", harm="minor")
    (finding,) = inspected(clean(), rules={"seven": rule}).findings
    assert (finding.severity, finding.why, finding.repair) == ("medium", "Sevens lie.", "drop them")


def test_a_baseline_has_the_share_of_a_rule(tmp_path: Path) -> None:
    rows, report = clean(), tmp_path / "report.json"
    report.write_text(inspected(rows[:500], rules=RULES).to_json(), "utf-8")
    before = len(expected(rows[:500], "case 7")) / 500
    risen = {entry["code"]: entry["before"] for entry in inspected(rows, rules=RULES, baseline=report).risen}
    assert risen == {"seven": before, "eight": before}
    report.write_text(inspected(rows, rules=RULES).to_json(), "utf-8")
    assert inspected(rows, rules=RULES, baseline=report).risen == []


def test_rules_see_rows_of_any_kind(tokenizer_folder: Path, tmp_path: Path) -> None:
    plan = fp.from_records(clean(100)).format(PAIR)
    tokenized = plan.tokenize(tokenizer_folder)
    plan.sink_arrow(tmp_path / "out")
    rules: dict[str, Any] = {
        "stopped": pl.col("completion").str.ends_with("###\n"),
        "closed": lambda row: row["completion"].endswith("###\n"),
        "open": ~pl.col("completion").str.ends_with("###\n"),
    }
    for each in (plan, tokenized, fp.scan(tmp_path / "out"), plan.split(valid=0.2)):
        found = counts(each.inspect(rules=rules))
        assert [found.get(name) for name in rules] == [100, 100, None]
    said = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello, you."}]
    chats = fp.scan(jsonl(tmp_path / "chats.jsonl", [{"messages": said, "n": n} for n in range(9)]))
    rules = {"few": pl.col("n") < 4, "long": lambda row: len(row["messages"]) == 2 and row["n"] > 1}
    found = chats.inspect(rules=rules)
    assert (counts(found)["few"], counts(found)["long"]) == (4, 7)
    assert found.to_dict()["other_columns"] == []
    only = chats.inspect(rules={"long": rules["long"]})
    assert only.to_dict()["other_columns"] == ["n"]
    texts = fp.from_records([{"a": "x", "n": n} for n in range(9)])
    assert counts(texts.inspect(rules={"few": pl.col("n") < 4}))["few"] == 4


def test_null_is_not_true() -> None:
    rows = [row | {"n": None if n % 2 else n} for n, row in enumerate(clean(10))]
    assert counts(inspected(rows, rules={"some": pl.col("n") > 4})) == {"some": 2}
    assert counts(inspected(rows, rules={"some": pl.lit(None)})) == {}
    assert counts(inspected(rows, rules={"some": pl.lit(True)})) == {"some": 10}


@pytest.mark.batches
def test_rules_are_the_same_for_any_threads_and_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, out = fp.scan(jsonl(tmp_path / "rows.jsonl", clean(300))), tmp_path / "findings.jsonl"
    first, listed = plan.inspect(rules=RULES, threads=1, rows=out).to_json(), out.read_text("utf-8")
    for size in ("1", "7"):
        monkeypatch.setenv("FASTPREP_BATCH_ROWS", size)
        assert plan.inspect(rules=RULES, threads=2, rows=out).to_json() == first
        assert out.read_text("utf-8") == listed


def test_what_is_no_rule_is_refused() -> None:
    rows = clean(10)
    for rules, code, match in (
        ({"a": 5}, "bad_option", "the rule 'a' must be an expression or a function of a row"),
        ({"a": pl.col("prompt").str.len_chars()}, "bad_option", "must give true or false; got UInt32"),
        ({"a": pl.col("prompt").max() == "x"}, "not_row_wise", "is not known to be row-wise"),
        ({"A b": pl.lit(True)}, "bad_option", "a rule cannot be named 'A b'"),
        ({"loops": pl.lit(True)}, "bad_option", "a finding has the name 'loops' already"),
        ({"a": fp.Rule(pl.lit(True), harm="bad")}, "bad_option", "must be one of severe, moderate, minor"),  # type: ignore[arg-type]
        ([pl.lit(True)], "bad_option", "`rules` must be a mapping"),
    ):
        with refused(fp.PlanError, code, match):
            inspected(rows, rules=rules)
    with refused(fp.ColumnError, "missing_column", "there is no column `promt`"):
        inspected(rows, rules={"a": pl.col("promt") == "x"})
    with pytest.raises(fp.CallbackError, match='the rule "a" failed') as failed:
        inspected(rows, rules={"a": lambda row: row["none"]})
    assert failed.value.code == "callback_failed"
    assert isinstance(failed.value.__cause__, KeyError)


def test_the_command_reads_rules_as_sql() -> None:
    rows = clean()
    jsonl(Path("x.jsonl"), rows)
    shown = run("inspect", "x.jsonl", "--rule", "seven=prompt LIKE '%case 7%'").stdout
    assert f"{len(expected(rows, 'case 7'))} of 1,000 rows" in shown
    assert "seven (high): rows that a rule of yours finds" in shown
    for rule in ("seven", "=1", "seven="):
        assert "NAME=SQL" in failure("inspect", "x.jsonl", "--rule", rule, code=2)
    assert "polars SQL" in failure("inspect", "x.jsonl", "--rule", "a=prompt LIKE", code=2)
    assert "two rules" in failure("inspect", "x.jsonl", "--rule", "a=true", "--rule", "a=true", code=2)
