"""`head`: the first rows in input order."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tiny import column, jsonl, records, refused

import fastprep as fp

PLAN = records(*({"a": str(i)} for i in range(20)))


@pytest.mark.parametrize(("n", "kept"), [(1, 1), (5, 5), (20, 20), (100, 20)])
def test_keeps_the_first(n: int, kept: int) -> None:
    assert column(PLAN.head(n), "a") == [str(i) for i in range(kept)]


def test_counts_rows_that_are_there_behind_what_came_before() -> None:
    assert column(PLAN.filter(pl.col("a").str.len_chars() == 2).head(3), "a") == ["10", "11", "12"]
    assert len(column(PLAN.head(), "a")) == 5


def test_reading_stops_soon_after() -> None:
    def endless() -> object:
        while True:
            yield {"a": "x" * 1000}

    assert len(column(fp.from_records(endless()).head(3), "a")) == 3  # type: ignore[arg-type]


def test_what_came_after_is_no_reject(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", [{"a": "1"}, {"a": 2}, {"a": "3"}, {"a": 4}, {"a": 5}])
    report = fp.scan_jsonl(path).validate(not_blank="a").head(2).sink_arrow(tmp_path / "out")
    assert report.rows["written"] == 2
    lines = (tmp_path / "out" / "rejects.jsonl").read_text().splitlines()
    assert len(lines) == 1
    assert '"row":1' in lines[0]


@pytest.mark.parametrize("n", [0, -1, 2.5, "3", None, 1 << 80])
def test_what_is_no_number_of_rows_fails_at_once(n: object) -> None:
    with refused(fp.PlanError, "bad_option", "head: n="):
        PLAN.head(n)  # type: ignore[arg-type]


def test_must_come_before_the_shuffle() -> None:
    with refused(fp.PlanError, "bad_chain", "head: the rows are shuffled already"):
        PLAN.shuffle().head(3)
