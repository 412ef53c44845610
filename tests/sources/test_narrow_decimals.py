"""Decimals of 32 and 64 bits, which polars reads wrongly: every source gives them as decimals of 128 bits."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny import rows

import fastprep as fp

VALUES = [Decimal("-1.00"), Decimal("2.00"), None, Decimal("3.25")]


def table(narrow: pa.DataType) -> pa.Table:
    prices = pa.array(VALUES, narrow)
    return pa.table(
        {
            "id": ["a", "b", "c", "d"],
            "price": prices,
            "prices": pa.array([[value] for value in VALUES], pa.list_(narrow)),
            "offer": pa.StructArray.from_arrays([prices], names=["price"]),
            "three": pa.array([[value] * 3 for value in VALUES], pa.list_(narrow, 3)),
        }
    )


def scanned_parquet(data: pa.Table, folder: Path) -> fp.Pipeline:
    pq.write_table(data, folder / "x.parquet")
    return fp.scan_parquet(folder / "x.parquet")


def scanned_ipc(data: pa.Table, folder: Path) -> fp.Pipeline:
    with pa.ipc.new_file(folder / "x.arrow", data.schema) as writer:
        writer.write_table(data)
    return fp.scan_ipc(folder / "x.arrow")


SOURCES: dict[str, Callable[[pa.Table, Path], fp.Pipeline]] = {
    "from_arrow": lambda data, _: fp.from_arrow(data),
    "scan_parquet": scanned_parquet,
    "scan_ipc": scanned_ipc,
}


@pytest.mark.parametrize("narrow", [pa.decimal32(5, 2), pa.decimal64(12, 2)], ids=str)
@pytest.mark.parametrize("source", SOURCES)
def test_narrow_decimals_are_wide_after_every_source(source: str, narrow: pa.DataType, tmp_path: Path) -> None:
    data = table(narrow)
    plan = SOURCES[source](data, tmp_path)
    wide = pa.decimal128(narrow.precision, narrow.scale)
    collected = plan.collect()
    assert collected.schema.field("price").type == wide
    assert collected.schema.field("offer").type.field("price").type == wide
    assert collected.to_pylist() == plan.to_polars().to_dicts() == data.to_pylist()
    assert plan.to_lazyframe().collect().to_dicts() == data.to_pylist()
    kept = plan.filter(pl.col("price") > 0)
    assert [row["id"] for row in rows(kept)] == ["b", "d"]
    assert [row["id"] for row in rows(plan.filter(pl.col("offer").struct.field("price") < 0))] == ["a"]
    doubled = plan.with_columns(twice=pl.col("price") * 2).select("twice")
    assert [row["twice"] for row in rows(doubled)] == [None if value is None else value * 2 for value in VALUES]


def test_files_with_narrow_and_wide_decimals_have_one_type(tmp_path: Path) -> None:
    for name, kind in [("1", pa.decimal32(5, 2)), ("2", pa.decimal128(5, 2))]:
        pq.write_table(pa.table({"d": pa.array(VALUES, kind)}), tmp_path / f"{name}.parquet")
    collected: Any = fp.scan_parquet(tmp_path).collect()
    assert collected["d"].type == pa.decimal128(5, 2)
    assert collected["d"].to_pylist() == VALUES * 2
