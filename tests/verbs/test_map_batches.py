"""`map_batches`: a row-wise function of the caller over polars frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tiny import PAIR, pairs, records, refused, rows

import fastprep as fp

PLAN = records(*({"a": str(i), "n": i} for i in range(7)))


def test_sees_all_columns_and_replaces_them() -> None:
    def shout(frame: pl.DataFrame) -> pl.DataFrame:
        assert frame.columns == ["a", "n"]
        return frame.select(b=pl.col("a") + "!", n=pl.col("n") * 2)

    assert rows(PLAN.map_batches(shout, name="shout")) == [{"b": f"{i}!", "n": 2 * i} for i in range(7)]


def test_is_called_with_no_rows_first_and_explained() -> None:
    heights: list[int] = []

    def note(frame: pl.DataFrame) -> pl.DataFrame:
        heights.append(frame.height)
        return frame

    plan = PLAN.map_batches(note, name="note", version="3")
    assert "MAP_BATCHES  note, version 3  [map]" in plan.explain()
    assert set(heights) == {0}
    assert "note, no version" in PLAN.map_batches(note, name="note").explain()


def test_columns_that_are_null_in_one_batch_keep_their_type() -> None:
    def empty(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(made=pl.lit(None) if frame.height else pl.lit("x"))

    assert rows(PLAN.map_batches(empty, name="empty"))[0] == {"a": "0", "n": 0, "made": None}


def boom(frame: pl.DataFrame) -> pl.DataFrame:
    if frame.height:
        raise LookupError("boom")
    return frame


@pytest.mark.parametrize(
    ("function", "code", "says"),
    [
        (boom, "callback_failed", "map_batches mine failed\n  because: LookupError: boom$"),
        (lambda f: f.head(0) if f.height else f, "rows_changed", r"mine: must return \d rows, one for each row; got 0"),
        (lambda f: f.with_columns(z=1) if f.height else f, "columns_changed", 'must return the columns .*; got .*"z"'),
        (lambda f: f.to_dict(), "callback_failed", "`mine` must return a polars.DataFrame; got dict"),
        (lambda f: f.cast({"n": pl.String}) if f.height else f, "columns_changed", "must be Int64, .*; got Utf8View"),
    ],
    ids=["raises", "drops rows", "other columns", "no frame", "other type"],
)
def test_a_function_that_breaks_its_promise_is_named(function: Any, code: str, says: str, tmp_path: Path) -> None:
    with refused(fp.CallbackError, code, says):
        PLAN.map_batches(function, name="mine").sink_arrow(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_python_objects_are_no_data() -> None:
    def objects(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.Series("o", [object()] * len(frame), pl.Object))

    with refused(fp.ColumnError, "wrong_type", "column `o` holds Python objects"):
        PLAN.map_batches(objects, name="mine").collect()
    with refused(fp.ColumnError, "wrong_type", "column `o` holds Python objects"):
        fp.from_arrow(objects(pl.DataFrame({"a": ["x"]})))


def test_the_exception_of_the_function_is_the_cause() -> None:
    with pytest.raises(fp.CallbackError) as e:
        rows(PLAN.map_batches(boom, name="mine"))
    assert isinstance(e.value.__cause__, LookupError)
    assert e.value.__cause__.__traceback__ is not None


def test_what_is_no_function_is_refused_at_once() -> None:
    with refused(fp.PlanError, "bad_option", "map_batches: `function` must be callable; got 3"):
        PLAN.map_batches(3, name="three")  # type: ignore[arg-type]


def test_names_of_ours_are_refused() -> None:
    with refused(fp.ColumnError, "reserved_column", "mine: `__fastprep_split` cannot be the name of a column"):
        PLAN.map_batches(lambda f: f.with_columns(__fastprep_split=1), name="mine").explain()


def test_proven_columns_are_kept_from_it() -> None:
    with refused(fp.PlanError, "bad_chain", "map_batches: after format this step could change"):
        pairs(("a", "b")).format(PAIR).map_batches(lambda f: f, name="mine")


CHANGED = records({"a": "x", "b": "y"}).map_batches(lambda frame: frame.rename({"b": "c"}), name="other", version="1")


@pytest.mark.parametrize(
    "plan",
    [
        lambda: CHANGED.select("a", "b"),
        lambda: CHANGED.drop("b"),
        lambda: CHANGED.rename({"b": "d"}),
        lambda: CHANGED.filter(pl.col("b") == "y"),
        lambda: CHANGED.with_columns(d=pl.col("b")),
        lambda: CHANGED.validate(not_blank="b"),
        lambda: CHANGED.dedup(on="b"),
        lambda: CHANGED.split(valid=0.1, by="b"),
        lambda: CHANGED.split(valid=0.1, by="a", report_by="b"),
        lambda: CHANGED.format(fp.PromptFormat("{b}", completion="{a}")),
    ],
)
def test_later_steps_find_the_columns_that_it_makes_and_no_others(plan: Any) -> None:
    with refused(fp.ColumnError, "missing_column", r": there is no column `b`; columns: a, c"):
        plan().explain()


def test_later_steps_make_no_second_column_of_a_name() -> None:
    with refused(fp.PlanError, "bad_option", "rename: two columns would have the name `c`"):
        CHANGED.rename({"a": "c"}).explain()
    with refused(fp.ColumnError, "duplicate_column", "with_row_index: the column `c` already exists"):
        CHANGED.with_row_index("c").explain()
    with refused(fp.ColumnError, "missing_column", "split: there is no column `prompt`") as e:
        CHANGED.split(valid=0.1).explain()
    assert "add .format(PromptFormat(...))" in e.value.help


@pytest.mark.parametrize(
    "compute",
    [
        lambda plan: plan.map_batches(lambda frame: frame, name="same", version="1"),
        lambda plan: plan.with_columns(answer=pl.col("answer")),
        lambda plan: plan.with_columns(copy=pl.col("answer")).drop("answer").rename({"copy": "answer"}),
    ],
)
def test_values_of_several_types_are_not_taken_for_text_afterwards(compute: Any) -> None:
    plan = compute(records({"q": "a", "answer": "yes"}, {"q": "b", "answer": 7}))
    for step in (
        lambda: plan.format(fp.PromptFormat("{q}", completion="{answer}")),
        lambda: plan.validate(max_chars={"answer": 5}),
    ):
        with refused(fp.ColumnError, "wrong_type", "column `answer` must be text; the steps before make it json") as e:
            step().explain()
        assert 'pl.col("answer").ext.storage()' in e.value.help
    text = plan.with_columns(answer=pl.col("answer").ext.storage().str.strip_chars('"'))
    made = rows(text.format(fp.PromptFormat("{q}", completion="{answer}")))
    assert [row["completion"] for row in made] == ["yes\n###\n", "7\n###\n"]
