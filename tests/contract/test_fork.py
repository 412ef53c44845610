"""Steps that use polars in a process that was forked: an error instead of waiting forever."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.heavy

FORKED = """
import multiprocessing, sys
import polars as pl
import fastprep as fp

def work():
    rows = fp.from_records([{"q": f"row {i}"} for i in range(100)])
    return STEP.collect().num_rows

def child(queue):
    try:
        queue.put(work())
    except fp.FastprepError as e:
        queue.put(f"{type(e).__name__} {e.code}: {e.help}")

if USED:
    work()
context = multiprocessing.get_context("fork")
queue = context.Queue()
process = context.Process(target=child, args=(queue,), daemon=True)
process.start()
print(queue.get(timeout=60))
"""
STEPS = {
    "filter": 'rows.filter(pl.col("q").str.contains("1"))',
    "with_columns": 'rows.with_columns(n=pl.col("q").str.len_bytes())',
    "map_batches": 'rows.map_batches(lambda frame: frame.with_columns(n=pl.col("q").str.len_bytes()), name="n")',
}


def forked(step: str, used: bool) -> str:
    code = FORKED.replace("STEP", STEPS[step]).replace("USED", str(used))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads are counted by /proc")
@pytest.mark.parametrize("step", STEPS)
def test_a_forked_process_says_that_polars_threads_are_lost(step: str) -> None:
    assert "forked" in forked(step, used=True)
    assert "spawn" in forked(step, used=True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads are counted by /proc")
def test_a_process_forked_before_polars_was_used_works() -> None:
    assert forked("filter", used=False) == "19"
