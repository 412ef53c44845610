"""The same rows through every reader give the same bytes, and `scan` finds each reader."""

from __future__ import annotations

import csv
import gzip
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.ipc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import PAIR, jsonl

import fastprep as fp

Rows = list[dict[str, str]]
Writer = Callable[[Path, Rows], object]

ROWS = [
    {"prompt": "What is 6 times 7?", "completion": "42", "note": ""},
    {"prompt": 'a "quoted", text;\ttab', "completion": "line\nline\r\nline", "note": "é🙂\u2028"},
    {"prompt": "[{}]\\", "completion": ']}"', "note": "\x7f"},
    {"prompt": "What is 6 times 7?", "completion": "42", "note": "again"},
    *({"prompt": f"question {i}", "completion": f"answer {i} " * (i % 9), "note": str(i)} for i in range(60)),
]


def as_csv(path: Path, rows: Rows, **options: Any) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0], quoting=csv.QUOTE_ALL, **options)
        table.writeheader()
        table.writerows(rows)


def as_ipc(path: Path, rows: Rows, writer: Any) -> None:
    table = pa.Table.from_pylist(rows)
    with writer(path, table.schema) as out:
        out.write_table(table, max_chunksize=7)


WRITERS: dict[str, tuple[str, Writer]] = {
    "JSON lines": ("scan_jsonl", jsonl),
    "array": ("scan_json", lambda path, rows: path.write_text(json.dumps(rows))),
    "pretty array": ("scan_json", lambda path, rows: path.write_text(json.dumps(rows, indent=4, ensure_ascii=False))),
    "CSV": ("scan_csv", as_csv),
    "TSV": ("scan_csv", lambda path, rows: as_csv(path, rows, delimiter="\t", lineterminator="\n")),
    "Parquet": ("scan_parquet", lambda path, rows: pl.DataFrame(rows).write_parquet(path, row_group_size=7)),
    "IPC file": ("scan_ipc", lambda path, rows: as_ipc(path, rows, pa.ipc.new_file)),
    "IPC stream": ("scan_ipc", lambda path, rows: as_ipc(path, rows, pa.ipc.new_stream)),
}

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": lambda data: bytes(pa.compress(data, codec="zstd", asbytes=True)),
}

IN_MEMORY: dict[str, Callable[[Rows], fp.Pipeline]] = {
    "records": fp.from_records,
    "table": lambda rows: fp.from_arrow(pa.Table.from_pylist(rows)),
    "frame": lambda rows: fp.from_arrow(pl.DataFrame(rows)),
    "lazy frame": lambda rows: fp.from_arrow(pl.LazyFrame(rows)),
}


def published(plan: fp.Pipeline, out: Path) -> dict[str, bytes]:
    """The files of the data set, whose names do not depend on the source."""
    plan.format(PAIR).dedup().split(valid=0.3).sink(out, formats=["arrow", "jsonl"])
    return {path.name: path.read_bytes() for path in out.glob("data/*/*") if path.suffix in (".arrow", ".jsonl")}


def without_names(files: dict[str, bytes]) -> dict[str, bytes]:
    """Without the lists of rejects and duplicates, which name files and lines."""
    return {name: content for name, content in files.items() if name not in ("rejects.jsonl", "duplicates.jsonl")}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("expected")
    return without_names(published(fp.scan_jsonl(jsonl(folder / "rows", ROWS)), folder / "out"))


@pytest.mark.batches
@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("name", WRITERS)
def test_files_of_every_format(name: str, compression: str, tmp_path: Path, expected: dict[str, bytes]) -> None:
    verb, write = WRITERS[name]
    path = tmp_path / "rows"
    write(path, ROWS)
    path.write_bytes(COMPRESSIONS[compression](path.read_bytes()))
    plan = fp.scan(path)
    assert plan.explain().startswith(verb.upper())
    assert without_names(published(plan, tmp_path / "out")) == expected
    assert without_names(published(getattr(fp, verb)(path), tmp_path / "by name")) == expected


@pytest.mark.batches
@pytest.mark.parametrize("name", IN_MEMORY)
def test_rows_in_memory(name: str, tmp_path: Path, expected: dict[str, bytes]) -> None:
    assert without_names(published(IN_MEMORY[name](ROWS), tmp_path / "out")) == expected


TEXT = st.text(st.sampled_from(list('a",;\t|\n\r\\[]{}é🙂\x00 #')), max_size=6)


@given(st.lists(st.fixed_dictionaries({"a": TEXT, "b": TEXT}), min_size=1, max_size=12))
def test_any_table_is_the_same_from_every_reader(rows: Rows) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, (verb, write) in WRITERS.items():
            path = Path(folder) / "rows"
            write(path, rows)
            options = {"separator": "\t" if name == "TSV" else ","} if verb == "scan_csv" else {}
            assert getattr(fp, verb)(path, **options).to_polars().to_dicts() == rows, name
