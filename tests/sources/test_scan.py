"""`scan_jsonl`: which files are read, in which order, and what of them."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from tiny import as_nobody, closed_folder, column, jsonl, refused, rejects, rows

import fastprep as fp

TEXT = b'{"a":"1"}\n{"a":"2"}\n{"a":"3"}\n'
THREE = ["1", "2", "3"]


def zstd(data: bytes) -> bytes:
    compressed = pa.compress(data, codec="zstd", asbytes=True)
    assert isinstance(compressed, bytes)
    return compressed


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(TEXT, id="plain"),
        pytest.param(gzip.compress(TEXT), id="gzip"),
        pytest.param(gzip.compress(TEXT[:10]) + gzip.compress(TEXT[10:]), id="gzip members"),
        pytest.param(zstd(TEXT), id="zstd"),
        pytest.param(zstd(TEXT[:13]) + zstd(TEXT[13:]), id="zstd frames"),
        pytest.param(TEXT[:-1], id="no final newline"),
        pytest.param(TEXT.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(b"\xef\xbb\xbf" + TEXT, id="BOM"),
        pytest.param(b"\n \n" + TEXT.replace(b"\n", b"\n\t\r\n"), id="blank lines"),
    ],
)
def test_reads_lines_however_they_are_stored(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "any name at all"
    path.write_bytes(data)
    assert column(fp.scan_jsonl(path), "a") == THREE


@pytest.mark.parametrize("given", [str, Path, lambda p: [p], lambda p: (str(p), p)])
def test_paths_come_in_any_shape_and_each_file_once(given: object, tmp_path: Path) -> None:
    assert callable(given)
    path = tmp_path / "x.jsonl"
    path.write_bytes(TEXT)
    assert column(fp.scan_jsonl(given(path)), "a") == THREE


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        ([""], ["B", "a", "é", "sub/c", "sub/deep/d"]),
        (["*.jsonl"], ["B", "a", "é"]),
        (["**/*.jsonl"], ["B", "a", "é", "sub/c", "sub/deep/d"]),
        (["sub"], ["sub/c", "sub/deep/d"]),
        (["sub/deep/d.jsonl", "a.jsonl"], ["a", "sub/deep/d"]),
        (["[aB].jsonl"], ["B", "a"]),
    ],
)
def test_files_are_ordered_bytewise_by_name(patterns: list[str], found: list[str], tmp_path: Path) -> None:
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    for name in ("é", "a", "sub/deep/d", "B", "sub/c"):
        jsonl(tmp_path / f"{name}.jsonl", [{"name": name}])
    (tmp_path / "notes.txt").write_text("no data")
    (tmp_path / ".hidden.jsonl").write_text('{"name":"hidden"}\n')
    read = column(fp.scan_jsonl([f"{tmp_path}/{pattern}" for pattern in patterns]), "name")
    # By name as bytes: upper case before lower, "sub/…" before "é".
    assert read == sorted(found, key=lambda name: f"{name}.jsonl".encode())


def test_places_count_rows_lines_and_bytes_of_the_decompressed_stream(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    jsonl(tmp_path / "in" / "a.jsonl", [{"t": "fine"}])
    (tmp_path / "in" / "b.jsonl.gz").write_bytes(gzip.compress(b'{"t":"fine"}\n\n{"t":\n'))
    report = fp.scan_jsonl(tmp_path / "in").sink_arrow(tmp_path / "out")
    (reject,) = rejects(tmp_path / "out")
    assert {k: reject[k] for k in ("code", "file", "row", "line", "byte")} == {
        "code": "bad_json", "file": "b.jsonl.gz", "row": 2, "line": 3, "byte": 14,
    }  # fmt: skip
    assert report.to_dict()["reasons"]["bad_json"]["first"] == {"file": "b.jsonl.gz", "row": 2, "line": 3}


@pytest.mark.parametrize(
    ("line", "code", "detail"),
    [
        (b'{"t":"x"', "bad_json", "ends too early"),
        (b'{"t":"\xff"}', "bad_utf8", "byte 0xff"),
        (b'["x"]', "not_an_object", "an array"),
        (b'{"t":7}', "wrong_type", "column `t` holds an integer (7), not a string"),
        (b'{"t":"' + b"x" * 300 + b'"}', "line_too_long", "max_line_bytes allows 200"),
    ],
)
def test_a_line_that_is_no_row_is_set_aside_with_its_text(line: bytes, code: str, detail: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"t":"good"}\n' + line + b'\n{"t":"good too"}\n')
    plan = fp.scan_jsonl(path, max_line_bytes=200).validate(not_blank="t")
    report = plan.sink_arrow(tmp_path / "out")
    assert report.reasons == {code: 1}
    assert report.rows["written"] == 2
    (reject,) = rejects(tmp_path / "out")
    assert (reject["code"], reject["line"]) == (code, 2)
    assert detail in reject["detail"]
    assert reject["record"]


def test_columns_that_only_pass_through_reject_no_row_and_stay_as_they_were(tmp_path: Path) -> None:
    lines = ['{"t":"a","meta":{"x": [1, 2.50, "é"]}}', '{"t":"b","meta":1e400}', '{"t":"c","meta":null}', '{"t":"d"}']
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    fp.scan_jsonl(path).validate(required="t").sink_jsonl(tmp_path / "out")
    (shard,) = (tmp_path / "out").glob("data/*/train-*.jsonl")
    assert shard.read_text("utf-8").splitlines() == [
        '{"t":"a","meta":{"x": [1, 2.50, "é"]}}',
        '{"t":"b","meta":1e400}',
        '{"t":"c","meta":null}',
        '{"t":"d","meta":null}',
    ]


def test_a_column_that_turns_up_behind_the_heads_is_a_finding(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", [{"a": "x" * 1000}] * 1100 + [{"a": "y", "late": "1"}])
    report = fp.scan_jsonl(path).sink_arrow(tmp_path / "out")
    assert report.findings == {"late_column:late": 1}


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.touch()
    assert rows(fp.scan_jsonl(path)) == []
    full = tmp_path / "full.jsonl"
    full.write_bytes(TEXT)
    assert column(fp.scan_jsonl([path, full]), "a") == THREE


def stdin(code: str, data: bytes) -> subprocess.CompletedProcess[bytes]:
    program = f"import fastprep as fp\nplan = fp.scan_jsonl('-')\n{code}"
    return subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, check=False)


def test_an_array_on_standard_input_names_the_command_that_writes_lines() -> None:
    done = stdin("plan.explain()", b'[{"a":1}]')
    assert b"help: write its elements as JSON lines: jq -c '.[]'" in done.stderr


@pytest.mark.parametrize("data", [TEXT, gzip.compress(TEXT)], ids=["plain", "gzip"])
def test_standard_input_is_explained_then_read_whole(data: bytes) -> None:
    done = stdin("print(plan.explain().splitlines()[0]); print(plan.collect().to_pylist())", data)
    first, read = done.stdout.decode().splitlines()
    assert first.split() == ["SCAN_JSONL", "<stdin>", "[source]"]
    assert read == str([{"a": a} for a in THREE])


def test_standard_input_read_twice_says_so() -> None:
    done = stdin("plan.collect()\nplan.collect()", TEXT)
    assert b"SourceError: this source can be read only once, and was already read\n  at <stdin>\n  help" in done.stderr


def test_nothing_is_opened_before_it_must_be(tmp_path: Path) -> None:
    plan = fp.scan_jsonl(tmp_path / "not there.jsonl").select("a").shuffle()
    with refused(fp.SourceError, "not_found", "the file or folder does not exist"):
        plan.explain()


def test_what_cannot_be_found_says_where_it_looked(tmp_path: Path) -> None:
    missing = str(tmp_path / "gone.jsonl")
    with refused(fp.SourceError, "not_found", "the file or folder does not exist") as e:
        rows(fp.scan_jsonl(missing))
    assert e.value.path == missing
    assert isinstance(e.value, OSError)
    with refused(fp.SourceError, "not_found", r"no file matches `.*\*\.jsonl`"):
        rows(fp.scan_jsonl(f"{tmp_path}/*.jsonl"))
    with refused(fp.SourceError, "not_found", r"the folder has no files that match \*\.jsonl, "):
        rows(fp.scan_jsonl(tmp_path))


def test_a_folder_that_may_not_be_read_is_named() -> None:
    with closed_folder(mode=0) as folder:
        printed = as_nobody(f"fp.scan_jsonl({str(folder)!r}).explain()")
    assert f"SourceError: the input cannot be read\n  at {folder}\n" in printed
    assert "help: give yourself permission to read it, or leave it out" in printed


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (gzip.compress(TEXT * 100)[:-10], "corrupt_gzip", "the gzip data is truncated or damaged"),
        (zstd(TEXT * 100)[:-4], "corrupt_zstd", "the zstd data is truncated or damaged"),
        (b"PAR1" + TEXT, "unsupported_format", "this is Parquet, not text"),
        ("{}".encode("utf-16"), "unsupported_format", "this is UTF-16"),
        ("{}".encode("utf-32"), "unsupported_format", "this is UTF-32"),
        ('{"a":"x"}\n'.encode("utf-16-le"), "unsupported_format", "this is UTF-16LE, not UTF-8\n.*\n.*iconv -f U"),
        ('\n{"a":"x"}\n'.encode("utf-16-be"), "unsupported_format", "this is UTF-16BE, not UTF-8"),
        (gzip.compress('{"a":"x"}\n'.encode("utf-16")), "unsupported_format", "UTF-16, not.*\n.*\n.*gzip -dc F"),
        (zstd('{"a":"x"}\n'.encode("utf-16-le")), "unsupported_format", "LE, not.*\n.*\n.*zstd -dc F"),
        (b'{"a":"x"}\r{"a":"y"}\r', "unsupported_format", "the lines end in carriage returns .CR. alone"),
        (b'\r\r{"a":"x"}\r{"a":\r', "unsupported_format", "the lines end in carriage returns .CR. alone"),
        (json.dumps({"a": 1}, indent=1).encode(), "unsupported_format", "this is a JSON object over several lines"),
        (json.dumps([{"a": 1}, {"a": 2}], indent=1).encode(), "json_array", "this is one JSON array, not JSON lines"),
        (b'[{"a":1}]', "json_array", "this is one JSON array, not JSON lines"),
        (b'[{"a":1}]\n[{"a":2}]\n', "json_array", "each line is a JSON array, not an object\n.*\n.*jq -c"),
    ],
)
def test_what_is_no_json_lines_is_refused_whole(data: bytes, code: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(data)
    with refused(fp.SourceError, code, says) as e:
        fp.scan_jsonl(path).sink_arrow(tmp_path / "out")
    assert e.value.path == str(path)
    assert e.value.help
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("source", [[], None, 5, b"x.jsonl", [b"x"], ["-", "x.jsonl"]])
def test_a_source_that_names_no_input_fails_at_once(source: object) -> None:
    with refused(fp.PlanError, "bad_option", "scan_jsonl: "):
        fp.scan_jsonl(source)  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [0, -1, "3", 1.5])
def test_a_line_limit_that_makes_no_sense_fails_at_once(limit: object) -> None:
    with refused(fp.PlanError, "bad_option", "scan_jsonl: `max_line_bytes` must be"):
        fp.scan_jsonl("x", max_line_bytes=limit)  # type: ignore[arg-type]


def test_a_first_line_longer_than_the_head_is_read_to_its_end(tmp_path: Path) -> None:
    text = json.dumps({"a": "x" * 3_000_000, "b": "y"}) + '\n{"a":"short","b":"z"}\n'
    for name, data in (("plain", text.encode()), ("packed", gzip.compress(text.encode()))):
        (tmp_path / name).write_bytes(data)
        assert column(fp.scan_jsonl(tmp_path / name), "b") == ["y", "z"]
        done = subprocess.run(
            [sys.executable, "-m", "fastprep", "preview", "-", "--template", "{b}", "--completion", "c"],
            input=data, capture_output=True, check=True,
        )  # fmt: skip
        assert b"row 1" in done.stdout


@pytest.mark.parametrize("text", ["", "\n", "p,c\n1,2\n", "{'p': 'a'}\n", '"a"\n'])
def test_a_file_without_columns_says_what_it_may_be(text: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_text(text)
    with refused(fp.ColumnError, "missing_column", "the input has no columns\n.*JSON lines have one"):
        fp.scan_jsonl(tmp_path / "x").select("p").explain()


def test_a_folder_of_the_other_kind_says_what_reads_it(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "x.parquet").touch()
    with refused(fp.SourceError, "not_found", r"it has Parquet files: use scan_parquet, or .*p/\*.parquet"):
        fp.scan_jsonl(tmp_path / "p").explain()
    (tmp_path / "j").mkdir()
    (tmp_path / "j" / "x.jsonl").touch()
    with refused(fp.SourceError, "not_found", "it has JSON files: use scan_jsonl"):
        fp.scan_parquet(tmp_path / "j").explain()


@pytest.mark.parametrize("rows_a_line", [1, 500])
def test_of_thousands_of_late_columns_some_are_named_and_all_counted(rows_a_line: int, tmp_path: Path) -> None:
    names = [f"{i:04}" for i in range(3000)] + ["x" * 5000]
    late = [{"a": "y"} | dict.fromkeys(names[i : i + rows_a_line], "1") for i in range(0, 3001, rows_a_line)]
    path = jsonl(tmp_path / "x.jsonl", [{"a": "x" * 1000}] * 1100 + late[::-1])
    findings = fp.scan_jsonl(path).sink_arrow(tmp_path / "out").findings
    assert findings == {f"late_column:{name}": 1 for name in names[:100]} | {"late_columns": 2901}


@pytest.mark.parametrize("zeros", [1, 512, 300_000])
def test_zeros_behind_gzip_are_padding(zeros: int, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(TEXT) + bytes(zeros))
    assert gzip.decompress(path.read_bytes()) == TEXT
    assert column(fp.scan_jsonl(path), "a") == THREE
    report = fp.scan_jsonl(path).sink_jsonl(tmp_path / "out")
    assert report.to_dict()["bytes_read"] == path.stat().st_size
    path.write_bytes(gzip.compress(TEXT) + bytes(zeros) + b"x")
    with refused(fp.SourceError, "corrupt_gzip", "the gzip data is truncated or damaged"):
        rows(fp.scan_jsonl(path))


def junk_then(lines: bytes, path: Path, pack: bool = False) -> Path:
    data = b"junk\n" * 300_000 + lines
    path.write_bytes(gzip.compress(data, 1) if pack else data)
    return path


@pytest.mark.parametrize("pack", [False, True], ids=["plain", "gzip"])
def test_columns_are_looked_for_until_the_first_object(pack: bool, tmp_path: Path) -> None:
    lines = b"".join(b'{"q":"q%d","a":"x"}\n' % i for i in range(5))
    path = junk_then(lines, tmp_path / "x.jsonl", pack)
    plan = fp.scan_jsonl(path).dedup()
    report = plan.sink_jsonl(tmp_path / "out")
    assert (report.reasons, report.findings, report.rows["written"]) == ({"bad_json": 300_000}, {}, 5)
    assert rows(plan)[4] == {"q": "q4", "a": "x"}
    done = stdin("print(plan.collect().to_pylist()[4])", path.read_bytes())
    assert done.stdout.decode().strip() == str({"q": "q4", "a": "x"}), done.stderr


def test_each_file_is_looked_at_until_its_first_object(tmp_path: Path) -> None:
    (tmp_path / "0.jsonl").write_bytes(b"junk\n" * 300_000)
    junk_then(b'{"b":"2"}\n', tmp_path / "1.jsonl")
    (tmp_path / "2.jsonl").write_bytes(b'{"c":"3"}\n')
    assert rows(fp.scan_jsonl(tmp_path)) == [{"b": "2", "c": None}, {"b": None, "c": "3"}]


def test_a_first_line_may_be_as_long_as_it_is_allowed_to_be(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", [{"q": "v" * (65 << 20)}, {"q": "z"}])
    table = fp.scan_jsonl(path, max_line_bytes=1 << 30).collect()
    assert (table.column_names, table.num_rows) == (["q"], 2)
    assert rows(fp.scan_jsonl(path)) == [{"q": "z"}]


def test_rows_without_a_column_are_not_published(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"{}\n{}\nnot json\n")
    for plan in (fp.scan_jsonl(path), fp.scan_jsonl(path).dedup(), fp.from_arrow(pa.table({"a": [1]}).select([]))):
        with refused(fp.DataError, "no_columns", "rows left of . have no columns"):
            plan.sink_jsonl(tmp_path / "out")
        assert not (tmp_path / "out").exists()
    assert len((tmp_path / "out.rejects.jsonl").read_bytes().splitlines()) == 1


def test_names_that_are_not_utf_8_are_read_and_matched(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    try:
        for name in (b"b\xe9.jsonl", b"b\xe8.jsonl", b"c\xe9/d.jsonl", b"a.jsonl", b"caf\xe9.txt"):
            os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
            with open(os.path.join(folder, name), "wb") as file:
                file.write(json.dumps({"a": name.decode("latin-1")}).encode() + b"\n")
    except OSError as e:
        pytest.skip(f"the file system takes no such names: {e}")
    flat = ["a.jsonl", "b\xe8.jsonl", "b\xe9.jsonl"]
    assert column(fp.scan_jsonl(tmp_path), "a") == [*flat, "c\xe9/d.jsonl"]
    assert column(fp.scan_jsonl(f"{tmp_path}/*.jsonl"), "a") == flat
    assert column(fp.scan_jsonl(f"{tmp_path}/**/*.jsonl"), "a") == [*flat, "c\xe9/d.jsonl"]
    assert column(fp.scan_jsonl(f"{tmp_path}/b?.jsonl"), "a") == flat[1:]
    assert column(fp.scan_jsonl(f"{tmp_path}/c?/[d].jsonl"), "a") == ["c\xe9/d.jsonl"]
    for given in (os.fsdecode(folder + b"/b\xe9.jsonl"), Path(os.fsdecode(folder + b"/b\xe9.jsonl"))):
        assert column(fp.scan_jsonl(given), "a") == flat[2:]
    assert "3 files: a.jsonl, b\\xe8.jsonl, b\\xe9.jsonl" in fp.scan_jsonl(f"{tmp_path}/*.jsonl").explain()
    out = os.fsdecode(folder + b"/out\xe9")
    fp.scan_jsonl(f"{tmp_path}/*.jsonl").sink_jsonl(out)
    assert fp.load(out).manifest["inputs"][1]["name"] == "b\\xe8.jsonl"


def test_a_link_that_leads_nowhere_says_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").symlink_to("nowhere.jsonl")
    for given in (tmp_path, tmp_path / "x.jsonl", f"{tmp_path}/*.jsonl"):
        with refused(fp.SourceError, "not_found", "this is a link to `nowhere.jsonl`, which does not exist") as e:
            rows(fp.scan_jsonl(given))
        assert e.value.path == str(tmp_path / "x.jsonl")
