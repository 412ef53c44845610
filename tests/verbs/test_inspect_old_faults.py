"""Faults of an older tool that prepared prompts and completions: what it found or repaired wrongly is right here."""

from __future__ import annotations

from pathlib import Path

from test_inspect import clean, counts, inspected
from test_inspect_fix import repaired
from tiny import column, pairs, rejects

import fastprep as fp


def test_a_leading_space_is_added_to_each_answer_by_itself() -> None:
    made = column(pairs(("q", "x1"), ("r", "y2"), ("s", " z3")).ensure_affix("completion", prefix=" "), "completion")
    assert made == [" x1", " y2", " z3"]


def test_the_long_row_goes_after_copies_went(tmp_path: Path) -> None:
    rows = pairs(("a", "1"), ("a", "1"), ("b", "2" * 50), ("c", "3"))
    plan = rows.dedup(on=["prompt", "completion"]).validate(max_chars={"completion": 10})
    assert column(plan, "prompt") == ["a", "c"]
    plan.sink_jsonl(tmp_path / "out")
    assert [(line["code"], line["row"]) for line in rejects(tmp_path / "out")] == [("too_many_chars", 2)]


def test_one_prompt_without_the_separator_gets_that_of_the_others(tmp_path: Path) -> None:
    rows = [row | {"prompt": f"{row['prompt']}\n\n###\n\n"} for row in clean(200)]
    rows[7] |= {"prompt": clean(200)[7]["prompt"]}
    before, _, _ = repaired(rows, tmp_path)
    assert before == {"missing_separator": 1}
    made = column(fp.scan(tmp_path / "out"), "prompt")
    assert sorted(made) == sorted(f"{row['prompt']}\n\n###\n\n" for row in clean(200))


def test_a_separator_in_an_answer_and_a_stop_in_a_prompt_are_found(tmp_path: Path) -> None:
    rows = clean(50)
    rows[3] |= {"completion": f"a\n##\nb {rows[3]['completion']}"}
    rows[4] |= {"prompt": f"a\n###\nb {rows[4]['prompt']}"}
    found = inspected(rows)
    assert counts(found) == {"mark_collisions": 2}
    assert [example["row"] for example in found.findings[0].examples] == [3, 4]
    plan = fp.from_records(rows).format(fp.PromptFormat("{prompt}", completion="{completion}"))
    assert plan.sink_jsonl(tmp_path / "out").rows["rejected"] == 2


def test_nothing_is_lower_cased_stripped_or_dropped_unasked(tmp_path: Path) -> None:
    rows = [row | {"prompt": f"Answer this: {row['prompt']}"} for row in clean(200)]
    rows[3] |= {"completion": rows[3]["completion"].upper()}
    rows[4] |= {"completion": rows[4]["completion"] * 500}
    rows[5] |= {"completion": "Cafe\u0301."}
    _, after, _ = repaired(rows, tmp_path)
    assert after == {"upper_case": 1, "common_prompt_prefix": 200}
    rows[5] |= {"completion": "Caf\u00e9."}
    made = fp.scan(tmp_path / "out").to_polars().select("prompt", "completion").to_dicts()
    assert sorted(made, key=str) == sorted(rows, key=str)
