"""`balance`: classes of equal size, or of equal weight."""

from __future__ import annotations

import json
import random
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from common import shared_rows, steps_add_up, verify
from hypothesis import given
from hypothesis import strategies as st
from tiny import PAIR, column, jsonl, pairs, records, refused, rejects, rows

import fastprep as fp

CLASSES = st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=40)
SEEDS = st.sampled_from([0, 7, 2**64 - 1])


def data(classes: list[Any]) -> fp.Pipeline:
    return records(*({"i": i, "c": c} for i, c in enumerate(classes)))


def numbers(pipeline: fp.Pipeline) -> list[int]:
    """The column `i`, which is JSON."""
    return [int(number) for number in column(pipeline, "i")]


def report_of(pipeline: fp.Pipeline) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(pipeline._plan.check())
    return report


@given(CLASSES, SEEDS)
def test_each_class_keeps_as_many_rows_as_the_smallest_has(classes: list[str], seed: int) -> None:
    least = min(Counter(classes).values())
    plan = data(classes).balance("c", seed=seed)
    kept = numbers(plan)
    assert kept == sorted(kept)
    assert Counter(classes[i] for i in kept) == dict.fromkeys(set(classes), least)
    report = report_of(plan)
    steps_add_up(report)
    assert report["rows"]["dropped"] == len(classes) - len(kept)


