"""`scan_json`: the elements of an array are the rows; damage is an error or a reject with its place."""

from __future__ import annotations

import gzip
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from common import shared
from hypothesis import given
from hypothesis import strategies as st
from tiny import column, jsonl, refused, rejects, rows

import fastprep as fp

ROWS = [{"a": "1", "b": "x"}, {"a": 'two\n["\\', "b": "y"}, {"a": "é😀", "b": None}]


def array(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("indent", [None, 0, 1, 4, "\t"])
@pytest.mark.parametrize("ascii", [True, False])
def test_rows_are_those_of_json_however_they_are_printed(indent: Any, ascii: bool, tmp_path: Path) -> None:
    text = json.dumps(ROWS, indent=indent, ensure_ascii=ascii).encode()
    packed = pa.compress(text, codec="zstd", asbytes=True)
    encoded = [text.decode().encode("utf-16"), text.decode().encode("utf-32")]
    encoded += [b"\xef\xbb\xbf" + text, b"\n\n " + text + b" \r\n"]
    for stored in (text, gzip.compress(text), packed, gzip.compress(encoded[0]), *encoded):
        assert rows(fp.scan_json(array(tmp_path / "x", stored))) == ROWS
        assert rows(fp.scan(tmp_path / "x")) == ROWS


@pytest.mark.parametrize("text", ["[]", " [\n] ", "", "\n\n", "\ufeff"])
def test_an_empty_array_and_an_empty_file_have_no_rows(text: str, tmp_path: Path) -> None:
    empty = array(tmp_path / "empty.json", text)
    assert rows(fp.scan_json(empty)) == []
    full = array(tmp_path / "full.json", json.dumps(ROWS))
    assert rows(fp.scan_json([empty, full])) == ROWS


def test_a_folder_is_searched_for_arrays(tmp_path: Path) -> None:
    array(tmp_path / "b.json", '[{"a": "2"}]')
    array(tmp_path / "a.json.gz", gzip.compress(b'[{"a": "1"}]'))
    array(tmp_path / "c.txt", "no data")
    assert column(fp.scan_json(tmp_path), "a") == ["1", "2"]
    assert column(fp.scan(tmp_path), "a") == ["1", "2"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, min_size=1), min_size=1, max_size=6)


@given(records=RECORDS, indent=st.sampled_from([None, 0, 1, 3]), packed=st.booleans())
def test_an_array_gives_the_bytes_of_its_json_lines(
    records: list[dict[str, Any]], indent: int | None, packed: bool
) -> None:
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent)
        lines = jsonl(folder / "rows.jsonl", records)
        text = json.dumps(records, indent=indent, ensure_ascii=False).encode()
        of_array = array(folder / "rows.json", gzip.compress(text) if packed else text)
        shards = []
        for name, plan in (("l", fp.scan_jsonl(lines)), ("a", fp.scan_json(of_array))):
            plan.sink_jsonl(folder / name)
            shards.append([path.read_bytes() for path in sorted((folder / name).glob("data/*/train-*"))])
        assert shards[0] == shards[1]


def test_places_count_elements_lines_and_bytes_also_after_a_barrier(tmp_path: Path) -> None:
    text = '[\n {"a": "x",\n  "b": 1},\n {"a": "", "b": 2}, {"a": ""},\n\n\n  nul\n]'
    path = array(tmp_path / "x.json", text)
    expected = {(1, 4, text.index('{"a": "", '), "blank_field"), (2, 4, text.index('{"a": ""}'), "blank_field")}
    lost = (3, 7, text.index("nul"), "bad_json")
    for name, plan in (("direct", fp.scan_json(path)), ("shuffled", fp.scan_json(path).shuffle(seed=1))):
        plan.validate(not_blank="a").sink_jsonl(tmp_path / name)
        found = {(r["row"], r["line"], r["byte"], r["code"]) for r in rejects(tmp_path / name)}
        assert found == expected | {lost}, name


def test_the_record_of_a_reject_is_on_one_line(tmp_path: Path) -> None:
    fp.scan_json(array(tmp_path / "x", '[[1,\n 2], {"a": 1}]')).sink_jsonl(tmp_path / "out")
    assert [reject["record"] for reject in rejects(tmp_path / "out")] == [[1, 2]]


