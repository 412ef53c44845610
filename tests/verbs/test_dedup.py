"""`dedup`: exact duplicates out, the first in input order kept and named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars
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
    assert report.to_dict()["reasons"]["duplicate"] == {
        "count": 2,
        "first": {"file": "b.jsonl", "row": 0, "line": 1},
    }
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
    assert named[0] == "{'against': 'two'}"
    assert named[2] == "{'against': 'one'}"
    # What is new is a base for the next run.
    assert column(pairs(("d", "4"), ("e", "5")).format(PAIR).dedup(against=tmp_path / "out"), "completion") == [
        "5\n###\n"
    ]


def test_against_is_checked_before_a_row_is_read(tmp_path: Path) -> None:
    pairs(("a", "1")).format(PAIR).sink_arrow(tmp_path / "no keys")
    pairs(("a", "1")).format(PAIR).dedup("prompt").sink_arrow(tmp_path / "other keys")
    plan = pairs(("a", "1")).format(PAIR)
    for folder, kind, code, says in (
        ("absent", fp.SourceError, "not_prepared", "the folder does not exist"),
        ("no keys", fp.SourceError, "no_keys", "the prepared folder has no keys.arrow"),
        ("other keys", fp.PlanError, "other_keys", "dedup: the keys of the folder are .* on prompt raw"),
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
        ({"on": []}, "`on` is empty"),
        ({"on": 5}, "`on` must be .*; got 5"),
        ({"normalize": ["unicod"]}, 'must be one of unicode, case, whitespace; got "unicod"; did you mean `unicode`'),
        ({"normalize": "lower"}, "`normalize` must be one of"),
    ],
)
def test_wrong_options_fail_at_once(options: dict[str, Any], says: str) -> None:
    with refused(fp.PlanError, "bad_option", says):
        records(*ROWS).dedup(**options)


def test_a_missing_column_names_those_there_are() -> None:
    with refused(fp.ColumnError, "missing_column", "dedup: there is no column `aa`; columns: a, b"):
        records(*ROWS).dedup("aa").explain()


MIXED = [7, 7.0, 1e2, 100, -0.0, 0, "7", True, "true", "a", None, 0.1, [1], "[1]", {"k": 1}, 2**70, 2**70]


def test_numbers_are_compared_by_value_and_are_no_text() -> None:
    kept = column(records(*({"v": v, "i": str(i)} for i, v in enumerate(MIXED))).dedup("v"), "i")
    assert kept == ["0", "2", "4", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"]


@pytest.mark.parametrize("normalize", ["case", "unicode", "whitespace"])
@pytest.mark.parametrize("value", [int, float, lambda i: i if i else "x"])
def test_numbers_are_never_levelled(normalize: Any, value: Any) -> None:
    made = records(*({"n": value(i)} for i in range(200))).dedup("n", normalize=normalize)
    assert len(column(made, "n")) == 200


def test_keys_of_one_value_are_equal_whatever_else_the_column_holds(tmp_path: Path) -> None:
    records(*({"id": i} for i in range(9))).dedup("id").sink_arrow(tmp_path / "whole")
    for others in (["a"], [0.5], [None], [[1]]):
        made = records(*({"id": i} for i in [*range(12), *others])).dedup("id", against=tmp_path / "whole")
        assert [json.loads(v) if isinstance(v, str) else v for v in column(made, "id")] == [9, 10, 11, *others]
    columns = polars.DataFrame({"id": polars.Series(range(12), dtype=polars.UInt8)})
    assert column(fp.from_arrow(columns).dedup("id", against=tmp_path / "whole"), "id") == [9, 10, 11]


def test_levelling_reaches_into_json() -> None:
    made = records({"m": [{"t": "Hi"}]}, {"m": [{"t": "hi"}]}, {"m": ["x"]}).dedup("m", normalize="case")
    assert len(column(made, "m")) == 2


def test_marks_do_not_count_against_an_earlier_folder(tmp_path: Path) -> None:
    texts = [("a", "1"), ("b", "2")]
    pairs(*texts).format(PAIR).dedup().sink_arrow(tmp_path / "one")
    other = fp.PromptFormat("{prompt}", completion="{completion}", separator=" =>", stop=" END")
    plan = pairs(*texts, ("c", "3")).format(other).dedup(against=tmp_path / "one")
    assert column(plan, "completion") == ["3 END"]
    # Without a format the places of the marks are unknown.
    with refused(fp.PlanError, "other_keys", "without the marks"):
        pairs(*texts).dedup(["prompt", "completion"], against=tmp_path / "one").explain()


def test_another_wording_of_an_earlier_folder_is_told(tmp_path: Path) -> None:
    pairs(("a", "1")).format(PAIR).dedup().sink_arrow(tmp_path / "one")
    other = fp.PromptFormat("Q: {prompt}", completion="{completion}")
    explained = pairs(("a", "1")).format(other).dedup(against=tmp_path / "one").explain()
    assert 'note: one was rendered by other templates: prompt "{prompt}", completion "{completion}"' in explained
    explained = pairs(("a", "1")).format(PAIR).dedup(against=tmp_path / "one").explain()
    assert "note:" not in explained


def two_folders(tmp_path: Path) -> fp.Pipeline:
    records({"a": "x", "b": "-"}).dedup("a").sink_arrow(tmp_path / "one")
    records({"a": "-", "b": "y"}).dedup("b").sink_arrow(tmp_path / "two")
    raw = records({"a": "x", "b": "1"}, {"a": "2", "b": "y"}, {"a": "3", "b": "z"}, {"a": "3", "b": "z"})
    return raw.dedup("a", against=tmp_path / "one").dedup("b", against=tmp_path / "two")


def test_each_of_two_steps_names_its_own_folders(tmp_path: Path) -> None:
    two_folders(tmp_path).sink_arrow(tmp_path / "out")
    kept = {d["row"]: d["kept"] for d in duplicates(tmp_path / "out")}
    assert kept == {0: {"against": "one"}, 1: {"against": "two"}, 3: {"file": "data", "row": 2, "line": 3}}


def test_no_absolute_path_of_an_earlier_folder_is_published(tmp_path: Path) -> None:
    plan = two_folders(tmp_path)
    plan.sink_jsonl(tmp_path / "out")
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_dir() or str(tmp_path).encode() not in path.read_bytes(), path
    # Equal last names are distinguished.
    for name in ("p/one", "q/one"):
        records({"a": name}).dedup("a").sink_arrow(tmp_path / name)
    plan = records({"a": "q/one"}, {"a": "new"}).dedup("a", against=[tmp_path / "p/one", tmp_path / "q/one"])
    plan.sink_jsonl(tmp_path / "out2")
    assert [d["kept"] for d in duplicates(tmp_path / "out2")] == [{"against": "q/one"}]
    assert ", against p/one, q/one" in plan.explain()


@pytest.mark.parametrize("verify", [False, True])
def test_without_keepers_nothing_is_named_but_reasons_are_told_apart(tmp_path: Path, verify: bool) -> None:
    records({"a": "x"}).dedup("a").sink_arrow(tmp_path / "one")
    plan = records({"a": "x"}, {"a": "y"}, {"a": "y"}, {"a": "x"})
    report = plan.dedup("a", keepers=False, verify=verify, against=tmp_path / "one").sink_arrow(tmp_path / "out")
    assert report.reasons == {"duplicate_against": 2, "duplicate": 1}
    assert report.to_dict()["duplicates"] is None
    assert not list((tmp_path / "out").glob("data/*/duplicates.jsonl"))


BIG = [9007199254740992, 9007199254740993, 0.5, 9007199254740993]


def test_whole_numbers_keep_all_their_digits_beside_fractions(tmp_path: Path) -> None:
    plan = records(*({"id": i} for i in BIG)).dedup(on="id")
    plan.sink_jsonl(tmp_path / "out")
    (shard,) = (tmp_path / "out").glob("data/*/train-*.jsonl")
    assert shard.read_text().splitlines() == [f'{{"id":{i}}}' for i in BIG[:3]]
