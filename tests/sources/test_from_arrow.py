"""`from_arrow`: any object that gives an Arrow stream."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from tiny import PAIR, column, refused, rows

import fastprep as fp

TEXTS = ["x", "a text that is longer than a view holds inline", None, "x"]


@pytest.mark.parametrize(
    "texts",
    [
        pa.array(TEXTS),
        pa.array(TEXTS, pa.large_string()),
        pa.array(TEXTS, pa.string_view()),
        pa.array(TEXTS).dictionary_encode(),
        pl.Series(TEXTS),
        pl.Series(TEXTS, dtype=pl.Categorical),
    ],
    ids=["string", "large_string", "string_view", "dictionary", "polars", "polars categorical"],
)
def test_text_of_any_layout_is_text(texts: Any) -> None:
    frame: Any = pl.DataFrame({"prompt": texts}) if isinstance(texts, pl.Series) else pa.table({"prompt": texts})
    assert column(fp.from_arrow(frame), "prompt") == TEXTS
    made = fp.from_arrow(frame).with_columns(completion=pl.lit("y")).format(PAIR)
    assert column(made, "prompt") == [f"{text}\n##\n" for text in TEXTS if text]


TABLE = pa.table({"a": ["1", "2", "3"], "l": pa.array([[1], [], None], pa.large_list(pa.int8()))})


@pytest.mark.parametrize(
    "make",
    [
        lambda: TABLE,
        lambda: pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1)]),
        lambda: pl.DataFrame(TABLE),
        lambda: TABLE.to_batches()[0],
    ],
    ids=["table", "chunks", "polars", "batch"],
)
def test_what_stays_in_memory_can_be_read_again(make: Any) -> None:
    plan = fp.from_arrow(make())
    assert rows(plan) == rows(plan) == TABLE.to_pylist()


def test_a_reader_is_explained_then_read_once() -> None:
    plan = fp.from_arrow(TABLE.to_reader(), name="stream")
    assert plan.explain().startswith("FROM_ARROW   stream")
    assert rows(plan) == TABLE.to_pylist()
    with refused(fp.SourceError, "read_twice", "can be read only once, and was already read\n  at stream") as e:
        rows(plan)
    assert e.value.path == "stream"


def test_a_failing_reader_is_told_as_it_is() -> None:
    def batches() -> Any:
        yield TABLE.to_batches()[0]
        raise OSError("the disk went away")

    with refused(fp.SourceError, "cannot_read", "the Arrow stream failed\n  at <arrow>\n.*the disk went away"):
        rows(fp.from_arrow(pa.RecordBatchReader.from_batches(TABLE.schema, batches())))


@pytest.mark.parametrize("frame", [pl.DataFrame({"a": ["x"], "n": [None]}), pa.table({"a": ["x"], "n": pa.nulls(1)})])
def test_a_column_of_nulls_is_taken(frame: Any) -> None:
    assert rows(fp.from_arrow(frame)) == [{"a": "x", "n": None}]


def test_no_rows_are_no_error() -> None:
    assert rows(fp.from_arrow(TABLE.slice(0, 0))) == []
    assert fp.from_arrow(TABLE.slice(0, 0)).collect().column_names == ["a", "l"]


@pytest.mark.parametrize(
    ("data", "way_in"),
    [
        ([{"a": 1}], "for dicts, write fastprep.from_records(data)"),
        ({"a": [1]}, "pass pyarrow.table(data); for one row, write fastprep.from_records"),
        ("x", "fastprep.scan(path)"),
        (Path("x"), "fastprep.scan(path)"),
        (None, "pass a pyarrow.Table, a polars frame"),
        (TABLE.schema, "fastprep.from_records(data)"),
    ],
)
def test_what_gives_no_stream_is_refused_with_the_way_in(data: object, way_in: str) -> None:
    with refused(fp.PlanError, "bad_option", "from_arrow: `data` must have an Arrow stream") as e:
        rows(fp.from_arrow(data))
    assert way_in in e.value.help


@pytest.mark.parametrize(
    ("names", "code"), [(["a", "a"], "duplicate_column"), (["a", "__fastprep_key"], "reserved_column")]
)
def test_no_column_is_lost_for_its_name(names: list[str], code: str) -> None:
    with refused(fp.ColumnError, code, "from_arrow: "):
        rows(fp.from_arrow(pa.table([pa.array([1]), pa.array([2])], names=names)))
