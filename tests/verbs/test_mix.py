"""`mix`: sources in the shares of their weights."""

from __future__ import annotations

import json
import random
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from struct import pack
from typing import Any

import polars as pl
import pytest
from common import steps_add_up
from hypothesis import given
from hypothesis import strategies as st
from tiny import PAIR, column, jsonl, pairs, records, refused, rejects, rows
from xxhash import xxh3_64_intdigest

import fastprep as fp

SEEDS = st.sampled_from([0, 7, 2**64 - 1])
WEIGHT = st.sampled_from([0.1, 0.3, 0.5, 0.7, 1, 2, 3.5])


def data(sources: list[str]) -> fp.Pipeline:
    return records(*({"i": i, "source": source} for i, source in enumerate(sources)))


def numbers(pipeline: fp.Pipeline) -> list[int]:
    """The column `i`, which is JSON."""
    return [int(number) for number in column(pipeline, "i")]


def mixed(sources: list[Any], amounts: list[int], weights: dict[str, float], on_exhausted: str, seed: int) -> list[int]:
    """The rows that leave, one by one: of each source whole passes, and a part of one more by rank."""
    of_file = xxh3_64_intdigest(pack("<II", 0, 0), seed)
    members = {name: [i for i, source in enumerate(sources) if source == name] for name in weights}
    sums = {name: sum(amounts[i] for i in own) for name, own in members.items()}
    totals = {name: sums[name] / weight for name, weight in weights.items() if weight}
    base = (min if on_exhausted == "stop" else max)(totals, key=totals.__getitem__)
    leaving: list[tuple[Fraction, int, int]] = []
    for number, (name, weight) in enumerate(weights.items()):
        wanted = int(sums[base] * (weight / weights[base]) + 0.5)
        wanted = min(wanted, sums[name]) if on_exhausted == "stop" else wanted
        passes, left = divmod(wanted, sums[name]) if wanted else (0, 0)
        some = set()
        for i in sorted(members[name], key=lambda row: xxh3_64_intdigest(pack("<Q", row), of_file)):
            left -= amounts[i]
            if left < 0:
                break
            some.add(i)
        given = members[name] * passes + sorted(some)
        leaving += [(Fraction(2 * j + 1, 2 * len(given)), number, i) for j, i in enumerate(given)]
    return [i for _, _, i in sorted(leaving, key=lambda entry: entry[:2])]


@st.composite
def mixes(draw: st.DrawFn) -> tuple[list[str], dict[str, float]]:
    sources = draw(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=40))
    names = draw(st.permutations(sorted(set(sources))))
    return sources, {name: draw(WEIGHT) for name in names}


@given(mixes(), st.sampled_from(["stop", "repeat"]), SEEDS)
def test_each_source_gives_its_share_within_a_row(
    some: tuple[list[str], dict[str, float]], on_exhausted: Any, seed: int
) -> None:
    sources, weights = some
    plan = data(sources).mix(weights, on_exhausted=on_exhausted, seed=seed)
    left = numbers(plan)
    assert left == mixed(sources, [1] * len(sources), weights, on_exhausted, seed)
    sizes, counts = Counter(sources), Counter(sources[i] for i in left)
    totals = {name: sizes[name] / weight for name, weight in weights.items()}
    total = min(totals.values()) if on_exhausted == "stop" else max(totals.values())
    for name, weight in weights.items():
        assert abs(counts[name] - total * weight) <= 0.5 + 1e-9
    if on_exhausted == "stop":
        assert max(Counter(left).values()) == 1
        assert any(counts[name] == sizes[name] for name in weights)
    else:
        assert set(left) == set(range(len(sources)))
    report = json.loads(plan._plan.check())
    steps_add_up(report)
    assert report["rows"].get("repeated", 0) == len(left) - len(set(left))


