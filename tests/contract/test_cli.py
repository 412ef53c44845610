"""The command line: exit codes, one JSON object on stdout, all else on stderr."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tiny import jsonl, rejects

import fastprep as fp
from fastprep.cli import main

ROWS = [
    {"prompt": "a", "completion": "1"},
    {"prompt": "b", "completion": "2"},
    {"prompt": "a", "completion": "1"},
    {"prompt": "c", "completion": ""},
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    jsonl(tmp_path / "raw.jsonl", ROWS)
    return tmp_path


@dataclass
class Done:
    """What a command printed, and its exit code."""

    code: object
    stdout: str
    stderr: str


def run(*arguments: str) -> Done:
    """Runs a command in this process, which is faster than in one of its own."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["fastprep", *arguments])
        patch.setenv("COLUMNS", "300")
        with pytest.raises(SystemExit) as end:
            main()
    return Done(end.value.code, out.getvalue(), err.getvalue())


def told(*arguments: str, code: int) -> str:
    """What a command that ends in this code prints on stderr; it prints nothing else."""
    done = run(*arguments)
    assert (done.code, done.stdout) == (code, ""), done.stderr
    return done.stderr


def made(*arguments: str) -> dict[str, Any]:
    """The one JSON object on stdout."""
    done = run(*arguments, "--json")
    assert done.code == 0, done.stderr
    assert done.stdout.count("\n") == 1
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_prepare_publishes_and_prints_one_object() -> None:
    report = made("prepare", "raw.jsonl", "--out", "out", "--jsonl", "--valid", "0.5", "--seed", "3")
    assert report["rows"] == {"read": 4, "written": 2, "rejected": 1, "duplicate": 1, "filtered": 0, "dropped": 0}
    assert report["next"] == "fastprep verify out"
    assert rejects(Path("out"))[0]["code"] == "empty_completion"
    assert {shard["format"] for shard in fp.load("out").manifest["shards"]} == {"arrow", "jsonl"}
    files = list(Path("out").glob("data/*/*"))
    verified = made("verify", "out")
    assert (verified["files"], verified["bytes"]) == (len(files), sum(path.stat().st_size for path in files))
    assert (verified["problems"], verified["unexpected"]) == ([], [])


def test_prepare_prints_a_report_for_people() -> None:
    done = run("prepare", "raw.jsonl", "--out", "out")
    assert done.stdout.startswith("2 rows written of 4 read")
    assert "next: fastprep verify out" in done.stdout


def test_prepare_takes_every_option(tokenizer_folder: Path) -> None:
    report = made(
        "prepare", "raw.jsonl", "--out", "out", "--template", r"Q:\t{prompt}", "--completion", "A: {completion}",
        "--separator", "=>", "--stop", r"\x00END", "--tokenizer", str(tokenizer_folder), "--max-length", "40",
        "--on-overflow", "truncate_prompt_left", "--on-collision", "drop", "--special-tokens", "as_text",
        "--no-dedup", "--eos", "--max-rejects", "50%",
    )  # fmt: skip
    assert report["rows"]["written"] == 4
    assert report["tokens"]["length"]["max"] <= 40
    data = fp.load("out")
    assert data.format.render(prompt="x", completion="y") == ("Q:\tx=>", "A: y\x00END")
    assert all(ids[-1] == 0 for ids in data["train"].to_arrow()["input_ids"].to_pylist())


@pytest.mark.parametrize(
    ("given", "meant"),
    [(r"\n##\n", "\n##\n"), (r"\t→é", "\t→é"), (r"\\n", "\\n"), (r"\u00e9#", "é#"), ("\n=\n", "\n=\n")],
)
def test_escapes_are_decoded_and_echoed(given: str, meant: str) -> None:
    done = run("prepare", "raw.jsonl", "--out", "out", "--separator", given)
    assert done.code == 0
    assert done.stderr.startswith(f"separator {meant!r}, stop '\\n###\\n'")
    assert fp.load("out").format.separator == meant


def test_standard_input_is_read_by_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "fastprep", "prepare", "-", "--out", "out", "--json"]
    done = subprocess.run(command, input=Path("raw.jsonl").read_bytes(), capture_output=True, check=True)
    report = json.loads(done.stdout)
    assert report["rows"]["read"] == 4
    assert report["steps"][0]["step"] == "scan_jsonl"
    assert report["reasons"]["duplicate"]["first"] == {"file": "<stdin>", "row": 2, "line": 3}


