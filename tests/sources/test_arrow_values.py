"""Values of Arrow that JSON, text columns and keys must not change: nulls of every kind, maps, numbers, JSON text."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny import column, read_jsonl, refused, rejects, rows

import fastprep as fp


def written(table: Any, folder: Path) -> list[dict[str, Any]]:
    """The rows as JSON lines hold them."""
    fp.from_arrow(table).sink_jsonl(folder / "out", overwrite=True)
    (shard,) = (folder / "out").glob("data/*/train-*.jsonl")
    return read_jsonl(shard)


NULLS = {
    "in a struct": pa.array([{"x": "web", "y": None}]),
    "in a list": pa.array([[None, None]]),
    "in a fixed list": pa.array([[None, None]], pa.list_(pa.null(), 2)),
    "in a dictionary of text": pa.array([None]).cast(pa.string()).dictionary_encode(null_encoding="encode"),
    "in a dictionary of numbers": pa.array([None], pa.int8()).dictionary_encode(null_encoding="encode"),
    "in a run": pa.RunEndEncodedArray.from_arrays([1], pa.array([None], pa.string())),
    "in a union": pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([None], pa.string())]),
    "in a map": pa.array([[("k", None)]], pa.map_(pa.string(), pa.null())),
    "in a struct of dictionaries": pa.StructArray.from_arrays(
        [pa.array([None]).cast(pa.string()).dictionary_encode(null_encoding="encode")], ["x"]
    ),
    "alone": pa.nulls(1),
}


@pytest.mark.parametrize("values", NULLS.values(), ids=NULLS)
def test_a_null_is_null_in_json_lines_and_rejects(values: pa.Array, tmp_path: Path) -> None:
    (expected,) = values.to_pylist()
    expected = dict(expected) if pa.types.is_map(values.type) else expected
    table = pa.table({"a": ["x"], "v": values})
    assert written(table, tmp_path) == [{"a": "x", "v": expected}]
    plan = fp.from_arrow(pa.concat_tables([table, pa.table({"a": [""], "v": values})])).validate(not_blank="a")
    plan.sink_jsonl(tmp_path / "rejecting")
    assert [r["record"] for r in rejects(tmp_path / "rejecting")] == [{"a": "", "v": expected}]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_a_null_among_the_values_of_a_dictionary_is_null_to_every_verb(kind: pa.DataType) -> None:
    values = pa.array(["x", None, ""], kind)
    q = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None], pa.int8()), values)
    plan = fp.from_arrow(pa.table({"q": q}))
    assert column(plan, "q") == ["x", None, "", None]
    assert column(plan.dedup(on="q"), "q") == ["x", None, ""]
    assert column(plan.validate(required="q"), "q") == ["x", ""]
    formatted = plan.format(fp.PromptFormat("p {q}", completion="c{#q}{q}{/q}"))
    assert column(formatted, "prompt") == ["p x\n##\n", "p \n##\n"]
    assert column(plan.filter(pl.col("q").is_null()), "q") == [None, None]


def test_parquet_keeps_nested_nulls_too(tmp_path: Path) -> None:
    table = pa.table({"meta": [{"source": "web", "parent": None}], "l": [[None]]})
    pq.write_table(table, tmp_path / "x.parquet")
    fp.scan_parquet(tmp_path / "x.parquet").sink_jsonl(tmp_path / "out")
    (shard,) = (tmp_path / "out").glob("data/*/train-*.jsonl")
    assert read_jsonl(shard) == table.to_pylist()


def test_maps_are_json(tmp_path: Path) -> None:
    text = pa.array([[("a", '1, "b": 2'), ("c", None)], [], None], pa.map_(pa.string(), pa.string()))
    number = pa.array([[(1, [2])], [(3, None)], None], pa.map_(pa.int8(), pa.list_(pa.int8())))
    assert written(pa.table({"t": text, "n": number}), tmp_path) == [
        {"t": {"a": '1, "b": 2', "c": None}, "n": [{"key": 1, "value": [2]}]},
        {"t": {}, "n": [{"key": 3, "value": None}]},
        {"t": None, "n": None},
    ]


def test_a_map_that_has_a_key_twice_is_a_finding(tmp_path: Path) -> None:
    table = pa.table({"m": pa.array([[("a", 1)], [("a", 1), ("a", 2)]], pa.map_(pa.string(), pa.int8()))})
    report = fp.from_arrow(table).sink_jsonl(tmp_path / "out")
    assert report.findings == {"repeated_key:m": 1}
    (shard,) = (tmp_path / "out").glob("data/*/train-*.jsonl")
    assert shard.read_text().splitlines()[1] == '{"m":{"a":1,"a":2}}'


def test_numbers_unions_runs_and_dates_are_json(tmp_path: Path) -> None:
    union = pa.UnionArray.from_dense(
        pa.array([0, 1, 0], pa.int8()), pa.array([0, 0, 1], pa.int32()), [pa.array(["x", "y"]), pa.array([7])]
    )
    table = pa.table(
        {
            "half": pa.array([1.5, None, -0.25], pa.float16()),
            "union": union,
            "run": pa.RunEndEncodedArray.from_arrays([2, 3], [5, None]),
            "views": pa.array([[1], None, []], pa.list_view(pa.int8())),
            "day": pa.array([date(2026, 1, 2), None, None]),
        }
    )
    assert written(table, tmp_path) == [
        {"half": 1.5, "union": "x", "run": 5, "views": [1], "day": "2026-01-02"},
        {"half": None, "union": 7, "run": 5, "views": None, "day": None},
        {"half": -0.25, "union": "y", "run": None, "views": [], "day": None},
    ]


def test_a_date_outside_the_calendar_is_the_number_it_is_stored_as(tmp_path: Path) -> None:
    days = pa.array([2**31 - 1], pa.int32()).cast(pa.date32())
    assert written(pa.table({"day": days}), tmp_path) == [{"day": 2**31 - 1}]


@pytest.mark.parametrize("kind", [pa.map_(pa.string(), pa.int8()), pa.list_(pa.struct({"x": pa.null()}))], ids=str)
def test_nested_columns_of_any_type_can_be_keys(kind: pa.DataType) -> None:
    one: Any = [("a", 1)] if pa.types.is_map(kind) else [{"x": None}]
    plan = fp.from_arrow(pa.table({"k": pa.array([one, [], one, None, None], kind), "n": range(5)}))
    assert column(plan.dedup(on="k"), "n") == [0, 1, 3]


def test_text_of_type_json_that_is_no_json_becomes_a_string_and_a_finding(tmp_path: Path) -> None:
    texts = ['{"a": 1}', "not json", "", None, '"fine"', "NaN", "[1]"]
    table = pa.table({"u": pa.array(texts, pa.json_()), "b": ["x"] * 7})
    report = fp.from_arrow(table).sink(tmp_path / "out", formats=("jsonl", "arrow"))
    assert report.findings == {"coerced:u": 3}
    assert report.to_dict()["findings"]["coerced:u"]["first"]["row"] == 1
    (shard,) = (tmp_path / "out").glob("data/*/train-*.jsonl")
    expected = [{"a": 1}, "not json", "", None, "fine", "NaN", [1]]
    assert [row["u"] for row in read_jsonl(shard)] == expected
    stored = fp.load(tmp_path / "out")["train"].to_arrow()["u"].cast(pa.string()).to_pylist()
    assert [text and json.loads(text) for text in stored] == expected


def test_text_of_type_json_within_a_list_is_checked_where_it_is_written(tmp_path: Path) -> None:
    texts = pa.array(['{"a":1}', "not json"], pa.json_())
    table = pa.table({"l": pa.ListArray.from_arrays(pa.array([0, 2], pa.int32()), texts)})
    report = fp.from_arrow(table).sink_jsonl(tmp_path / "out")
    assert report.findings == {"coerced:l": 1}
    (shard,) = (tmp_path / "out").glob("data/*/train-*.jsonl")
    assert read_jsonl(shard) == [{"l": [{"a": 1}, "not json"]}]


def test_text_of_type_json_in_a_reject_leaves_the_rejects_readable(tmp_path: Path) -> None:
    table = pa.table({"u": pa.array(["not json", "1"], pa.json_()), "b": ["", "x"]})
    fp.from_arrow(table).validate(not_blank="b").sink_jsonl(tmp_path / "out")
    assert [r["record"] for r in rejects(tmp_path / "out")] == [{"u": "not json", "b": ""}]


def test_numbers_that_json_does_not_have_are_null_and_a_finding(tmp_path: Path) -> None:
    inf, nan = float("inf"), float("nan")
    table = pa.table(
        {
            "s": [inf, nan, 1.0, None],
            "f": pa.array([-inf, 1.0, None, 2.0], pa.float32()),
            "l": [[1.0, nan], [2.0], None, []],
            "fine": [0.0, 1.5, None, -1e300],
            "not written": [nan] * 4,
        }
    )
    plan = fp.from_arrow(table).select("s", "f", "l", "fine")
    report = plan.sink_jsonl(tmp_path / "out")
    assert report.findings == {"not_finite:s": 2, "not_finite:f": 1, "not_finite:l": 1}
    (shard,) = (tmp_path / "out").glob("data/*/train-*.jsonl")
    assert [row["s"] for row in read_jsonl(shard)] == [None, None, 1.0, None]
    assert plan.sink_arrow(tmp_path / "arrow").findings == {}
    shuffled = plan.shuffle().sink_jsonl(tmp_path / "shuffled")
    assert shuffled.findings == report.findings
    assert shuffled.to_dict()["findings"]["not_finite:s"]["first"]["row"] == 0


def test_a_polars_frame_with_null_at_any_depth_is_taken() -> None:
    frame = pl.DataFrame(
        {"a": ["x"], "tags": [[]], "meta": [{"x": None, "y": [None]}], "n": [None]},
        schema_overrides={"tags": pl.List(pl.Null)},
    )
    expected = [{"a": "x", "tags": [], "meta": {"x": None, "y": [None]}, "n": None}]
    assert rows(fp.from_arrow(frame)) == expected
    assert rows(fp.from_arrow(pa.table({"a": ["x"]})).map_batches(lambda f: frame.head(f.height), name="f")) == expected
    made = fp.from_arrow(pa.table({"a": ["x"]})).with_columns(t=pl.concat_list(pl.lit(None)))
    assert rows(made) == [{"a": "x", "t": [None]}]


def test_row_numbers_of_pandas_are_no_column(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": ["x", "y", "x", "z"]})
    frame = frame[frame.a != "y"]
    frame.to_parquet(tmp_path / "x.parquet")
    tables = (frame, pa.Table.from_pandas(frame), pl.read_parquet(tmp_path / "x.parquet"))
    for plan in (*map(fp.from_arrow, tables), fp.scan_parquet(tmp_path / "x.parquet")):
        assert rows(plan.dedup()) == [{"a": "x"}, {"a": "z"}]
        assert "leaves out __index_level_0__: the row numbers of a pandas frame" in plan.explain()


def test_an_index_of_pandas_that_has_a_name_is_a_column() -> None:
    frame = pd.DataFrame({"id": ["p", "q"], "a": ["x", "y"]}).set_index("id")
    assert rows(fp.from_arrow(pa.Table.from_pandas(frame))) == [{"a": "x", "id": "p"}, {"a": "y", "id": "q"}]


SPOILS: list[tuple[Any, list[int]]] = []


def spoiled(good: list[int], bad: list[int], kind: str, make: Callable[[pa.Buffer], pa.Array]) -> pa.Array:
    """An array over a buffer of these numbers, which `damaged` changes: pyarrow refuses to make it over bad ones."""
    numbers = np.array(good, kind)
    SPOILS.append((numbers, bad))
    return make(pa.py_buffer(numbers))


def text(good: list[int], bad: list[int], data: bytes = b"abcd") -> pa.Array:
    values = pa.py_buffer(data)
    return spoiled(good, bad, "i4", lambda b: pa.Array.from_buffers(pa.string(), len(good) - 1, [None, b, values]))


def encoded(data: bytes) -> pa.Array:
    return text([0, len(data)], [0, len(data)], data)


def lists(good: list[int], bad: list[int], values: pa.Array) -> pa.Array:
    kind = pa.list_(values.type)
    return spoiled(good, bad, "i4", lambda b: pa.Array.from_buffers(kind, len(good) - 1, [None, b], children=[values]))


def dictionary(key: int) -> pa.Array:
    def make(keys: pa.Buffer) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.Array.from_buffers(pa.int8(), 1, [None, keys]), pa.array(["x"]))

    return spoiled([0], [key], "i1", make)


def view(length: int, buffer: int, offset: int) -> pa.Array:
    data = pa.py_buffer(b"a" * 20)
    good, bad = [15, 0x61616161, 0, 0], [length, 0x61616161, buffer, offset]
    return spoiled(good, bad, "i4", lambda b: pa.Array.from_buffers(pa.string_view(), 1, [None, b, data]))


def union(type_id: int) -> pa.Array:
    kind = pa.sparse_union([pa.field("x", pa.int8())])
    child = pa.array([1], pa.int8())
    return spoiled([0], [type_id], "i1", lambda b: pa.Array.from_buffers(kind, 1, [None, b], children=[child]))


def runs(end: int) -> pa.Array:
    def make(ends: pa.Buffer) -> pa.Array:
        children = [pa.Array.from_buffers(pa.int32(), 2, [None, ends]), pa.array([1, 2], pa.int8())]
        return pa.Array.from_buffers(pa.run_end_encoded(pa.int32(), pa.int8()), 9, [None], children=children)

    return spoiled([5, 9], [5, end], "i4", make)


DAMAGED: dict[str, Callable[[], pa.Array]] = {
    "text beyond its buffer": lambda: text([0, 4], [0, 1_000_000_000]),
    "text before its buffer": lambda: text([0, 4], [-5, 4]),
    "text that ends before its buffer": lambda: text([0, 2, 4], [0, 2, -2]),
    "falling offsets": lambda: text([0, 1, 2, 4], [0, 4, 2, 4]),
    "text that is not UTF-8": lambda: encoded(b"\xff\xfe"),
    "half a character": lambda: text([0, 0, 2], [0, 1, 2], "é".encode()),
    "lists beyond their items": lambda: lists([0, 2], [0, 900_000_000], pa.array([1, 2])),
    "falling lists": lambda: lists([0, 1, 2], [0, 2, 1], pa.array([1, 2])),
    "lists before their items": lambda: lists([0, 2], [-7, 2], pa.array([1, 2])),
    "bad text in a list": lambda: lists([0, 1], [0, 1], encoded(b"\xff\xfe")),
    "bad text in a struct": lambda: pa.StructArray.from_arrays([encoded(b"\xff\xfe")], ["x"]),
    "a key beyond the dictionary": lambda: dictionary(5),
    "a negative key": lambda: dictionary(-1),
    "bad text in a dictionary": lambda: pa.DictionaryArray.from_arrays(pa.array([0]), encoded(b"\xff\xfe")),
    "a view of no buffer": lambda: view(15, 9, 0),
    "a view beyond its buffer": lambda: view(15, 0, 10_000_000),
    "a view of negative length": lambda: view(-15, 0, 0),
    "a type that a union has not": lambda: union(7),
    "runs that fall": lambda: runs(2),
    "runs that end too early": lambda: runs(6),
}


def damaged(name: str) -> pa.Table:
    """A table whose column `v` is damaged, of one batch."""
    SPOILS.clear()
    values = DAMAGED[name]()
    table = pa.table({"v": values, "fine": ["x"] * len(values)})
    for numbers, bad in SPOILS:
        numbers[:] = bad
    return table


@pytest.mark.parametrize("as_reader", [False, True], ids=["table", "reader"])
@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_arrow_is_an_error_that_names_the_source(name: str, as_reader: bool, tmp_path: Path) -> None:
    table = damaged(name)
    for go in (lambda plan: plan.collect(), lambda plan: plan.dedup().sink_jsonl(tmp_path / "out")):
        data = pa.RecordBatchReader.from_batches(table.schema, table.to_batches()) if as_reader else table
        with pytest.raises(fp.SourceError) as e:
            go(fp.from_arrow(data, name="mine"))
        assert (e.value.code, e.value.path) in (("corrupt_arrow", "mine"), ("cannot_read", "mine"))
    assert not (tmp_path / "out").exists()


def test_damaged_ipc_files_are_rows_or_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.arrow"
    texts = ["short", "a text that is longer than a view holds inline", None, "é"] * 8
    table = pa.table(
        {
            "t": texts,
            "v": pa.array(texts, pa.string_view()),
            "d": pa.array(texts).dictionary_encode(),
            "l": [[text] * (i % 3) for i, text in enumerate(texts)],
            "m": pa.array([[(str(i), i)] for i in range(32)], pa.map_(pa.string(), pa.int64())),
        }
    )
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table, max_chunksize=16)
    good = path.read_bytes()
    random = np.random.default_rng(0)
    outcomes = set()
    for _ in range(400):
        bad = bytearray(good)
        for at in random.integers(len(good), size=3):
            bad[at] = random.integers(256)
        try:
            read = pa.ipc.open_file(bytes(bad)).read_all()
        except (pa.ArrowException, OSError):
            continue
        try:
            fp.from_arrow(read).dedup().sink_jsonl(tmp_path / "out", overwrite=True)
            outcomes.add("rows")
        except (fp.SourceError, fp.DataError) as e:
            outcomes.add(e.code)
    assert {"rows", "corrupt_arrow"} <= outcomes


class Foreign:
    """A library whose tables go on as they are."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


