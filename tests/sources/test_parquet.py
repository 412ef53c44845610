"""`scan_parquet`: columns, types, places, and damaged files."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny import PAIR, column, read_jsonl, refused, rejects, rows

import fastprep as fp

TABLE = pa.table(
    {
        "prompt": ["a", "b", None, "d", "e"],
        "completion": pa.array(["1", "2", "3", "2", "5"]).dictionary_encode(),
        "n": pa.array([1, None, 3, 4, 5], pa.int16()),
        "when": pa.array([datetime(2026, 1, 1)] * 5, pa.timestamp("ms")),
        "price": pa.array([Decimal("1.50")] * 5, pa.decimal128(8, 2)),
        "tags": [["x"], [], None, ["y", "z"], ["x"]],
        "meta": [{"lang": "en"}, {"lang": "de"}, None, {"lang": "en"}, {"lang": "fr"}],
        "large": pa.array(["é" * 20] * 5, pa.large_string()),
    }
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "x.parquet"
    pq.write_table(TABLE, path, row_group_size=2)
    return path


def test_values_of_all_types_come_through(path: Path, tmp_path: Path) -> None:
    assert rows(fp.scan_parquet(path)) == TABLE.to_pylist()
    fp.scan_parquet(path).sink_arrow(tmp_path / "out")
    assert fp.load(tmp_path / "out")["train"].to_arrow().to_pylist() == TABLE.to_pylist()


def test_only_columns_that_the_plan_needs_are_read(path: Path) -> None:
    plan = fp.scan_parquet(path).filter(pl.col("n") > 3).select("prompt")
    assert "reads 2 of 8 columns: prompt str, n int16" in plan.explain()
    assert rows(plan) == [{"prompt": "d"}, {"prompt": "e"}]


def test_expressions_see_native_types(path: Path) -> None:
    plan = fp.scan_parquet(path).filter(pl.col("meta").struct.field("lang") == "en")
    assert column(plan.with_columns(first=pl.col("tags").list.first()), "first") == ["x", "y"]


def test_rows_are_numbered_through_row_groups_and_files(path: Path, tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "y.parquet", row_group_size=1)
    report = fp.scan_parquet(tmp_path).select("prompt", "completion").format(PAIR).sink_arrow(tmp_path / "out")
    assert report.reasons == {"missing_field": 2}
    assert [(r["file"], r["row"], r["line"]) for r in rejects(tmp_path / "out")] == [
        ("x.parquet", 2, None),
        ("y.parquet", 2, None),
    ]
    assert rejects(tmp_path / "out")[0]["record"] == {"prompt": None, "completion": "3"}


def test_a_missing_column_names_the_one_that_was_meant(path: Path) -> None:
    with refused(fp.ColumnError, "missing_column", "select: there is no column `promt`; .*; did you mean `prompt`"):
        fp.scan_parquet(path).select("promt").explain()


def test_a_column_that_must_be_text_and_is_not_says_how_to_cast(path: Path) -> None:
    with refused(fp.ColumnError, "wrong_type", "format: column `n` must be text; it is int16") as e:
        fp.scan_parquet(path).format(fp.PromptFormat("{n}{prompt}", completion="{completion}")).explain()
    assert 'pl.col("n").cast(pl.String)' in e.value.help


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (pa.table({"a": [1], "b": ["x"]}), "column `a` is Int64 here and Utf8View in x.parquet"),
        (pa.table({"b": [["x"]]}), "column `b` is List.* here and Utf8View in x.parquet"),
        (pa.table({"b": pa.array(["1"], pa.json_())}), "column `b` is JSON text here and Utf8View in x.parquet"),
    ],
)
def test_files_of_different_types_are_not_mixed(other: pa.Table, says: str, tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": ["x"], "b": ["y"]}), tmp_path / "x.parquet")
    pq.write_table(other, tmp_path / "y.parquet")
    with refused(fp.SourceError, "schema_mismatch", says) as e:
        rows(fp.scan_parquet(tmp_path))
    assert e.value.path == str(tmp_path / "y.parquet")


def test_columns_are_those_of_all_files(tmp_path: Path) -> None:
    tables = [pa.table({"a": ["x"]}), pa.table({"b": [1], "a": ["y"]}), pa.table({"c": [["z"]]}), pa.table({"a": []})]
    for i, table in enumerate(tables):
        pq.write_table(table, tmp_path / f"{i}.parquet")
    plan = fp.scan_parquet(tmp_path)
    assert "reads 3 of 3 columns: a str, b int64, c list<str>" in plan.explain()
    expected = [{"a": "x", "b": None, "c": None}, {"a": "y", "b": 1, "c": None}, {"a": None, "b": None, "c": ["z"]}]
    assert rows(plan) == expected
    assert column(plan.select("b"), "b") == [None, 1, None]
    assert plan.filter(pl.col("c").is_null()).sink_jsonl(tmp_path / "out").rows["written"] == 2


@pytest.mark.parametrize("first", [0, 1], ids=["nulls last", "nulls first"])
@pytest.mark.parametrize(
    ("value", "empty"),
    [
        ("x", None),
        (7, None),
        (["x"], []),
        ({"x": "1", "y": [2]}, {"x": None, "y": []}),
        ({"x": {"y": 1.5}}, {"x": {"y": None}}),
        ([{"x": "1"}], [{"x": None}]),
    ],
    ids=str,
)
def test_a_column_of_nulls_alone_has_the_type_of_the_other_files(
    value: object, empty: object, first: int, tmp_path: Path
) -> None:
    for i, held in enumerate([value, empty][:: -1 if first else 1]):
        pq.write_table(pa.table({"v": [held]}), tmp_path / f"{i}.parquet")
    plan = fp.scan_parquet(tmp_path)
    assert sorted(column(plan, "v"), key=str) == sorted([value, empty], key=str)
    plan.sink_arrow(tmp_path / "out")
    assert fp.load(tmp_path / "out")["train"].to_arrow().num_rows == 2


def test_nested_fields_may_differ_in_what_does_not_change_their_values(tmp_path: Path) -> None:
    for i, item in enumerate([pa.field("item", pa.int8(), nullable=False), pa.field("element", pa.int8())]):
        kind = pa.struct([pa.field("l", pa.list_(item))])
        maps = pa.array([[("k", i)]], pa.map_(pa.string(), item.type))
        table = pa.table({"s": pa.array([{"l": [i]}], kind), "m": maps})
        pq.write_table(table, tmp_path / f"{i}.parquet")
    assert column(fp.scan_parquet(tmp_path), "s") == [{"l": [0]}, {"l": [1]}]


@pytest.mark.parametrize("cut", ["tail", "head", "empty", "text"])
def test_a_damaged_file_is_named_and_nothing_is_published(cut: str, path: Path, tmp_path: Path) -> None:
    data = path.read_bytes()
    damaged = {"tail": data[:-20], "head": data[:4] + b"\xff" * 40 + data[44:], "empty": b"", "text": b'{"a":1}\n'}
    path.write_bytes(damaged[cut])
    with refused(fp.SourceError, "corrupt_parquet", "the file is damaged, not Parquet, or of an unsupported kind") as e:
        fp.scan_parquet(path).sink_arrow(tmp_path / "out")
    assert e.value.path == str(path)
    assert not (tmp_path / "out").exists()


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), tmp_path / "x.parquet")
    with refused(fp.ColumnError, "duplicate_column", "scan_parquet: two columns have the name `a`"):
        rows(fp.scan_parquet(tmp_path / "x.parquet"))


def test_standard_input_is_no_parquet() -> None:
    with refused(fp.PlanError, "bad_option", "scan_parquet: - is standard input"):
        fp.scan_parquet("-")


def test_a_reject_keeps_no_more_of_a_long_record_than_of_a_long_line(tmp_path: Path) -> None:
    pq.write_table(pa.table({"prompt": ["", ""], "completion": ["x" * 1_000_000, "short"]}), tmp_path / "x.parquet")
    plan = fp.scan_parquet(tmp_path / "x.parquet").validate(not_blank="prompt").select("completion")
    with refused(fp.DataError, "no_rows", "no rows are left"):
        plan.sink_arrow(tmp_path / "out")
    long, short = read_jsonl(tmp_path / "out.rejects.jsonl")
    assert long["record"] == '{"prompt":"","completion":"' + "x" * (65536 - 27)
    assert short["record"] == {"prompt": "", "completion": "short"}


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_a_compressed_file_has_the_same_rows(path: Path, codec: str, tmp_path: Path) -> None:
    end = {"gzip": "gz", "zstd": "zst"}[codec]
    whole = path.read_bytes()
    folder = tmp_path / "in"
    folder.mkdir()
    with pa.output_stream(str(folder / f"x.parquet.{end}"), compression=codec) as stream:
        stream.write(whole)
    for source in (fp.scan_parquet(folder), fp.scan(folder)):
        assert rows(source) == TABLE.to_pylist()
    stored = (folder / f"x.parquet.{end}").read_bytes()
    (folder / f"x.parquet.{end}").write_bytes(stored[:-20])
    with refused(fp.SourceError, f"corrupt_{codec}", "is truncated or damaged"):
        fp.scan_parquet(folder).explain()


@pytest.mark.parametrize("dtype", [pl.Int128, pl.List(pl.Int128), pl.Struct({"n": pl.UInt128})], ids=str)
def test_a_type_that_is_not_read_is_named_with_its_column(
    dtype: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.parquet"
    pl.DataFrame({"id": ["a"], "big": pl.Series([None], dtype=dtype)}).write_parquet(path)
    with refused(fp.SourceError, "unsupported_format", "the column `big` has a type that is not read here") as caught:
        fp.scan_parquet(path).explain()
    assert (caught.value.column, caught.value.path) == ("big", str(path))
    assert "128" in str(caught.value)
    assert "panicked" not in capfd.readouterr().err
