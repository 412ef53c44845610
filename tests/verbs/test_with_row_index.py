"""`with_row_index`: row numbers as a column."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tiny import PAIR, column, jsonl, pairs, records, refused, rows

import fastprep as fp

PLAN = records(*({"a": str(i)} for i in range(20)))


def test_rows_are_numbered_in_a_first_column() -> None:
    assert rows(PLAN.with_row_index().head(2)) == [{"index": 0, "a": "0"}, {"index": 1, "a": "1"}]
    assert PLAN.with_row_index("n", 5).schema == {"n": "int64", "a": "str"}


def test_numbers_are_those_of_the_rows_that_reach_it() -> None:
    even = PLAN.filter(pl.col("a").cast(pl.Int64) % 2 == 0)
    assert column(even.with_row_index(offset=100), "index") == list(range(100, 110))
    assert column(PLAN.with_row_index().filter(pl.col("index") > 17), "a") == ["18", "19"]


@pytest.mark.parametrize("batch_rows", ["1", "3", "65536"])
def test_numbers_are_those_of_polars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_rows: str) -> None:
    monkeypatch.setenv("FASTPREP_BATCH_ROWS", batch_rows)
    for name in ("a", "b"):
        jsonl(tmp_path / f"{name}.jsonl", [{"t": f"{name}{i % 7}"} for i in range(50)])
    plan = fp.scan_jsonl(tmp_path).dedup(on="t").with_row_index("n", 1)
    frame = pl.DataFrame({"t": [f"{name}{i % 7}" for name in "ab" for i in range(50)]})
    expected = frame.unique("t", keep="first", maintain_order=True).with_row_index("n", 1)
    assert plan.to_polars().rows() == expected.rows()


def test_a_number_stays_with_its_row() -> None:
    plan = pairs(*((f"p{i}", "c") for i in range(30))).with_row_index("n").format(PAIR).shuffle(seed=1)
    assert all(row["prompt"] == f"p{row['n']}\n##\n" for row in rows(plan))
    assert column(plan, "n") != list(range(30))


@pytest.mark.parametrize(
    ("plan", "kind", "code", "says"),
    [
        (lambda: PLAN.with_row_index("a").explain(), fp.ColumnError, "duplicate_column", "_index: .*`a` already"),
        (lambda: PLAN.with_row_index("__fastprep_n"), fp.ColumnError, "reserved_column", "are reserved"),
        (lambda: PLAN.with_row_index(3), fp.PlanError, "bad_option", "with_row_index: `name` must be"),  # type: ignore[arg-type]
        (lambda: PLAN.with_row_index(offset=-1), fp.PlanError, "bad_option", "`offset` must be at least 0; got -1"),
        (
            lambda: pairs(("a", "b")).format(PAIR).drop("prompt").with_row_index("prompt"),
            *(fp.PlanError, "bad_chain", "after format this step could change"),
        ),
        (
            lambda: PLAN.with_row_index(offset=(1 << 63) - 3).collect(),
            *(fp.DataError, "row_index_too_large", "with_row_index: the row numbers in `index` are greater than"),
        ),
    ],
)
def test_what_cannot_be_is_refused(plan: object, kind: type[fp.FastprepError], code: str, says: str) -> None:
    with refused(kind, code, says):
        plan()  # type: ignore[operator]