# What buffers are too short for cannot be seen through the C interface, which does not say how long they are.
WITHIN = [name for name in DAMAGED if name != "text beyond its buffer"]


@pytest.mark.parametrize("name", WITHIN)
def test_damaged_arrow_of_any_library_is_found_by_its_values(name: str) -> None:
    with refused(fp.SourceError, "corrupt_arrow", "the Arrow data are damaged\n  at <arrow>"):
        fp.from_arrow(Foreign(damaged(name))).collect()


def test_a_column_that_is_not_read_may_be_damaged() -> None:
    plan = fp.from_arrow(Foreign(damaged("falling offsets"))).select("fine")
    assert column(plan, "fine") == ["x", "x", "x"]


def test_rows_that_are_not_of_a_slice_may_be_damaged() -> None:
    table = pa.table({"v": text([0, 1, 3, 4], [0, 1, 3, 4], b"a\xff\xfed")})
    for at, value in ((0, "a"), (2, "d")):
        assert column(fp.from_arrow(Foreign(table.slice(at, 1))), "v") == [value]
    with refused(fp.SourceError, "corrupt_arrow", "the text of row 0 is not UTF-8"):
        fp.from_arrow(Foreign(table.slice(1, 1))).collect()


def test_slices_of_one_column_are_read_as_the_column() -> None:
    table = pa.table({"t": [f"é{i}" for i in range(100)], "l": [[str(i)] * (i % 3) for i in range(100)]})
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=7))
    assert rows(fp.from_arrow(reader)) == table.to_pylist()
    sliced = pa.concat_tables([table.slice(60), table.slice(3, 10)])
    assert rows(fp.from_arrow(sliced)) == sliced.to_pylist()
