"""Promise 8 with a real SIGKILL: at any instant the folder is the old data set or the new one, whole."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from common import verify, written

import fastprep as fp

pytestmark = pytest.mark.heavy

INSTANTS = 50

Files = dict[str, bytes]


class Publisher:
    """Runs `publisher.py`; `kill` and `finish` publish one of two data sets over what is there."""

    def __init__(self, folder: Path) -> None:
        self.out = folder / "out"
        raw = [folder / f"{name}.jsonl" for name in "ab"]
        for seed, path in enumerate(raw):
            rows = [{"prompt": f"{i}: {seed}", "completion": "x" * (i % 90)} for i in range(200)]
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, Path(__file__).parents[1] / "support" / "publisher.py", *raw, self.out]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def _ask(self, which: str, delay: str) -> tuple[str, float]:
        assert self.process.stdin
        assert self.process.stdout
        print(which, delay, file=self.process.stdin, flush=True)
        ended, seconds = self.process.stdout.readline().split()
        return ended, float(seconds)

    def kill(self, which: str, delay: float) -> str:
        """Publishes, and kills that after `delay` seconds; says whether it was `killed` or `done` before."""
        return self._ask(which, str(delay))[0]

    def finish(self, which: str) -> float:
        """Publishes to the end; gives the seconds."""
        ended, seconds = self._ask(which, "-")
        assert ended == "done"
        return seconds


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    made = Publisher(tmp_path)
    yield made
    made.process.communicate()
    assert made.process.returncode == 0


def assert_one_data_set(out: Path, sets: dict[str, Files]) -> str:
    """Checks that the folder is one of the data sets, file for file, and gives its name."""
    manifest = (out / "manifest.json").read_bytes()
    [which] = [name for name, files in sets.items() if files["manifest.json"] == manifest]
    for name, content in sets[which].items():
        # The copy of the rejects beside the manifest is for people, and follows the commit.
        if name != "rejects.jsonl":
            assert (out / name).read_bytes() == content, name
    assert [problem for problem in verify(out)["problems"] if problem["file"] != "rejects.jsonl"] == []
    rows = [row for split in fp.load(out).values() for row in split.to_arrow()["prompt"].to_pylist()]
    assert sorted(rows) == sorted(f"{i}: {'ab'.index(which)}\n##\n" for i in range(200) if i % 90)
    return which


def test_killed_at_any_instant_the_folder_is_the_old_data_or_the_new(publisher: Publisher) -> None:
    sets: dict[str, Files] = {}
    times = []
    for which in "abab":
        times.append(publisher.finish(which))
        sets.setdefault(which, written(publisher.out))
        assert written(publisher.out) == sets[which]
    random_ = random.Random(3)
    old, kills = "b", 0
    for _ in range(INSTANTS):
        new = "a" if old == "b" else "b"
        kills += publisher.kill(new, random_.uniform(0, 1.1 * sorted(times)[2])) == "killed"
        old = assert_one_data_set(publisher.out, sets)
        # The next run is not disturbed by what is left, and leaves nothing of it.
        old = "a" if random_.random() < 0.5 else "b"
        publisher.finish(old)
        assert written(publisher.out) == sets[old]
    assert kills


def test_killed_before_anything_was_published_there_is_nothing_to_read(publisher: Publisher) -> None:
    seconds = max(publisher.finish("a") for _ in range(2))
    expected = written(publisher.out)
    random_ = random.Random(4)
    for _ in range(10):
        _remove(publisher.out)
        publisher.kill("a", random_.uniform(0, seconds))
        if (publisher.out / "manifest.json").exists():
            assert_one_data_set(publisher.out, {"a": expected})
        elif publisher.out.exists():
            with pytest.raises(fp.SourceError, match="manifest"):
                fp.load(publisher.out)
        publisher.finish("a")
        assert written(publisher.out) == expected


def _remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


# -- Ctrl-C ----------------------------------------------------------------------------------------

ENDLESS = """
import itertools, sys
import fastprep as fp
out, verb = sys.argv[1:]
rows = ({"prompt": f"p{i}", "completion": "c" * 50} for i in itertools.count())
pipeline = fp.from_records(rows).format(fp.PromptFormat("{prompt}", completion="{completion}"))
if verb == "shuffle":
    pipeline = pipeline.shuffle()
