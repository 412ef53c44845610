"""`resolve_conflicts`: one prompt with different answers."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from common import shared_rows
from hypothesis import given
from hypothesis import strategies as st
from tiny import PAIR, column, jsonl, pairs, records, refused, rejects, rows

import fastprep as fp

TEXT = st.sampled_from(["a", "b", "c"])


def chosen(data: list[tuple[Any, Any]], keep: str) -> list[int]:
    """The rows that stay."""
    answers: dict[Any, list[Any]] = {}
    for prompt, answer in data:
        answers.setdefault(prompt, []).append(answer)
    stay = []
    for i, (prompt, answer) in enumerate(data):
        known = answers[prompt]
        # Of equally frequent answers, `most_common` gives the first.
        best = {"first": known[0], "most": Counter(known).most_common(1)[0][0], "none": object()}[keep]
        if len(set(known)) == 1 or answer == best:
            stay.append(i)
    return stay


@given(st.lists(st.tuples(TEXT, TEXT | st.none()), min_size=1, max_size=20), st.sampled_from(["first", "most", "none"]))
def test_the_answer_that_is_asked_for_stays(data: list[tuple[str, str | None]], keep: Any) -> None:
    given_rows = [{"i": i, "prompt": prompt, "completion": answer} for i, (prompt, answer) in enumerate(data)]
    plan = records({"i": -1, "prompt": "x", "completion": "x"}, *given_rows).resolve_conflicts(keep)
    assert [int(number) for number in column(plan, "i")] == [-1, *chosen(data, keep)]


def test_other_answers_are_rejected_with_their_places(tmp_path: Path) -> None:
    data = [{"prompt": "p", "completion": text} for text in ("a", "b", "b")]
    path = jsonl(tmp_path / "x.jsonl", [*data, {"prompt": "q", "completion": "a"}])
    report = fp.scan_jsonl(path).resolve_conflicts("most").sink_jsonl(tmp_path / "out")
    assert report.reasons == {"other_answer": 1}
    assert report.rows["written"] == 3
    (reject,) = rejects(tmp_path / "out")
    assert (reject["code"], reject["file"], reject["line"]) == ("other_answer", "x.jsonl", 1)
    assert reject["detail"] == "more rows have the same prompt and another answer"
    assert reject["record"] == data[0]


def test_the_columns_of_the_templates_are_compared() -> None:
    data = records({"q": "a", "c": "x", "r": "1"}, {"q": "a", "c": "y", "r": "2"}, {"q": "a", "c": "x", "r": "3"})
    fmt = fp.PromptFormat("{q}{c}", completion="{r}", separator="\n##\n", stop="\n###\n")
    kept = ["1\n###\n", "2\n###\n"]
    assert column(data.resolve_conflicts().format(fmt), "completion") == kept
    assert column(data.format(fmt).resolve_conflicts(), "completion") == kept
    assert column(data.resolve_conflicts(prompt="q", answer=["r"]), "r") == ["1"]


def dialogue(*turns: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": text} for role, text in turns], **more}


def test_system_history_and_tools_are_part_of_the_prompt(tmp_path: Path) -> None:
    one, two = ("assistant", "1"), ("assistant", "2")
    user, system = ("user", "u"), ("system", "s")
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    data = [
        dialogue(user, one),
        dialogue(user, two),  # another answer to the first
        dialogue(system, user, two),
        dialogue(user, two, user, one),
        dialogue(user, one, user, two),
        dialogue(user, two, tools=tools),
        dialogue(user, one),
    ]
    plan = fp.scan_jsonl(jsonl(tmp_path / "x.jsonl", data)).with_row_index("i").read_as("openai_chat")
    assert "the last answer of all that is before it; keep=first  [barrier]" in plan.resolve_conflicts().explain()
    assert column(plan.resolve_conflicts(), "i") == [0, 2, 3, 4, 5, 6]
    assert column(plan.resolve_conflicts("none"), "i") == [2, 3, 4, 5]


def test_preferences_and_rated_answers_have_several_by_design(tmp_path: Path) -> None:
    data = [{"prompt": "p", "chosen": text, "rejected": "x"} for text in ("a", "b")]
    plan = fp.scan_jsonl(jsonl(tmp_path / "x.jsonl", data)).read_as("preference").resolve_conflicts("none")
    assert len(rows(plan)) == 2


def test_conflicts_of_real_rows() -> None:
    data = [{"prompt": row["prompt"], "completion": row["completion"]} for row in shared_rows("t0_50k")]
    answers: dict[str, set[str]] = {}
    for row in data:
        answers.setdefault(row["prompt"], set()).add(row["completion"])
    conflicting = {prompt for prompt, known in answers.items() if len(known) > 1}
    assert len(conflicting) == 826
    kept = rows(records(*data).resolve_conflicts("none"))
    assert len(kept) == sum(row["prompt"] not in conflicting for row in data)
    assert len(data) - len(kept) == 2_846


def test_is_explained_and_the_same_as_json() -> None:
    plan = pairs(("a", "b")).resolve_conflicts("most")
    assert "RESOLVE_CONFLICTS completion of prompt; keep=most  [barrier]" in plan.explain()
    (step,) = json.loads(plan.to_json())["steps"]
    assert step == {"verb": "resolve_conflicts", "keep": "most", "prompt": None, "answer": None}


@pytest.mark.parametrize(
    ("build", "kind", "code", "says"),
    [
        (lambda: pairs(("a", "b")).resolve_conflicts(prompt="prompt"), fp.PlanError, "bad_option", "given together"),
        (lambda: pairs(("a", "b")).resolve_conflicts("last"), fp.PlanError, "bad_option", "must be one of first, most"),
        (
            lambda: records({"a": "b"}).resolve_conflicts().explain(),
            fp.ColumnError,
            "missing_column",
            "resolve_conflicts: there is no column `prompt`",
        ),
        (
            lambda: pairs(("a", "b")).format(PAIR).resolve_conflicts(prompt="q", answer="r").explain(),
            fp.ColumnError,
            "missing_column",
            "resolve_conflicts: there is no column `q`",
        ),
    ],
)
def test_what_cannot_be_is_refused(build: Any, kind: type[fp.FastprepError], code: str, says: str) -> None:
    with refused(kind, code, says):
        build()
