"""`head`: the first rows in the order that reaches it; after a shuffle, see `test_shuffle.py`."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from common import written
from hypothesis import given
from hypothesis import strategies as st
from tiny import PAIR, column, jsonl, read_jsonl, records, refused, rejects

import fastprep as fp

TOKENIZER = str(Path(__file__).parents[2] / "examples" / "tokenizer")
PLAN = records(*({"a": str(i)} for i in range(20)))


@pytest.mark.parametrize(("n", "kept"), [(1, 1), (5, 5), (20, 20), (100, 20)])
def test_keeps_the_first(n: int, kept: int) -> None:
    assert column(PLAN.head(n), "a") == [str(i) for i in range(kept)]


def test_counts_rows_that_are_there_behind_what_came_before() -> None:
    assert column(PLAN.filter(pl.col("a").str.len_chars() == 2).head(3), "a") == ["10", "11", "12"]
    assert len(column(PLAN.head(), "a")) == 5


def test_reading_stops_soon_after() -> None:
    def endless() -> object:
        while True:
            yield {"a": "x" * 1000}

    assert len(column(fp.from_records(endless()).head(3), "a")) == 3  # type: ignore[arg-type]


def test_what_came_after_is_no_reject(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", [{"a": "1"}, {"a": 2}, {"a": "3"}, {"a": 4}, {"a": 5}])
    report = fp.scan_jsonl(path).validate(not_blank="a").head(2).sink_arrow(tmp_path / "out")
    assert report.rows["written"] == 2
    lines = (tmp_path / "out" / "rejects.jsonl").read_text().splitlines()
    assert len(lines) == 1
    assert '"row":1' in lines[0]


@pytest.mark.parametrize("n", [0, -1, 2.5, "3", None, 1 << 80])
def test_what_is_no_number_of_rows_fails_at_once(n: object) -> None:
    with refused(fp.PlanError, "bad_option", "head: `n` must be"):
        PLAN.head(n)  # type: ignore[arg-type]


def test_after_a_split_all_rows_count() -> None:
    plan = PLAN.split(valid=0.5, seed=1, by="a").head(7)
    assert column(plan, "a") == [str(i) for i in range(7)]
    assert set(plan.to_polars()["split"]) == {"train", "valid"}


# -- for the run the input ends with the last row --------------------------------------------------

LINES = [
    '"prompt": "a", "completion": "x"',
    '"prompt": "b", "completion": "y y"',
    '"prompt": "c", "completion": "z"',
    '"prompt": "", "completion": "x"',
    '"prompt": "d\\n##\\n", "completion": "x"',
    '"prompt": "e", "completion": " "',
    '"prompt": "f", "completion": "<|endoftext|>"',
    '"prompt": "g", "completion": "one two three four five six seven eight nine ten eleven twelve"',
    '"completion": "x"',
    "cut off",
    "",
]
STEPS: dict[str, Callable[[fp.Pipeline], fp.Pipeline]] = {
    "filter": lambda plan: plan.filter(pl.col("prompt") != "c"),
    "validate": lambda plan: plan.validate(not_blank="completion", max_chars={"completion": 15}),
    "map_batches": lambda plan: plan.map_batches(lambda frame: frame, name="same", version="1"),
    "head": lambda plan: plan.head(7),
    "format": lambda plan: plan.format(PAIR),
    "dedup": lambda plan: plan.dedup(on=["prompt", "completion"]),
    "split": lambda plan: plan.split(valid=0.3, seed=1, report_by="kind"),
    "tokenize": lambda plan: plan.tokenize(TOKENIZER, max_length=60),
}
PLANS = [
    *([], ["validate"], ["dedup"], ["dedup", "filter", "dedup"], ["map_batches", "head", "dedup", "format"]),
    *(["format", "dedup", "split", "tokenize"], ["filter", "validate", "head", "format", "dedup", "split", "tokenize"]),
]


def files_of_lines(folder: Path, lines: list[str], cut: int | None) -> Path:
    """Two files, each with a good row first; `cut` is the number of the last line that is there."""
    folder.mkdir()
    half = len(lines) // 2
    numbered = [f'{{{line}, "id": "{i}", "kind": "k{i % 2}"}}' if line else "" for i, line in enumerate(lines)]
    for name, start, end in (("a.jsonl", 0, half), ("b.jsonl", half, len(lines))):
        part = numbered[start:end][: max(0, (len(lines) if cut is None else cut + 1) - start)]
        if part:
            (folder / name).write_text("".join(f"{line}\n" for line in part), "utf-8")
    return folder


def outcome(plan: fp.Pipeline, out: Path) -> Any:
    """What a run says and writes, without what names its input and its plan; or its error."""
    try:
        report = plan.sink(out, formats=["arrow", "jsonl"], threads=2).to_dict()
    except fp.FastprepError as error:
        return error.code, str(error).replace(str(out), ""), written(out.parent)
    for name in ("bytes_read", "path", "rejects", "duplicates", "next", "seconds", "mb_per_s", "rows_per_s"):
        report.pop(name)
    report["steps"] = [step for step in report["steps"] if step["step"] != "head"]
    return report, {Path(name).name: content for name, content in written(out).items() if name != "manifest.json"}


@given(
    lines=st.lists(st.sampled_from(LINES), min_size=2, max_size=40),
    steps=st.sampled_from(PLANS),
    after=st.sampled_from([[], ["validate"], ["dedup"]]),
    n=st.integers(1, 12),
    batch_rows=st.integers(1, 9),
    raises=st.booleans(),
)
def test_counts_and_files_are_those_of_an_input_that_ends_with_the_last_row(
    lines: list[str], steps: list[str], after: list[str], n: int, batch_rows: int, raises: bool
) -> None:
    good = '"prompt": "good", "completion": "yes"'
    lines = [good, *lines[: len(lines) // 2], good, *lines[len(lines) // 2 :]]

    def plan(folder: Path, head: int | None, after: list[str]) -> fp.Pipeline:
        made = fp.scan_jsonl(folder)
        for name in steps:
            made = made.format(PAIR, on_collision="raise") if raises and name == "format" else STEPS[name](made)
        made = made if head is None else made.head(head)
        for name in after if "format" not in steps else []:
            made = STEPS[name](made)
        return made

    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        root = Path(name)
        whole = files_of_lines(root / "whole", lines, None)
        patch.setenv("FASTPREP_BATCH_ROWS", "1")
        kept: list[str] = []
        with contextlib.suppress(fp.FastprepError):
            kept = column(plan(whole, n, []), "id")
        ends = files_of_lines(root / "ends", lines, int(kept[-1]) if len(kept) == n else None)
        expected = outcome(plan(ends, None, after), root / "expected" / "out")
        for i, rows in enumerate((65_536, batch_rows)):
            patch.setenv("FASTPREP_BATCH_ROWS", str(rows))
            assert outcome(plan(whole, n, after), root / str(i) / "out") == expected


def test_the_report_says_what_the_rejects_hold(tmp_path: Path) -> None:
    plan = records(*({"q": "" if i % 4 == 0 else f"q{i}"} for i in range(40))).validate(not_blank="q").head(3)
    report = plan.sink_jsonl(tmp_path / "out", max_rejects=1)
    assert (report.rows["read"], report.rows["rejected"], len(rejects(tmp_path / "out"))) == (4, 1, 1)


@pytest.mark.parametrize("batch_rows", ["65536", "500", "1"])
def test_a_share_of_rejects_is_one_of_the_rows_to_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_rows: str
) -> None:
    path = jsonl(tmp_path / "x.jsonl", ({"q": "" if i < 1_000 else f"q{i}"} for i in range(5_000)))
    plan = fp.scan_jsonl(path).validate(not_blank="q").head(100)
    monkeypatch.setenv("FASTPREP_BATCH_ROWS", batch_rows)
    with refused(fp.DataError, "too_many_rejects", "1000 of 1100 rows were rejected"):
        plan.sink_jsonl(tmp_path / "out", max_rejects=0.9)
    assert len(read_jsonl(tmp_path / "out.rejects.jsonl")) == 1_000
    assert plan.sink_jsonl(tmp_path / "out", max_rejects=0.91).rows["read"] == 1_100


@pytest.mark.parametrize("batch_rows", ["65536", "2", "1"])
def test_a_function_that_fails_after_the_last_row_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, batch_rows: str
) -> None:
    def fails(frame: pl.DataFrame) -> pl.DataFrame:
        if "5" in frame["a"]:
            raise ValueError("five")
        return frame

    monkeypatch.setenv("FASTPREP_BATCH_ROWS", batch_rows)
    plan = PLAN.map_batches(fails, name="fails", version="1")
    assert column(plan.head(5), "a") == ["0", "1", "2", "3", "4"]
    with refused(fp.CallbackError, "callback_failed", "fails"):
        plan.head(6).collect()
    numbers = records(*({"a": text} for text in ("1", "2", "x", "y"))).with_columns(n=pl.col("a").cast(pl.Int64))
    assert column(numbers.head(2), "n") == [1, 2]
    with refused(fp.CallbackError, "callback_failed", "with_columns"):
        numbers.head(3).collect()
