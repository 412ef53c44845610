"""`scan` recognises the format of files by their content."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from tiny import refused

import fastprep as fp

ROWS = [{"a": str(number), "b": f"text {number}"} for number in range(5)]


def as_jsonl(path: Path) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def as_json(path: Path) -> Path:
    path.write_text(json.dumps(ROWS, indent=2))
    return path


def as_parquet(path: Path) -> Path:
    pl.DataFrame(ROWS).write_parquet(path)
    return path


WRITERS = {"scan_jsonl": as_jsonl, "scan_json": as_json, "scan_parquet": as_parquet}


@pytest.mark.parametrize("verb", WRITERS)
@pytest.mark.parametrize("name", ["x", "x.jsonl", "x.parquet", "x.csv"])
def test_the_content_decides_and_not_the_name(verb: str, name: str, tmp_path: Path) -> None:
    plan = fp.scan(WRITERS[verb](tmp_path / name))
    assert plan.explain().startswith(verb.upper())
    assert plan.to_polars().to_dicts() == ROWS


@pytest.mark.parametrize("verb", WRITERS)
def test_what_was_decided_is_published(verb: str, tmp_path: Path) -> None:
    path = WRITERS[verb](tmp_path / "rows")
    for name, plan in [("by content", fp.scan(path)), ("by name", getattr(fp, verb)(path))]:
        plan.sink_jsonl(tmp_path / name)
    by_content, by_name = (
        json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("by content", "by name")
    )
    assert by_content == by_name
    again = fp.Pipeline.from_json(json.dumps(by_content["plan"]), inputs={"rows": str(path)})
    assert again.to_polars().to_dicts() == ROWS
    assert json.loads(again.to_json())["source"]["scan"] == verb.removeprefix("scan_")


def test_a_plan_as_json_decides_when_it_runs(tmp_path: Path) -> None:
    plan = fp.scan(tmp_path / "later")
    again = fp.Pipeline.from_json(plan.to_json())
    as_parquet(tmp_path / "later")
    assert again.to_polars().to_dicts() == ROWS
    as_jsonl(tmp_path / "later")
    assert again.to_polars().to_dicts() == ROWS


def test_files_of_several_formats_are_named(tmp_path: Path) -> None:
    as_jsonl(tmp_path / "b.jsonl")
    as_parquet(tmp_path / "a.parquet")
    with refused(fp.SourceError, "mixed_formats", "`a.parquet` is Parquet, but `b.jsonl` is JSON lines") as caught:
        fp.scan(tmp_path).explain()
    assert "fp.concat([fp.scan_parquet(…), fp.scan_jsonl(…)])" in str(caught.value.help)


def test_a_file_of_no_known_format_is_named(tmp_path: Path) -> None:
    as_jsonl(tmp_path / "a.jsonl")
    (tmp_path / "notes.txt").write_text("No rows here.")
    assert fp.scan(tmp_path).to_polars().to_dicts() == ROWS
    with refused(fp.SourceError, "unknown_format", "none of the formats that are read") as caught:
        fp.scan(tmp_path / "*").explain()
    assert caught.value.path == str(tmp_path / "notes.txt")


@pytest.mark.parametrize("text", [b"", b"\n \n", b"\xef\xbb\xbf", gzip.compress(b"")])
def test_files_without_content_fit_every_format(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "0.jsonl").write_bytes(text)
    assert fp.scan(tmp_path).explain().startswith("SCAN_JSONL")
    as_jsonl(tmp_path / "a.jsonl")
    assert fp.scan(tmp_path).to_polars().to_dicts() == ROWS


def test_a_prepared_folder_is_read_from_its_shards(tmp_path: Path) -> None:
    as_jsonl(tmp_path / "in.jsonl")
    fp.scan(tmp_path / "in.jsonl").sink_jsonl(tmp_path / "out")
    assert fp.scan(tmp_path / "out").drop("split").to_polars().sort("a").to_dicts() == ROWS


def test_text_in_another_encoding_and_archives_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for data, says in [
        (b"BZh91AY", "this is bzip2"),
        (b"PK\x03\x04..", "this is zip"),
        ("{}\n".encode("utf-16-le"), "UTF-16LE"),
    ]:
        path.write_bytes(data)
        with refused(fp.SourceError, "unsupported_format", says):
            fp.scan(path).explain()


@pytest.mark.parametrize(
    ("source", "way"),
    [
        (pl.DataFrame({"a": [1]}), "from_arrow"),
        (pl.LazyFrame({"a": [1]}), "from_arrow"),
        (pa.table({"a": [1]}), "from_arrow"),
        ([{"a": 1}], "from_records"),
        ([], "pass a path"),
        (3, "got 3"),
    ],
    ids=["frame", "lazy frame", "table", "records", "empty", "number"],
)
@pytest.mark.parametrize("scan", [fp.scan, fp.scan_csv])
def test_data_in_memory_are_told_the_way_in(scan: Any, source: Any, way: str) -> None:
    with pytest.raises(fp.PlanError, match=way) as e:
        scan(source)
    assert len(str(e.value)) < 300


FIRST_LINES = [b"null", b'"s"', b"123", b"}", b"# c", b"\0", b"\xff", b"[]", b"[1,2]", b"{"]


@pytest.mark.parametrize("first", FIRST_LINES)
@pytest.mark.parametrize("name", ["x.jsonl", "x.ndjson", "x.json", "x"])
def test_a_damaged_first_line_is_one_reject(first: bytes, name: str, tmp_path: Path) -> None:
    path = as_jsonl(tmp_path / name)
    path.write_bytes(first + b"\n" + path.read_bytes())
    plan = fp.scan(path)
    assert plan.explain().startswith("SCAN_JSONL")
    assert plan.to_polars().to_dicts() == fp.scan_jsonl(path).to_polars().to_dicts() == ROWS
    reports = [source.sink_jsonl(tmp_path / out) for source, out in [(plan, "a"), (fp.scan_jsonl(path), "b")]]
    assert [report.rows["rejected"] for report in reports] == [1, 1]
    assert (tmp_path / "a/rejects.jsonl").read_bytes() == (tmp_path / "b/rejects.jsonl").read_bytes()


def test_an_array_with_an_element_on_each_line_stays_an_array(tmp_path: Path) -> None:
    text = "[\n" + "\n,\n".join(json.dumps(row) for row in ROWS) + "\n]\n"
    for name in ("x.jsonl", "x.json", "x"):
        (tmp_path / name).write_text(text)
        assert fp.scan(tmp_path / name).explain().startswith("SCAN_JSON ")
        assert fp.scan(tmp_path / name).to_polars().to_dicts() == ROWS


@pytest.mark.parametrize("header", ["{id},{text}", "[id],[text]", '{"id"},text'])
def test_the_name_decides_for_a_header_in_brackets(header: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f"{header}\n1,2\n")
    plan = fp.scan(tmp_path / "x.csv")
    assert plan.explain().startswith("SCAN_CSV")
    assert plan.to_polars().rows() == [("1", "2")]


def test_a_bracket_alone_is_not_damaged_json(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[section]\nkey = "value"\n')
    with refused(fp.SourceError, "unknown_format", "none of the formats"):
        fp.scan(path).explain()


def test_the_help_names_the_function_that_the_name_says(tmp_path: Path) -> None:
    for name, verb in [("x.jsonl", "scan_jsonl"), ("x.json", "scan_jsonl or scan_json"), ("x.parquet", "scan_parquet")]:
        (tmp_path / name).write_text("No rows here.")
        with refused(fp.SourceError, "unknown_format", "none of the formats") as caught:
            fp.scan(tmp_path / name).explain()
        assert str(caught.value.help).endswith(f"use {verb}")
