"""Runs of `to_lazyframe`: read as far as polars takes rows, in bounded memory, and ended with the query."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from counted_source import Counted
from tiny import PAIR, pairs

import fastprep as fp
from fastprep import lazy_source

ENGINES = ["in-memory", "streaming"]
engines = pytest.mark.parametrize("engine", ENGINES)


def run_threads() -> int:
    """How many runs have a thread in this process."""
    return sum("fastprep-run" in path.read_text() for path in Path("/proc/self/task").glob("*/comm"))


@engines
def test_a_row_limit_ends_reading(engine: Any) -> None:
    source = Counted(500)
    plan = fp.from_arrow(source).filter(pl.col("n") % 2 == 0).to_lazyframe()
    assert plan.head(700).collect(engine=engine)["n"].to_list() == [*range(0, 1400, 2)]
    assert source.made < 200
    assert plan.head(0).collect(engine=engine).shape == (0, 2)
    assert run_threads() == 0


@engines
def test_polars_may_stop_early(engine: Any) -> None:
    source = Counted(100_000)
    lazy = fp.from_arrow(source).to_lazyframe().slice(5, 2000)
    if engine == "streaming":
        assert lazy.collect(engine=engine)["n"].to_list() == [*range(5, 2005)]
        assert source.made < 5000
    batches = iter(fp.from_arrow(source).to_lazyframe().collect_batches(maintain_order=True))
    assert next(batches)["n"][0] == 0
    del batches
    assert source.made < 5000


def test_batches_are_made_as_they_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slowly polars takes the rows, no more batches are in flight than the engine's limit allows."""
    monkeypatch.setenv("FASTPREP_BATCH_BYTES", "20000")
    source = Counted(2000)
    plan = fp.from_arrow(source).filter(pl.col("n") >= 0)
    frames = lazy_source._frames(plan, plan.to_polars().schema, 2, None, None, None)
    ahead, taken = [], 0
    for frame in frames:
        taken += frame.height
        ahead.append(source.made - taken // 1000)
    assert taken == 2_000_000
    # 2 threads have 8 batches of 20,000 bytes each in flight; a batch of the source has about 20,000.
    assert max(ahead) < 60


MEMORY = """
import resource, sys
import polars as pl, pyarrow as pa, fastprep as fp

class Source:
    def __arrow_c_stream__(self, requested_schema=None):
        schema = pa.schema({"text": pa.string()})
        batch = pa.record_batch([pa.array(["x" * 4096] * 1024)], schema=schema)
        batches = (batch for _ in range(int(sys.argv[1])))
        return pa.RecordBatchReader.from_batches(schema, batches).__arrow_c_stream__()

plan = fp.from_arrow(Source()).with_columns(longer=pl.col("text") + "y")
query = plan.to_lazyframe(threads=2).select(pl.col("longer").str.len_bytes().sum())
total = query.collect(engine="streaming").item()
print(total, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_rows() -> None:
    def peak(batches: int) -> int:
        done = subprocess.run([sys.executable, "-c", MEMORY, str(batches)], capture_output=True, text=True, check=True)
        total, kilobytes = map(int, done.stdout.split())
        assert total == batches * 1024 * 4097
        return kilobytes

    # 1.2 GB more rows, in batches of 4 MB.
    assert peak(320) < peak(20) + 400_000


@engines
def test_an_error_of_the_run_is_raised_by_collect(engine: Any) -> None:
    def fails(frame: pl.DataFrame) -> pl.DataFrame:
        if frame.height and frame["n"].max() >= 5000:
            raise ArithmeticError("no")
        return frame

    plan = fp.from_arrow(Counted(20)).map_batches(fails, name="fails")
    with pytest.raises(fp.CallbackError, match="map_batches fails failed") as caught:
        plan.to_lazyframe().collect(engine=engine)
    assert caught.value.code == "callback_failed"
    assert isinstance(caught.value.__cause__, ArithmeticError)
    assert run_threads() == 0
    # A limit before the row that fails.
    assert plan.to_lazyframe().head(10).collect(engine=engine).height == 10


def test_rejects_before_an_early_stop_are_warned_about() -> None:
    plan = pairs(("a", ""), *((f"q{n}", "a") for n in range(100_000))).format(PAIR)
    frames = lazy_source._frames(plan, plan.to_polars().schema, None, None, None, None)
    next(frames)
    with pytest.warns(UserWarning, match=r"1 row was rejected: 1 empty_completion \(first: data:1\)"):
        frames.close()
    assert run_threads() == 0


INTERRUPTED = """
import itertools, os, pathlib, signal, sys
import fastprep as fp, polars as pl

def records():
    for n in itertools.count():
        if n == 200_000:
            os.kill(os.getpid(), signal.SIGINT)
        yield {"a": n}

def runs():
    return any("fastprep-run" in path.read_text() for path in pathlib.Path("/proc/self/task").glob("*/comm"))

plan = fp.from_records(records()).filter(pl.col("a") >= 0)
try:
    try:
        plan.to_lazyframe().select(pl.col("a").sum()).collect(engine=sys.argv[1])
    finally:
        # Python may raise a second one for the same signal, after that of polars.
        for _ in range(100):
            pass
except KeyboardInterrupt:
    print("interrupted")
while runs():
    pass
"""


@engines
def test_ctrl_c_stops_the_run(engine: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, engine], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr


ONE_THREAD = """
import fastprep as fp, polars as pl
rows = pl.DataFrame({"a": range(5000), "b": [f"text {n}" for n in range(5000)]})
def plan():
    columns = [(pl.col("a") * k + pl.col("b").str.len_chars()).alias(f"c{k}") for k in range(6)]
    return fp.from_arrow(rows).with_columns(*columns).filter(pl.col("c1") >= 0).to_lazyframe()
for engine in ("in-memory", "streaming"):
    print(pl.concat([plan() for _ in range(6)]).collect(engine=engine).height)
    print(sum(frame.height for frame in pl.collect_all([plan() for _ in range(6)], engine=engine)))
    joined = plan().join(plan().select("a", "c2"), on="a").join(plan().sort("b").select("a"), on="a")
    print(joined.collect(engine=engine).height)
"""


def test_runs_that_need_polars_do_not_wait_for_its_threads() -> None:
    """A query that takes rows of several runs, each of which evaluates expressions with polars' only thread."""
    environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", ONE_THREAD], capture_output=True, text=True, timeout=120, check=True, env=environment
    )
    assert done.stdout.split() == ["30000", "30000", "5000"] * 2


STOPPED_BY_A_WORKER = """
import sys, threading
import fastprep as fp

runs, started, stopped = [], threading.Event(), threading.Event()
plan = fp.from_records([{"a": n} for n in range(100)])

# As the garbage collector does when it runs in a worker, and closes what holds a run.
def stops(frame):
    if frame.height and not stopped.is_set():
        started.wait()
        runs.pop().stop() if sys.argv[1] == "stop" else runs.clear()
        stopped.set()
    return frame

rows = plan.map_batches(stops, name="stops")._plan.rows(2)
runs.append(rows if sys.argv[2] == "own" else plan._plan.rows(2))
started.set()
try:
    while rows.next() is not None:
        pass
    assert sys.argv[2] == "other"
except KeyboardInterrupt:
    assert sys.argv[2] == "own"
assert stopped.wait(30)
print("ended")
"""


@pytest.mark.parametrize(("how", "whose"), [("stop", "own"), ("stop", "other"), ("drop", "other")])
def test_a_run_can_be_stopped_by_a_worker(how: str, whose: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STOPPED_BY_A_WORKER, how, whose],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("ended\n", 0), done.stderr
