"""Progress: a bar where standard error is a terminal, and nothing elsewhere."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import PAIR, pairs

import fastprep as fp
from fastprep.cli import progress_bar


def prepare(folder: Path, stderr: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fastprep", "prepare", "raw.jsonl", "--out", "out", "--overwrite", "--json"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm", "COLUMNS": "120"}
    return subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True, check=True
    )


def test_a_terminal_gets_a_bar_and_standard_output_the_report_alone(tmp_path: Path) -> None:
    row = json.dumps({"prompt": "a", "completion": "b"})
    (tmp_path / "raw.jsonl").write_text(f"{row}\n", "utf-8")
    main, terminal = pty.openpty()
    done = prepare(tmp_path, terminal)
    os.close(terminal)
    shown = os.read(main, 1 << 16).decode()
    os.close(main)
    assert json.loads(done.stdout)["rows"]["written"] == 1
    assert "read" in shown
    assert "0:00:0" in shown
    assert prepare(tmp_path, subprocess.PIPE).stderr == "separator '\\n##\\n', stop '\\n###\\n'\n"


def test_progress_is_told_in_stored_bytes(tmp_path: Path) -> None:
    reported: list[tuple[str, int, int | None]] = []
    raw = tmp_path / "raw.jsonl"
    rows = (json.dumps({"prompt": f"{i} " + "x" * 500, "completion": "b"}) + "\n" for i in range(100_000))
    raw.write_text("".join(rows), "utf-8")
    fp.scan_jsonl(raw)._with_progress(lambda *now: reported.append(now)).sink_arrow(tmp_path / "out", threads=1)
    size = raw.stat().st_size
    assert all(total == size and read <= size for _, read, total in reported)
    assert [read for _, read, _ in reported] == sorted(read for _, read, _ in reported)


@pytest.mark.parametrize(("verb", "phase"), [("shuffle", "shuffle"), ("pack", "pack"), ("resolve_conflicts", "choose")])
def test_progress_names_its_phase(verb: str, phase: str, tokenizer_folder: Path, tmp_path: Path) -> None:
    reported: list[str] = []
    plan = pairs(*((f"{i}", "b") for i in range(10))).format(PAIR).tokenize(tokenizer_folder, max_length=64)
    watched = getattr(plan, verb)()._with_progress(lambda phase, read, total: reported.append(phase))
    watched.sink_arrow(tmp_path / "out")
    order = ["read", phase, "publish"]
    assert reported[-1] == "publish"
    assert reported == sorted(reported, key=order.index)


@pytest.mark.parametrize(
    ("now", "shown"),
    [
        (("read", 1, 2), ("read", 2)),
        (("read", 1, None), ("read", None)),
        (("read", 2, 2), ("write", None)),
        (("shuffle", 2, 2), ("shuffle", None)),
        (("publish", 2, 2), ("publish", None)),
    ],
)
def test_a_bar_at_its_end_is_one_without_an_end(now: tuple[str, int, int], shown: tuple[str, int | None]) -> None:
    assert progress_bar.bar_state(*now) == shown
