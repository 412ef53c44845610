"""Commands that look and write nothing: `check`, `suggest`, `show`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from shell import ROWS, answer, failure, run
from shell import folder as folder
from tiny import jsonl

import fastprep as fp


def check_error(*arguments: str) -> dict[str, Any]:
    """The error in the object of a check that ends in 1."""
    done = run("check", *arguments, "--json")
    assert done.code == 1
    error: dict[str, Any] = json.loads(done.stdout)["error"]
    return error


def test_check_says_what_prepare_would_reject_and_writes_nothing() -> None:
    before = sorted(Path().iterdir())
    done = run("check", "raw.jsonl")
    assert done.code == 0
    assert done.stdout.splitlines() == [
        "2 rows would be written of 4 read",
        "  -         1  duplicate         first: raw.jsonl:3",
        "  -         1  empty_completion  first: raw.jsonl:4",
    ]
    assert sorted(Path().iterdir()) == before
    assert answer("check", "raw.jsonl")["error"] is None
    counted, written = answer("check", "raw.jsonl"), answer("prepare", "raw.jsonl", "--out", "out")
    assert (counted["rows"], counted["reasons"]) == (written["rows"], written["reasons"])


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--max-rejects", "0"], "too_many_rejects", "1 of 4 rows would be rejected, more than --max-rejects allows"),
        (["--max-rejects", "20%"], "too_many_rejects", "1 of 4 rows would be rejected"),
        (["--filter", "prompt = 'z'"], "no_rows", "none of the 4 rows read would be left"),
        (["--max-rejects", "1"], None, None),
        (["--max-rejects", "25%"], None, None),
    ],
)
def test_check_ends_as_prepare_would(options: list[str], code: str | None, says: str | None) -> None:
    done = run("check", "raw.jsonl", *options, "--json")
    error = json.loads(done.stdout)["error"]
    prepared = run("prepare", "raw.jsonl", "--out", "out", *options)
    assert done.code == prepared.code == (1 if code else 0)
    if code:
        assert error["code"] == code
        assert says in error["message"]
        assert f"error[{code}]: " in prepared.stderr
        shown = run("check", "raw.jsonl", *options)
        assert shown.code == 1
        assert f"error[{code}]: {error['message']}\n  help: {error['help']}" in shown.stderr
        assert prepared.stderr.split("help: ")[1].strip() == error["help"]


def test_check_names_the_token_that_takes_the_rows_out(tokenizer_folder: Path) -> None:
    jsonl(Path("raw.jsonl"), [{"prompt": p, "completion": "x<|endoftext|>"} for p in "ab"])
    error = check_error("raw.jsonl", "--tokenizer", str(tokenizer_folder))
    assert "if the rows end in <|endoftext|>, give --stop '<|endoftext|>'" in error["help"]
    jsonl(Path("raw.jsonl"), [{"prompt": p, "c": "x"} for p in "ab"] + [{"prompt": "c", "completion": "x"}])
    assert "{#completion}" in check_error("raw.jsonl", "--max-rejects", "1")["help"]


def test_suggest_prints_flags_that_prepare_takes(tokenizer_folder: Path) -> None:
    jsonl(Path("raw.jsonl"), [{"q": "a\n##\nb", "a": "1"}, {"q": "b", "a": "2"}])
    templates = ["--template", "{q}", "--completion", "{a}"]
    done = run("suggest", "raw.jsonl", *templates)
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout == "--separator '\\n\\n###\\n\\n' --stop ' END'\n"
    assert answer("suggest", "raw.jsonl", *templates) == {"separator": "\n\n###\n\n", "stop": " END", "warnings": []}
    report = answer("prepare", "raw.jsonl", "--out", "out", *templates, *shlex.split(done.stdout))
    assert report["rows"]["written"] == 2
    assert run("suggest", "raw.jsonl", *templates, "--tokenizer", str(tokenizer_folder), "--no-eos").code == 0
    assert "error[missing_column]" in failure("suggest", "raw.jsonl", code=2)


def test_a_suggested_stop_without_stable_ids_is_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    from fastprep import format_trials

    monkeypatch.setattr(format_trials, "_stable_share", lambda *_: 0.5)
    done = run("suggest", "raw.jsonl", "--tokenizer", "any")
    assert done.stderr.startswith("warning: only 50.0% of the completions end in the token ids of the stop")
    warned = answer("suggest", "raw.jsonl", "--tokenizer", "any")["warnings"]
    assert warned == [done.stderr.removeprefix("warning: ").strip()]


def test_show_prints_what_a_folder_holds(tokenizer_folder: Path) -> None:
    options = ["--tokenizer", str(tokenizer_folder), "--test", "0.5", "--no-shuffle"]
    answer("prepare", "raw.jsonl", "--out", "out", *options)
    data = fp.load("out")
    shown = run("show", "out").stdout
    assert shown.startswith(f"out: 2 rows, written by fastprep {fp.__version__}\n")
    assert f"{data['train'].tokens:>13,} tokens" in shown
    for part in ("prompt str, completion str, input_ids list<int32>", "stop '\\n###\\n'", "vocab_size", "raw.jsonl: ",
                 "4 read, 2 written, 1 rejected, 1 duplicate", "    TOKENIZE     tokenizer"):  # fmt: skip
        assert part in shown
    assert answer("show", "out") == {"path": "out", **data.manifest}
    rows = run("show", "out", "-n", "1").stdout
    assert rows.startswith(shown)
    assert "a↵\n##↵\n1↵" in rows
    assert "error[not_found]" in failure("show", "absent", code=3)


def test_show_of_a_folder_without_arrow_prints_no_half_of_an_answer() -> None:
    Path("plan.toml").write_text('[source]\njsonl = "raw.jsonl"\n[sink]\nformats = ["jsonl"]\n', "utf-8")
    answer("run", "plan.toml", "--out", "out")
    assert run("show", "out").code == 0
    jsonl(Path("pairs.jsonl"), ROWS[:2])
    answer("run", "plan.toml", "--out", "out", "--overwrite", "--set", "source.jsonl=pairs.jsonl")
    assert "error[no_arrow_shards]" in failure("show", "out", "-n", "1", code=3)


def test_control_characters_of_names_are_written_as_escapes() -> None:
    jsonl(Path("a\x1b[31m.jsonl"), [ROWS[3], ROWS[0]])
    out = ["--out", "out"]
    for command, *options in (["prepare", *out], ["check"], ["prepare", *out], ["prepare", *out, "--select", "\x9b"]):
        done = run(command, "a\x1b[31m.jsonl", *options)
        assert not any(c in done.stdout + done.stderr for c in "\x1b\x9b")
    assert "a\\x1b[31m.jsonl: " in run("show", "out").stdout


def test_show_has_no_rows_of_ids_alone(tokenizer_folder: Path) -> None:
    options = ["--tokenizer", str(tokenizer_folder), "--max-length", "64", "--pack"]
    answer("prepare", "raw.jsonl", "--out", "out", *options)
    assert "the folder has no text, only token ids: leave -n out" in failure("show", "out", "-n", "1", code=2)
    done = run("show", "out", "-n", "1", "--json")
    assert (done.code, json.loads(done.stdout)["code"]) == (2, "usage")
