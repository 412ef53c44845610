"""`dedup`: exact duplicates out, the first in input order kept and named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny import PAIR, column, jsonl, pairs, read_jsonl, records, refused

import fastprep as fp

ROWS = [{"a": "x", "b": "1"}, {"a": "y", "b": "1"}, {"a": "x", "b": "1"}, {"a": "x", "b": "2"}, {"a": "y", "b": "1"}]


def numbered(rows: list[dict[str, Any]]) -> fp.Pipeline:
    return records(*({**row, "i": str(i)} for i, row in enumerate(rows)))


def duplicates(folder: Path) -> list[dict[str, Any]]:
    (path,) = folder.glob("data/*/duplicates.jsonl")
    return read_jsonl(path)


@pytest.mark.parametrize(
    ("on", "kept"),
    [(None, ["0", "1", "2", "3", "4"]), (["a", "b"], ["0", "1", "3"]), ("a", ["0", "1"]), (("b",), ["0", "3"])],
)
@pytest.mark.parametrize("options", [{}, {"verify": True}, {"keepers": False}, {"keepers": False, "verify": True}])
def test_the_first_of_equal_rows_stays(on: Any, kept: list[str], options: dict[str, bool]) -> None:
    assert column(numbered(ROWS).dedup(on, **options), "i") == kept


def test_before_format_all_columns_count_and_behind_it_the_rendered_pair() -> None:
    assert len(column(records(*ROWS).dedup(), "a")) == 3
    same = pairs(("a", "b"), ("a\n##\n", "b\n###\n"), ("a", "c"))
    assert len(column(same.dedup(), "prompt")) == 3
    assert column(same.format(PAIR).dedup(), "completion") == ["b\n###\n", "c\n###\n"]


def test_field_borders_and_nulls_count() -> None:
    texts = [("xy", "z"), ("x", "yz"), ("", None), (None, ""), ("", "")]
    assert len(column(records(*({"a": a, "b": b} for a, b in texts)).dedup(["a", "b"]), "a")) == 5


@pytest.mark.parametrize(
    ("normalize", "kept"),
    [
        ((), ["Café", "CAFÉ", "Cafe\u0301", " Café  ", "cafe"]),
        ("case", ["Café", "Cafe\u0301", " Café  ", "cafe"]),
        (["unicode"], ["Café", "CAFÉ", " Café  ", "cafe"]),
        (["whitespace"], ["Café", "CAFÉ", "Cafe\u0301", "cafe"]),
        (["unicode", "case", "whitespace"], ["Café", "cafe"]),
    ],
)
def test_what_is_levelled_before_comparing(normalize: Any, kept: list[str]) -> None:
    texts = ["Café", "CAFÉ", "Cafe\u0301", " Café  ", "cafe"]
    assert column(records(*({"t": t} for t in texts)).dedup("t", normalize=normalize), "t") == kept


def test_each_dropped_row_names_the_one_kept(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", ROWS[:2])
    jsonl(tmp_path / "b.jsonl", ROWS[2:])
    report = fp.scan_jsonl(f"{tmp_path}/*.jsonl").dedup().sink_arrow(tmp_path / "out")
    assert report.rows == {"read": 5, "written": 3, "rejected": 0, "duplicate": 2, "filtered": 0, "dropped": 0}
    assert report.to_dict()["reasons"]["duplicate"] == {"count": 2, "first": "b.jsonl:0"}
    first, second = duplicates(tmp_path / "out")
    assert first == {"file": "b.jsonl", "row": 0, "line": 1, "kept": {"file": "a.jsonl", "row": 0, "line": 1}}
    assert (second["row"], second["kept"]["file"], second["kept"]["row"]) == (2, "a.jsonl", 1)
    assert report.to_dict()["duplicates"].endswith("duplicates.jsonl")


def test_without_keepers_duplicates_are_counted_only(tmp_path: Path) -> None:
    report = records(*ROWS).dedup(keepers=False).sink_arrow(tmp_path / "out")
    assert report.reasons == {"duplicate": 2}
    assert report.to_dict()["duplicates"] is None


def test_rows_of_earlier_folders_count_as_seen(tmp_path: Path) -> None:
    pairs(("a", "1"), ("b", "2")).format(PAIR).dedup().sink_arrow(tmp_path / "one")
    pairs(("c", "3")).format(PAIR).dedup().sink_jsonl(tmp_path / "two")
    plan = pairs(("c", "3"), ("d", "4"), ("a", "1"), ("d", "4")).format(PAIR)
    plan = plan.dedup(against=[tmp_path / "one", str(tmp_path / "two")])
    report = plan.sink_arrow(tmp_path / "out")
    assert report.reasons == {"duplicate_against": 2, "duplicate": 1}
    assert report.rows["duplicate"] == 3
    assert [(d["row"], d["kept"]) for d in duplicates(tmp_path / "out") if d["row"] == 3] == [
        (3, {"file": "data", "row": 1, "line": 2})
    ]
    named = {d["row"]: str(d["kept"]) for d in duplicates(tmp_path / "out")}
    assert str(tmp_path / "two") in named[0]
    assert str(tmp_path / "one") in named[2]
    # What is new is a base for the next run.
    assert column(pairs(("d", "4"), ("e", "5")).format(PAIR).dedup(against=tmp_path / "out"), "completion") == [
        "5\n###\n"
    ]


def test_against_is_checked_before_a_row_is_read(tmp_path: Path) -> None:
    pairs(("a", "1")).format(PAIR).sink_arrow(tmp_path / "no keys")
    pairs(("a", "1")).format(PAIR).dedup("prompt").sink_arrow(tmp_path / "other keys")
    plan = pairs(("a", "1")).format(PAIR)
    for folder, kind, code, says in (
        ("absent", fp.SourceError, "not_prepared", "there is no such folder"),
        ("no keys", fp.SourceError, "no_keys", "the prepared folder has no keys.arrow"),
        ("other keys", fp.PlanError, "other_keys", "dedup: its keys were made by .* on prompt raw"),
    ):
        with refused(kind, code, says) as e:
            plan.dedup(against=tmp_path / folder).explain()
        assert e.value.path == str(tmp_path / folder)
        assert e.value.help


def test_keys_that_were_damaged_are_not_used(tmp_path: Path) -> None:
    pairs(("a", "1")).format(PAIR).dedup().sink_arrow(tmp_path / "one")
    (keys,) = (tmp_path / "one").glob("data/*/keys.arrow")
    data = bytearray(keys.read_bytes())
    data[len(data) // 2] ^= 1
    keys.write_bytes(data)
    with refused(fp.SourceError, "bad_keys", "the keys of a prepared folder cannot be used: .*checksum"):
        pairs(("a", "1")).format(PAIR).dedup(against=tmp_path / "one").sink_arrow(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_is_explained_with_every_default() -> None:
    plan = pairs(("a", "1")).format(PAIR)
    assert "DEDUP        on prompt, completion, raw, first kept, keepers named, 128-bit keys  [ordered]" in (
        plan.dedup().explain()
    )
    assert "bytes compared" in plan.dedup(verify=True, keepers=False).explain()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"on": []}, "on names no column"),
        ({"on": 5}, "on=5 must be"),
        ({"normalize": ["unicod"]}, 'normalize="unicod" is none of unicode, case, whitespace'),
        ({"normalize": "lower"}, 'normalize="lower" is none of'),
    ],
)
def test_wrong_options_fail_at_once(options: dict[str, Any], says: str) -> None:
    with refused(fp.PlanError, "bad_option", says):
        records(*ROWS).dedup(**options)


def test_a_missing_column_names_the_nearest_first() -> None:
    with refused(fp.ColumnError, "missing_column", "dedup: there is no column `aa`; there are: a, b"):
        records(*ROWS).dedup("aa").explain()
