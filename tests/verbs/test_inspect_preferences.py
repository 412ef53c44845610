"""Findings of `inspect` in rows with preferences: planted, and what looks like them and is none."""

from __future__ import annotations

from typing import Any

import pytest

import fastprep as fp

Row = dict[str, Any]


def pairs(rows: int, longer: int = 0, same: int = 0) -> list[Row]:
    """Pairs of answers: in the first `longer` the preferred one is longer, in the last `same` both are the same."""
    made = [
        {"prompt": f"q{i}", "chosen": f"yes{i}" + "!" * (i < longer), "rejected": f"not{i}" + "!" * (i >= longer)}
        for i in range(rows)
    ]
    for row in made[rows - same :]:
        row["rejected"] = row["chosen"] + " "
    return made


def labels(good: int, bad: int, prompts: int = 1_000) -> list[Row]:
    return [{"prompt": f"q{i % prompts}", "completion": f"a{i}", "label": i < good} for i in range(good + bad)]


def found(rows: list[Row], dialect: str) -> dict[str, Any]:
    report = fp.from_records(rows).read_as(dialect).inspect()
    codes = ("identical_answers", "length_bias", "label_imbalance", "both_labels")
    return {finding.code: finding for finding in report.findings if finding.code in codes}


@pytest.mark.parametrize("same", [0, 7])
def test_equal_answers_are_counted(same: int) -> None:
    made = found(pairs(100, longer=50, same=same), "preference")
    assert {code: finding.count for code, finding in made.items()} == ({"identical_answers": same} if same else {})
    if same:
        assert [example["row"] for example in made["identical_answers"].examples] == [93, 94, 95]


@pytest.mark.parametrize(("longer", "count"), [(64, None), (65, 65), (100, 100), (36, None), (35, 65), (0, 100)])
def test_a_bias_of_length_goes_both_ways(longer: int, count: int | None) -> None:
    made = found(pairs(100, longer=longer), "preference")
    assert {code: finding.count for code, finding in made.items()} == ({"length_bias": count} if count else {})
    if count:
        word = "longer" if longer > 50 else "shorter"
        assert f"{word} in {count} of 100 pairs" in made["length_bias"].detail
    assert not found(pairs(49, longer=49), "preference")


@pytest.mark.parametrize(
    ("good", "bad", "weight"),
    [
        (40, 30, None),
        (41, 30, "undesirable_weight=1.37"),
        (30, 60, "desirable_weight=2.00"),
        (25, 0, ""),
        (19, 0, None),
    ],
)
def test_labels_that_are_out_of_balance_name_a_weight(good: int, bad: int, weight: str | None) -> None:
    made = found(labels(good, bad), "kto")
    assert set(made) == (set() if weight is None else {"label_imbalance"})
    if weight is not None:
        assert made["label_imbalance"].count == (min(good, bad) or good + bad)
        assert f"{good} good and {bad} bad" in made["label_imbalance"].detail
        assert weight in made["label_imbalance"].detail


def test_prompts_with_both_labels() -> None:
    assert found(labels(50, 50, prompts=50), "kto")["both_labels"].count == 100
    assert found(labels(50, 50, prompts=90), "kto")["both_labels"].count == 20
    assert "both_labels" not in found(labels(50, 50), "kto")
