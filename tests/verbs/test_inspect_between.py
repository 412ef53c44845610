"""`inspect` of two sets: the rows and the prompts that both have, counted in each direction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shell import folder as folder
from shell import run
from test_inspect import clean, counts, inspected
from tiny import PAIR, jsonl, refused
from tiny import rows as rows_of

import fastprep as fp

Row = dict[str, Any]


def two_sets() -> tuple[list[Row], list[Row]]:
    """The second set has 12 rows of the first, one of them three times, and 7 of its prompts with another answer."""
    here, there = clean(400), clean(200, seed=8)
    there[20:32] = here[100:112]
    there[50:52] = [here[100], here[100]]
    there[60:67] = [row | {"completion": f"Other: {number}."} for number, row in enumerate(here[200:207])]
    # A second row here with a prompt of theirs, and white space that makes no difference in prompts.
    here[300] = here[200] | {"prompt": f" {here[200]['prompt']}\n", "completion": "Third."}
    return here, there


def first_of(found: fp.Inspection, code: str) -> dict[str, Any]:
    finding = next(finding for finding in found.findings if finding.code == code)
    return finding.examples[0]


def test_rows_and_prompts_are_counted_in_both_directions() -> None:
    here, there = two_sets()
    found = inspected(here, against=fp.from_records(there, name="valid"))
    assert {code: counts(found).get(code) for code in ("shared_rows", "shared_prompts")} == {
        "shared_rows": 12,
        "shared_prompts": 8,
    }
    assert found.to_dict()["against"] == {
        "split": None,
        "files": ["valid"],
        "rows": {"here": 400, "there": 200},
        "not_in_dialect": 0,
        "shared_rows": {"here": 12, "there": 14},
        "shared_prompts": {"here": 8, "there": 7},
    }
    back = inspected(there, against=fp.from_records(here))
    assert (counts(back)["shared_rows"], counts(back)["shared_prompts"]) == (14, 7)
    shown = first_of(found, "shared_rows")
    assert (shown["file"], shown["row"]) == ("<records>", 100)
    assert (shown["other"]["file"], shown["other"]["row"]) == ("valid", 20)
    assert found.to_dict()["files"] == ["<records>"]
    assert "400 rows compared with 200 of valid: 12 are there as well" in str(found)
    details = {finding.code: (finding.severity, finding.detail) for finding in found.findings}
    assert details["shared_rows"] == ("high", "14 of 200 rows there")
    assert details["shared_prompts"] == ("medium", "7 of 200 rows there")


def test_sets_that_share_nothing_are_silent() -> None:
    found = inspected(clean(100), against=fp.from_records(clean(100, seed=8)))
    assert counts(found) == {}
    assert "0 are there as well, 0 share only their prompt" in " ".join(str(found).split())
    assert inspected(clean(100)).to_dict()["against"] is None


def published(rows: list[Row], path: Path) -> Path:
    """A folder whose splits depend on `number` alone, so that they may share rows."""
    fp.from_records(rows).format(PAIR).split(valid=0.2, by="number").sink_arrow(path)
    return path


def numbers(path: Path, split: str) -> list[int]:
    return [row["number"] for file in path.rglob(f"{split}-*.arrow") for row in rows_of(fp.scan(file))]


def test_other_splits_of_a_prepared_folder_are_compared_with_train(tmp_path: Path) -> None:
    rows = [row | {"number": number} for number, row in enumerate(clean(500))]
    path = published(rows, tmp_path / "clean")
    found = fp.scan(path).inspect()
    train, valid = numbers(path, "train"), numbers(path, "valid")
    assert len(valid) > 50
    assert found.to_dict()["against"]["rows"] == {"here": len(valid), "there": len(train)}
    assert counts(found).keys().isdisjoint({"shared_rows", "shared_prompts"})
    for here, there in zip(valid[:10], train[:10], strict=True):
        rows[here] |= {key: rows[there][key] for key in ("prompt", "completion")}
    rows[valid[20]] |= {"prompt": rows[train[20]]["prompt"]}
    rows[train[30]] |= {key: rows[train[0]][key] for key in ("prompt", "completion")}
    path = published(rows, tmp_path / "leaking")
    found = fp.scan(path).inspect()
    against = found.to_dict()["against"]
    assert (against["split"], against["files"]) == ("train", [])
    assert (counts(found)["shared_rows"], counts(found)["shared_prompts"]) == (10, 1)
    assert (against["shared_rows"], against["shared_prompts"]) == ({"here": 10, "there": 11}, {"here": 1, "there": 1})
    finding = next(finding for finding in found.findings if finding.code == "shared_rows")
    assert finding.checked == len(valid)
    example = finding.examples[0]
    assert (example["file"].split("-")[0], example["other"]["file"].split("-")[0]) == ("valid", "train")
    assert fp.scan(path).inspect(against=path).to_dict()["against"]["split"] is None


@pytest.mark.batches
def test_the_result_is_the_same_for_any_threads_and_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = two_sets()
    one, two = jsonl(tmp_path / "one.jsonl", here), jsonl(tmp_path / "two.jsonl", there)
    out = tmp_path / "rows.jsonl"
    expected = fp.scan(one).inspect(against=two, rows=out, threads=1).to_json()
    listed = out.read_text("utf-8")
    lines = [json.loads(line) for line in listed.splitlines()]
    assert [line["row"] for line in lines if line["code"] == "shared_rows"] == [*range(100, 112)]
    assert [line["row"] for line in lines if line["code"] == "shared_prompts"] == [*range(200, 207), 300]
    assert {line["other"]["file"] for line in lines if line["code"] == "shared_rows"} == {"two.jsonl"}
    for size in ("1", "7"):
        monkeypatch.setenv("FASTPREP_BATCH_ROWS", size)
        assert fp.scan(one).inspect(against=[two], rows=out, threads=2).to_json() == expected
        assert out.read_text("utf-8") == listed


def test_sets_of_which_one_has_no_dialect_are_refused() -> None:
    texts = fp.from_records([{"a": "x", "b": "y"}])
    with refused(fp.PlanError, "bad_option", "they would share nothing"):
        inspected(clean(10), against=texts)
    copies = fp.from_records([{"a": "x", "b": "y"}, {"a": "x", "b": "z"}]).inspect(against=texts)
    assert counts(copies)["shared_rows"] == 1


def test_rows_of_the_other_set_that_do_not_fit_are_counted() -> None:
    there: list[Row] = [*clean(30, seed=8), {"prompt": ["a"], "completion": "b"}]
    found = inspected(clean(30), against=fp.from_records(there))
    assert found.to_dict()["against"]["not_in_dialect"] == 1


def test_the_command_compares_files() -> None:
    here, there = two_sets()
    jsonl(Path("here.jsonl"), here)
    jsonl(Path("there.jsonl"), there)
    expected = fp.scan("here.jsonl").inspect(against="there.jsonl")
    assert run("inspect", "here.jsonl", "--against", "there.jsonl", "--json").stdout.strip() == json.dumps(
        expected.to_dict(), ensure_ascii=False
    )
    named = run("inspect", "here.jsonl", "--against", "there.jsonl", "--read-as", "pairs")
    assert "shared_rows (high)" in named.stdout
