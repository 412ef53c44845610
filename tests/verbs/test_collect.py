"""`collect` and `to_polars`: the rows in memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from tiny import PAIR, jsonl, pairs, records, refused

import fastprep as fp

PLAN = pairs(*((f"q{i}", f"a{i}") for i in range(50))).format(PAIR)


def test_gives_a_table_and_a_frame_of_the_same_rows() -> None:
    table, frame = PLAN.collect(), PLAN.to_polars()
    assert isinstance(table, pa.Table)
    assert isinstance(frame, pl.DataFrame)
    assert table.to_pylist() == frame.to_dicts()
    assert table.column_names == list(PLAN.schema) == ["prompt", "completion"]


def test_holds_the_rows_that_a_sink_writes(tmp_path: Path) -> None:
    PLAN.shuffle(seed=3).sink_arrow(tmp_path / "out")
    assert PLAN.shuffle(seed=3).collect().to_pylist() == fp.load(tmp_path / "out")["train"].to_arrow().to_pylist()


def test_a_split_is_a_column_by_name() -> None:
    plan = PLAN.split(valid=0.5)
    assert set(plan.collect()["split"].to_pylist()) == {"train", "valid"}
    assert plan.to_polars().columns == ["prompt", "completion", "split"]


def test_runs_anew_each_time(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", [{"a": "1"}])
    plan = fp.scan_jsonl(path)
    assert plan.collect().num_rows == 1
    jsonl(path, [{"a": "1"}, {"a": "2"}])
    assert plan.collect().num_rows == 2


def test_no_rows_still_have_columns() -> None:
    empty = PLAN.filter(pl.lit(False))
    assert empty.collect().column_names == ["prompt", "completion"]
    assert empty.to_polars().shape == (0, 2)
    assert records().collect().num_rows == 0


@pytest.mark.parametrize("run", ["collect", "to_polars"])
def test_rejects_that_leave_no_row_are_warned_about(run: str) -> None:
    plan = pairs(("a", ""), ("b", " "), ("c\n##\n", "d\n##\n")).format(PAIR)
    says = f"{run}: no rows are left of the 3 read; removed: 2 empty_completion, 1 separator_collision\n  help: name"
    with pytest.warns(UserWarning, match=says) as caught:
        assert len(getattr(plan, run)()) == 0
    assert caught[0].filename == __file__


@pytest.mark.parametrize("run", ["collect", "to_polars"])
def test_some_rejects_are_warned_about(run: str) -> None:
    plan = pairs(("a", "b"), ("b", " "), ("a", "b"), ("c", "")).format(PAIR).dedup()
    first = r"2 empty_completion \(first: data:2\), 1 duplicate \(first: data:3\)"
    with pytest.warns(UserWarning, match=f"^{run}: 2 of 4 rows were rejected; removed: {first}$") as caught:
        assert len(getattr(plan, run)()) == 1
    assert (len(caught), caught[0].filename) == (1, __file__)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(getattr(pairs(("a", "b"), ("a", "b")).format(PAIR).dedup(), run)()) == 1


def test_an_answer_without_rows_is_no_reason_to_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert PLAN.filter(pl.lit(False)).collect().num_rows == 0
        assert records().collect().num_rows == 0


def test_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    PLAN.shuffle().collect()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("threads", [0, -1, 1.5])
def test_threads_are_a_number_above_0(threads: object) -> None:
    for run in (PLAN.collect, PLAN.to_polars):
        with refused(fp.PlanError, "bad_option", "`threads` must be"):
            run(threads=threads)  # type: ignore[arg-type]


FOREIGN: dict[str, pa.Array] = {
    "decimal256": pa.array([Decimal("1.00")], pa.decimal256(5, 2)),
    "list of decimal256": pa.array([[Decimal("1.00")]], pa.list_(pa.decimal256(5, 2))),
    "interval": pa.array([None], pa.month_day_nano_interval()),
    "list view": pa.array([[1]], pa.list_view(pa.int64())),
    "large list view": pa.array([[1]], pa.large_list_view(pa.int64())),
    "runs": pa.RunEndEncodedArray.from_arrays(pa.array([1], pa.int32()), pa.array([5])),
    "union": pa.UnionArray.from_dense(pa.array([0], pa.int8()), pa.array([0], pa.int32()), [pa.array([1])], ["a"]),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_type_that_polars_lacks_is_named_with_its_column(name: str) -> None:
    plan = fp.from_arrow(pa.table({"id": ["a"], "x": FOREIGN[name]}))
    assert plan.collect().num_rows == 1
    runs: list[Callable[[], Any]] = [
        plan.to_polars,
        lambda: plan.to_lazyframe().collect(),
        lambda: plan.filter(pl.col("x").is_not_null()).collect(),
        lambda: plan.with_columns(y=pl.col("x")).collect(),
        lambda: plan.map_batches(lambda frame: frame, name="same").collect(),
    ]
    for run in runs:
        with refused(fp.ColumnError, "wrong_type", "column `x` is of type .*, which polars cannot import") as caught:
            run()
        assert caught.value.column == "x"
    assert plan.filter(pl.col("id") == "a").collect().num_rows == 1
