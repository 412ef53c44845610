"""Input that is broken on purpose: every line gets its reason and its place, and nothing crashes."""

from __future__ import annotations

import functools
import gzip
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from common import SHARED, json_lines, removal, render, shared, steps_add_up

import fastprep as fp

FORMAT = fp.PromptFormat("{prompt}", completion="{completion}")
BEFORE, AFTER = b'{"prompt": "before", "completion": "it"}', b'{"prompt": "after"}'
BOM = b"\xef\xbb\xbf"


def strictly(line: bytes) -> str:
    """What a line is, as Python's own JSON parser sees it."""

    def refuse(word: str) -> None:
        raise ValueError(word)

    try:
        value = json.loads(line.decode(), parse_constant=refuse)
    except UnicodeDecodeError:
        return "bad_utf8"
    except (ValueError, RecursionError):
        return "bad_json"
    return "parsed" if isinstance(value, dict) else "not_an_object"


def outcomes(content: bytes) -> list[str]:
    """Of each line, naively."""
    lines = content.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [strictly(line) if line.strip(b" \t\r") else "blank" for line in lines]


def run(content: bytes, folder: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The whole chain over a file of these lines between two known ones; gives the rejects and the report."""
    source, out = folder / "hostile.jsonl", folder / "out"
    source.write_bytes(BEFORE + b"\n" + content + (b"\n" if content and not content.endswith(b"\n") else b"") + AFTER)
    plan = fp.scan_jsonl(source).format(FORMAT).dedup().split(valid=0.5).shuffle()
    report = plan.sink_jsonl(out, overwrite=True).to_dict()
    steps_add_up(report)
    return json_lines(out / "rejects.jsonl"), report


def check(content: bytes, expected: list[str], folder: Path) -> None:
    """Each line has its reason, line number and place, and the lines around it are what they are."""
    lines = content.split(b"\n")
    rejects, report = run(content, folder)
    # A row that was parsed has neither prompt nor completion, like the last line.
    codes = [code.replace("parsed", "missing_field") for code in [*expected, "parsed"]]
    wanted = [(line, code) for line, code in enumerate(codes, 2) if code != "blank"]
    assert [(r["line"], r["code"]) for r in rejects] == wanted
    assert report["blank_lines"] == expected.count("blank")
    assert report["rows"]["written"] == 1
    whole = BEFORE + b"\n" + content + b"\n"
    for reject in rejects[:-1]:
        line = lines[reject["line"] - 2]
        assert (reject["row"], reject["file"]) == (reject["line"] - 1, "hostile.jsonl")
        assert whole[reject["byte"] :].startswith(line)
        assert_record(reject["record"], line)
        if reject["code"] == "bad_utf8":
            with pytest.raises(UnicodeDecodeError) as caught:
                line.decode()
            at = caught.value.start
            assert reject["detail"] == f"byte 0x{line[at]:02x} at byte {at} of the line is not valid UTF-8"


def assert_record(record: Any, line: bytes) -> None:
    """A reject shows its line: as the value that it is, else as text, cut where it is long."""
    text = line.decode("utf-8", "replace")
    if strictly(line) in ("parsed", "not_an_object") and len(line) <= 64 << 10:
        # Twice through the same parser, since infinities and repeated keys are as they may.
        assert json.dumps(record) == json.dumps(json.loads(text))
    else:
        assert record == text.removesuffix("\r")[: 64 << 10]


# -- JSONTestSuite ---------------------------------------------------------------------------------


@functools.cache
def suite() -> dict[str, bytes]:
    with tarfile.open(shared("adversarial/JSONTestSuite.tar.gz")) as tar:
        members = [m for m in tar.getmembers() if m.isfile() and "/test_parsing/" in m.name]
        return {Path(m.name).name: tar.extractfile(m).read() for m in members}  # type: ignore[union-attr]


TABLE = {
    name: outcome.split(" ") if outcome != "nothing" else []
    for name, outcome in (
        line.split("\t") for line in Path(__file__).with_suffix(".tsv").read_text("utf-8").splitlines()
    )
}


def test_the_table_agrees_with_the_names() -> None:
    assert len(TABLE) == 318
    whole_lines = {"parsed", "not_an_object"}
    for name, lines in TABLE.items():
        good = [line in whole_lines for line in lines]
        match name[0]:
            case "y" if len(lines) == 1:
                assert all(good), name
            case "y":
                # JSON over several lines is no JSON lines.
                assert "newline" in name
                assert set(lines) == {"bad_json"}, name
            case "n":
                assert not all(good) or name in ("n_single_space.json", "n_structure_no_data.json"), name
    by_name = {name[0]: sum(other[0] == name[0] for other in TABLE) for name in TABLE}
    assert by_name == {"y": 95, "n": 188, "i": 35}


def test_the_table_has_every_file_of_the_suite_as_python_sees_it() -> None:
    assert {name: outcomes(content) for name, content in suite().items()} == TABLE


@pytest.mark.parametrize("letter", "yni")
def test_each_file_of_the_suite_comes_out_as_in_the_table(letter: str, tmp_path: Path) -> None:
    for name, content in suite().items():
        if name.startswith(letter):
            try:
                check(content, TABLE[name], tmp_path)
            except AssertionError as error:
                raise AssertionError(name) from error


def test_all_files_of_the_suite_in_one_keep_their_line_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = b"".join(c if c.endswith(b"\n") or not c else c + b"\n" for c in suite().values())
    expected = [outcome for name in suite() for outcome in TABLE[name]]
    check(whole, expected, tmp_path)
    monkeypatch.setenv("FASTPREP_BATCH_ROWS", "3")
    monkeypatch.setenv("FASTPREP_BATCH_BYTES", "64")
    check(whole, expected, tmp_path)


def test_each_file_of_the_suite_alone_is_an_error_or_rows(tmp_path: Path) -> None:
    path = tmp_path / "alone.jsonl"
    for name, content in suite().items():
        path.write_bytes(content)
        text = content.removeprefix(BOM)
        if "utf16" in name.lower().replace("-", ""):
            code = "unsupported_format"
        elif text.strip().startswith(b"["):
            code = "json_array"
        elif text.startswith(b"{\n"):
            # An object over several lines.
            code = "unsupported_format"
        else:
            code = ("rows" if has_column(text) else "no_columns") if "parsed" in outcomes(text) else "no_rows"
        assert _code(fp.scan_jsonl(path), tmp_path / "out") == code, name


def has_column(content: bytes) -> bool:
    """Whether a line that is a row has a key that is text: a lone surrogate is none."""
    judged = zip(content.split(b"\n"), outcomes(content), strict=False)
    keys = [key for line, outcome in judged if outcome == "parsed" for key in json.loads(line)]
    return any(key.encode("utf-8", "ignore").decode() == key for key in keys)


def _code(pipeline: fp.Pipeline, out: Path) -> str:
    """The error's code, or ``rows``."""
    try:
        steps_add_up(pipeline.sink_jsonl(out, overwrite=True).to_dict())
    except (fp.SourceError, fp.DataError) as error:
        return error.code if error.help else "helpless"
    return "rows"


# -- our own ---------------------------------------------------------------------------------------

DEEP = 512

HOSTILE = [
    (b'{"a": 1}', "parsed"),
    (b' \t{"a": [1, {"b": null}]} \r', "parsed"),
    (b'{"a": "\\ud83d\\ude00 \\u0000 \\/"}', "parsed"),
    (b'{"\\ud800": 1}', "parsed"),
    (b'{"": 0, "": 1}', "parsed"),
    ('{"a": "\u2028\u2029\ufeff\U0010ffff"}'.encode(), "parsed"),
    (b'{"a": ' + b"[" * (DEEP - 1) + b"]" * (DEEP - 1) + b"}", "parsed"),
    (b"{}", "parsed"),
    (b"[]", "not_an_object"),
    (b'"text"', "not_an_object"),
    (b"null", "not_an_object"),
    (b"-0.0e-7", "not_an_object"),
    (b"1" * 5_000 + b".0", "not_an_object"),
    (b"1e999999", "not_an_object"),
    (b"{", "bad_json"),
    (b'{"a": 1', "bad_json"),
    (b'{"a": 1}}', "bad_json"),
    (b'{"a": 1} {"a": 2}', "bad_json"),
    (b'{"a": 1,}', "bad_json"),
    (b"{'a': 1}", "bad_json"),
    (b"{a: 1}", "bad_json"),
    (b'{"a": 01}', "bad_json"),
    (b'{"a": .5}', "bad_json"),
    (b'{"a": +1}', "bad_json"),
    (b'{"a": NaN}', "bad_json"),
    (b'{"a": -Infinity}', "bad_json"),
    (b'{"a": True}', "bad_json"),
    (b'{"a": "\t"}', "bad_json"),
    (b'{"a": "\x00"}', "bad_json"),
    (b'{"a": "\\x41"}', "bad_json"),
    (b'{"a": "\\u00g0"}', "bad_json"),
    (b'{"a": "\\', "bad_json"),
    (b"\x00", "bad_json"),
    (b"\x0b{}", "bad_json"),
    (b"\xc2\xa0{}", "bad_json"),
    (BOM + b'{"a": 1}', "bad_json"),
    (b"// comment", "bad_json"),
    (b'{"a": ' + b"[" * 100_000, "bad_json"),
    (b'{"a":' * 100_000, "bad_json"),
    (b'{"a": "\xff"}', "bad_utf8"),
    (b"\xff" * 40, "bad_utf8"),
    (b'{"a": "caf\xe9"}', "bad_utf8"),
    (b'{"a": "\xc0\xaf"}', "bad_utf8"),
    (b'{"a": "\xed\xa0\x80"}', "bad_utf8"),
    (b'{"a": "\xf4\x90\x80\x80"}', "bad_utf8"),
    (b'{"a": "\xe2\x82', "bad_utf8"),
    ("{}".encode("utf-16"), "bad_utf8"),
    (b"", "blank"),
    (b" \t \r", "blank"),
]


@pytest.mark.parametrize(("line", "expected"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_line_gets_its_reason(line: bytes, expected: str, tmp_path: Path) -> None:
    assert outcomes(line + b"\n") == [expected]
    check(line + b"\n", [expected], tmp_path)


@pytest.mark.parametrize("rows", ["1", "3", "65536"])
def test_hostile_lines_together_keep_their_numbers(rows: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTPREP_BATCH_ROWS", rows)
    check(b"\n".join(line for line, _ in HOSTILE) + b"\n", [expected for _, expected in HOSTILE], tmp_path)


def test_one_level_deeper_than_the_limit_is_bad_json(tmp_path: Path) -> None:
    check(b'{"a": ' + b"[" * DEEP + b"]" * DEEP + b"}", ["bad_json"], tmp_path)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"1", "wrong_type"),
        (b"[]", "wrong_type"),
        (b"true", "wrong_type"),
        (b'"\\udead"', "bad_json"),
        (b"null", "missing_field"),
    ],
)
def test_a_value_that_is_no_text_where_text_is_needed_is_a_reject(value: bytes, code: str, tmp_path: Path) -> None:
    rejects, _ = run(b'{"prompt": "x", "completion": ' + value + b"}\n", tmp_path)
    assert [(r["code"], r["line"]) for r in rejects] == [(code, 2), ("missing_field", 3)]
    assert "completion" in rejects[0]["detail"]


def test_broken_utf8_anywhere_in_a_line_is_named_by_its_byte(tmp_path: Path) -> None:
    """The suites' lines in a JSON string: those that Python decodes come back as they are, others are rejected."""
    valid = ["plain", "é", "€", "😀", "\ufffd\ufffe", "\U0010ffff", "e\u0301"]
    invalid = [b"\x80", b"\xc0\x80", b"\xc3", b"\xe0\x80\x80", b"\xed\xbf\xbf", b"\xf0\x80\x80\x80", b"\xf5", b"\xff"]
    texts = [text.encode() for text in valid] + [b"ok" + text + b"ok" for text in invalid]
    _check_texts(texts, tmp_path)


def test_utf8tests_come_through_or_are_named(tmp_path: Path) -> None:
    with tarfile.open(shared("adversarial/utf8tests.tar.gz")) as tar:
        content = tar.extractfile("utf8tests/utf8tests.bin").read()  # type: ignore[union-attr]
    lines = [line for line in content.split(b"\n") if b":valid:" in line or b":invalid:" in line]
    assert len(lines) > 100
    rejected = _check_texts(lines, tmp_path)
    for line in lines:
        assert (line in rejected) is (b":invalid:" in line)


def _check_texts(texts: list[bytes], folder: Path) -> set[bytes]:
    """Rows with these completions: through losslessly, or `bad_utf8` with the byte; gives those rejected."""
    escapes = {byte: b"\\u%04x" % byte for byte in [*range(0x20), 0x22, 0x5C]}
    head = b'{"prompt": "x", "completion": "'
    lines = [head + b"".join(escapes.get(byte, bytes([byte])) for byte in text) + b'"}' for text in texts]
    path = folder / "texts.jsonl"
    path.write_bytes(b"\n".join(lines))
    out = folder / "texts"
    fp.scan_jsonl(path).format(FORMAT).sink(out, formats=("arrow", "jsonl"))
    expected, rejected = [], []
    for number, line in enumerate(lines, 1):
        try:
            expected.append(json.loads(line.decode())["completion"] + "\n###\n")
        except UnicodeDecodeError as error:
            detail = f"byte 0x{line[error.start]:02x} at byte {error.start} of the line is not valid UTF-8"
            rejected.append((number, "bad_utf8", detail))
    assert fp.load(out)["train"].to_arrow()["completion"].to_pylist() == expected
    shard = out / fp.load(out).manifest["data"] / "train-00000-of-00001.jsonl"
    assert [row["completion"] for row in json_lines(shard)] == expected
    assert [(r["line"], r["code"], r["detail"]) for r in json_lines(out / "rejects.jsonl")] == rejected
    return {texts[number - 1] for number, *_ in rejected}


def test_naughty_strings_come_through_losslessly(tmp_path: Path) -> None:
    if SHARED.is_dir():
        with tarfile.open(shared("adversarial/blns.tar.gz")) as tar:
            strings = json.load(tar.extractfile("blns/blns.json"))  # type: ignore[arg-type]
        assert len(strings) > 500
    else:
        strings = ["", " ", "undefined", "\x00", "\u202e", "##", "\n##\n", "{prompt}", "'; --", "𝕋", "\ud7ff", "\r\n"]
    pairs = [(a, b) for a in strings for b in (a[::-1], "fine")]
    out = tmp_path / "out"
    report = (
        fp.from_records([{"prompt": p, "completion": c} for p, c in pairs])
        .format(FORMAT)
        .sink(out, formats=("arrow", "jsonl"))
    )
    reasons = [removal(*pair) for pair in pairs]
    expected = [render(*pair) for pair, reason in zip(pairs, reasons, strict=True) if reason is None]
    assert sum(report.reasons.values()) == len(pairs) - len(expected)
    table = fp.load(out)["train"].to_arrow()
    assert list(zip(*table.to_pydict().values(), strict=True)) == expected
    shard = out / fp.load(out).manifest["data"] / "train-00000-of-00001.jsonl"
    assert [(row["prompt"], row["completion"]) for row in json_lines(shard)] == expected


# -- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [0.999, 0.5, 0.01])
def test_a_truncated_gzip_is_an_error_and_publishes_nothing(keep: float, tmp_path: Path) -> None:
    rows = "".join(f'{{"prompt": "{i}", "completion": "{i * i}"}}\n' for i in range(200_000))
    stored = gzip.compress(rows.encode(), 1)
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(stored[: int(len(stored) * keep)])
    with pytest.raises(fp.SourceError, match="the gzip data is truncated or damaged after") as caught:
        fp.scan_jsonl(path).format(FORMAT).sink_arrow(tmp_path / "out")
    assert (caught.value.code, caught.value.path) == ("corrupt_gzip", str(path))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["rows.jsonl.gz"]


def test_a_flipped_byte_of_gzip_is_found_by_its_checksum(tmp_path: Path) -> None:
    stored = bytearray(gzip.compress(b'{"prompt": "1", "completion": "2"}\n' * 1_000))
    stored[-6] ^= 1
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(stored)
    assert _code(fp.scan_jsonl(path), tmp_path / "out") == "corrupt_gzip"
    assert not (tmp_path / "out").exists()
