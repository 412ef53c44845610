"""`inspect`: texts that are not as the user expects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shell import failure, run
from shell import folder as folder
from test_inspect import clean, counts, inspected
from tiny import PAIR, jsonl, refused

import fastprep as fp

Row = dict[str, Any]

EXPECT = {"completion": fp.expect(length=(10, 400), script="Latin", pattern=r"[.!]$")}

PLANTED = {
    "unexpected_length": "No.",
    "unexpected_script": "Это так, и никак иначе, и это длинный ответ.",
    "unexpected_pattern": "The river follows the bridge",
}


def planted(*codes: str) -> list[Row]:
    """Of a thousand rows fifty have each of these findings."""
    rows = clean()
    for place, code in enumerate(codes):
        rows[3 + place :: 20] = [row | {"completion": PLANTED[code]} for row in rows[3 + place :: 20]]
    return rows


def test_clean_rows_are_as_expected() -> None:
    assert counts(inspected(clean(), expect=EXPECT)) == {}


@pytest.mark.parametrize("code", PLANTED)
def test_a_finding_has_the_count_at_which_it_was_planted(code: str, tmp_path: Path) -> None:
    out = tmp_path / "findings.jsonl"
    found = fp.from_records(planted(code)).inspect(expect=EXPECT, rows=out)
    (finding,) = [finding for finding in found.findings if finding.code in PLANTED]
    assert (finding.code, finding.count, finding.checked, finding.severity) == (code, 50, 1_000, "medium")
    assert [(each["row"], each["text"]) for each in finding.examples] == [(n, "completion") for n in (3, 23, 43)]
    assert finding.examples[0]["match"][:20] == PLANTED[code][:20]
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [line["row"] for line in lines if line["code"] == code] == list(range(3, 1_000, 20))
    assert code not in counts(inspected(planted(code)))


def test_roles_are_checked_in_all_their_turns_and_columns_come_first() -> None:
    def chat(said: list[str]) -> Row:
        return {"messages": [{"role": ["user", "assistant"][i % 2], "content": text} for i, text in enumerate(said)]}

    rows = [chat(["Hi?", "Hello.", "And?", "So"]), chat(["Hi?", "Hello", "And?", "So"]), chat(["Hi", "Hello."])]
    found = inspected(rows, expect={"assistant": fp.expect(pattern=r"\.$"), "user": fp.expect(length=(3, 4))})
    assert {code: n for code, n in counts(found).items() if code in PLANTED} == {
        "unexpected_pattern": 2,
        "unexpected_length": 1,
    }
    shown = next(finding.examples for finding in found.findings if finding.code == "unexpected_pattern")
    assert [(each["row"], each["text"], each["turn"], each["match"]) for each in shown] == [
        (0, "answer", 4, "So"),
        (1, "answer", 2, "Hello"),
    ]
    pairs = [row | {"user": "x" * (n % 2)} for n, row in enumerate(clean(10))]
    assert counts(inspected(pairs, expect={"user": fp.expect(length=(1, None))})) == {"unexpected_length": 5}
    assert counts(inspected(clean(10), expect={"assistant": fp.expect(length=(0, 3))})) == {"unexpected_length": 10}


def test_rendered_rows_and_columns_without_a_dialect_are_checked(tmp_path: Path) -> None:
    plan = fp.from_records(clean(100)).format(PAIR)
    plan.sink_arrow(tmp_path / "out")
    expect = {"completion": fp.expect(pattern="###\n$"), "prompt": fp.expect(pattern="^[A-Z]", length=(1, 8))}
    for each in (plan, fp.scan(tmp_path / "out")):
        found = counts(each.inspect(expect=expect))
        assert (found["unexpected_length"], found.get("unexpected_pattern")) == (100, None)
    texts = fp.from_records([{"a": "x" * n, "b": "y"} for n in range(9)] + [{"a": None, "b": "y"}])
    assert counts(texts.inspect(expect={"a": fp.expect(length=(1, 5))}))["unexpected_length"] == 4


def test_values_that_are_no_text_are_not_checked(tmp_path: Path) -> None:
    rows = [*clean(20), {"prompt": "Why?", "completion": 5}, {"prompt": "How?", "completion": "No."}]
    found = fp.scan(jsonl(tmp_path / "rows.jsonl", rows)).inspect(expect=EXPECT)
    (finding,) = [finding for finding in found.findings if finding.code in PLANTED]
    assert (finding.code, finding.count, finding.examples[0]["match"]) == ("unexpected_length", 1, "No.")


def test_personal_data_in_unexpected_texts_is_masked() -> None:
    rows = [row | {"completion": "jane.doe@mail.firm.co.uk"} for row in clean(10)]
    assert "jane" not in inspected(rows, expect=EXPECT).to_json()


@pytest.mark.batches
def test_the_result_is_the_same_for_any_threads_and_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = fp.scan(jsonl(tmp_path / "rows.jsonl", planted(*PLANTED)[:300]))
    expected = plan.inspect(expect=EXPECT, threads=1).to_json()
    assert all(code in expected for code in PLANTED)
    for size in ("1", "7"):
        monkeypatch.setenv("FASTPREP_BATCH_ROWS", size)
        assert plan.inspect(expect=EXPECT, threads=2).to_json() == expected


def test_what_cannot_be_expected_is_refused() -> None:
    rows = [row | {"n": [3]} for row in clean(10)]
    with pytest.raises(fp.PlanError, match="no regular expression: unclosed group") as bad:
        inspected(rows, expect={"completion": fp.expect(pattern="(a")})
    assert (bad.value.code, bad.value.column) == ("bad_pattern", "completion")
    with refused(fp.PlanError, "bad_option", "must be one of Latin"):
        inspected(rows, expect={"completion": fp.expect(script="latin")})
    wrong: list[dict[str, Any]] = [{}, {"length": (5, 4)}, {"length": 5}, {"length": (-1, 4)}, {"pattern": 5}]
    for options in [*wrong, {"script": 5}]:
        with refused(fp.PlanError, "bad_option", "expect"):
            fp.expect(**options)
    with refused(fp.PlanError, "bad_option", "must be what fastprep.expect"):
        inspected(rows, expect={"completion": {"length": (1, 2)}})
    with refused(fp.ColumnError, "missing_column", "there is no column `completions`"):
        inspected(rows, expect={"completions": fp.expect(length=(1, 2))})
    with refused(fp.ColumnError, "missing_column", "there is no column `user`"):
        fp.from_records([{"a": "x", "b": "y"}]).inspect(expect={"user": fp.expect(length=(1, 2))})
    numbers = fp.from_records(rows).with_row_index("number")
    with refused(fp.ColumnError, "wrong_type", "column `number` is int64, not text"):
        numbers.inspect(expect={"number": fp.expect(length=(1, 2))})


def test_the_command_reads_a_file() -> None:
    jsonl(Path("x.jsonl"), planted("unexpected_length"))
    file = Path("expect.toml")
    file.write_text("[completion]\nlength = [10, 400]\nscript = 'Latin'\n", "utf-8")
    assert "unexpected_length (medium)" in run("inspect", "x.jsonl", "--expect", "expect.toml").stdout
    for text, match in (
        ("", "expects nothing"),
        ("completion = 5", "is no table"),
        ("[completion]\nlenght = [1, 2]", "did you mean `length`"),
        ("[completion]\nlength = [2, 1]", "[completion]: `length`"),
        ("[completion", "not valid TOML"),
    ):
        file.write_text(text, "utf-8")
        shown = failure("inspect", "x.jsonl", "--expect", "expect.toml", code=2)
        assert match in shown
        assert "expect.toml" in shown
    assert "cannot be read" in failure("inspect", "x.jsonl", "--expect", "none.toml", code=3)
