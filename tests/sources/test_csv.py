"""`scan_csv`: records, fields and types, bad records, separators and encodings."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import warnings
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from common import shared, shared_rows
from hypothesis import given
from hypothesis import strategies as st
from tiny import jsonl, refused, rejects, rows

import fastprep as fp

TEXT = b'a,b\n1,"x, ""y""\r\nz"\n,""\n'
ROWS = [{"a": "1", "b": 'x, "y"\r\nz'}, {"a": None, "b": ""}]


def write(folder: Path, content: str | bytes, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(TEXT, id="plain"),
        pytest.param(gzip.compress(TEXT), id="gzip"),
        pytest.param(TEXT[:-1], id="no final newline"),
        pytest.param(b"\xef\xbb\xbf" + TEXT, id="BOM"),
        pytest.param(TEXT.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(("\ufeff" + TEXT.decode()).encode("utf-16-be"), id="UTF-16 big-endian"),
        pytest.param(gzip.compress(TEXT.decode().encode("utf-32")), id="UTF-32 in gzip"),
    ],
)
def test_reads_records_however_they_are_stored(stored: bytes, tmp_path: Path) -> None:
    path = write(tmp_path, stored, "any name")
    assert rows(fp.scan_csv(path)) == ROWS
    assert rows(fp.scan(path)) == ROWS


def test_bad_records_are_rejected_with_their_line_byte_and_text(tmp_path: Path) -> None:
    text = 'id,text\n1,"two\nlines"\n2\n"q"r,s\n\n3,é\n4,ok\n'
    path = write(tmp_path, text.encode().replace("é".encode(), b"\xe9"))
    report = fp.scan_csv(path).sink_jsonl(tmp_path / "out").to_dict()
    found = [(r["code"], r["row"], r["line"], r["byte"], r["record"]) for r in rejects(tmp_path / "out")]
    assert found == [
        ("wrong_field_count", 1, 4, 22, 2),
        ("bad_csv", 2, 5, 24, '"q"r,s'),
        ("bad_utf8", 3, 7, 32, "3,\ufffd"),
    ]
    assert report["blank_lines"] == 1
    assert (report["rows"]["read"], report["rows"]["written"]) == (5, 2)


def test_a_row_that_a_later_step_rejects_keeps_its_line_also_after_a_shuffle(tmp_path: Path) -> None:
    path = write(tmp_path, 'id,text\n1,"two\nlines"\n2,\n3,"\n"\n4,\n')
    plans = fp.scan_csv(path).validate(required="text"), fp.scan_csv(path).shuffle(seed=1).validate(required="text")
    for number, plan in enumerate(plans):
        plan.sink_jsonl(tmp_path / str(number))
        found = sorted((r["row"], r["line"], r["byte"]) for r in rejects(tmp_path / str(number)))
        assert found == [(1, 4, 22), (3, 7, 31)]


def test_columns_have_the_types_of_the_schema(tmp_path: Path) -> None:
    path = write(tmp_path, "i,f,b,t\n1,2.5,True,007\n,,,\nx,1,true,\n")
    for schema in (
        {"i": pl.Int64, "f": pl.Float64, "b": pl.Boolean, "t": pl.String},
        {"i": "int64", "f": float, "b": "bool"},
    ):
        plan = fp.scan_csv(path, schema=schema)
        assert plan.to_polars().schema == {"i": pl.Int64, "f": pl.Float64, "b": pl.Boolean, "t": pl.String}
        assert plan.to_polars().rows() == [(1, 2.5, True, "007"), (None,) * 4]
        plan.sink_jsonl(tmp_path / "out", overwrite=True)
        [reject] = rejects(tmp_path / "out")
        assert (reject["code"], reject["line"]) == ("wrong_type", 4)
        assert "column `i` holds `x`, not an integer" in reject["detail"]
    # A column that is not read rejects nothing.
    assert len(rows(fp.scan_csv(path, schema={"i": int}).select("t"))) == 3
    with refused(fp.ColumnError, "missing_column", "`gone`"):
        fp.scan_csv(path, schema={"gone": int}).explain()


@pytest.mark.parametrize(
    "options",
    [
        {"separator": ",,"},
        {"separator": "é"},
        {"separator": "\n"},
        {"separator": '"'},
        {"quote_char": "“"},
        {"separator": 1},
        {"has_header": 1},
        {"schema": {"a": "date"}},
        {"schema": {"a": pl.Date}},
        {"schema": ["a"]},
        {"max_line_bytes": 0},
    ],
)
def test_wrong_options_are_refused_at_the_verb(options: dict[str, Any]) -> None:
    with refused(fp.PlanError, "bad_option", "^scan_csv: "):
        fp.scan_csv("x.csv", **options)


@pytest.mark.parametrize(
    ("name", "text", "separator"),
    [
        ("x.csv", "a;b\n1,5;2\n", ";"),
        ("x.tsv.gz", "a\tb,c;d\n1\t2\n", "\t"),
        ("x.csv", "a|b\nx, y|z\n", "|"),
        ("x.csv", "text\nHello; world\n", ","),
    ],
)
def test_the_separator_that_was_decided_is_in_the_manifest(
    name: str, text: str, separator: str, tmp_path: Path
) -> None:
    path = write(tmp_path, gzip.compress(text.encode()) if name.endswith(".gz") else text, name)
    for number, plan in enumerate((fp.scan_csv(path), fp.scan(path))):
        plan.sink_jsonl(tmp_path / f"out{number}")
        manifest = json.loads((tmp_path / f"out{number}" / "manifest.json").read_bytes())
        source = manifest["plan"]["source"]
        assert (source["scan"], source["separator"], source["has_header"]) == ("csv", separator, True)


@pytest.mark.parametrize("quote", [None, ""])
def test_without_a_quote_character_quotes_are_text(quote: str | None, tmp_path: Path) -> None:
    path = write(tmp_path, 'a\tb\n"x\t5"\n', "x.tsv")
    assert rows(fp.scan_csv(path, quote_char=quote)) == [{"a": '"x', "b": '5"'}]


def test_without_a_header_columns_are_numbered(tmp_path: Path) -> None:
    plan = fp.scan_csv(write(tmp_path, "1,x\n2,y\n"), has_header=False, schema={"column_1": pl.Int64})
    assert rows(plan) == [{"column_1": 1, "column_2": "x"}, {"column_1": 2, "column_2": "y"}]


def test_what_cannot_be_read_is_an_error_that_says_how(tmp_path: Path) -> None:
    def fails(code: str, text: str | bytes, match: str, kind: type[fp.FastprepError] = fp.SourceError) -> None:
        path = write(tmp_path, text)
        with refused(kind, code, match):
            fp.scan_csv(path).collect()

    fails("corrupt_csv", 'a,b\n1,2\n3,"x\n4,5\n', "on line 3, at byte 10 .* end of the file")
    fails("unclear_separator", "Hello, world\nthis is\ntext\n", "separator")
    fails("bad_header", "a,,b\n1,2,3\n", "column 2 has no name")
    fails("duplicate_column", "a,b,a\n1,2,3\n", "`a`", fp.ColumnError)
    fails("unsupported_format", "a,b\r1,2\r", "carriage returns")
    fails("unsupported_format", "a,b\n1,2\n".encode("utf-16-le"), "UTF-16LE")
    fails("corrupt_gzip", gzip.compress(TEXT)[:-9], "truncated")
    path = write(tmp_path, 'a,b\n1,"' + "x" * 100 + '"\n')
    with refused(fp.SourceError, "corrupt_csv", "line 2, at byte 6 .* 50 bytes"):
        fp.scan_csv(path, max_line_bytes=50).collect()


def test_files_with_other_columns_are_joined_and_other_separators_refused(tmp_path: Path) -> None:
    write(tmp_path, "a,b\n1,2\n", "1.csv")
    write(tmp_path, "b,c\n3,4\n", "2.csv")
    write(tmp_path, ",c\n0,5\n", "3.csv")
    plan = fp.scan_csv(tmp_path)
    assert rows(plan) == [
        {"a": "1", "b": "2", "c": None},
        {"a": None, "b": "3", "c": "4"},
        {"a": None, "b": None, "c": "5"},
    ]
    assert "__index_level_0__" in plan.explain()
    write(tmp_path, "a;b\n1;2\n", "4.csv")
    with refused(fp.SourceError, "mixed_formats", "`1.csv` .* `4.csv` .*"):
        plan.explain()


def test_the_same_rows_as_json_lines_give_the_same_files(tmp_path: Path) -> None:
    texts = ["plain", 'a "quote", a comma', "two\nlines", "", " é😀\0", "x" * 5000]
    data = [{"prompt": text, "completion": other} for text in texts for other in texts]
    with (tmp_path / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["prompt", "completion"], quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(data)
    jsonl(tmp_path / "rows.jsonl", data)
    kept = []
    for name in ("rows.csv", "rows.jsonl"):
        out = tmp_path / f"out-{name}"
        plan = fp.scan(tmp_path / name).format(fp.PromptFormat("{prompt}", completion="{completion}")).dedup()
        plan.split(valid=0.3).sink_jsonl(out)
        kept.append({path.name: path.read_bytes() for path in sorted(out.glob("data/*/*-*-of-*"))})
    assert kept[0] == kept[1]
    assert len(kept[0]) > 1


HOSTILE = st.text(st.sampled_from('"",;\n\r\t\0\ufeffa é😀'), max_size=40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("csv")


@given(st.lists(st.lists(st.none() | HOSTILE, min_size=2, max_size=2), max_size=8), st.sampled_from(",;\t|"))
def test_tables_come_back_as_python_and_polars_wrote_them(
    folder: Path, table: list[list[str | None]], separator: str
) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=separator).writerows([["a", "b"], *table])
    # Python writes an empty text like a null.
    expected = [tuple(cell or None for cell in row) for row in table]
    assert fp.scan_csv(write(folder, written.getvalue()), separator=separator).to_polars().rows() == expected
    frame = pl.DataFrame(table, {"a": pl.String, "b": pl.String}, orient="row")
    frame.write_csv(folder / "x.csv", separator=separator, line_terminator="\r\n")
    assert fp.scan_csv(folder / "x.csv", separator=separator).to_polars().equals(frame)


def strictly(text: str) -> list[list[str]] | None:
    """The records as Python's reader sees them; None if it does not accept them."""
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return None