def test_nested_values_are_kept_and_indentation_is_not(tmp_path: Path) -> None:
    meta = {"x": [1, {"y": "a\n  b"}], "z": {}}
    texts = [
        (json.dumps([{"meta": meta}], indent=3), json.dumps(meta)),
        ('[{"meta":  {"x" :1.50, "x":[ ]}}]', '{"x" :1.50, "x":[ ]}'),
    ]
    for text, expected in texts:
        assert fp.scan_json(array(tmp_path / "x", text)).to_polars()["meta"].to_list() == [expected]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('[{"a": 1}\n{"a": 2}]', 2, "a comma is missing after element 0: there is `{` at byte 10"),
        ('[{"a": 1},\n]', 2, "an element is missing before `]` at byte 11"),
        ('[\n{"a": 1]\n]', 2, "`]` at byte 9 does not close the `{` that is open in element 0"),
        ('[{"a": 1},\n{"a": [', 2, "the file ends within element 1, which begins at line 2, byte 11"),
        ('[{"a": 1},\n{"a": "', 2, "the file ends within a string of element 1, which begins at line 2, byte 11"),
        ('[{"a": 1}\n', 2, "the file ends after element 0, without the `]` of the array"),
        ('[{"a": 1}]\n[{"a": 2}]\n', 2, "a second array begins at byte 11, after element 0"),
        ('[{"a": 1}] and more', 1, "the array ends after element 0, but then there is `a` at byte 11"),
    ],
)
def test_damage_is_an_error_with_its_place_and_nothing_is_published(
    text: str, line: int, says: str, tmp_path: Path
) -> None:
    path = array(tmp_path / "x.json", text)
    with refused(fp.SourceError, "corrupt_json", re.escape(says)) as caught:
        fp.scan_json(path).sink_jsonl(tmp_path / "out")
    assert (caught.value.path, caught.value.line) == (str(path), line)
    assert not (tmp_path / "out").exists()


def test_damage_after_the_head_is_found_by_the_run(tmp_path: Path) -> None:
    text = json.dumps([{"a": "x" * 100}] * 50_000)
    path = array(tmp_path / "x.json", text[:-20])
    plan = fp.scan_json(path)
    plan.explain()
    with refused(fp.SourceError, "corrupt_json", "the file ends within a string of element 49999"):
        plan.sink_jsonl(tmp_path / "out")
    # The rows before the damage are all that this plan reads.
    assert fp.scan_json(path).head(10).to_polars().height == 10


@pytest.mark.parametrize(
    ("text", "says", "help"),
    [
        ('{"a": 1}\n{"a": 2}\n', "this is JSON lines, not a JSON array", "scan_jsonl"),
        ('{"data": [\n{"a": 1}]}', "this is a JSON object, not a JSON array", "jq -c '.KEY[]'"),
        ('{\n"a": 1\n}\n{\n"a": 2\n}\n', "this is a JSON object, not a JSON array", "jq -c ."),
        ("a,b\n1,2\n", "this is not a JSON array: it begins with `a`", "begin with `[`"),
    ],
)
def test_other_files_are_refused_by_name(text: str, says: str, help: str, tmp_path: Path) -> None:
    with refused(fp.SourceError, "unsupported_format", says) as caught:
        fp.scan_json(array(tmp_path / "x", text)).explain()
    assert help in str(caught.value.help)


def test_elements_over_the_limit_are_rejects(tmp_path: Path) -> None:
    path = array(tmp_path / "x", json.dumps([{"a": "1"}, {"a": "x" * 3_000_000}, {"a": "2"}], indent=1))
    report = fp.scan_json(path, max_line_bytes=1_000).sink_jsonl(tmp_path / "out")
    assert (report.reasons, report.rows["written"]) == ({"line_too_long": 1}, 2)
    [reject] = rejects(tmp_path / "out")
    assert reject["detail"] == "the element has 3000014 bytes, max_line_bytes allows 1000"
    assert column(fp.scan_json(path, max_line_bytes=4_000_000), "a")[0::2] == ["1", "2"]


@pytest.mark.parametrize("limit", [0, -1, "3", 1.5])
def test_a_limit_that_makes_no_sense_fails_at_once(limit: object) -> None:
    with refused(fp.PlanError, "bad_option", "scan_json: `max_line_bytes` must be"):
        fp.scan_json("x", max_line_bytes=limit)  # type: ignore[arg-type]


def test_standard_input_is_refused_by_name() -> None:
    with refused(fp.PlanError, "bad_option", "scan_json: - is standard input"):
        fp.scan_json("-")


@pytest.mark.parametrize("depth", [500, 1_000, 100_000, 3_000_000])
def test_deep_nesting_is_a_reject(depth: int, tmp_path: Path) -> None:
    path = array(tmp_path / "x", '[{"a": "1"},{"a": ' + "[" * depth + "]" * depth + '},{"a": "2"}]')
    report = fp.scan_json(path).sink_jsonl(tmp_path / "out")
    assert report.reasons == ({"bad_json": 1} if depth > 511 else {})


def test_alpaca_is_read_as_json_reads_it() -> None:
    path = shared("datasets/native/alpaca_data.json.gz")
    with gzip.open(path) as file:
        expected = json.load(file)
    frame = fp.scan(path).to_polars()
    assert frame.height == 52_002
    assert frame.to_dicts() == expected
