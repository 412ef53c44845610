"""`from_records`: dicts of the caller, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from tiny import PAIR, records, refused, rejects, rows

import fastprep as fp


def test_values_are_what_json_can_hold() -> None:
    row = {"t": 'é\n"\x00', "i": 1, "f": 1.5, "b": True, "n": None, "l": [1, "x"], "d": {"k": [None]}}
    assert rows(records(row)) == [
        {"t": row["t"], "i": "1", "f": "1.5", "b": "true", "n": None, "l": '[1, "x"]', "d": '{"k": [null]}'}
    ]
    assert rows(records(MappingProxyType({"t": "x"}))) == [{"t": "x"}]


def test_rows_may_lack_columns() -> None:
    assert rows(records({"a": "1"}, {"b": "2"}, {})) == [
        {"a": "1", "b": None},
        {"a": None, "b": "2"},
        {"a": None, "b": None},
    ]


def test_a_list_can_be_read_again_and_a_generator_once() -> None:
    plan = fp.from_records([{"a": "1"}])
    assert rows(plan) == rows(plan)
    once = fp.from_records({"a": str(i)} for i in range(3))
    assert "a str" in once.explain()
    assert len(rows(once)) == 3
    with refused(fp.SourceError, "read_twice", "can be read only once, and was already read"):
        rows(once)


def test_rejects_name_the_record(tmp_path: Path) -> None:
    records({"prompt": "a", "completion": "b"}, {"prompt": "a"}).format(PAIR).sink_arrow(tmp_path / "out")
    (reject,) = rejects(tmp_path / "out")
    assert (reject["file"], reject["row"], reject["record"]) == ("data", 1, {"prompt": "a"})


@pytest.mark.parametrize("given", ["text", b"bytes", {"a": "x"}, 5, None])
def test_what_is_no_iterable_of_dicts_is_refused_at_once(given: object) -> None:
    with refused(fp.PlanError, "bad_option", "from_records: `records` must be an iterable of dicts"):
        fp.from_records(given)  # type: ignore[arg-type]


@pytest.mark.parametrize("record", [5, "ab", ["x"], {"a": {1}}, {"a": b"x"}, {"a": float("nan")}, {("a",): "x"}])
def test_a_record_that_json_cannot_hold_names_its_row(record: Any, tmp_path: Path) -> None:
    with refused(fp.PlanError, "bad_record", "from_records: row 2 cannot be written as JSON: ") as e:
        fp.from_records([{"a": "fine"}, record]).sink_arrow(tmp_path / "out")
    assert e.value.row == 1
    assert not (tmp_path / "out").exists()


def test_an_exception_of_the_generator_is_the_cause() -> None:
    def broken() -> Iterator[dict[str, str]]:
        yield {"a": "x"}
        raise LookupError("the database went away")

    with refused(fp.SourceError, "cannot_read", "the input cannot be read\n  at <records>\n") as e:
        rows(fp.from_records(broken()))
    assert isinstance(e.value.__cause__, LookupError)


def test_no_records_are_no_error() -> None:
    assert rows(fp.from_records([])) == []
    with refused(fp.ColumnError, "missing_column", "there is no column `a`; the input has no columns"):
        rows(fp.from_records([]).select("a"))
