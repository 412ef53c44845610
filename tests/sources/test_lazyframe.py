"""`from_arrow` of a polars LazyFrame: its query runs batch by batch, for each run of the plan."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tiny import column, refused, rows

import fastprep as fp

FRAME = pl.DataFrame({"q": [f"question {i}" for i in range(500)], "n": range(500), "z": [None] * 500})


@pytest.fixture
def lazy(tmp_path: Path) -> pl.LazyFrame:
    FRAME.write_parquet(tmp_path / "x.parquet", row_group_size=60)
    return pl.scan_parquet(tmp_path / "x.parquet")


def test_rows_are_those_of_the_query_in_order(lazy: pl.LazyFrame) -> None:
    query = lazy.filter(pl.col("n") % 7 == 0).with_columns(twice=pl.col("n") * 2)
    assert rows(fp.from_arrow(query)) == query.collect().to_dicts()
    assert column(fp.from_arrow(FRAME.lazy()).select("n"), "n") == list(range(500))


def test_explain_does_not_run_the_query() -> None:
    seen = []

    def count(frame: pl.DataFrame) -> pl.DataFrame:
        seen.append(frame.height)
        return frame

    lazy = FRAME.lazy().map_batches(count, schema=FRAME.schema)
    plan = fp.from_arrow(lazy, name="lazy")
    assert "reads 3 of 3 columns: q str, n int64, z str" in plan.explain()
    assert not seen
    assert len(rows(plan)) == 500
    assert seen


def test_it_is_read_again_and_has_a_digest(lazy: pl.LazyFrame) -> None:
    plan = fp.from_arrow(lazy, name="lazy")
    assert rows(plan) == rows(plan)
    digest = json.loads(plan.to_json())["source"]["digest"]
    assert digest == json.loads(fp.from_arrow(lazy.collect()).to_json())["source"]["digest"]
    again = fp.Pipeline.from_json(plan.to_json(), inputs={digest: lazy})
    assert rows(again) == rows(plan)
    assert rows(pickle.loads(pickle.dumps(plan))) == rows(plan)


def test_a_head_ends_the_query_early(lazy: pl.LazyFrame) -> None:
    assert column(fp.from_arrow(lazy).head(3), "n") == [0, 1, 2]


def test_a_query_that_fails_is_an_error(lazy: pl.LazyFrame) -> None:
    with refused(fp.SourceError, "cannot_read", "the Arrow stream"):
        fp.from_arrow(lazy.with_columns(pl.col("q").str.to_integer())).to_polars()
    with refused(fp.ColumnError, "wrong_type", "column `o` holds Python objects"):
        fp.from_arrow(pl.LazyFrame({"o": [object()]})).explain()


PEAK = """
import sys
import polars as pl
import fastprep as fp

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

lazy = pl.scan_parquet(sys.argv[1])
lazy.head(1).collect()
before = peak()
if sys.argv[2] == "lazy":
    fp.from_arrow(lazy).sink_jsonl(sys.argv[3])
else:
    frame = lazy.collect()
print(peak() - before)
"""


@pytest.mark.heavy
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_the_peak_of_memory_is_below_the_collected_size(tmp_path: Path) -> None:
    text = pl.Series("t", [f"{i} " + "x" * 1_000 for i in range(20_000)])
    names = []
    for i in range(20):
        names.append(tmp_path / f"{i:02}.parquet")
        text.to_frame().write_parquet(names[-1], row_group_size=2_000)
    size = 20 * text.estimated_size()

    def peak(kind: str) -> int:
        args: list[Any] = [sys.executable, "-c", PEAK, tmp_path / "*.parquet", kind, tmp_path / "out"]
        return int(subprocess.run(args, check=True, capture_output=True, text=True).stdout.split()[-1])

    collected = peak("collected")
    assert collected > size / 2, (collected, size)
    assert peak("lazy") < size, size
