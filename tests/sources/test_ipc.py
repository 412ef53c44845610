"""`scan_ipc`: files and streams in every compression, all types, places, damaged and foreign files."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather
import pytest
from common import data_files, verify
from hypothesis import given
from hypothesis import strategies as st
from tiny import PAIR, column, refused, rejects, rows

import fastprep as fp

TABLE = pa.table(
    {
        "prompt": ["a", "b", None, "d", "e"],
        "completion": pa.array(["1", "2", "3", "2", "5"]).dictionary_encode(),
        "n": pa.array([1, None, 3, 4, 5], pa.int16()),
        "when": pa.array([datetime(2026, 1, 1)] * 5, pa.timestamp("ms")),
        "tags": [["x"], [], None, ["y", "z"], ["x"]],
        "meta": [{"lang": "en"}, {"lang": "de"}, None, {"lang": "en"}, {"lang": "fr"}],
        "large": pa.array(["é" * 20] * 5, pa.large_string()),
    }
)


def zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": zstd,
}


def stored(table: pa.Table, form: str = "file", compression: str | None = None, rows: int = 2) -> bytes:
    """The table as the bytes of an IPC file or stream, with record batches of so many rows."""
    sink = pa.BufferOutputStream()
    new = pa.ipc.new_file if form == "file" else pa.ipc.new_stream
    # A file may have only one dictionary for a column.
    options = pa.ipc.IpcWriteOptions(compression=compression, unify_dictionaries=form == "file")
    with new(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=rows)
    return bytes(sink.getvalue())


def saved(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return saved(tmp_path / "x.arrow", stored(TABLE))


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
@pytest.mark.parametrize("form", ["file", "stream"])
@pytest.mark.parametrize("whole", FORMS)
def test_every_form_has_the_same_rows(form: str, compression: str, whole: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "x", FORMS[whole](stored(TABLE, form, compression)))
    assert rows(fp.scan_ipc(path)) == TABLE.to_pylist()
    assert rows(fp.scan(path).select("n", "meta")) == TABLE.select(["n", "meta"]).to_pylist()
    fp.scan_ipc(path).sink_arrow(tmp_path / "out")
    assert fp.load(tmp_path / "out")["train"].to_arrow().to_pylist() == TABLE.to_pylist()


def test_what_polars_feather_and_fastprep_write_is_read(tmp_path: Path) -> None:
    frame = pl.DataFrame({"t": ["a", None, "é" * 30], "c": pl.Series(["x", "y", "x"], dtype=pl.Categorical)})
    frame.write_ipc(tmp_path / "a.arrow", compression="zstd")
    frame.write_ipc_stream(tmp_path / "b.arrows", compression="lz4")
    pyarrow.feather.write_feather(frame.to_arrow(), tmp_path / "c.feather")
    expected = frame.with_columns(pl.col("c").cast(pl.String)).to_dicts()
    assert rows(fp.scan_ipc(tmp_path)) == expected * 3
    fp.from_arrow(frame).sink_arrow(tmp_path / "out")
    plan = fp.scan_ipc(tmp_path / "out")
    assert rows(plan) == [{**row, "split": "train"} for row in expected]


def test_only_columns_that_the_plan_needs_are_read(path: Path) -> None:
    plan = fp.scan_ipc(path).filter(pl.col("n") > 3).select("prompt")
    assert "reads 2 of 7 columns: prompt str, n int16" in plan.explain()
    assert rows(plan) == [{"prompt": "d"}, {"prompt": "e"}]
    assert rows(fp.scan_ipc(path).with_row_index().select("index")) == [{"index": i} for i in range(5)]


def test_rows_are_numbered_through_record_batches_and_files(path: Path, tmp_path: Path) -> None:
    saved(tmp_path / "y.arrow", stored(TABLE, "stream", rows=1))
    report = fp.scan_ipc(tmp_path).select("prompt", "completion").format(PAIR).sink_arrow(tmp_path / "out")
    assert report.reasons == {"missing_field": 2}
    assert [(r["file"], r["row"], r["line"]) for r in rejects(tmp_path / "out")] == [
        ("x.arrow", 2, None),
        ("y.arrow", 2, None),
    ]
    assert verify(tmp_path / "out")["problems"] == []


def test_files_need_not_have_the_same_columns(path: Path, tmp_path: Path) -> None:
    saved(tmp_path / "y.arrow", stored(pa.table({"extra": [1], "prompt": pa.array(["p"], pa.string_view())})))
    plan = fp.scan_ipc(tmp_path).select("prompt", "n", "extra")
    assert rows(plan)[4:] == [{"prompt": "e", "n": 5, "extra": None}, {"prompt": "p", "n": None, "extra": 1}]
    saved(tmp_path / "z.arrow", stored(pa.table({"prompt": [1]})))
    with refused(fp.SourceError, "schema_mismatch", "column `prompt` is Int64 here and Utf8View in x.arrow"):
        fp.scan_ipc(tmp_path).explain()


def test_metadata_is_not_written_out(tmp_path: Path) -> None:
    field = pa.field("a", pa.string(), metadata={"note": "x"})
    table = pa.table([["x"]], schema=pa.schema([field], {"huggingface": "{}", "pandas": "{}"}))
    path = saved(tmp_path / "x.arrow", stored(table))
    fp.scan_ipc(path).sink_arrow(tmp_path / "out")
    schema = fp.load(tmp_path / "out")["train"].to_arrow().schema
    assert (schema.metadata, schema.field("a").metadata) == (None, None)


def test_a_file_that_was_cut_off_says_after_which_record_batch(tmp_path: Path) -> None:
    table = pa.table({"t": ["x" * 100] * 6})
    for form in ("file", "stream"):
        data = stored(table, form)
        path = saved(tmp_path / form, data[: len(data) * 3 // 4])
        with refused(fp.SourceError, "corrupt_ipc", "the file is damaged, was cut off, or is not Arrow IPC") as e:
            rows(fp.scan_ipc(path))
        assert "at record batch" in str(e.value.__cause__ or e.value)
        assert e.value.row in (2, 4)


def test_a_stream_without_its_end_marker_is_refused(tmp_path: Path) -> None:
    data = stored(TABLE, "stream")
    path = saved(tmp_path / "x", data[:-8])
    with refused(fp.SourceError, "corrupt_ipc", "damaged, was cut off"):
        fp.scan_ipc(path).sink_arrow(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    path = saved(tmp_path / "y", data + data)
    with refused(fp.SourceError, "corrupt_ipc", "damaged, was cut off"):
        fp.scan_ipc(path).sink_arrow(tmp_path / "out")


@pytest.mark.filterwarnings("ignore:Feather V1")
def test_other_formats_are_refused_by_name(tmp_path: Path) -> None:
    pyarrow.feather.write_feather(TABLE.select(["n"]), tmp_path / "old", version=1)
    with refused(fp.SourceError, "unsupported_format", "this is Feather of version 1, not Arrow IPC"):
        fp.scan_ipc(tmp_path / "old").explain()
    path = saved(tmp_path / "x.jsonl", b'{"a": 1}\n')
    with refused(fp.SourceError, "corrupt_ipc", "damaged, was cut off"):
        fp.scan_ipc(path).explain()
    path = saved(tmp_path / "y.arrow", stored(TABLE))
    with refused(fp.SourceError, "unsupported_format", "this is Arrow IPC, not text") as e:
        fp.scan_jsonl(path).explain()
    assert "scan_ipc" in e.value.help


texts = st.text(max_size=30)
scalars: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.string(): texts,
    pa.large_string(): texts,
    pa.string_view(): texts,
    pa.binary(): st.binary(max_size=20),
    pa.binary_view(): st.binary(max_size=20),
    pa.int8(): st.integers(-128, 127),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.float32(): st.floats(width=32, allow_nan=False),
    pa.float64(): st.floats(allow_nan=False),
    pa.bool_(): st.booleans(),
    pa.date32(): st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    pa.time64("us"): st.times(time(0), time(23, 59, 59)),
    pa.timestamp("us", "UTC"): st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    pa.duration("ms"): st.integers(-(10**9), 10**9).map(lambda n: timedelta(milliseconds=n)),
    pa.decimal128(12, 3): st.integers(-(10**8), 10**8).map(lambda n: Decimal(n).scaleb(-3)),
    pa.decimal256(40, 2): st.integers(-(10**30), 10**30).map(lambda n: Decimal(n).scaleb(-2)),
    pa.binary(4): st.binary(min_size=4, max_size=4),
    pa.null(): st.none(),
}


def typed(kind: tuple[pa.DataType, st.SearchStrategy[Any]]) -> st.SearchStrategy[tuple[pa.DataType, Any]]:
    """Types that are made of this one, with their values."""
    t, values = kind
    nullable = st.none() | values
    pairs = st.lists(st.tuples(st.integers(0, 9), nullable), max_size=3, unique_by=lambda pair: pair[0])
    return st.sampled_from(
        [
            (pa.list_(t), st.lists(nullable, max_size=3)),
            (pa.large_list(t), st.lists(nullable, max_size=3)),
            (pa.list_(t, 2), st.lists(nullable, min_size=2, max_size=2)),
            (pa.struct([("a", t), ("b", pa.int8())]), st.fixed_dictionaries({"a": nullable, "b": st.just(1)})),
            (pa.map_(pa.int8(), t), pairs),
        ]
    )


types = st.one_of(
    st.sampled_from(list(scalars.items())),
    st.sampled_from(list(scalars.items())).flatmap(typed),
    st.sampled_from(list(scalars.items())).flatmap(typed).flatmap(typed),
)


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    count = draw(st.integers(0, 12))
    columns: dict[str, pa.ChunkedArray] = {}
    for i in range(draw(st.integers(1, 4))):
        t, values = draw(types)
        chunks = [pa.array(draw(st.lists(st.none() | values, min_size=count, max_size=count)), t)]
        plain = t in (pa.string(), pa.int8(), pa.large_string())
        if plain and draw(st.booleans()):
            chunks = [chunks[0].dictionary_encode()]
        columns[f"c{i}"] = pa.chunked_array(chunks)
    table = pa.table(columns)
    start = draw(st.integers(0, count))
    return pa.concat_tables([table.slice(start), table.slice(0, start), table.slice(0, 0)])


@given(
    tables(),
    st.sampled_from(["file", "stream"]),
    st.sampled_from([None, "lz4", "zstd"]),
    st.sampled_from(list(FORMS)),
    st.integers(1, 13),
    st.data(),
)
def test_any_table_is_read_as_from_arrow_reads_it(
    table: pa.Table, form: str, compression: str | None, whole: str, batch: int, data: st.DataObject
) -> None:
    some = data.draw(st.lists(st.sampled_from(table.column_names), unique=True, min_size=1))
    with tempfile.TemporaryDirectory() as folder:
        path = saved(Path(folder) / "x", FORMS[whole](stored(table, form, compression, batch)))
        for columns in (table.column_names, some):
            if table.num_rows == 0:
                assert fp.scan_ipc(path).select(*columns).collect().schema.names == columns
                continue
            fp.scan_ipc(path).select(*columns).sink_arrow(f"{folder}/ours", overwrite=True)
            # arrow-rs cannot import slices of fixed-size lists of structs, so that this table has none.
            unsliced = pa.ipc.open_stream(stored(table, "stream")).read_all()
            fp.from_arrow(unsliced).select(*columns).sink_arrow(f"{folder}/theirs", overwrite=True)
            ours, theirs = (data_files(Path(folder) / name) for name in ("ours", "theirs"))
            assert ours == theirs


def test_nulls_at_any_depth_and_unions_and_runs_come_through(tmp_path: Path) -> None:
    table = pa.table(
        {
            "run": pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), pa.array(["x", None])),
            "union": pa.UnionArray.from_sparse(
                pa.array([0, 1, 0], pa.int8()), [pa.array(["x", "", None]), pa.array([0, 5, 0])]
            ),
            "dense": pa.UnionArray.from_dense(
                pa.array([0, 1, 1], pa.int8()), pa.array([0, 0, 1], pa.int32()), [pa.array(["x"]), pa.array([7, 8])]
            ),
            "last": ["a", "b", "c"],
        }
    )
    for form in ("file", "stream"):
        path = saved(tmp_path / form, stored(table, form))
        expected = column(fp.from_arrow(table).select("last"), "last")
        assert column(fp.scan_ipc(path).select("last"), "last") == expected
        fp.scan_ipc(path).sink_jsonl(tmp_path / "ours", overwrite=True)
        fp.from_arrow(table).sink_jsonl(tmp_path / "theirs", overwrite=True)
        names = [name for name in data_files(tmp_path / "ours") if name.startswith("train")]
        assert data_files(tmp_path / "ours")[names[0]] == data_files(tmp_path / "theirs")[names[0]]


def test_sliced_and_wide_tables_are_read(tmp_path: Path) -> None:
    wide = pa.table({f"c{i}": pa.array(range(i, i + 100)) for i in range(300)}).slice(3, 90)
    path = saved(tmp_path / "x.arrow", stored(wide, rows=7))
    assert rows(fp.scan_ipc(path).select("c299", "c0")) == wide.select(["c299", "c0"]).to_pylist()
    assert pc.sum(wide["c5"]).as_py() == sum(column(fp.scan_ipc(path).select("c5"), "c5"))


@pytest.mark.parametrize("dtype", [pl.Int128, pl.List(pl.Int128), pl.Struct({"n": pl.UInt128})], ids=str)
def test_a_type_that_is_not_read_is_named_with_its_column(
    dtype: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.arrow"
    pl.DataFrame({"id": ["a"], "big": pl.Series([None], dtype=dtype)}).write_ipc(path)
    with refused(fp.SourceError, "unsupported_format", "the column `big` has a type that is not read here") as caught:
        fp.scan_ipc(path).explain()
    assert (caught.value.column, caught.value.path) == ("big", str(path))
    assert "128" in str(caught.value)
    assert "panicked" not in capfd.readouterr().err


@pytest.mark.parametrize("dtype", [pl.Int128, pl.List(pl.Int128), pl.Struct({"n": pl.UInt128})], ids=str)
def test_a_type_that_is_not_read_is_named_in_a_stream(
    dtype: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.arrows"
    pl.DataFrame({"id": ["a"], "big": pl.Series([None], dtype=dtype)}).write_ipc_stream(path)
    with refused(fp.SourceError, "unsupported_format", "the column `big` has a type that is not read here") as caught:
        fp.scan_ipc(path).explain()
    assert (caught.value.column, caught.value.path) == ("big", str(path))
    assert "128" in str(caught.value)
    assert "panicked" not in capfd.readouterr().err