@given(st.lists(st.sampled_from(['"', '"', ",", ",", "\n", "\n", "\r\n", "a", "é", "\0"]), max_size=30).map("".join))
def test_random_text_is_read_as_python_reads_it(folder: Path, text: str) -> None:
    expected = strictly("h,i\n" + text)
    plan = fp.scan_csv(write(folder, "h,i\n" + text), separator=",")
    try:
        with warnings.catch_warnings(action="ignore"):
            found = plan.to_polars().rows()
    except fp.SourceError:
        found = None
    if expected is not None:
        assert found is not None
        assert [tuple(cell or "" for cell in row) for row in found] == [tuple(r) for r in expected[1:] if len(r) == 2]
        if all(len(record) == 2 for record in expected):
            # polars refuses a quote within a field that does not begin with one.
            with contextlib.suppress(pl.exceptions.ComputeError):
                assert found == pl.read_csv(("h,i\n" + text).encode(), infer_schema=False).rows()


def test_a_real_set_as_csv_has_the_rows_of_its_json_lines(tmp_path: Path) -> None:
    lines = [json.dumps(row, ensure_ascii=False) for row in shared_rows("arsarcasm")]
    sets = [shared(f"datasets/native/ArSarcasm_{name}.csv.gz") for name in ("train", "test")]
    plan = fp.scan(sets)
    found = sorted(json.dumps(row, ensure_ascii=False) for row in rows(plan))
    assert found == sorted(lines)
    # Also decompressed, in UTF-16, and read as polars and Python read it.
    raw = gzip.decompress(sets[0].read_bytes())
    expected = list(csv.DictReader(io.StringIO(raw.decode(), newline="")))
    assert rows(fp.scan_csv(sets[0])) == expected == rows(fp.scan_csv(write(tmp_path, raw.decode().encode("utf-16"))))
    assert fp.scan_csv(write(tmp_path, raw)).to_polars().equals(pl.read_csv(raw, infer_schema=False))


