"""`to_lazyframe`: a plan as a source of polars."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import polars as pl
import polars.testing
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from counted_source import Counted
from golden import PLANS
from hypothesis import given
from hypothesis import strategies as st
from tiny import PAIR, pairs, records, refused

import fastprep as fp

ENGINES = ["in-memory", "streaming"]
engines = pytest.mark.parametrize("engine", ENGINES)


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders that plans read."""
    folder = tmp_path_factory.mktemp("earlier")
    for name in ("dedup", "tokenize", "split", "gzip"):
        plan, options = PLANS[name]
        plan(folder).sink(folder / name, **options)
    return folder


@engines
@pytest.mark.parametrize("name", [*PLANS])
def test_gives_the_rows_and_types_of_to_polars(name: str, engine: Any, earlier: Path) -> None:
    plan = PLANS[name][0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        frame, lazy = plan(earlier).to_polars(), plan(earlier).to_lazyframe()
        assert lazy.collect_schema() == frame.schema
        pl.testing.assert_frame_equal(lazy.collect(engine=engine), frame)
        # Each collect runs the plan.
        pl.testing.assert_frame_equal(lazy.collect(engine=engine), frame)
        some = frame.columns[::2][::-1]
        pl.testing.assert_frame_equal(lazy.select(some).collect(engine=engine), frame.select(some))
        pl.testing.assert_frame_equal(lazy.head(3).collect(engine=engine), frame.head(3))
        assert lazy.select(pl.len()).collect(engine=engine).item() == frame.height


def test_reads_nothing_before_collect() -> None:
    source = Counted(3)
    lazy = fp.from_arrow(source).filter(pl.col("n") >= 0).to_lazyframe()
    assert lazy.collect_schema() == {"n": pl.Int64, "text": pl.String}
    lazy.filter(pl.col("n") > 5).explain()
    assert source.made == 0
    assert lazy.collect().height == 3000
    assert source.made == 3


def test_the_plan_of_polars_shows_the_chain() -> None:
    shown = pairs(("a", "b")).format(PAIR).dedup().to_lazyframe().select("prompt").explain()
    assert "PYTHON[fastprep] SCAN" in shown
    assert "Pipeline[from_records > format > dedup]" in shown
    assert "PROJECT 1/2 COLUMNS" in shown


def test_wrong_columns_are_refused_before_collect() -> None:
    with refused(fp.ColumnError, "missing_column", "there is no column `c`"):
        records({"a": 1}).select("c").to_lazyframe()
    with refused(fp.PlanError, "bad_option", "threads"):
        records({"a": 1}).to_lazyframe(threads=0)


@engines
def test_a_row_limit_counts_rows_after_the_predicate(engine: Any) -> None:
    lazy = fp.from_arrow(Counted(20)).to_lazyframe().filter(pl.col("n") % 100 == 7).head(30)
    assert lazy.collect(engine=engine)["n"].to_list() == [*range(7, 3000, 100)]


@engines
def test_columns_that_are_not_used_are_not_read(tmp_path: Path, engine: Any) -> None:
    path = tmp_path / "x.parquet"
    table = pa.table({"a": [*range(1000)], "b": [f"text {n}" for n in range(1000)]})
    pq.write_table(table, path, compression="none", use_dictionary=False)
    column = pq.read_metadata(path).row_group(0).column(1)
    raw = bytearray(path.read_bytes())
    start = column.data_page_offset
    raw[start : start + column.total_compressed_size] = bytes(column.total_compressed_size)
    path.write_bytes(raw)
    lazy = fp.scan_parquet(path).to_lazyframe()
    assert lazy.select(pl.col("a").sum()).collect(engine=engine).item() == sum(range(1000))
    assert lazy.select(pl.len()).collect(engine=engine).item() == 1000
    with pytest.raises(fp.SourceError):
        lazy.collect(engine=engine)


@engines
def test_steps_run_whatever_is_selected(engine: Any) -> None:
    lazy = records({"a": 1, "b": "x"}).with_columns(c=pl.col("b").str.to_integer()).to_lazyframe()
    for query in (lazy, lazy.select("a")):
        with pytest.raises(fp.CallbackError):
            query.collect(engine=engine)


@engines
def test_the_column_split_can_be_selected_and_filtered(engine: Any) -> None:
    plan = pairs(*((f"q{n}", f"a{n}") for n in range(200))).format(PAIR).split(valid=0.3)
    frame, lazy = plan.to_polars(), plan.to_lazyframe()
    for query in (
        lambda f: f.select("split"),
        lambda f: f.select("split", "prompt"),
        lambda f: f.filter(pl.col("split") == "valid").select("completion"),
        lambda f: f.group_by("split", maintain_order=True).agg(pl.len()),
    ):
        pl.testing.assert_frame_equal(query(lazy).collect(engine=engine), query(frame), check_row_order=False)


def test_two_columns_split_are_refused() -> None:
    plan = records({"prompt": "a", "completion": "b", "split": "x"}).format(PAIR).split(valid=0.5)
    with refused(fp.ColumnError, "duplicate_column", "to_lazyframe: the rows already have a column `split`"):
        plan.to_lazyframe()


@engines
def test_an_error_of_the_source_is_raised_by_collect(engine: Any) -> None:
    with pytest.raises(fp.SourceError, match="the Arrow stream failed"):
        fp.from_arrow(Counted(5, then=ValueError("lost"))).to_lazyframe().collect(engine=engine)


@engines
def test_a_stream_can_be_collected_once(engine: Any) -> None:
    lazy = fp.from_records({"a": n} for n in range(10)).to_lazyframe()
    assert lazy.collect(engine=engine).height == 10
    with refused(fp.SourceError, "read_twice", "once"):
        lazy.collect(engine=engine)


@engines
def test_rejects_are_warned_about_once(tmp_path: Path, engine: Any) -> None:
    path = tmp_path / "x.jsonl"
    rows = [json.dumps({"prompt": f"q{n}", "completion": "" if n in (7, 70) else "a"}) for n in range(100)]
    path.write_text("\n".join([*rows[:50], "{", *rows[50:]]) + "\n")
    lazy = fp.scan_jsonl(path).format(PAIR).to_lazyframe()
    first = r"2 empty_completion \(first: x.jsonl:8\)", r"1 bad_json \(first: x.jsonl:51\)"
    with pytest.warns(UserWarning, match=f"^to_lazyframe: 3 rows were rejected: {', '.join(first)}$") as caught:
        assert lazy.collect(engine=engine).height == 98
    assert len(caught) == 1
    # Among the first rows there is one.
    with pytest.warns(UserWarning, match=r"^to_lazyframe: 1 row was rejected: 1 empty_completion \(first: x.jsonl:8"):
        assert lazy.head(20).collect(engine=engine).height == 20
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lazy.head(3).collect(engine=engine).height == 3


def test_rejects_that_leave_no_row_are_warned_about() -> None:
    with pytest.warns(UserWarning, match="2 rows were rejected: 2 empty_completion"):
        assert pairs(("a", ""), ("b", " ")).format(PAIR).to_lazyframe().collect().shape == (0, 2)


@engines
def test_a_limit_before_a_condition_comes_first(engine: Any) -> None:
    frame = pl.DataFrame({"a": range(100), "b": [None if n % 7 == 3 else n % 5 for n in range(100)]})
    lazy, condition = frame.fastprep.with_columns(c=pl.col("a") * 2).to_lazyframe(), pl.col("b") == 0
    eager = lazy.collect().lazy()
    for query in (
        lambda rows: rows.head(10).filter(condition),
        lambda rows: rows.filter(condition).head(10),
        lambda rows: rows.head(50).filter(condition).head(3).filter(pl.col("a") > 4),
        lambda rows: rows.head(20).drop_nulls(),
        lambda rows: rows.head(20).select("b").drop_nulls(),
        lambda rows: rows.slice(5, 20).filter(condition),
        lambda rows: rows.join(rows.head(3), on="a", how="semi").filter(condition),
        lambda rows: pl.concat([rows.head(3).filter(condition), rows.filter(condition)]),
        lambda rows: rows.limit(50).filter(condition).select(pl.len()),
    ):
        pl.testing.assert_frame_equal(query(lazy).collect(engine=engine), query(eager).collect(), check_row_order=False)


ROWS = st.lists(
    st.fixed_dictionaries({"a": st.none() | st.integers(-5, 5), "b": st.none() | st.text("xyz ", max_size=3)}),
    max_size=40,
)


@given(ROWS, st.data())
def test_queries_give_what_they_give_of_the_rows_in_memory(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    frame = pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.String})
    plan = frame.fastprep.with_columns(c=pl.col("a") * 2).filter(pl.col("b").is_not_null())
    query, naive = plan.to_lazyframe(), plan.to_polars().lazy()
    for _ in range(data.draw(st.integers(1, 4))):
        columns = query.collect_schema().names()
        step = data.draw(st.sampled_from(["filter", "head", "slice", "select", "tail"]))
        n, m = data.draw(st.integers(0, 30)), data.draw(st.integers(0, 30))
        chosen = data.draw(st.lists(st.sampled_from(columns), min_size=1, unique=True))
        condition = data.draw(st.sampled_from([pl.col(columns[0]).is_not_null(), pl.col(columns[-1]) != pl.lit(2)]))
        if columns[-1] == "b":
            condition = pl.col("b") != "x"

        def apply(lazy: pl.LazyFrame) -> pl.LazyFrame:
            match step:  # noqa: B023
                case "filter":
                    return lazy.filter(condition)  # noqa: B023
                case "head":
                    return lazy.head(n)  # noqa: B023
                case "slice":
                    return lazy.slice(n, m)  # noqa: B023
                case "tail":
                    return lazy.tail(n)  # noqa: B023
            return lazy.select(chosen)  # noqa: B023

        query, naive = apply(query), apply(naive)
    engine = data.draw(st.sampled_from(ENGINES))
    pl.testing.assert_frame_equal(query.collect(engine=engine), naive.collect())