try:
    pipeline.sink(out, formats=("arrow", "jsonl"), overwrite=True)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("verb", ["plain", "shuffle"])
@pytest.mark.parametrize("over", ["nothing", "older data"])
def test_ctrl_c_ends_an_endless_run_and_leaves_what_was_there(verb: str, over: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    if over == "older data":
        fp.from_records([{"prompt": "x", "completion": "y"}]).sink_arrow(out)
    before = written(tmp_path)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", ENDLESS, out, verb]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as run:
        # Once the hidden folder holds something, the run is under way.
        while run.poll() is None and not any(tmp_path.glob("out/.staging-*/*")):
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        printed, errors = run.communicate(timeout=60)
    assert (run.returncode, printed, errors) == (0, "interrupted\n", "")
    assert written(tmp_path) == before
    assert out.exists() is (over == "older data")


SILENT = """
import sys
import fastprep as fp

plan = fp.scan_jsonl("-")
try:
    print("waiting", flush=True)
    plan.sink_jsonl(sys.argv[1])
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("fed", [0, 3_000_000])
def test_ctrl_c_is_heard_while_standard_input_is_silent(fed: int, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    line = b'{"prompt": "' + b"x" * 972 + b'", "completion": "y"}\n'
    with subprocess.Popen(
        [sys.executable, "-c", SILENT, tmp_path / "out"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        assert run.stdout.readline() == b"waiting\n"
        for _ in range(0, fed, len(line)):
            run.stdin.write(line)
        run.stdin.flush()
        while fed and not any(tmp_path.glob("out/.staging-*/*")):
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        # The pipe stays open: nothing but the signal ends the run.
        assert run.wait(timeout=60) == 0
        assert run.stdout.read() == b"interrupted\n"
    assert not (tmp_path / "out").exists()


# Each waits for what takes hours, and knows so from the first line that is printed.
LONG = {
    "explain": """
import itertools, sys, time
import fastprep as fp
slowly = ({"prompt": f"p{i}"} for i in itertools.count() if time.sleep(0.01) is None)
def work():
    fp.from_records(slowly).explain()
""",
    "sink": """
import itertools, sys, time
import fastprep as fp
rows = [{"prompt": "x" * 1000} for _ in range(2000)]
slowly = itertools.chain(rows, ({"prompt": f"p{i}"} for i in itertools.count() if time.sleep(0.01) is None))
def work():
    fp.from_records(slowly).sink_arrow(sys.argv[1] + "/new")
""",
    "verify": """
import sys
from fastprep import _fastprep
def work():
    _fastprep.verify(sys.argv[1])
""",
    "against": """
import sys
import fastprep as fp
def work():
    fp.from_records([{"prompt": "x"}]).dedup(against=sys.argv[1]).collect()
""",
}


@pytest.mark.parametrize("name", LONG)
def test_ctrl_c_is_heard_in_whatever_takes_long(name: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    fp.from_records([{"prompt": "x"}]).dedup().sink_arrow(out)
    # All files of the data set have a terabyte, as the manifest says; they take no room.
    manifest = json.loads((out / "manifest.json").read_text())
    for entry in [*manifest["shards"], *manifest["sidecars"]]:
        entry["bytes"] = 1 << 40
        os.truncate(out / manifest["data"] / entry["name"], 1 << 40)
    (out / "manifest.json").write_text(json.dumps(manifest))
    program = (
        LONG[name]
        + """
try:
    print("working", flush=True)
    work()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", program, out]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as run:
        try:
            assert run.stdout is not None
            assert run.stdout.readline() == "working\n"
            time.sleep(0.5)
            run.send_signal(signal.SIGINT)
            printed, errors = run.communicate(timeout=20)
        finally:
            run.kill()
    assert (run.returncode, printed, errors) == (0, "interrupted\n", "")