def test_a_first_column_without_a_name_is_left_out_only_if_it_holds_row_numbers(tmp_path: Path) -> None:
    frame = "".join(f"{i},{i * 7}\n" for i in range(5))
    assert rows(fp.scan_csv(write(tmp_path, ",n\n" + frame))) == [{"n": str(i * 7)} for i in range(5)]
    assert rows(fp.scan_csv(write(tmp_path, '"","n"\n"1","a"\n"2","b"\n'))) == [{"n": "a"}, {"n": "b"}]
    for text in (",completion\nHello,World\nBye,Now\n", ",n\n2,a\n3,b\n", '"",n\n0,a\n0,b\n', ",n\n0,a\n,b\n"):
        for verb in (fp.scan_csv, fp.scan):
            with refused(fp.SourceError, "bad_header", "the first column has no name.*row numbers") as caught:
                verb(write(tmp_path, text)).collect()
            assert "name it in the first record" in str(caught.value.help)
    (tmp_path / "data").mkdir()
    write(tmp_path / "data", ",n\n0,a\n", "1.csv")
    path = write(tmp_path / "data", ",n\nx,a\n", "2.csv")
    with refused(fp.SourceError, "bad_header", "it has `x`") as caught:
        fp.scan_csv(tmp_path / "data").explain()
    assert caught.value.path == str(path)


def test_an_unclear_separator_names_the_fault_in_a_short_file(tmp_path: Path) -> None:
    for text, says in [
        ('a,b\n"x\n4\n', "the quote on line 2 opens a field that does not end"),
        ("a,b,c\n1,2\n", "with ',' the record on line 2 has 2 of 3 fields"),
    ]:
        with refused(fp.SourceError, "unclear_separator", says) as caught:
            fp.scan_csv(write(tmp_path, text)).explain()
        assert str(caught.value.help).startswith("correct this record, or pass it")


def test_half_a_character_of_utf_16_is_not_another_encoding(tmp_path: Path) -> None:
    data = b"\xff\xfe" + "a,b\n1,".encode("utf-16-le") + b"\x00\xd8" + "\n".encode("utf-16-le")
    with refused(fp.DataError, "no_rows", "1 bad_utf8") as caught:
        fp.scan_csv(write(tmp_path, data)).sink_jsonl(tmp_path / "out")
    assert "iconv -f WINDOWS-1252" not in str(caught.value.help)
    assert "half of a character" in str(caught.value.help)
