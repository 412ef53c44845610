"""What several proofs need: the shared data where it is there, published files as bytes, naive oracles."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import fastprep as fp
from fastprep import _fastprep

# Beside the repository, or one level up for a second working tree of it.
ROOT = Path(__file__).resolve().parents[2]
_BESIDE, _ABOVE = (parent / "shared" / "data" for parent in (ROOT.parent, ROOT.parent.parent))
SHARED = _BESIDE if _BESIDE.is_dir() else _ABOVE

SEPARATOR, STOP = "\n##\n", "\n###\n"

# Python takes four control characters for white space that Unicode does not.
WHITE_SPACE = "".join(c for c in map(chr, range(0x110000)) if c.isspace() and c not in "\x1c\x1d\x1e\x1f")


def shared(name: str) -> Path:
    """A file of the shared test data; skips the test where it is absent."""
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"needs ../shared/data/{name}, which is not part of the repository")
    return path


def shared_rows(name: str) -> list[dict[str, Any]]:
    with gzip.open(shared(f"datasets/{name}.jsonl.gz"), "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def shared_tokenizer(name: str, folder: Path) -> Path:
    """A real ``tokenizer.json``, unpacked into ``folder``."""
    path = folder / name / "tokenizer.json"
    path.parent.mkdir()
    path.write_bytes(gzip.decompress(shared(f"tokenizers/{name}.json.gz").read_bytes()))
    return path


def written(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder``, hidden ones too, by relative path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if not p.is_dir()}


def data_files(folder: Path) -> dict[str, bytes]:
    """The files of the published generation by name."""
    data = folder / fp.load(folder).manifest["data"]
    return {path.name: path.read_bytes() for path in sorted(data.iterdir())}


def json_lines(path: Path) -> list[dict[str, Any]]:
    # str.splitlines() would also split at U+2028.
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def table_rows(table: Any) -> list[dict[str, Any]]:
    """Rows of a pyarrow table, JSON columns as the values that their text says."""
    rows: list[dict[str, Any]] = table.to_pylist()
    for field in table.schema:
        named = (field.metadata or {}).get(b"ARROW:extension:name") == b"arrow.json"
        if named or getattr(field.type, "extension_name", "") == "arrow.json":
            for row in rows:
                row[field.name] = None if row[field.name] is None else json.loads(row[field.name])
    return rows


def verify(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(_fastprep.verify(str(folder)))
    return report


def occurrences(needle: str, text: str) -> list[int]:
    """Where ``needle`` occurs, overlapping matches included, tried at every offset."""
    return [at for at in range(len(text) - len(needle) + 1) if text[at : at + len(needle)] == needle]


def render(prompt: str, completion: str, separator: str = SEPARATOR, stop: str = STOP) -> tuple[str, str]:
    """A row's two parts: each gets its mark, unless it ends in it."""
    prompt = prompt if prompt.endswith(separator) else prompt + separator
    return prompt, completion if completion.endswith(stop) else completion + stop


def removal(prompt: str, completion: str, separator: str = SEPARATOR, stop: str = STOP) -> str | None:
    """The reason for which ``format`` must take this row out, if there is one: promise 4, naively."""
    prompt, completion = render(prompt, completion, separator, stop)
    if not prompt.removesuffix(separator).strip(WHITE_SPACE):
        return "empty_prompt"
    if not completion.removesuffix(stop).strip(WHITE_SPACE):
        return "empty_completion"
    row = prompt + completion
    own = {separator: len(prompt) - len(separator), stop: len(row) - len(stop)}
    first = {mark: [at for at in occurrences(mark, row) if at != own[mark]] for mark in own}
    if not any(first.values()):
        return None
    # Of several, the leftmost is named; neither mark begins the other.
    return "separator_collision" if min((at, m) for m in own for at in first[m])[1] == separator else "stop_collision"


def steps_add_up(report: dict[str, Any]) -> None:
    """Promise 1: each row is accounted for at every step, and the steps hand on what they give."""
    steps: list[dict[str, Any]] = report["steps"]
    for step in steps:
        removed = sum(r["count"] for r in step["removed"].values())
        assert step["rows_in"] + step.get("repeated", 0) == step["rows_out"] + removed, step
    sources = [i for i, step in enumerate(steps) if step["step"].startswith(("scan_", "from_"))]
    # The last steps of all sources that a concat joins give it its rows together.
    joined = next((i for i, step in enumerate(steps) if step["step"] == "concat"), None)
    for i, (before, after) in enumerate(pairwise(steps), 1):
        if i != joined and i not in sources:
            assert before["rows_out"] == after["rows_in"], (before, after)
    if joined is not None:
        assert steps[joined]["rows_in"] == sum(steps[i - 1]["rows_out"] for i in [*sources[1:], joined])
    rows = report["rows"]
    assert rows["read"] == sum(steps[i]["rows_in"] for i in sources)
    assert rows["written"] == steps[-1]["rows_out"]
    assert rows["read"] + rows.get("repeated", 0) == sum(
        rows[kind] for kind in ("written", "rejected", "duplicate", "filtered", "dropped")
    )
