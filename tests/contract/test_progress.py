"""Progress: a bar where standard error is a terminal, and nothing elsewhere."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import fastprep as fp


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
    told: list[tuple[int, int | None]] = []
    raw = tmp_path / "raw.jsonl"
    rows = (json.dumps({"prompt": f"{i} " + "x" * 500, "completion": "b"}) + "\n" for i in range(100_000))
    raw.write_text("".join(rows), "utf-8")
    plan = fp.scan_jsonl(raw)._plan.with_progress(lambda read, total: told.append((read, total)))
    fp.Pipeline(plan).sink_arrow(tmp_path / "out", threads=1)
    size = raw.stat().st_size
    assert all(total == size and read <= size for read, total in told)
    assert told == sorted(told)
