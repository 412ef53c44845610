"""`sample`: so many rows, chosen by their places."""

from __future__ import annotations

import random
from pathlib import Path
from struct import pack
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import PAIR, column, jsonl, pairs, records, refused, rows
from xxhash import xxh3_64_intdigest

import fastprep as fp


def numbers(pipeline: fp.Pipeline) -> list[int]:
    """The column `i`, which is JSON."""
    return [int(number) for number in column(pipeline, "i")]


def ranks(count: int, seed: int, file: str = "") -> list[int]:
    of_file = xxh3_64_intdigest(pack("<II", 0, 0) + file.encode(), seed)
    return [xxh3_64_intdigest(pack("<Q", row), of_file) for row in range(count)]


def chosen(groups: list[Any], amount: Any, seed: int) -> list[int]:
    """The rows of the sample, in order."""
    by_rank = ranks(len(groups), seed)
    stay: list[int] = []
    for group in set(groups):
        members = [row for row, other in enumerate(groups) if other == group]
        stay += sorted(members, key=by_rank.__getitem__)[: amount(len(members))]
    return sorted(stay)


def half_up(share: float, count: int) -> int:
    return int(share * count + 0.5)


@given(
    st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=30),
    st.one_of(st.integers(1, 12), st.sampled_from([0.1, 0.25, 0.5, 1.0])),
    st.booleans(),
    st.sampled_from([0, 7, 2**64 - 1]),
)
def test_has_so_many_rows_of_each_group_in_their_order(
    groups: list[str | None], amount: Any, by: bool, seed: int
) -> None:
    data = records({"i": -1, "g": "a"}, *({"i": i, "g": group} for i, group in enumerate(groups)))
    options: dict[str, Any] = {"n": amount} if isinstance(amount, int) else {"share": amount}
    made = numbers(data.sample(**options, by="g" if by else None, seed=seed))
    count = (lambda rows: min(amount, rows)) if isinstance(amount, int) else (lambda rows: half_up(amount, rows))
    all_groups = ["a", *groups] if by else [0] * (len(groups) + 1)
    assert made == [row - 1 for row in chosen(all_groups, count, seed)]


def test_adding_rows_replaces_only_as_many() -> None:
    few, more = ([{"i": i} for i in range(n)] for n in (1_000, 1_100))
    old, new = (set(numbers(records(*data).sample(100, seed=1))) for data in (few, more))
    assert len(old) == len(new) == 100
    assert new - old <= set(range(1_000, 1_100))


def test_every_row_is_as_likely() -> None:
    times = [0] * 20
    for seed in range(400):
        for row in numbers(records(*({"i": i} for i in range(20))).sample(5, seed=seed)):
            times[row] += 1
    assert sum((n - 100) ** 2 / 100 for n in times) < 43.8  # the 99.9 % quantile of χ² with 19 degrees of freedom


def test_rows_that_are_left_out_are_counted(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", [{"i": i} for i in range(50)])
    report = fp.scan_jsonl(path).sample(20).sink_jsonl(tmp_path / "out")
    assert report.reasons == {"not_sampled": 30}
    assert (report.rows["written"], report.rows["dropped"], report.rows["rejected"]) == (20, 30, 0)
    step = report.to_dict()["steps"][1]
    assert (step["step"], step["rows_in"], step["rows_out"]) == ("sample", 50, 20)
    first = min(set(range(50)) - set(numbers(fp.scan_jsonl(path).sample(20))))
    assert step["removed"]["not_sampled"]["first"] == {"file": "x.jsonl", "row": first, "line": first + 1}


def test_threads_do_not_change_it(tmp_path: Path) -> None:
    drawn = random.Random(1)
    data = [{"i": i, "t": "x" * drawn.randrange(2_000), "g": str(i % 7)} for i in range(3_000)]
    plan = fp.scan_jsonl(jsonl(tmp_path / "x.jsonl", data)).sample(share="30%", by="g", seed=3).filter(pl.col("i") > 5)
    assert plan.collect(threads=3).equals(plan.collect(threads=1))


def test_later_steps_name_the_lines_of_rows(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", [{"t": ""} for _ in range(9)])
    plan = fp.scan_jsonl(path).with_row_index("i").sample(3, seed=2)
    first = column(plan, "i")[0]
    with refused(fp.DataError, "blank_field", "is empty") as e:
        plan.validate(not_blank="t", on_invalid="raise").collect()
    assert (e.value.path, e.value.row, e.value.line) == ("x.jsonl", first, first + 1)


def test_works_with_splits_ids_and_packs(tokenizer_folder: Path) -> None:
    data = pairs(*((f"p{i}", "c") for i in range(40))).format(PAIR).split(valid=0.5, seed=1)
    plan = data.tokenize(tokenizer_folder, max_length=64).sample(10, by="prompt").sample(10, seed=2)
    assert len(rows(plan)) == 10
    assert len(rows(plan.pack())) > 0
    assert len(rows(plan.head(4))) == 4


def test_is_explained() -> None:
    data = records({"i": 1, "g": "a"})
    assert "SAMPLE       3 rows of all rows, in their order; seed=0  [barrier]" in data.sample(3).explain()
    shown = data.sample(share="10%", by=["g"], seed=4).explain()
    assert "SAMPLE       a share of 0.1 of each value of g, in their order; seed=4  [barrier]" in shown


@pytest.mark.parametrize(
    ("options", "kind", "code", "says"),
    [
        ({}, fp.PlanError, "bad_option", "exactly one of `n` and `share`"),
        ({"n": 1, "share": 0.5}, fp.PlanError, "bad_option", "exactly one of `n` and `share`"),
        ({"n": 0}, fp.PlanError, "bad_option", "`n` must be at least 1; got 0"),
        ({"share": 0.0}, fp.PlanError, "bad_option", "`share` must be above 0"),
        ({"share": 1.5}, fp.PlanError, "bad_option", "`share` must be above 0"),
        ({"share": "half"}, fp.PlanError, "bad_option", "`share` must be above 0"),
        ({"n": 1, "by": "x"}, fp.ColumnError, "missing_column", "sample: there is no column `x`"),
    ],
)
def test_what_cannot_be_is_refused(options: Any, kind: type[fp.FastprepError], code: str, says: str) -> None:
    with refused(kind, code, says):
        records({"a": "b"}).sample(**options).explain()
