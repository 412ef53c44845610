"""`split`: a row's side is decided by its prompt alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from tiny import PAIR, column, records, refused, rows

import fastprep as fp

ROWS = [{"prompt": f"question {i % 60}", "completion": f"answer {i}", "user": f"u{i % 9}"} for i in range(120)]
SHARES = {"valid": 0.3, "test": 0.2}


def sides(plan: fp.Pipeline, by: str = "completion") -> dict[str, str]:
    return {row[by].removesuffix("\n###\n"): row["split"] for row in rows(plan)}


def test_equal_prompts_stay_together_and_all_rows_are_there() -> None:
    made = rows(records(*ROWS).format(PAIR).split(**SHARES, seed=3))
    assert len(made) == 120
    by_prompt = defaultdict(set)
    for row in made:
        by_prompt[row["prompt"]].add(row["split"])
    assert all(len(splits) == 1 for splits in by_prompt.values())
    assert set(column_of(made)) == {"train", "valid", "test"}


def column_of(made: list[dict[str, Any]]) -> list[str]:
    return [row["split"] for row in made]


def test_shares_are_reached_on_average() -> None:
    plan = records(*({"prompt": str(i), "completion": "x"} for i in range(5000))).split(**SHARES)
    found = Counter(column(plan, "split"))
    assert abs(found["valid"] / 5000 - 0.3) < 0.03
    assert abs(found["test"] / 5000 - 0.2) < 0.03


def test_a_row_keeps_its_side_when_data_are_added_or_leave() -> None:
    whole = sides(records(*ROWS).format(PAIR).split(**SHARES))
    part = sides(records(*ROWS[::-3]).format(PAIR).split(**SHARES))
    assert part == {name: whole[name] for name in part}


def test_a_row_keeps_its_side_when_the_format_changes() -> None:
    other = fp.PromptFormat("Q: {prompt}", completion="A: {completion}", separator="=>", stop="END")
    before, after = records(*ROWS).format(PAIR).split(**SHARES), records(*ROWS).format(other).split(**SHARES)
    assert column(before, "split") == column(after, "split")
    raw = records(*ROWS).split(**SHARES).format(PAIR)
    assert column(raw, "split") == column(before, "split")


def test_the_seed_decides() -> None:
    plan = records(*ROWS).format(PAIR)
    assert sides(plan.split(**SHARES, seed=1)) == sides(plan.split(**SHARES, seed=1))
    assert sides(plan.split(**SHARES, seed=1)) != sides(plan.split(**SHARES, seed=2))


def test_where_the_prompt_is_empty_the_completion_decides() -> None:
    text = [{"prompt": "", "completion": f"text {i}"} for i in range(40)]
    optional = fp.PromptFormat("Text:{#prompt} {prompt}{/prompt}", completion="{completion}")
    for made in (optional, fp.PromptFormat("", completion="{completion}")):
        plan = records(*text).format(made).split(valid=0.5)
        assert set(column(plan, "split")) == {"train", "valid"}


@pytest.mark.parametrize("by", ["user", ["user"], ("user", "user2")])
def test_named_columns_decide_instead(by: Any) -> None:
    made = rows(records(*({**row, "user2": "x"} for row in ROWS)).format(PAIR).split(valid=0.5, by=by))
    by_user = defaultdict(set)
    for row in made:
        by_user[row["user"]].add(row["split"])
    assert all(len(splits) == 1 for splits in by_user.values())
    assert set(column_of(made)) == {"train", "valid"}


def test_report_by_counts_the_shares_of_a_column(tmp_path: Path) -> None:
    plan = records(*ROWS).split(valid=0.5, report_by="user")
    made = Counter((row["user"], row["split"]) for row in rows(plan))
    groups = plan.sink_arrow(tmp_path / "out").to_dict()["groups"]
    assert groups["column"] == "user"
    counted = {(user, split): n for user, by_split in groups["rows"].items() for split, n in by_split.items() if n}
    assert counted == dict(made)
    data = fp.load(tmp_path / "out")
    assert {name: len(split) for name, split in data.items()} == Counter(column(plan, "split"))


def test_report_by_a_column_of_texts_is_refused() -> None:
    many = records(*({"prompt": str(i), "completion": "x"} for i in range(1001)))
    with refused(fp.PlanError, "bad_option", "split: the column `prompt` of report_by= has more than 1000 values"):
        rows(many.split(valid=0.5, report_by="prompt"))


@pytest.mark.parametrize(("given", "meant"), [("2%", 0.02), ("0.29 %", 0.0029), ("7%", 0.07)])
def test_a_share_may_be_a_percentage(given: str, meant: float) -> None:
    plan = records(*ROWS)
    assert plan.split(valid=given).explain() == plan.split(valid=meant).explain()


def test_is_explained_with_what_decides() -> None:
    plan = records(*ROWS)
    assert "SPLIT        valid=0.1, train the rest; by prompt; seed=0  [map]" in plan.split(valid=0.1).explain()
    assert "by user; seed=7" in plan.split(valid=0.1, by="user", seed=7).explain()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "there must be a share, as in"),
        ({"valid": 0}, "`valid` must be a share between 0 and 1; got 0"),
        ({"valid": 1.0}, "`valid` must be a share between 0 and 1; got 1"),
        ({"valid": -0.1}, "must be a share"),
        ({"valid": float("nan")}, "must be a share"),
        ({"valid": "0.1"}, "`valid` must be a share between 0 and 1; got '0.1'"),
        ({"valid": "100%"}, "`valid` must be a share between 0 and 1; got 1"),
        ({"valid": 0.1, "bye": "user"}, "`bye` must be a share between 0 and 1; got 'user'; did you mean `by`"),
        ({"valid": 0.5, "test": 0.5}, "the sum of the shares must be less than 1, as train gets the rest; got 1"),
        ({"train": 0.9}, "`train` must not have a share"),
        ({"a/b": 0.5}, "only letters a to z, digits and _; got `a/b`"),
        ({"valid": 0.1, "seed": -1}, "`seed` must be at least 0; got -1"),
        ({"valid": 0.1, "seed": 1 << 64}, "`seed` must be at most"),
        ({"valid": 0.1, "by": []}, "`by` is empty"),
    ],
)
def test_wrong_options_fail_at_once(options: dict[str, Any], says: str) -> None:
    with refused(fp.PlanError, "bad_option", f"split: .*{says}"):
        records(*ROWS).split(**options)


@pytest.mark.parametrize(("options", "name"), [({"by": "usr"}, "usr"), ({"report_by": "usr"}, "usr")])
def test_a_missing_column_names_the_one_that_was_meant(options: dict[str, Any], name: str) -> None:
    says = f"split: there is no column `{name}`; columns: .*; did you mean `user`"
    with refused(fp.ColumnError, "missing_column", says):
        records(*ROWS).split(valid=0.1, **options).explain()


def test_a_chain_has_one_split() -> None:
    with refused(fp.PlanError, "bad_chain", "split: the chain already has this step"):
        records(*ROWS).split(valid=0.1).split(test=0.1)


def test_a_column_called_split_is_not_overwritten(tmp_path: Path) -> None:
    plan = records(*({**row, "split": "mine"} for row in ROWS)).split(valid=0.5)
    with refused(fp.ColumnError, "duplicate_column", "collect: the rows already have a column `split`"):
        rows(plan)
    plan.sink_arrow(tmp_path / "out")
    assert set(fp.load(tmp_path / "out")["valid"].to_arrow()["split"].to_pylist()) == {"mine"}


def test_without_the_columns_that_format_makes_it_says_what_is_missing() -> None:
    plan = records({"a": "x"})
    with refused(fp.ColumnError, "missing_column", "add .format.*before this step, or give the columns.*by="):
        plan.split(valid=0.1).explain()
    with refused(fp.ColumnError, "missing_column", "add .format.*before this step$"):
        plan.tokenize("nowhere").explain()


def leaks(made: list[dict[str, Any]]) -> int:
    """Prompts that stand on more than one side."""
    by_prompt = defaultdict(set)
    for row in made:
        by_prompt[row["prompt"]].add(row["split"])
    return sum(len(splits) > 1 for splits in by_prompt.values())


# Rows whose prompts are worded alike, from columns that differ.
ALIKE: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "empty and null": ("{q}{#c} {c}{/c}", [{"q": f"q{i}", "c": c} for i in range(40) for c in ("", None)]),
    "borders": ("{q} {c}", [{"q": q, "c": c} for i in range(40) for q, c in ((f"{i} x", "y"), (f"{i}", "x y"))]),
    "mark in the data": ("{q}", [{"q": q} for i in range(40) for q in (f"q{i}", f"q{i}\n##\n")]),
    "condition": ("{q}{#c}!{/c}", [{"q": f"q{i}", "c": c} for i in range(40) for c in ("yes", "ja")]),
    "repaired": ("{q}", [{"q": q} for i in range(40) for q in (f"q{i}\n##\nx", f"q{i}\n ##\nx")]),
}


@pytest.mark.parametrize("name", ALIKE)
@pytest.mark.parametrize("first", ["format", "split"])
def test_equal_rendered_prompts_stand_on_one_side_in_either_order(name: str, first: str) -> None:
    template, raw = ALIKE[name]
    fmt = fp.PromptFormat(template, completion="{a}", separator="\n##\n", stop="\n###\n")
    plan = records(*({**row, "a": str(i)} for i, row in enumerate(raw)))

    def formatted(plan: fp.Pipeline) -> fp.Pipeline:
        return plan.format(fmt, on_collision="insert_space")

    plan = formatted(plan).split(valid=0.5) if first == "format" else formatted(plan.split(valid=0.5))
    made = rows(plan)
    assert len(made) == 80
    assert len({row["prompt"] for row in made}) == 40
    assert leaks(made) == 0


def test_both_orders_give_the_same_sides() -> None:
    fmt = fp.PromptFormat("{q}{#c}\n{c}{/c}", completion="{a}")
    raw = [{"q": f"q{i % 40}", "c": [None, "", "ctx"][i % 3], "a": f"a{i}"} for i in range(120)]
    before = records(*raw).format(fmt).split(valid=0.4)
    after = records(*raw).split(valid=0.4).format(fmt)
    assert sides(before) == sides(after)


def test_a_side_depends_on_the_value_not_on_what_the_column_seems_to_hold() -> None:
    def by_id(*ids: Any) -> dict[Any, str]:
        made = rows(records(*({"id": i, "t": str(i)} for i in ids)).split(valid=0.5, by="id"))
        return {row["t"]: row["split"] for row in made}

    whole = by_id(*range(40))
    assert set(whole.values()) == {"train", "valid"}
    for others in (["a"], [0.5], [None], [[1]], ["7"]):
        mixed = by_id(*range(40), *others)
        assert {i: mixed[i] for i in whole if i != "7"} == {i: whole[i] for i in whole if i != "7"}
    # 1 and 1.0 are one number; JSON's text `1.0` is no other.
    assert by_id(1)["1"] == by_id(1.0)["1.0"] == by_id(1.0, "a")["1.0"]
    assert by_id("x1", "y")["x1"] == by_id("x1", 3)["x1"]
