"""Commands run in this process, which is faster than in one of their own."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tiny import jsonl

from fastprep.cli import main

ROWS = [
    {"prompt": "a", "completion": "1"},
    {"prompt": "b", "completion": "2"},
    {"prompt": "a", "completion": "1"},
    {"prompt": "c", "completion": ""},
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of each test of a module that imports this: it holds the rows in `raw.jsonl`."""
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
    """Runs a command."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["fastprep", *arguments])
        patch.setenv("COLUMNS", "300")
        with pytest.raises(SystemExit) as end:
            main()
    return Done(end.value.code, out.getvalue(), err.getvalue())


def failure(*arguments: str, code: int) -> str:
    """What a command that ends in this code prints on stderr; it prints nothing else."""
    done = run(*arguments)
    assert (done.code, done.stdout) == (code, ""), done.stderr
    return done.stderr


def answer(*arguments: str) -> dict[str, Any]:
    """The one JSON object on stdout."""
    done = run(*arguments, "--json")
    assert done.code == 0, done.stderr
    assert done.stdout.count("\n") == 1
    answered: dict[str, Any] = json.loads(done.stdout)
    return answered
