"""`report=True` of the sinks: what it holds, when it is published, and when it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shell import folder as folder
from shell import run
from test_inspect import clean
from tiny import jsonl

import fastprep as fp
from fastprep.inspection import sink_report

pytest.importorskip("altair", reason="needs altair, of the extra report")
pytestmark = pytest.mark.batches

FILES = ["report.html", "report.json", "report.md"]
FORMAT = fp.PromptFormat("{prompt}", completion="{completion}")


@pytest.fixture(autouse=True)
def no_charts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages without charts, which take a second to draw, but for the test of the page."""
    if "page" not in request.node.name:
        monkeypatch.setattr(sink_report, "sink_page", lambda data: f"{data['verdict']['text']}\n")


def source() -> fp.Pipeline:
    rows = clean(60)
    rows[7] = rows[3]
    rows[9] = rows[9] | {"completion": ""}
    rows[11] = rows[11] | {"prompt": "who is\u200b it?"}
    return fp.from_records(rows, name="rows")


def plan() -> fp.Pipeline:
    return source().format(FORMAT).dedup().split(valid=0.2, seed=1)


def report_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report.json").read_text("utf-8"))
    return found


def beside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("report.*"))


def test_it_holds_the_run_and_what_inspect_finds_before_and_after(tmp_path: Path) -> None:
    run = plan().sink_arrow(tmp_path / "out", report=True).to_dict()
    assert beside(tmp_path / "out") == FILES
    found = report_of(tmp_path / "out")
    assert list(found)[:2] == ["version", "verdict"]
    described = (Path(__file__).parents[2] / "docs" / "files.md").read_text("utf-8").split("\n## report.json\n")[1]
    assert [line.split("`")[1] for line in described.splitlines() if line.startswith("| `")] == list(found)
    assert {name: run[name] for name in found["report"]} == found["report"]
    assert (found["inputs"], found["splits"]) == (["rows"], run["splits"])
    assert found["plan"] == fp.load(tmp_path / "out").manifest["explain"]
    assert found["before"] == source().inspect().to_dict()
    assert found["after"] == plan().inspect().to_dict()
    assert found["verdict"] == found["after"]["verdict"]
    codes = [{finding["code"] for finding in found[side]["findings"]} for side in ("before", "after")]
    assert codes[0] - codes[1] == {"duplicate_rows", "empty_answers"}
    told_by(tmp_path / "out" / "report.md")


def told_by(path: Path) -> None:
    text = path.read_text("utf-8").replace("\\", "")
    for told in ("duplicate", "empty_completion", "invisible_characters", "58 written", "DEDUP"):
        assert told in text, told


@pytest.mark.heavy
def test_the_page_tells_the_same(tmp_path: Path) -> None:
    plan().sink_arrow(tmp_path / "out", report=True)
    told_by(tmp_path / "out" / "report.html")


def test_report_json_is_a_part_of_what_is_published(tmp_path: Path) -> None:
    for threads in (1, 3):
        out = tmp_path / str(threads)
        plan().sink(out, formats=["arrow", "jsonl"], report=True, threads=threads)
    first, second = ({name: (tmp_path / n / name).read_bytes() for name in [*FILES, "manifest.json"]} for n in "13")
    assert first == second
    manifest = json.loads(first["manifest.json"])
    [entry] = [entry for entry in manifest["sidecars"] if entry["name"] == "report.json"]
    assert (entry["format"], entry["rows"], entry["bytes"]) == ("json", 0, len(first["report.json"]))
    assert "report.html" not in first["manifest.json"].decode()
    assert fp.load(tmp_path / "1")["train"].to_arrow().num_rows > 0
    # A folder with a report is a source of its rows alone.
    for scanned in (fp.scan(tmp_path / "1"), fp.scan_jsonl(tmp_path / "1")):
        assert scanned.collect().num_rows == 58
    with pytest.raises(fp.SourceError):
        fp.scan_json(tmp_path / "1").collect()


def test_packed_rows_are_looked_at_before_they_are_packed(tokenizer_folder: Path, tmp_path: Path) -> None:
    tokenized = plan().tokenize(tokenizer_folder, max_length=256, keep_text=False)
    tokenized.pack().sink_arrow(tmp_path / "out", report=True)
    after = report_of(tmp_path / "out")["after"]
    assert after == tokenized.inspect().to_dict()
    assert after["dialect"] == "pairs"
    assert "46 packed" in (tmp_path / "out" / "report.md").read_text()


def test_conversations_are_looked_at_before_they_are_written(tmp_path: Path) -> None:
    source().dedup().sink_chat(tmp_path / "out", target="azure", report=True)
    assert report_of(tmp_path / "out")["after"] == source().dedup().inspect().to_dict()


@pytest.mark.parametrize("joined", [False, True])
def test_rows_that_can_be_read_only_once_are_read_once(joined: bool, tmp_path: Path) -> None:
    once = fp.from_records(iter(clean(20)), name="once")
    rows = fp.concat({"a": once, "b": source()}) if joined else once
    rows.sink_jsonl(tmp_path / "out", report=True)
    found = report_of(tmp_path / "out")
    assert (found["before"], found["after"]) == (None, None)
    assert found["report"]["rows"]["written"] == (80 if joined else 20)
    why = "what the rows hold was not looked at, since the source of from_records can be read only once"
    assert found["verdict"] == {"level": "unknown", "text": why}
    assert why[1:] in (tmp_path / "out" / "report.html").read_text()


def test_a_report_goes_with_its_data_set(tmp_path: Path) -> None:
    out = tmp_path / "out"
    plan().sink_arrow(out, report=True)
    plan().sink_arrow(out, overwrite=True)
    assert beside(out) == []
    (out / "report.md").write_text("mine")
    with pytest.raises(fp.PublishError) as e:
        plan().sink_arrow(out, overwrite=True, report=True)
    assert (e.value.code, (out / "report.md").read_text()) == ("not_ours", "mine")


def test_a_report_that_fails_publishes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(fp.DataError) as e:
        plan().sink_arrow(tmp_path / "out", report=True, max_rejects=0)
    assert e.value.code == "too_many_rejects"
    for error in (KeyboardInterrupt(), ValueError("no page")):

        def fail(data: Any, error: BaseException = error) -> str:
            raise error

        monkeypatch.setattr(sink_report, "sink_page", fail)
        with pytest.raises((KeyboardInterrupt, fp.CallbackError)) as stopped:
            plan().sink_arrow(tmp_path / "out", report=True)
        assert isinstance(stopped.value, KeyboardInterrupt) or stopped.value.__cause__ is error
        assert not (tmp_path / "out").exists()
    monkeypatch.setitem(__import__("sys").modules, "vl_convert", None)
    with pytest.raises(ModuleNotFoundError, match=r"a page with charts needs the package vl_convert"):
        plan().sink_arrow(tmp_path / "out", report=True)


def test_progress_names_the_phase(tmp_path: Path) -> None:
    phases: list[str] = []
    plan()._with_progress(lambda phase, read, total: phases.append(phase)).sink_arrow(tmp_path / "out", report=True)
    assert [phase for i, phase in enumerate(phases) if phase not in phases[:i]][-2:] == ["inspect", "publish"]


def test_commands_write_it() -> None:
    jsonl(Path("x.jsonl"), clean(50))
    run("prepare", "x.jsonl", "--out", "a", "--report")
    Path("plan.toml").write_text('version = 2\n[source]\njsonl = "x.jsonl"\n[sink]\npath = "b"\nreport = true\n')
    run("run", "plan.toml")
    assert beside(Path("a")) == beside(Path("b")) == FILES
