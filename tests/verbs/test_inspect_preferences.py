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


def said(content: str, **more: Any) -> Row:
    return {"role": "assistant", "content": content, **more}


def called(name: str) -> Row:
    call = {"type": "function", "function": {"name": name, "arguments": "{}"}}
    return said("", tool_calls=[call])


RESULT = {"role": "tool", "content": "r"}
LATER = {"role": "user", "content": "go on"}


@pytest.mark.parametrize(
    ("chosen", "rejected", "same"),
    [
        ([said("done")], [said(" done\n")], True),
        ([said("a"), LATER, said("done")], [said("b"), LATER, said("done")], False),
        ([said("done", reasoning_content="A")], [said("done", reasoning_content="B")], False),
        ([said("done", reasoning_content="A")], [said("done", reasoning_content="A")], True),
        ([said("done", reasoning_content="A")], [said("Adone")], False),
        ([called("f")], [called("g")], False),
        ([called("f")], [called("f")], True),
        ([called("f"), RESULT, said("done")], [called("g"), RESULT, said("done")], False),
        ([said("a"), LATER, said("done")], [said("done")], False),
    ],
)
def test_all_texts_of_two_answers_are_compared(chosen: list[Row], rejected: list[Row], same: bool) -> None:
    rows = [{"prompt": f"q{i}", "chosen": chosen, "rejected": rejected} for i in range(5)]
    codes = {finding.code: finding.count for finding in fp.from_records(rows).read_as("preference").inspect().findings}
    assert codes.get("identical_answers") == (5 if same else None)
    assert not {"turn_order", "unfinished_tool_use", "conflicting_answers"} & set(codes)


def test_turns_are_in_order_up_to_each_answer() -> None:
    for wrong in ("chosen", "rejected"):
        row = {"prompt": "q", "chosen": [said("a")], "rejected": [said("b")]}
        row[wrong] = [said("c"), said("d")]
        report = fp.from_records([row]).read_as("preference").inspect()
        assert [finding.count for finding in report.findings if finding.code == "turn_order"] == [1], wrong


def test_a_call_without_its_result_is_found_in_each_answer() -> None:
    for wrong in ("chosen", "rejected"):
        row = {"prompt": "q", "chosen": [called("f"), RESULT, said("a")], "rejected": [called("f"), RESULT, said("b")]}
        row[wrong] = [called("g"), LATER, said("c")]
        report = fp.from_records([row]).read_as("preference").inspect()
        assert [finding.count for finding in report.findings if finding.code == "unfinished_tool_use"] == [1], wrong


def test_the_length_of_an_answer_is_that_of_all_its_texts() -> None:
    rows = [
        {"prompt": f"q{i}", "chosen": [said("ab", reasoning_content="cd")], "rejected": [said("abc")]}
        for i in range(50)
    ]
    detail = found(rows, "preference")["length_bias"].detail
    assert detail == "longer in 50 of 50 pairs; 4 and 3 characters on average"


def test_bad_answers_are_answers() -> None:
    report = fp.from_records(labels(12, 48)).read_as("kto").inspect()
    assert report.to_dict()["with"]["answer"] == 60
    imbalance = found(labels(12, 48), "kto")["label_imbalance"]
    assert (imbalance.count, imbalance.checked, imbalance.share) == (12, 60, 0.2)
    only_bad = found(labels(0, 30), "kto")["label_imbalance"]
    assert (only_bad.count, only_bad.checked, only_bad.share) == (30, 30, 1.0)
    empty = [{**row, "completion": ""} for row in labels(12, 48)]
    shares = {finding.code: finding.share for finding in fp.from_records(empty).read_as("kto").inspect().findings}
    assert shares["empty_answers"] == 1.0


def test_columns_that_format_has_rendered_are_preferences() -> None:
    columns = fp.PromptFormat("{q}", completion="{a}")
    rows = [{"q": f"q{i}", "a": f"yes{i}!", "b": f"no{i}", "good": i < 20} for i in range(60)]
    for plan, codes in (
        (fp.from_records(rows).format(columns, rejected="{b}"), {"length_bias"}),
        (fp.from_records(rows).format(columns, label="good"), {"label_imbalance"}),
    ):
        assert {finding.code for finding in plan.inspect().findings} == codes