def test_planted_counts_are_exact() -> None:
    sources = ["a"] * 100 + ["b"] * 50 + ["c"] * 10
    plan, weights = data(sources), {"a": 0.5, "b": 0.3, "c": 0.2}
    counts = [
        Counter(sources[i] for i in numbers(plan.mix(weights, on_exhausted=how)))
        for how in ("stop", "repeat")  # type: ignore[arg-type]
    ]
    assert counts == [{"a": 25, "b": 15, "c": 10}, {"a": 100, "b": 60, "c": 40}]
    # Weights need not have the sum 1.
    thousands = {name: weight * 1_000 for name, weight in weights.items()}
    assert numbers(plan.mix(thousands)) == numbers(plan.mix(weights))


def test_every_part_of_the_mix_has_the_shares() -> None:
    sources = ["a"] * 700 + ["b"] * 200 + ["c"] * 100
    seen: Counter[str] = Counter()
    for n, i in enumerate(numbers(data(sources).mix({"c": 1, "b": 2, "a": 7})), 1):
        seen[sources[i]] += 1
        for name, share in (("a", 0.7), ("b", 0.2), ("c", 0.1)):
            assert abs(seen[name] - n * share) <= 1.5


def test_tokens_are_shared_out(tokenizer_folder: Path) -> None:
    drawn = random.Random(3)
    some = [
        {
            "prompt": f"what is {'the capital ' * drawn.randrange(9)}{i}",
            "completion": "paris",
            "source": drawn.choice("aab"),
        }
        for i in range(120)
    ]
    plan = records(*some).with_row_index("i").format(PAIR).tokenize(tokenizer_folder, max_length=200)
    made = rows(plan)
    sources, amounts = [row["source"] for row in made], [len(row["input_ids"]) for row in made]
    longest = max(amounts)
    for seed, on_exhausted in ((0, "stop"), (1, "stop"), (2, "repeat"), (3, "repeat")):
        for weights in ({"a": 1, "b": 1}, {"b": 0.9, "a": 0.1}, {"a": 0.25, "b": 0.75}):
            mix = plan.mix(weights, unit="tokens", on_exhausted=on_exhausted, seed=seed)  # type: ignore[arg-type]
            left = column(mix, "i")
            assert left == mixed(sources, amounts, weights, on_exhausted, seed)
            tokens: Counter[str] = Counter()
            for i in left:
                tokens[sources[i]] += amounts[i]
            sums = {name: sum(n for n, s in zip(amounts, sources, strict=True) if s == name) for name in weights}
            totals = {name: sums[name] / weight for name, weight in weights.items()}
            total = min(totals.values()) if on_exhausted == "stop" else max(totals.values())
            assert all(
                total * weight - longest < tokens[name] <= total * weight + 1 for name, weight in weights.items()
            )


