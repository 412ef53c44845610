"""`normalize`: text brought into one form."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from common import WHITE_SPACE
from hypothesis import given
from hypothesis import strategies as st
from tiny import PAIR, column, jsonl, pairs, records, refused, rows

import fastprep as fp

OFF: dict[str, Any] = {"line_ends": False, "unicode": None, "invisible": False, "strip": False}
MIXED = "\ufeff a\r\nb\rc\u200b\x00e\u0301ﬁ "
INVISIBLE = {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0))} - set(WHITE_SPACE)
INVISIBLE |= set("\xad\u180e\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\ufeff")
INVISIBLE |= {*map(chr, range(0x2060, 0x2065)), *map(chr, range(0x2066, 0x2070))}


def naive(text: str, *, line_ends: bool, unicode: Any, invisible: bool, strip: bool) -> str:
    if line_ends:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if invisible:
        text = "".join(c for c in text if c not in INVISIBLE)
    if unicode:
        text = unicodedata.normalize(unicode, text)
    return text.strip(WHITE_SPACE) if strip else text


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "a\nb\ncéﬁ"),
        (OFF, MIXED),
        (OFF | {"line_ends": True}, MIXED.replace("\r\n", "\n").replace("\r", "\n")),
        (OFF | {"unicode": "NFC"}, MIXED.replace("e\u0301", "é")),
        (OFF | {"unicode": "NFKC"}, MIXED.replace("e\u0301", "é").replace("ﬁ", "fi")),
        (OFF | {"invisible": True}, " a\r\nb\rce\u0301ﬁ "),
        (OFF | {"strip": True}, MIXED[:-1]),
    ],
)
def test_each_option_changes_its_part(options: dict[str, Any], expected: str) -> None:
    assert column(records({"t": MIXED}).normalize("t", **options), "t") == [expected]


CHARACTERS = st.sampled_from("a \r\n\t\x00\x0c\x85\xa0\xad\u200b\u200d\u3000\ufeffé\u0301ﬁ각²")


@given(
    st.lists(st.none() | st.text(CHARACTERS), max_size=6),
    st.booleans(),
    st.sampled_from([None, "NFC", "NFKC"]),
    st.booleans(),
    st.booleans(),
)
def test_as_in_plain_python_and_a_second_time_changes_nothing(
    texts: list[str | None], line_ends: bool, unicode: Any, invisible: bool, strip: bool
) -> None:
    options: dict[str, Any] = {"line_ends": line_ends, "unicode": unicode, "invisible": invisible, "strip": strip}
    data = records({"t": "a"}, *({"t": text} for text in texts))
    once = column(data.normalize("t", **options), "t")
    assert once == ["a", *(text if text is None else naive(text, **options) for text in texts)]
    twice = data.normalize("t", **options).normalize("t", **options)
    assert column(twice, "t") == once


def test_changed_rows_are_counted_by_column(tmp_path: Path) -> None:
    data = jsonl(tmp_path / "x.jsonl", [{"a": "x", "b": "y "}, {"a": " x", "b": " y"}, {"a": "x", "b": None}])
    report = fp.scan_jsonl(data).normalize(["a", "b"]).sink_jsonl(tmp_path / "out")
    findings = report.to_dict()["findings"]
    assert {name: found["count"] for name, found in findings.items()} == {
        "repaired:normalize(a)": 1,
        "repaired:normalize(b)": 2,
    }
    assert findings["repaired:normalize(a)"]["first"] == {"file": "x.jsonl", "row": 1, "line": 2}
    assert report.rows["written"] == 3


def test_the_columns_of_the_templates_are_the_default() -> None:
    text = {"q": " q ", "r": " r ", "s": " s "}
    fmt = fp.PromptFormat("{q}", completion="{r}", separator="\n##\n", stop="\n###\n")
    (row,) = rows(records(text).normalize().format(fmt))
    assert row == {"prompt": "q\n##\n", "completion": "r\n###\n", "s": " s "}
    assert rows(pairs((" a", "b ")).normalize()) == [{"prompt": "a", "completion": "b"}]
    with refused(fp.ColumnError, "missing_column", "normalize: there is no column `prompt`"):
        records(text).normalize().explain()


def test_is_explained_with_its_defaults() -> None:
    explained = pairs(("a", "b")).normalize().explain()
    assert "prompt, completion; line_ends=true; unicode=NFC; invisible=true; strip=true  [map]" in explained


def test_values_that_are_not_text_are_refused(tmp_path: Path) -> None:
    with refused(fp.ColumnError, "wrong_type", "normalize: column `n` must be text; it is int64"):
        records({"n": 1}).normalize("n").explain()
    path = jsonl(tmp_path / "x.jsonl", [{"t": " a"}, {"t": {"k": 1}}])
    report = fp.scan_jsonl(path).normalize("t").sink_jsonl(tmp_path / "out")
    assert report.reasons == {"wrong_type": 1}


@pytest.mark.parametrize(
    ("build", "code", "says"),
    [
        (lambda: pairs(("a", "b")).format(PAIR).normalize(), "bad_chain", "normalize: after format this step"),
        (lambda: pairs(("a", "b")).format(PAIR).normalize("prompt"), "bad_chain", "normalize: after format this step"),
        (lambda: records({"a": "b"}).normalize("a", unicode="NFD"), "bad_option", "must be one of NFC, NFKC"),
        (lambda: records({"a": "b"}).normalize([]), "bad_option", "`columns` is empty"),
        (lambda: records({"a": "b"}).normalize("a", strip=1), "bad_option", "`strip` must be"),
    ],
)
def test_what_cannot_be_is_refused(build: Any, code: str, says: str) -> None:
    with refused(fp.PlanError, code, says):
        build()


def test_other_columns_may_change_after_format() -> None:
    data = records({"prompt": "a", "completion": "b", "s": " s "}).format(PAIR).normalize("s")
    assert column(data, "s") == ["s"]
