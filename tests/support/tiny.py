"""Small data, and short ways to say what a test needs of a pipeline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import fastprep as fp

PAIR = fp.PromptFormat("{prompt}", completion="{completion}", separator="\n##\n", stop="\n###\n")


def jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Writes rows as JSON lines."""
    path.write_bytes(b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows))
    return path


def records(*rows: Mapping[str, Any]) -> fp.Pipeline:
    """A chain over these dicts, called `data` in places."""
    return fp.from_records(rows, name="data")


def pairs(*texts: tuple[str, str]) -> fp.Pipeline:
    """A chain over prompts and completions."""
    return records(*({"prompt": prompt, "completion": completion} for prompt, completion in texts))


def rows(pipeline: fp.Pipeline) -> list[dict[str, Any]]:
    """The rows that come out."""
    listed: list[dict[str, Any]] = pipeline.collect().to_pylist()
    return listed


def column(pipeline: fp.Pipeline, name: str) -> list[Any]:
    """One column of what comes out."""
    return [row[name] for row in rows(pipeline)]


def rejects(folder: Path) -> list[dict[str, Any]]:
    """The rejects that a sink wrote."""
    return read_jsonl(folder / "rejects.jsonl")


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Rows of a file of JSON lines."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def refused(kind: type[fp.FastprepError], code: str, match: str) -> Any:
    """Expects an error of this kind and code, whose message matches, and whose help is part of its message."""
    return pytest.raises(kind, match=match, check=lambda e: e.code == code and (e.help or "") in str(e))


@contextmanager
def closed_folder(mode: int) -> Iterator[Path]:
    """A folder of this mode, within one that everybody may enter."""
    with tempfile.TemporaryDirectory() as parent:
        os.chmod(parent, 0o755)
        folder = Path(parent) / "closed"
        folder.mkdir(mode=mode)
        yield folder


def as_nobody(code: str) -> str:
    """Runs code for which root's rights do not open every folder; gives what it prints last on stderr."""
    drop = "import os, fastprep as fp, polars, pyarrow\nif os.geteuid() == 0: os.setresuid(65534, 65534, 65534)\n"
    done = subprocess.run([sys.executable, "-c", drop + code], capture_output=True, check=False)
    return done.stderr.decode()