@given(CLASSES, SEEDS)
def test_each_class_is_repeated_to_as_many_rows_as_the_largest_has(classes: list[str], seed: int) -> None:
    sizes = Counter(classes)
    most = max(sizes.values())
    plan = data(classes).balance("c", "oversample", seed=seed)
    left = numbers(plan)
    assert Counter(classes[i] for i in left) == dict.fromkeys(sizes, most)
    times = Counter(left)
    for i, c in enumerate(classes):
        assert times[i] in (most // sizes[c], -(-most // sizes[c]))
    # In every stretch of as many rows as there are classes, each class has one.
    for start in range(0, len(left), len(sizes)):
        assert {classes[i] for i in left[start : start + len(sizes)]} == set(sizes)
    # Rows of a class follow in their order, pass by pass.
    for c in sizes:
        own = [i for i in left if classes[i] == c]
        assert all(own[at : at + sizes[c]] == sorted(own[at : at + sizes[c]]) for at in range(0, most, sizes[c]))
    report = report_of(plan)
    steps_add_up(report)
    assert report["rows"].get("repeated", 0) == len(left) - len(classes)


@given(CLASSES)
def test_weights_have_the_same_sum_for_each_class_and_the_mean_1(classes: list[str]) -> None:
    made = rows(data(classes).balance("c", "weights"))
    assert [int(row["i"]) for row in made] == list(range(len(classes)))
    sums: Counter[str] = Counter()
    for row in made:
        sums[row["c"]] += row["row_weight"]
    assert sum(sums.values()) == pytest.approx(len(classes))
    assert list(sums.values()) == pytest.approx([len(classes) / len(sums)] * len(sums))


def test_planted_counts_are_exact(tmp_path: Path) -> None:
    classes = ["a"] * 70 + ["b"] * 7 + ["c"] * 30 + [None] * 3
    plan = fp.scan_jsonl(jsonl(tmp_path / "x.jsonl", [{"i": i, "c": c} for i, c in enumerate(classes)]))
    report = plan.balance("c").sink_jsonl(tmp_path / "few")
    assert report.reasons == {"surplus": 86, "missing_field": 3}
    assert report.rows == {"read": 110, "written": 21, "rejected": 3, "duplicate": 0, "filtered": 0, "dropped": 86}
    assert [(r["code"], r["line"], r["detail"]) for r in rejects(tmp_path / "few")] == [
        ("missing_field", line, "`c` is absent or null") for line in (108, 109, 110)
    ]
    report = plan.balance("c", "oversample").sink_jsonl(tmp_path / "many")
    assert report.rows == {
        "read": 110, "written": 210, "rejected": 3, "duplicate": 0, "filtered": 0, "dropped": 0, "repeated": 103,
    }  # fmt: skip
    step = report.to_dict()["steps"][1]
    assert (step["rows_in"], step["rows_out"], step["repeated"]) == (110, 210, 103)
    assert "210 rows written of 110 read and 103 copies" in str(report)
    steps_add_up(report.to_dict())
    assert Counter(numbers(plan.balance("c", "oversample").filter(pl.col("c") == "b"))).most_common() == [
        (i, 10) for i in range(70, 77)
    ]


def test_a_class_of_several_columns_needs_them_all(tmp_path: Path) -> None:
    some = [{"a": "x", "b": 1}, {"a": "x", "b": 1}, {"a": "x", "b": 2}, {"a": "x", "b": None}, {"a": None, "b": 1}]
    plan = fp.scan_jsonl(jsonl(tmp_path / "x.jsonl", some)).balance(["a", "b"])
    report = plan.sink_jsonl(tmp_path / "out")
    assert report.reasons == {"missing_field": 2, "surplus": 1}
    assert [r["detail"] for r in rejects(tmp_path / "out")] == ["`b` is absent or null", "`a` is absent or null"]
    assert report.to_dict()["reasons"]["missing_field"]["columns"] == {"a": 1, "b": 1}


@pytest.mark.parametrize("how", ["undersample", "oversample"])
def test_the_seed_alone_decides_which_rows(how: Any) -> None:
    classes = ["a"] * 40 + ["b"] * 15
    plan = data(classes)
    assert numbers(plan.balance("c", how, seed=1)) == numbers(plan.balance("c", how, seed=1))
    assert Counter(numbers(plan.balance("c", how, seed=1))) != Counter(numbers(plan.balance("c", how, seed=2)))


def test_every_row_is_as_likely_to_stay() -> None:
    times = [0] * 20
    for seed in range(400):
        for row in numbers(data(["a"] * 20 + ["b"] * 5).balance("c", seed=seed)):
            if row < 20:
                times[row] += 1
    assert sum((n - 100) ** 2 / 100 for n in times) < 43.8  # the 99.9 % quantile of χ² with 19 degrees of freedom


@pytest.mark.batches
@pytest.mark.parametrize("how", ["undersample", "oversample", "weights"])
def test_threads_and_batches_do_not_change_it(how: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = random.Random(1)
    some = [{"i": i, "t": "x" * drawn.randrange(300), "c": str(int(drawn.random() ** 3 * 5))} for i in range(3_000)]
    plan = fp.scan_jsonl(jsonl(tmp_path / "x.jsonl", some)).balance("c", how, seed=3).shuffle(seed=2)
    published = []
    for threads, batch_rows in ((3, "65536"), (1, "7")):
        monkeypatch.setenv("FASTPREP_BATCH_ROWS", batch_rows)
        plan.sink_jsonl(tmp_path / batch_rows, threads=threads)
        published.append(fp.load(tmp_path / batch_rows).manifest["shards"])
    assert published[0] == published[1]


def test_only_rows_of_train_change(tmp_path: Path) -> None:
    some = pairs(*((f"p{i}", "yes" if i % 5 else "no") for i in range(200))).with_columns(c=pl.col("completion"))
    split = some.format(PAIR).split(valid=0.3, seed=1)
    before = rows(split)
    plain = [row["prompt"] for row in before if row["split"] == "valid"]
    train = Counter(row["c"] for row in before if row["split"] == "train")
    for how, each in (("undersample", min(train.values())), ("oversample", max(train.values()))):
        after = rows(split.balance("c", how))  # type: ignore[arg-type]
        assert [row["prompt"] for row in after if row["split"] == "valid"] == plain
        assert Counter(row["c"] for row in after if row["split"] == "train") == {"yes": each, "no": each}
    weighted = rows(split.balance("c", "weights"))
    assert {row["row_weight"] for row in weighted if row["split"] == "valid"} == {1.0}
    assert sum(row["row_weight"] for row in weighted if row["split"] == "train") == pytest.approx(train.total())


def test_a_row_of_another_split_needs_no_class() -> None:
    some = records(*({"prompt": f"p{i}", "completion": "x", "c": "a"} for i in range(40)))
    none_in_valid = some.format(PAIR).split(valid=0.5, seed=1)
    sides = {row["prompt"]: row["split"] for row in rows(none_in_valid)}
    valid = [prompt for prompt, split in sides.items() if split == "valid"]
    c = pl.when(pl.col("prompt").is_in(valid)).then(pl.lit(None)).otherwise(pl.col("c"))
    after = rows(none_in_valid.with_columns(c=c).balance("c", "oversample"))
    assert sorted(row["prompt"] for row in after) == sorted(sides)


@pytest.mark.parametrize("last", [True, False])
def test_splits_of_a_prepared_folder_stay(last: bool, tmp_path: Path) -> None:
    some = pairs(*((f"p{i}", "yes" if i % 5 else "no") for i in range(100))).with_columns(c=pl.col("completion"))
    some.format(PAIR).split(valid=0.3, seed=1).sink(tmp_path / "first", formats=("arrow", "jsonl"))
    first = {split: fp.load(tmp_path / "first")[split].to_arrow().to_pylist() for split in ("train", "valid")}
    plan = fp.scan_jsonl(tmp_path / "first").balance("c", "oversample")
    (plan if last else plan.filter(pl.col("c") != "none")).sink_arrow(tmp_path / "out")
    out = fp.load(tmp_path / "out")
    assert out["valid"].to_arrow().to_pylist() == first["valid"]
    train = out["train"].to_arrow().to_pylist()
    assert {row["prompt"] for row in train} == {row["prompt"] for row in first["train"]}
    assert len(set(Counter(row["c"] for row in train).values())) == 1


def test_a_folder_with_copies_is_whole_and_has_keys(tmp_path: Path) -> None:
    some = pairs(*((f"p{i}", "yes" if i % 5 else "no") for i in range(60))).with_columns(c=pl.col("completion"))
    plan = some.format(PAIR).dedup()
    report = plan.split(valid=0.2, seed=1).balance("c", "oversample").sink_arrow(tmp_path / "out")
    assert verify(tmp_path / "out")["problems"] == []
    assert report.rows["written"] == 60 + report.rows["repeated"]
    with refused(fp.DataError, "no_rows", "60 duplicate_against"):
        plan.dedup(against=tmp_path / "out").sink_arrow(tmp_path / "again")


def test_another_run_moves_no_row_to_another_split(tmp_path: Path) -> None:
    def sides(count: int, out: Path) -> dict[str, str]:
        some = pairs(*((f"p{i}", "yes" if i % 5 else "no") for i in range(count))).with_columns(c=pl.col("completion"))
        some.format(PAIR).split(valid=0.3, seed=1).balance("c", "oversample").shuffle().sink_arrow(out)
        data = fp.load(out)
        found = [(row["prompt"], split) for split in ("train", "valid") for row in data[split].to_arrow().to_pylist()]
        assert len(set(found)) == len(dict(found)), "no row is in two splits"
        return dict(found)

    few, more = sides(150, tmp_path / "few"), sides(220, tmp_path / "more")
    assert few.items() <= more.items()


def test_copies_are_not_side_by_side_after_a_shuffle() -> None:
    left = numbers(data(["a"] * 50 + ["b"]).balance("c", "oversample").shuffle(seed=1))
    assert left.count(50) == 50
    # Of 49 gaps between copies, half are expected to have no other row; without ranks of their own, all.
    assert 10 < sum(one == two == 50 for one, two in pairwise(left)) < 40


def test_copies_of_copies_have_ranks_of_their_own() -> None:
    again = data(["a"] * 4 + ["b"]).balance("c", "oversample").with_columns(d=pl.col("c") == "b")
    left = numbers(again.balance("c", "oversample").sample(5, by="c", seed=2).shuffle(seed=3))
    assert Counter(left)[4] == 4


def test_works_with_ids_packs_and_weights(tokenizer_folder: Path) -> None:
    some = pairs(*((f"p{i}", "yes" if i % 4 else "no") for i in range(80))).with_columns(c=pl.col("completion"))
    plan = some.format(PAIR).split(valid=0.2, seed=1).tokenize(tokenizer_folder, max_length=64)
    weighted = rows(plan.balance("c", "weights").pack())
    assert all("segment_weights" in row for row in weighted)
    copied = plan.balance("c", "oversample")
    tokens = sum(len(row["input_ids"]) for row in rows(copied))
    assert sum(len(row["input_ids"]) for row in rows(copied.pack(seed=2))) == tokens
    assert len(rows(copied.head(3))) == 3


def test_weights_reach_the_preview_and_later_steps(capsys: pytest.CaptureFixture[str]) -> None:
    plan = data(["a", "a", "a", "b"]).balance("c", "weights").with_columns(w=pl.col("row_weight") * 3).read_as()
    assert column(plan, "w") == pytest.approx([2.0, 2.0, 2.0, 6.0])
    plan.preview(1)
    data(["a", "b"]).balance("c").preview(1)
    assert "row_weight" in capsys.readouterr().out


def test_equal_classes_stay_as_they_are() -> None:
    for how in ("undersample", "oversample"):
        assert len(numbers(data(["a", "b"] * 5).balance("c", how))) == 10  # type: ignore[arg-type]
        assert numbers(data(["a"] * 3).balance("c", how)) == [0, 1, 2]  # type: ignore[arg-type]
    assert set(column(data(["a", "b"] * 5).balance("c", "weights"), "row_weight")) == {1.0}


def test_real_classes() -> None:
    classes = [row["completion"] for row in shared_rows("wisesight_th")]
    sizes = Counter(classes)
    kept = Counter(classes[i] for i in numbers(data(classes).balance("c")))
    assert kept == dict.fromkeys(sizes, min(sizes.values()))
    left = Counter(classes[i] for i in numbers(data(classes).balance("c", "oversample")))
    assert left == dict.fromkeys(sizes, max(sizes.values()))


def test_is_explained_and_the_same_as_json() -> None:
    plan = data(["a"]).balance(["c"], "oversample", seed=4)
    shown = "oversample: rows repeated to as many of each c as of the largest; seed=4; rows of train  [barrier]"
    assert f"BALANCE      {shown}" in plan.explain()
    (step,) = json.loads(plan.to_json())["steps"]
    assert step == {"verb": "balance", "by": ["c"], "how": "oversample", "seed": 4}


def test_a_plan_file_has_it(tmp_path: Path) -> None:
    from fastprep.cli.plan_file_verbs import apply

    plan = apply(data(["a", "b", "b"]), "balance", {"by": "c", "how": "oversample", "seed": 1})
    assert numbers(plan) == numbers(data(["a", "b", "b"]).balance("c", "oversample", seed=1))


SOME = pairs(("a", "b"), ("c", "b"))


@pytest.mark.parametrize(
    ("build", "kind", "code", "says"),
    [
        (lambda: SOME.balance([]), fp.PlanError, "bad_option", "`by` is empty"),
        (lambda: SOME.balance("prompt", "both"), fp.PlanError, "bad_option", "must be one of undersample, oversample"),  # type: ignore[arg-type]
        (lambda: SOME.balance("x").explain(), fp.ColumnError, "missing_column", "balance: there is no column `x`"),
        (
            lambda: SOME.balance("prompt", "oversample").dedup(),
            fp.PlanError,
            "bad_chain",
            "dedup: balance has repeated rows, and dedup would remove the copies",
        ),
        (
            lambda: SOME.balance("prompt", "oversample").head(1).split(valid=0.5),
            fp.PlanError,
            "bad_chain",
            "split: balance has repeated rows, and the new splits would get copies too",
        ),
        (
            lambda: SOME.with_columns(row_weight=pl.lit(1)).balance("prompt", "weights").explain(),
            fp.ColumnError,
            "duplicate_column",
            "balance: the column `row_weight` already exists",
        ),
        (
            lambda: (
                SOME.map_batches(lambda f: f.with_columns(row_weight=1), name="f")
                .balance("prompt", "weights")
                .explain()
            ),
            fp.ColumnError,
            "duplicate_column",
            "balance: the column `row_weight` already exists",
        ),
    ],
)
def test_what_cannot_be_is_refused(build: Any, kind: type[fp.FastprepError], code: str, says: str) -> None:
    with refused(kind, code, says):
        build()


@pytest.mark.parametrize("how", ["undersample", "weights"])
def test_what_repeats_nothing_may_be_followed_by_anything(how: Any) -> None:
    plan = pairs(*((f"p{i}", "yes" if i % 3 else "no") for i in range(30))).balance("completion", how)
    assert {row["split"] for row in rows(plan.dedup().split(valid=0.5))} == {"train", "valid"}
