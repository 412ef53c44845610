"""`sink_parquet`: what other programs, `load`, `verify` and scans read of it, and that its bytes never differ."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from common import data_files, verify
from tiny import PAIR, refused, rows

import fastprep as fp

N = 9_000
TABLE = pa.table(
    {
        "prompt": [f"question {i} " + "é" * (i % 50) for i in range(N)],
        "completion": pa.array([str(i % 7) for i in range(N)]).dictionary_encode(),
        "n": pa.array([None if i % 5 == 0 else i for i in range(N)], pa.int16()),
        "tags": [["x"] * (i % 3) for i in range(N)],
        "meta": [{"lang": "en"} if i % 2 else None for i in range(N)],
    }
)


def shards(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*-of-*") if path.suffix == ".parquet")


def test_other_programs_read_the_rows(tmp_path: Path) -> None:
    fp.from_arrow(TABLE).sink_parquet(tmp_path / "out")
    (path,) = shards(tmp_path / "out")
    assert pq.read_table(path).to_pylist() == TABLE.to_pylist()
    assert pl.read_parquet(path).to_dicts() == TABLE.to_pylist()
    metadata = pq.ParquetFile(path).metadata
    assert metadata.created_by == "fastprep"
    assert metadata.row_group(0).column(0).compression == "ZSTD"
    assert verify(tmp_path / "out")["problems"] == []


def test_load_reads_what_arrow_shards_have(tmp_path: Path) -> None:
    plan = fp.from_arrow(TABLE).format(PAIR).split(valid=0.2, seed=1)
    plan.sink(tmp_path / "out", formats=["arrow", "parquet"], shard_bytes=100_000)
    plan.sink_parquet(tmp_path / "alone", shard_bytes=100_000)
    both, alone = fp.load(tmp_path / "out"), fp.load(tmp_path / "alone")
    assert len(shards(tmp_path / "alone")) > 4
    for name in ("train", "valid"):
        assert alone[name].to_arrow() == both[name].to_arrow()
        assert alone[name].to_polars().equals(both[name].to_polars())
    assert len(alone["valid"].to_datasets()) == len(both["valid"])


def test_tokens_train_from_parquet(tokenizer_folder: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    plan = fp.from_arrow(TABLE).head(50).format(PAIR).tokenize(tokenizer_folder, max_length=256)
    plan.sink_arrow(tmp_path / "arrow")
    plan.sink_parquet(tmp_path / "parquet")
    batches = []
    for name in ("arrow", "parquet"):
        data = fp.load(tmp_path / name)
        rows = data["train"].to_torch()
        batches.append(data.collator()([rows[i] for i in range(4)]))
    assert batches[0].keys() == batches[1].keys()
    assert all(torch.equal(batches[0][key], batches[1][key]) for key in batches[0])


def test_bytes_do_not_depend_on_threads_or_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = fp.from_arrow(TABLE).format(PAIR).split(valid=0.2, seed=1)
    plan.sink_parquet(tmp_path / "0", threads=1, shard_bytes=300_000)
    expected = data_files(tmp_path / "0")
    for batch, threads in [(1_000, 2), (77, 3), (65_536, 1)]:
        monkeypatch.setenv("FASTPREP_BATCH_ROWS", str(batch))
        out = tmp_path / f"{batch}-{threads}"
        plan.sink_parquet(out, threads=threads, shard_bytes=300_000)
        assert data_files(out) == expected


def test_another_process_writes_the_same_bytes(tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "x.parquet")
    code = "import sys, fastprep as fp; fp.scan_parquet(sys.argv[1]).sink_parquet(sys.argv[2])"
    written = []
    for name in ("a", "b"):
        args: list[Any] = [sys.executable, "-c", code, tmp_path / "x.parquet", tmp_path / name]
        subprocess.run(args, check=True)
        written.append(data_files(tmp_path / name))
    assert written[0] == written[1]


def test_a_folder_of_parquet_is_a_source(tmp_path: Path) -> None:
    fp.from_arrow(TABLE).select("prompt", "completion", "n").split(valid=0.1, seed=2, by="n").sink_parquet(
        tmp_path / "out"
    )
    for plan in (fp.scan_parquet(tmp_path / "out"), fp.scan(tmp_path / "out")):
        assert "published splits train, valid as column split" in plan.explain()
        assert len(rows(plan)) == N


def test_damage_is_found(tmp_path: Path) -> None:
    fp.from_arrow(TABLE).select("prompt", "n").sink_parquet(tmp_path / "out")
    (path,) = shards(tmp_path / "out")
    whole = path.read_bytes()
    for where in (len(whole) // 2, len(whole) - 30):
        damaged = bytearray(whole)
        damaged[where] ^= 0xFF
        path.write_bytes(damaged)
        assert "checksum" in verify(tmp_path / "out")["problems"][0]["what"]
    path.write_bytes(whole[:-1])
    with refused(fp.SourceError, "damaged_shard", "a shard is damaged"):
        fp.load(tmp_path / "out")
    path.unlink()
    with refused(fp.SourceError, "missing_shard", "."):
        fp.load(tmp_path / "out")


def test_columns_that_parquet_cannot_hold_are_refused_before_a_row_is_read(tmp_path: Path) -> None:
    union = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array(["x"])])
    plan = fp.from_arrow(pa.table({"u": union, "a": ["x"]}))
    with refused(fp.PlanError, "bad_sink", "Parquet cannot hold the column `u`"):
        plan.sink_parquet(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    plan.drop("u").sink_parquet(tmp_path / "out")


def test_an_empty_split_is_a_file(tmp_path: Path) -> None:
    fp.from_arrow(TABLE).head(1).split(valid=0.001, seed=1, by="prompt").sink_parquet(tmp_path / "out")
    data = fp.load(tmp_path / "out")
    assert sorted(len(data[name]) for name in data) == [0, 1]
    assert np.prod([len(data[name].to_arrow().column_names) for name in data]) == 25


def test_times_and_dates_are_told_to_readers_that_do_not_know_arrow(tmp_path: Path) -> None:
    moment, day = datetime(2026, 1, 2, 3, 4, 5), date(1969, 12, 31)
    event = pa.struct({"at": pa.timestamp("s"), "day": pa.date64()})
    data = pa.table(
        {
            "at": pa.array([moment, None], pa.timestamp("s")),
            "utc": pa.array([moment.replace(tzinfo=UTC)] * 2, pa.timestamp("s", "UTC")),
            "day": pa.array([day, None], pa.date64()),
            "clock": pa.array([time(3, 4, 5)] * 2, pa.time32("s")),
            "event": pa.array([{"at": moment, "day": day}, None], event),
            "days": pa.array([[day], []], pa.list_(pa.date64())),
        }
    )
    fp.from_arrow(data).sink(tmp_path / "out", formats=["parquet", "arrow"])
    (path,) = shards(tmp_path / "out")
    types = {
        "at": pa.timestamp("ms"),
        "utc": pa.timestamp("ms", "UTC"),
        "day": pa.date32(),
        "clock": pa.time32("ms"),
        "event": pa.struct({"at": pa.timestamp("ms"), "day": pa.date32()}),
    }
    read = pq.read_table(path)
    assert {name: read.schema.field(name).type for name in types} == types
    assert read.to_pylist() == data.to_pylist()
    stored = pq.ParquetFile(path).schema
    logical = [str(stored.column(i).logical_type).split("(")[0] for i in range(len(stored))]
    assert logical == ["Timestamp", "Timestamp", "Date", "Time", "Timestamp", "Date", "Date"]
    assert fp.load(tmp_path / "out")["train"].to_arrow().to_pylist() == data.to_pylist()
    assert rows(fp.scan_parquet(path)) == data.to_pylist()


@pytest.mark.parametrize(
    "values",
    [pa.array([1], pa.int64()).cast(pa.date64()), pa.array([2**62], pa.int64()).cast(pa.timestamp("s"))],
    ids=["a date with a time of day", "a time beyond milliseconds"],
)
def test_a_value_that_parquet_cannot_hold_is_an_error(values: pa.Array, tmp_path: Path) -> None:
    plan = fp.from_arrow(pa.table({"when": values}))
    with refused(fp.PlanError, "bad_sink", "a value of column `when` cannot be written to Parquet"):
        plan.sink_parquet(tmp_path / "out")
    plan.sink_arrow(tmp_path / "arrow")