def test_a_weight_of_0_leaves_a_source_out(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", [{"i": i, "source": "aab"[i % 3]} for i in range(30)])
    for on_exhausted in ("stop", "repeat"):
        report = (
            fp.scan_jsonl(path).mix({"a": 0, "b": 1}, on_exhausted=on_exhausted).sink_jsonl(tmp_path / on_exhausted)
        )  # type: ignore[arg-type]
        assert report.reasons == {"surplus": 20}
        assert (report.rows["written"], report.rows["dropped"]) == (10, 20)


def test_rows_without_a_source_are_rejected(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", [{"i": 0, "source": "a"}, {"i": 1, "source": None}, {"i": 2}])
    report = fp.scan_jsonl(path).mix({"a": 1}).sink_jsonl(tmp_path / "out")
    assert report.reasons == {"missing_field": 2}
    assert [r["line"] for r in rejects(tmp_path / "out")] == [2, 3]


def test_the_sources_of_a_concat_are_mixed() -> None:
    web, code = (records(*({"t": f"{name}{i}"} for i in range(n))) for name, n in (("w", 9), ("c", 4)))
    plan = fp.concat({"web": web, "code": code}).mix({"web": 3, "code": 1}, on_exhausted="repeat")
    assert Counter(column(plan, "source")) == {"web": 12, "code": 4}
    by = plan.rename({"source": "from"}).mix({"web": 1, "code": 1}, by="from")
    assert Counter(column(by, "from")) == {"web": 4, "code": 4}


def test_only_rows_of_train_are_mixed() -> None:
    some = pairs(*((f"p{i}", "abb"[i % 3]) for i in range(200))).with_columns(source=pl.col("completion"))
    split = some.format(PAIR).split(valid=0.3, seed=1)
    before, after = rows(split), rows(split.mix({"a": 1, "b": 1}, on_exhausted="repeat"))
    valid = [[row["prompt"] for row in made if row["split"] == "valid"] for made in (before, after)]
    assert valid[0] == valid[1]
    train = Counter(row["source"] for row in after if row["split"] == "train")
    assert train["a"] == train["b"] == sum((row["source"], row["split"]) == ("b", "train") for row in before)


@pytest.mark.batches
@pytest.mark.parametrize("on_exhausted", ["stop", "repeat"])
def test_threads_and_batches_do_not_change_it(
    on_exhausted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = random.Random(1)
    some = [{"i": i, "t": "x" * drawn.randrange(300), "source": drawn.choice("aaab")} for i in range(3_000)]
    plan = fp.scan_jsonl(jsonl(tmp_path / "x.jsonl", some)).mix({"a": 1, "b": 2}, on_exhausted=on_exhausted, seed=3)
    published = []
    for threads, batch_rows in ((3, "65536"), (1, "7")):
        monkeypatch.setenv("FASTPREP_BATCH_ROWS", batch_rows)
        plan.sink_jsonl(tmp_path / batch_rows, threads=threads)
        published.append(fp.load(tmp_path / batch_rows).manifest["shards"])
    assert published[0] == published[1]


@pytest.mark.parametrize("on_exhausted", ["stop", "repeat"])
def test_the_seed_alone_decides_which_rows(on_exhausted: Any) -> None:
    plan = data(["a"] * 40 + ["b"] * 15)
    one, again, other = (
        numbers(plan.mix({"a": 1, "b": 1}, on_exhausted=on_exhausted, seed=seed)) for seed in (1, 1, 2)
    )
    assert one == again
    assert Counter(one) != Counter(other)


def test_copies_are_not_side_by_side_after_a_shuffle() -> None:
    left = numbers(data(["a"] * 50 + ["b"]).mix({"a": 1, "b": 1}, on_exhausted="repeat").shuffle(seed=1))
    assert left.count(50) == 50
    assert 10 < sum(one == two == 50 for one, two in pairwise(left)) < 40


def test_works_before_pack(tokenizer_folder: Path) -> None:
    some = pairs(*((f"p{i}", "abb"[i % 3]) for i in range(60))).with_columns(source=pl.col("completion"))
    plan = some.format(PAIR).tokenize(tokenizer_folder, max_length=64)
    copied = plan.mix({"a": 1, "b": 1}, unit="tokens", on_exhausted="repeat")
    tokens = sum(len(row["input_ids"]) for row in rows(copied))
    assert sum(len(row["input_ids"]) for row in rows(copied.pack(seed=2))) == tokens


def test_is_explained_and_the_same_as_json() -> None:
    plan = data(["a"]).mix({"a": 2, "b": 0.5}, unit="rows", on_exhausted="repeat", seed=4)
    shown = "rows by source: a=2, b=0.5; rows repeated until all sources have given theirs; seed=4; rows of train"
    assert f"MIX          {shown}  [barrier]" in plan.explain()
    (step,) = json.loads(plan.to_json())["steps"]
    assert step == {
        "verb": "mix", "weights": {"a": "2", "b": "0.5"}, "by": "source", "unit": "rows", "on_exhausted": "repeat",
        "seed": 4,
    }  # fmt: skip


def test_a_plan_file_has_it() -> None:
    from fastprep.cli.plan_file_verbs import apply

    plan = apply(data(["a", "b", "b"]), "mix", {"weights": {"a": 1, "b": 1}, "on_exhausted": "repeat"})
    assert len(numbers(plan)) == 4


def test_the_preview_has_the_rows_as_they_come(capsys: pytest.CaptureFixture[str]) -> None:
    data(["a", "b"]).mix({"a": 1}).preview(2)
    assert "b" in capsys.readouterr().out


SOME = data(["a", "b", "web", "x"])
ALL = {"a": 1, "b": 1, "web": 1, "x": 1}
TEXT = {"a": "a"}


@pytest.mark.parametrize(
    ("build", "kind", "code", "says"),
    [
        (lambda: SOME.mix({}), fp.PlanError, "bad_option", "at least one source must have a weight above 0"),
        (lambda: SOME.mix({"a": 0}), fp.PlanError, "bad_option", "at least one source must have a weight above 0"),
        (lambda: SOME.mix({"a": -1}), fp.PlanError, "bad_option", "the weight of `a` must be a number of 0 or more"),
        (lambda: SOME.mix({"a": 10**400}), fp.PlanError, "bad_option", "is larger than any 64-bit float"),
        (lambda: SOME.mix({"a": "1"}), fp.PlanError, "bad_option", "must be a number"),  # type: ignore[dict-item]
        (lambda: SOME.mix(["a"]), fp.PlanError, "bad_option", "must be a mapping"),  # type: ignore[arg-type]
        (lambda: SOME.mix({"a": 1}, on_exhausted="end"), fp.PlanError, "bad_option", "must be one of stop, repeat"),  # type: ignore[arg-type]
        (lambda: SOME.mix({"a": 1}, by="from").explain(), fp.ColumnError, "missing_column", "no column `from`"),
        (lambda: records(TEXT).mix({"a": 1}).explain(), fp.ColumnError, "missing_column", "concat names the source"),
        (lambda: SOME.mix({"a": 1}, unit="tokens").explain(), fp.ColumnError, "missing_column", "put .tokenize"),
        (
            lambda: SOME.with_columns(source=pl.lit(1)).mix({"a": 1}).explain(),
            fp.ColumnError,
            "wrong_type",
            "mix: column `source` must be text",
        ),
        (
            lambda: SOME.mix({"a": 1, "wed": 1}).collect(),
            fp.DataError,
            "source_without_weight",
            r"there is no weight for `b` \(1 row\), `web` \(1 row\), `x` \(1 row\)",
        ),
        (
            lambda: SOME.filter(pl.col("source").is_in(["a", "web"])).mix({"a": 1, "wed": 1}).collect(),
            fp.DataError,
            "source_without_weight",
            "did you mean `wed`",
        ),
        (
            lambda: SOME.mix({**ALL, "y": 1}).collect(),
            fp.DataError,
            "source_without_rows",
            "the source `y` has no rows in train; found: `a`, `b`, `web`, `x`",
        ),
        (
            lambda: SOME.mix({**ALL, "x": 1e-12}, on_exhausted="repeat").collect(),
            fp.DataError,
            "too_many_rows",
            "a source would give more than",
        ),
        (
            lambda: SOME.mix(ALL, on_exhausted="repeat").dedup(),
            fp.PlanError,
            "bad_chain",
            "dedup: mix has repeated rows",
        ),
        (
            lambda: SOME.mix(ALL, on_exhausted="repeat").split(valid=0.5, by="i"),
            fp.PlanError,
            "bad_chain",
            "split: mix has repeated rows",
        ),
    ],
)
def test_what_cannot_be_is_refused(build: Any, kind: type[fp.FastprepError], code: str, says: str) -> None:
    with refused(kind, code, says):
        build()


def test_a_mix_without_copies_may_be_split() -> None:
    assert {row["split"] for row in rows(SOME.mix(ALL).dedup().split(valid=0.5, by="i"))} <= {"train", "valid"}