def test_a_failing_process_has_its_exit_code_and_no_traceback() -> None:
    command = [sys.executable, "-m", "fastprep", "prepare", "no.jsonl", "--out", "out"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"Traceback" not in done.stderr
    assert done.stderr.splitlines()[1] == b"error[not_found]: there is no such file or folder"


def test_parquet_is_read() -> None:
    fp.scan_jsonl("raw.jsonl").to_polars().write_parquet("raw.parquet")
    assert made("prepare", "raw.parquet", "--out", "out")["rows"]["read"] == 4


def test_explain_prints_the_plan_of_prepare(tokenizer_folder: Path) -> None:
    options = "--on-overflow drop --on-collision drop --special-tokens strip --valid 0.1 --max-length 99".split()
    text = run("explain", "raw.jsonl", "--tokenizer", str(tokenizer_folder), *options).stdout
    for part in ("SCAN_JSONL", "on_collision=drop", "DEDUP", "valid=0.1", "max_length=99; on_overflow=drop", "SHUFFLE"):
        assert part in text
    assert not Path("out").exists()


def test_preview_prints_rows() -> None:
    text = run("preview", "raw.jsonl", "-n", "1", "--separator", "=>").stdout
    assert "row 1" in text
    assert "a=>1↵\n###↵" in text
    assert "row 2" not in text


def test_verify_finds_damage() -> None:
    made("prepare", "raw.jsonl", "--out", "out")
    assert run("verify", "out").stdout.startswith("whole: ")
    (shard,) = Path("out").glob("data/*/train-*.arrow")
    shard.write_bytes(shard.read_bytes() + b"x")
    done = run("verify", "out")
    assert done.code == 3
    assert done.stdout.startswith("damaged: ")
    assert f"{shard.name}: has {shard.stat().st_size} bytes, the manifest says" in done.stderr
    done = run("verify", "out", "--json")
    assert done.code == 3
    assert len(json.loads(done.stdout)["problems"]) == 1


def test_run_runs_a_plan_file() -> None:
    plan = '[source]\njsonl = "raw.jsonl"\n[[step]]\nverb = "head"\nn = 2\n[sink]\npath = "out"\n'
    Path("plan.toml").write_text(plan, "utf-8")
    explained = run("run", "plan.toml", "--explain")
    assert "HEAD         2 rows" in explained.stdout
    assert not Path("out").exists()
    assert made("run", "plan.toml")["rows"]["written"] == 2
    assert "error[exists]" in told("run", "plan.toml", code=3)


# The command, its exit code, and what it says on stderr.
FAILURES = {
    "too many rejects": (["--max-rejects", "0"], 1, "error[too_many_rejects]: 1 of 4 rows were rejected, more than"),
    "row refused": (
        ["--on-collision", "raise", "--separator", "a", "--template", "{prompt} {prompt}"],
        1,
        "error[separator_collision]: separator",
    ),
    "no such column": (["--template", "{promt}"], 2, "there are: prompt, completion; did you mean `prompt`?"),
    "broken template": (["--template", "{prompt"], 2, "error[bad_template]: "),
    "wrong word": (["--on-collision", "nope"], 2, "error[bad_option]: on_collision="),
    "empty mark": (["--stop", ""], 2, "error[bad_prompt_format]: the stop is empty"),
    "no tokenizer": (["--tokenizer", "nope"], 2, "error[tokenizer_not_found]: there is no such tokenizer"),
    "no number": (["--max-rejects", "few"], 2, "'few' is neither a number of rows nor a share such as 0.01 or 1%"),
    "unknown option": (["--lenght", "3"], 2, "No such option: --lenght"),
    "option nearly right": (["--separater", "x"], 2, "No such option: --separater (Possible options: --separator"),
    "trailing backslash": (["--separator", "x\\"], 2, "has a backslash that escapes nothing"),
    "broken escape": (["--stop", r"\u12"], 2, "has a backslash that escapes nothing"),
    "share above 1": (["--valid", "2"], 2, "error[bad_option]: split: valid=2 is not a share"),
    "target in a file": (["--out", "raw.jsonl/x"], 3, "error[cannot_write]: cannot write to this folder"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_fails_has_its_exit_code_and_no_traceback(name: str) -> None:
    arguments, code, says = FAILURES[name]
    assert says in " ".join(told("prepare", "raw.jsonl", "--out", "out", *arguments, code=code).split())
    assert not Path("out").exists()


def test_missing_files_are_input_errors() -> None:
    assert "error[not_found]: there is no such file or folder\n  at no.jsonl" in told(
        "prepare", "no.jsonl", "--out", "out", code=3
    )
    assert "error[not_prepared]: " in told("verify", "no", code=3)
    assert "error[cannot_read]: the plan file cannot be read" in told("run", "no.toml", code=3)


def test_usage_is_told() -> None:
    assert "Missing option '--out'" in told("prepare", "raw.jsonl", code=2)
    assert "No such command 'frobnicate'" in told("frobnicate", code=2)
    done = run("--help")
    assert done.code == 0
    for command in ("prepare", "explain", "preview", "verify", "run"):
        assert command in done.stdout
