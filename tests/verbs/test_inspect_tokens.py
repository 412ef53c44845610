"""`inspect`: tokens that a tokenizer counts, and those of rows that are tokenized."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_inspect import LONG, answer, clean, command, counts, inspected
from tiny import PAIR, jsonl, refused

import fastprep as fp

Row = dict[str, Any]

TOKENIZER = Path("examples/tokenizer")


def test_tokens_of_prompts_answers_and_rows_are_those_of_the_tokenizer() -> None:
    made = pytest.importorskip("tokenizers").Tokenizer.from_file(str(TOKENIZER / "tokenizer.json"))
    rows = clean()

    def length(text: str) -> int:
        return len(made.encode(text, add_special_tokens=False).ids)

    expected = sorted(length(row["prompt"]) + length(row["completion"]) for row in rows)
    tokens = inspected(rows, tokenizer=TOKENIZER).to_dict()["counted_tokens"]
    assert tokens["tokenizer"] == "tokenizer"
    assert sum(each["count"] for each in tokens["row"]["histogram"]) == len(rows)
    assert tokens["row"]["total"] == sum(expected) == tokens["prompt"]["total"] + tokens["answer"]["total"]
    shares = {"min": 0, "p5": 49, "p50": 499, "p95": 949, "p99": 989, "max": 999}
    assert {name: tokens["row"][name] for name in shares} == {name: expected[at] for name, at in shares.items()}
    assert inspected(rows, tokenizer=made).to_dict()["counted_tokens"]["row"] == tokens["row"]
    assert inspected(rows).to_dict()["counted_tokens"] is None


def test_rows_over_the_context_are_found(tmp_path: Path) -> None:
    rows = clean()
    most = inspected(rows, tokenizer=TOKENIZER).to_dict()["counted_tokens"]["row"]["max"]
    assert counts(inspected(rows, tokenizer=TOKENIZER, context=most)) == {}
    rows[13::20] = [answer(LONG * 20 + "{}")(row) for row in rows[13::20]]
    found = fp.from_records(rows).inspect(tokenizer=TOKENIZER, context=most, rows=tmp_path / "findings.jsonl")
    assert counts(found) == {"over_context": 50}
    (finding,) = found.findings
    assert [(each["row"], each["text"]) for each in finding.examples] == [(row, "answer") for row in (13, 33, 53)]
    assert len((tmp_path / "findings.jsonl").read_text("utf-8").splitlines()) == 50
    path = jsonl(tmp_path / "rows.jsonl", rows)
    assert command("inspect", path, "--tokenizer", TOKENIZER, "--context", most)[1].count("over_context") == 2


def test_the_tools_and_the_longer_answer_of_a_pair_count() -> None:
    def total(row: Row) -> int:
        tokens: int = inspected([row] * 2, tokenizer=TOKENIZER).to_dict()["counted_tokens"]["row"]["total"]
        return tokens // 2

    row = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    assert total(row) == 2
    assert total(row | {"tools": [{"name": "f"}]}) > 2
    assert total({"prompt": "a", "chosen": "b", "rejected": "c"}) == 2
    assert total({"prompt": "a", "chosen": "b", "rejected": "c c c"}) == total({"prompt": "a", "completion": "c c c"})


def test_classes_of_several_tokens_are_found() -> None:
    labels = ["1", "2", "qxzqxz"]
    for stop in ("", "\n###\n"):
        rows = [row | {"completion": labels[n % 3] + stop} for n, row in enumerate(clean(900))]
        assert counts(inspected(rows, tokenizer=TOKENIZER)).get("long_classes") == 300
        assert "long_classes" not in counts(inspected(rows))
        rows = [row for n, row in enumerate(rows) if n % 3 < 2]
        assert "long_classes" not in counts(inspected(rows, tokenizer=TOKENIZER))


def test_what_was_not_counted_names_the_option(tmp_path: Path) -> None:
    def options(plan: fp.Pipeline, **settings: Any) -> list[str]:
        return [entry["unlock"] for entry in plan.inspect(**settings).to_dict()["not_checked"]]

    raw = fp.from_records(clean(10))
    trained, counted = "format(…).tokenize(…) before inspect", "inspect(tokenizer=…), --tokenizer"
    both = "inspect(tokenizer=…, context=…), --tokenizer and --context"
    assert options(raw) == [trained, counted, both]
    assert options(raw, tokenizer=TOKENIZER) == [trained, both]
    assert options(raw, tokenizer=TOKENIZER, context=100) == [trained]
    tokenized = raw.format(PAIR).tokenize(TOKENIZER)
    assert options(tokenized) == [counted, "inspect(context=…), --context"]
    assert options(tokenized, tokenizer=TOKENIZER, context=100) == []


def test_a_context_without_tokens_is_refused() -> None:
    with refused(fp.PlanError, "bad_option", "the rows are not tokenized"):
        inspected(clean(10), context=100)
    with refused(fp.PlanError, "bad_option", "context"):
        inspected(clean(10), context=0, tokenizer=TOKENIZER)


# --- rows that are tokenized


def with_ids(path: Path, made: list[tuple[int, int]], **texts: list[str]) -> Path:
    """Rows of so many tokens, of which so many at the end are trained."""
    ids, labels = ([[7] * most for most, _ in made], [[-100] * (most - last) + [7] * last for most, last in made])
    kind = pa.list_(pa.int32())
    columns = {"input_ids": pa.array(ids, kind), "labels": pa.array(labels, kind)}
    pq.write_table(pa.table({**columns, **texts}), path)
    return path


def test_rows_that_train_nothing_and_rows_over_the_context_are_found_by_their_ids(tmp_path: Path) -> None:
    made = [(20 + n % 7, 0 if n % 20 == 13 else 5) for n in range(1_000)]
    said = {name: [row[name] for row in clean()] for name in ("prompt", "completion")}
    for texts in ({}, said):
        path = with_ids(tmp_path / "ids.parquet", made, **texts)
        found = fp.scan(path).inspect(context=25, rows=tmp_path / "findings.jsonl")
        over = sum(most > 25 for most, _ in made)
        assert counts(found) == {"over_context": over, "untrained_rows": 50}
        tokens = found.to_dict()["tokens"]
        assert (tokens["total"], tokens["trained"], tokens["max"]) == (sum(most for most, _ in made), 950 * 5, 26)
        shown = {finding.code: finding.examples for finding in found.findings}["untrained_rows"]
        assert [example["row"] for example in shown] == [13, 33, 53]
        assert shown[0]["text"] in (("prompt", "answer") if texts else ("row",))
        assert len((tmp_path / "findings.jsonl").read_text("utf-8").splitlines()) == over + 50
        assert "ids.parquet" in str(found)
        assert found.to_markdown().count("untrained") == 1
    assert counts(fp.scan(path).inspect()) == {"untrained_rows": 50}


def test_the_ids_of_a_row_decide_not_the_tokens_of_its_texts() -> None:
    plan = fp.from_records(clean(100)).format(PAIR).tokenize(TOKENIZER)
    most = plan.inspect().to_dict()["tokens"]["max"]
    settings = {"tokenizer": TOKENIZER, "context": most}
    assert "over_context" not in counts(plan.inspect(**settings))
    settings["context"] = most - 1
    found = plan.inspect(**settings)
    assert counts(found)["over_context"] >= 1
    # The ids have an end of text, which the texts lack.
    assert found.to_dict()["counted_tokens"]["row"]["max"] == most - 1


@pytest.mark.batches
def test_counts_are_the_same_for_any_threads_and_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = clean(200)
    made[13::20] = [answer(LONG * 20 + "{}")(row) for row in made[13::20]]
    raw = fp.scan(jsonl(tmp_path / "rows.jsonl", made))
    for plan in (raw, raw.format(PAIR).tokenize(TOKENIZER)):
        expected = plan.inspect(tokenizer=TOKENIZER, context=100, threads=1).to_json()
        assert '"over_context"' in expected
        for size in ("1", "7"):
            monkeypatch.setenv("FASTPREP_BATCH_ROWS", size)
            assert plan.inspect(tokenizer=TOKENIZER, context=100, threads=2).to_json() == expected
        monkeypatch.delenv("FASTPREP_BATCH_ROWS")
