"""Errors of the command line: help in flags, one JSON object with `--json`, one line and 130 for Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tiny import jsonl

import fastprep as fp
from fastprep import _fastprep, exceptions
from fastprep.cli import error_help

ROOT = Path(__file__).parents[2]
# What no shell takes.
PYTHON = re.compile(r"\bfp\.|fastprep\.|pl\.col|\w\(|=True|=False|=None|pyarrow|from_|scan_|Prompt[A-Z]|\.\w+\(|sink_")


def fastprep(*arguments: str, code: int, encoding: str = "utf-8") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": encoding, "COLUMNS": "300"}
    command = [sys.executable, "-m", "fastprep", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, encoding=encoding)
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return jsonl(tmp_path / "raw.jsonl", [{"prompt": "a", "completion": "1"}, {"prompt": "c", "completion": ""}])


# --- help


def described() -> list[str]:
    return re.findall(r"^### (\w+)$", (ROOT / "docs/errors.md").read_text("utf-8"), re.MULTILINE)


def test_every_code_has_its_help_for_shells() -> None:
    assert [code for code in described() if code not in error_help.HELP] == []
    assert set(error_help.REASONS) == {code for code, _ in _fastprep.reasons()}


@pytest.mark.parametrize("code", [*error_help.HELP, *error_help.REASONS])
def test_help_for_shells_speaks_no_python(code: str) -> None:
    for reason in (None, f"{code}:name"):
        error = fp.DataError("what", code=code, column="name", reason=reason, help="")
        assert PYTHON.search((error_help.help_for(error) or "").replace("CAST(", "").replace("not (", "")) is None


def test_help_names_what_the_error_names() -> None:
    def help_for(code: str, **parts: Any) -> str | None:
        return error_help.help_for(fp.DataError("what", code=code, help="Python()", **parts))

    assert help_for("no_rows", reason="special_token_in_text:</s>") == (
        "if the rows end in </s>, give --stop '</s>'; otherwise choose what happens to it: "
        "--special-tokens as_text, strip or as_token"
    )
    assert "{#input}…{input}…{/input}" in (help_for("missing_field", column="input") or "")
    assert "--template ''" in (help_for("no_rows", reason="empty_prompt") or "")
    too_many = help_for("too_many_rejects", reason="stop_collision") or ""
    assert "--stop" in too_many
    assert too_many.endswith("a run writes its rejects to a file, each with its reason and place")
    searched = f"relative paths start at {os.getcwd()}; folders are searched for files of the formats that are read"
    assert help_for("not_found") == searched
    assert help_for("misspelt_column") is None
    # A mark within a longer word would be replaced too.
    for text in [*error_help.HELP.values(), *error_help.REASONS.values()]:
        assert re.findall(r"\w*(?:COLUMN|TOKEN|FOLDER)\w*", text) == re.findall(r"COLUMN|TOKEN|FOLDER", text)


# What fails, and what its help says.
FAILURES = {
    "unknown": ("some text", [], 3, "convert it to one of the formats"),
    "no prompt": ('{"prompt":"","completion":"a"}', [], 1, "--template ''"),
    "number": ('{"prompt":1,"completion":"a"}', [], 2, "instead of prompt in --template"),
    "no rows": ("", [], 2, "the input is empty"),
    "no column": ('{"a":"b"}', [], 2, "name an existing column"),
    "exists": ('{"prompt":"a","completion":"b"}', ["--out", "."], 3, "--overwrite"),
    "no tokenizer": ('{"prompt":"a","completion":"b"}', ["--tokenizer", "gpt2"], 2, "hf download MODEL"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failing_command_gives_advice_for_a_shell(name: str) -> None:
    text, options, code, says = FAILURES[name]
    Path("x.jsonl").write_text(text + "\n", "utf-8")
    stderr = fastprep("prepare", "x.jsonl", "--out", "out", *options, code=code).stderr
    help = stderr.split("\n  help: ")[1]
    assert says in help
    assert PYTHON.search(help.replace("CAST(", "")) is None


# --- JSON


def test_an_error_is_one_object_with_json() -> None:
    done = fastprep("prepare", "raw.jsonl", "--out", "out", "--template", "{promt}", "--json", code=2)
    assert json.loads(done.stdout) == {
        "class": "ColumnError",
        "code": "missing_column",
        "message": "format: there is no column `promt`; columns: prompt, completion; did you mean `prompt`?",
        "file": None,
        "row": None,
        "line": None,
        "column": "promt",
        "help": error_help.HELP["missing_column"],
    }
    assert "error" not in done.stderr


def test_an_error_about_a_row_has_its_place_as_numbers() -> None:
    jsonl(Path("raw.jsonl"), [{"prompt": "a", "completion": "1"}, {"prompt": "x=y", "completion": "x"}])
    options = ["--separator", "=", "--on-collision", "raise", "--json"]
    error = json.loads(fastprep("prepare", "raw.jsonl", "--out", "out", *options, code=1).stdout)
    assert (error["class"], error["code"]) == ("DataError", "separator_collision")
    assert (error["file"], error["row"], error["line"]) == ("raw.jsonl", 1, 2)


@pytest.mark.parametrize("arguments", ["prepare raw.jsonl", "verify --jsn", "prepare x --valid few", "prepar x"])
def test_wrong_flags_are_an_object_too(arguments: str) -> None:
    error = json.loads(fastprep(*arguments.split(), "--json", code=2).stdout)
    assert (error["code"], error["help"]) == ("usage", None)
    assert error["message"]


def test_json_is_json_on_any_terminal() -> None:
    jsonl(Path("é.jsonl"), [{"prompt": "a", "completion": ""}, {"prompt": "a", "completion": "b"}])
    for encoding in ("utf-8", "cp1252", "ascii"):
        options = ["--json", "--overwrite"]
        done = fastprep("prepare", "é.jsonl", "--out", "out", *options, code=0, encoding=encoding)
        assert json.loads(done.stdout)["reasons"]["empty_completion"]["first"]["file"] == "é.jsonl"


@pytest.mark.parametrize("command", [["prepare", "--out", "out"], ["explain"], ["preview"]])
def test_any_terminal_can_show_what_commands_print(command: list[str]) -> None:
    jsonl(Path("日.jsonl"), [{"prompt": "日", "completion": "é"}])
    name, *options = command
    shown = fastprep(name, "日.jsonl", *options, code=0, encoding="cp1252").stdout
    assert ("\\u65e5" in shown) == (name != "prepare")


# --- Ctrl-C


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_an_interruption_is_one_line_and_130(flags: list[str]) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "fastprep", "prepare", "-", "--out", "out", *flags]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, env=environment, **pipes)
    assert process.stdin is not None
    assert process.stderr is not None
    # The line that every run begins with: the command waits for standard input from here on.
    first = process.stderr.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert first.startswith(b"separator ")
    if flags:
        assert json.loads(stdout)["code"] == "cancelled"
        assert stderr == b""
    else:
        assert (stdout, stderr) == (b"", b"interrupted; nothing was published\n")
    assert not Path("out").exists()


def test_every_class_of_error_has_an_exit_code() -> None:
    from fastprep.cli.exit import exit_code

    codes = {kind.__name__: exit_code(kind("what", code="x")) for kind in exceptions.FastprepError.__subclasses__()}
    listed = re.findall(r"^\| \[`(\w+)`\].* \| (\d) \|$", (ROOT / "docs/errors.md").read_text("utf-8"), re.MULTILINE)
    assert codes == {name: int(code) for name, code in listed}
