"""`explain` and `schema`: the plan with every default decided, before a row is read."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from tiny import PAIR, jsonl, refused

import fastprep as fp

ROWS = [{"prompt": "a", "completion": "b", "lang": "en", "n": 1, "tags": ["x"]}]


def chain(path: Path, tokenizer_folder: Path) -> fp.Pipeline:
    return (
        fp.scan_jsonl(path)
        .filter(pl.col("lang") == "en")
        .with_columns(size=pl.col("n") * 2)
        .rename({"lang": "language"})
        .validate(required="prompt")
        .head(10)
        .format(PAIR)
        .dedup()
        .split(valid=0.1)
        .tokenize(tokenizer_folder)
        .shuffle()
    )


def test_has_a_line_a_step_with_its_kind(tmp_path: Path, tokenizer_folder: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", ROWS)
    lines = chain(path, tokenizer_folder).explain().splitlines()
    steps = [(line.split()[0], line.rsplit("[", 1)[1]) for line in lines if not line.startswith(" ")]
    assert steps == [
        ("SCAN_JSONL", "source]"),
        ("FILTER", "map]"),
        ("WITH_COLUMNS", "map]"),
        ("RENAME", "map]"),
        ("VALIDATE", "map]"),
        ("HEAD", "ordered]"),
        ("FORMAT", "map]"),
        ("DEDUP", "ordered]"),
        ("SPLIT", "map]"),
        ("TOKENIZE", "map]"),
        ("SHUFFLE", "barrier]"),
        ("SINK", "ordered]"),
    ]
    assert lines[1].strip() == "reads 5 of 5 columns: prompt str, completion str, lang str, n int64, tags json"
    assert "lang -> language" in "\n".join(lines)


def test_schema_is_what_a_sink_writes(tmp_path: Path, tokenizer_folder: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", ROWS)
    plan = chain(path, tokenizer_folder)
    report = plan.sink_arrow(tmp_path / "out")
    assert report.rows["written"] == 1
    assert plan.schema == {c["name"]: c["type"] for c in fp.load(tmp_path / "out").manifest["schema"]}
    assert plan.schema == {
        "prompt": "str", "completion": "str", "language": "str", "n": "int64", "tags": "json", "size": "int64",
        "input_ids": "list<int32>", "labels": "list<int32>", "segment_lengths": "list<int32>",
        "segment_kinds": "list<uint8>",
    }  # fmt: skip


def test_reads_the_heads_of_files_only(tmp_path: Path) -> None:
    whole = jsonl(tmp_path / "x.jsonl", [{"a": "x" * 1000}] * 2000)
    # Broken far after the head: a run would reject it, explain does not read it.
    whole.write_bytes(whole.read_bytes() + b"{broken\n")
    assert "reads 1 of 1 columns: a str" in fp.scan_jsonl(whole).explain()
    assert list(tmp_path.iterdir()) == [whole]


def test_many_files_are_counted_and_the_first_named(tmp_path: Path) -> None:
    for i in range(5):
        jsonl(tmp_path / f"{i}.jsonl", ROWS)
    assert fp.scan_jsonl(tmp_path).explain().splitlines()[0] == (
        "SCAN_JSONL   5 files: 0.jsonl, 1.jsonl, 2.jsonl, …  [source]"
    )


def test_a_column_of_several_types_is_json(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", [{"a": 1, "b": 1, "c": None}, {"a": "x", "b": 2.5}])
    assert fp.scan_jsonl(path).filter(pl.col("b") > 0).schema == {"a": "json", "b": "float64", "c": "str"}


def test_errors_come_in_the_order_of_the_chain(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", ROWS)
    plan = fp.scan_jsonl(path).select("prompt").filter(pl.col("lang") == "en").format(PAIR)
    with refused(fp.ColumnError, "missing_column", "filter: there is no column `lang`; columns: prompt"):
        plan.explain()
