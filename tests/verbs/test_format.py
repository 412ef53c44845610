"""`format`: rendered rows in which separator and stop stand only where the format put them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tiny import PAIR, column, jsonl, pairs, read_jsonl, records, refused, rejects, rows

import fastprep as fp

ALPACA = fp.PromptFormat("{instruction}{#input}\n{input}{/input}", completion="{output}")


def test_renders_and_uses_the_columns_up() -> None:
    plan = records(
        {"instruction": "add", "input": "1 2", "output": "3", "id": "a"},
        {"instruction": "sing", "input": "", "output": "la", "id": "b"},
        {"instruction": "hum", "input": None, "output": "mm", "id": "c"},
    ).format(ALPACA)
    assert rows(plan) == [
        {"prompt": "add\n1 2\n##\n", "completion": "3\n###\n", "id": "a"},
        {"prompt": "sing\n##\n", "completion": "la\n###\n", "id": "b"},
        {"prompt": "hum\n##\n", "completion": "mm\n###\n", "id": "c"},
    ]


def test_every_sink_gets_the_marks(tmp_path: Path) -> None:
    pairs(("a", "b")).format(PAIR).sink(tmp_path / "out", formats=["arrow", "jsonl"])
    wanted = [{"prompt": "a\n##\n", "completion": "b\n###\n"}]
    assert fp.load(tmp_path / "out")["train"].to_arrow().to_pylist() == wanted
    (shard,) = (tmp_path / "out").glob("data/*/train-*.jsonl")
    assert read_jsonl(shard) == wanted


def test_data_that_is_formatted_already_stays_as_it_is() -> None:
    once = pairs(("a", "b"), ("c\n##\n", "d\n###\n")).format(PAIR)
    wanted = [
        {"prompt": "a\n##\n", "completion": "b\n###\n"},
        {"prompt": "c\n##\n", "completion": "d\n###\n"},
    ]
    assert rows(once) == wanted
    assert rows(fp.from_arrow(once.collect()).format(PAIR)) == wanted


# Prompt, completion, the code, and what the detail says of the place.
COLLISIONS = {
    "separator in the prompt": ("a\n##\nb", "c", "separator_collision", "at byte 1 of the row, in the prompt"),
    "separator in the completion": ("a", "b\n##\nc", "separator_collision", "in the completion"),
    "stop in the prompt": ("a\n###\nb", "c", "stop_collision", "in the prompt"),
    "stop in the completion": ("a", "b\n###\nc", "stop_collision", "in the completion"),
    "prompt and separator": ("a\n##", "b", "separator_collision", "at byte 1 of the row"),
    "separator and completion": ("a", "##\nb", "separator_collision", "of the row"),
    "completion and stop": ("a", "b\n##", "separator_collision", "of the row"),
    "stop twice": ("a", "b\n###", "stop_collision", "at byte 6 of the row"),
    "separator twice at the end": ("a\n##\n\n##\n", "b", "separator_collision", "at byte 1 of the row"),
}


@pytest.mark.parametrize("name", COLLISIONS)
def test_collisions_are_found_seams_included(name: str, tmp_path: Path) -> None:
    prompt, completion, code, where = COLLISIONS[name]
    report = pairs(("fine", "row"), (prompt, completion)).format(PAIR).sink_arrow(tmp_path / "out")
    assert report.reasons == {code: 1}
    (reject,) = rejects(tmp_path / "out")
    assert reject["row"] == 1
    assert where in reject["detail"]
    assert reject["record"] == {"prompt": prompt, "completion": completion}


@pytest.mark.parametrize("name", COLLISIONS)
def test_insert_space_breaks_what_stands_in_a_field(name: str, tmp_path: Path) -> None:
    prompt, completion, _, _ = COLLISIONS[name]
    plan = pairs((prompt, completion)).format(PAIR, on_collision="insert_space")
    (row,) = rows(plan)
    text = row["prompt"] + row["completion"]
    for mark in ("\n##\n", "\n###\n"):
        assert sum(text.startswith(mark, i) for i in range(len(text))) == 1
    plain = prompt.removesuffix("\n##\n") + "\n##\n" + completion + "\n###\n"
    assert text.replace(" ", "") == plain
    report = plan.sink_arrow(tmp_path / "out")
    assert report.findings == {"fixed:insert_space": 1}


def test_a_collision_that_no_space_breaks_is_rejected(tmp_path: Path) -> None:
    spaces = fp.PromptFormat("{prompt}", completion="{completion}", separator="  ", stop="##")
    report = pairs(("a", "b"), ("a  b", "c")).format(spaces, on_collision="insert_space").sink_arrow(tmp_path / "out")
    assert report.reasons == {"separator_collision": 1}
    assert "insert_space does not help" in rejects(tmp_path / "out")[0]["detail"]


def test_drop_counts_only_and_raise_names_the_row(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", [{"prompt": "a", "completion": "b"}, {"prompt": "a\n##\nb", "completion": "c"}])
    report = fp.scan_jsonl(path).format(PAIR, on_collision="drop").sink_arrow(tmp_path / "out")
    assert report.rows["dropped"] == 1
    assert rejects(tmp_path / "out") == []
    with refused(fp.DataError, "separator_collision", "of the row, in the prompt\n  at x.jsonl, line 2\n") as e:
        fp.scan_jsonl(path).format(PAIR, on_collision="raise").sink_arrow(tmp_path / "other")
    assert (e.value.path, e.value.row, e.value.line) == ("x.jsonl", 1, 2)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"instruction": " \n", "input": "", "output": "x"}, "empty_prompt"),
        ({"instruction": "x", "input": "", "output": "\t"}, "empty_completion"),
        ({"instruction": "x", "input": "", "output": None}, "missing_field"),
        ({"input": "y", "output": "x"}, "missing_field"),
        ({"instruction": 5, "input": "y", "output": "x"}, "wrong_type"),
        ({"instruction": ["x"], "input": "y", "output": "x"}, "wrong_type"),
    ],
)
def test_a_row_without_text_is_rejected(row: dict[str, object], code: str, tmp_path: Path) -> None:
    good = {"instruction": "x", "input": "y", "output": "z"}
    report = records(good, row).format(ALPACA).sink_arrow(tmp_path / "out")
    assert report.reasons == {code: 1}
    assert rejects(tmp_path / "out")[0]["record"] == row


def test_a_prompt_without_columns_may_be_empty() -> None:
    assert rows(records({"t": "x"}).format(fp.PromptFormat("", completion="{t}"))) == [
        {"prompt": "\n##\n", "completion": "x\n###\n"}
    ]


def test_a_column_may_stand_in_both_templates() -> None:
    made = fp.PromptFormat("{a}?", completion="{a}! {b}")
    assert rows(records({"a": "x", "b": "y"}).format(made)) == [{"prompt": "x?\n##\n", "completion": "x! y\n###\n"}]


def test_is_explained_with_every_default() -> None:
    line = next(s for s in pairs(("a", "b")).format(PAIR).explain().splitlines() if s.startswith("FORMAT"))
    assert line.split(maxsplit=1)[1] == (
        'prompt "{prompt}" + separator "\\n##\\n"; completion "{completion}" + stop "\\n###\\n"; '
        "on_collision=reject  [map]"
    )


@pytest.mark.parametrize(
    ("prompt_format", "option", "says"),
    [
        ("{prompt}", {}, "`prompt_format` must be a PromptFormat or a ChatFormat; got str"),
        (None, {}, "`prompt_format` must be a PromptFormat or a ChatFormat; got NoneType"),
        (PAIR, {"on_collision": "insert"}, "`on_collision` must be one of .*insert_space"),
    ],
)
def test_wrong_options_fail_at_once(prompt_format: fp.PromptFormat, option: dict[str, str], says: str) -> None:
    with refused(fp.PlanError, "bad_option", says.replace("{", r"\{")):
        pairs(("a", "b")).format(prompt_format, **option)  # type: ignore[arg-type]


def test_columns_that_are_not_there_or_no_text() -> None:
    with refused(fp.ColumnError, "missing_column", "format: there is no column `promt`; columns: prompt, completion"):
        pairs(("a", "b")).format(fp.PromptFormat("{promt}", completion="{completion}")).explain()
    with refused(fp.ColumnError, "wrong_type", "format: column `n` must be text; it is int64") as e:
        records({"n": 1, "t": "x"}).format(fp.PromptFormat("{n}", completion="{t}")).explain()
    assert e.value.help == 'cast it first: .with_columns(pl.col("n").cast(pl.String))'


def test_the_way_out_of_a_wrong_type_works() -> None:
    plan = records({"n": 1, "t": "x"}).with_columns(pl.col("n").cast(pl.String))
    assert column(plan.format(fp.PromptFormat("{n}", completion="{t}")), "prompt") == ["1\n##\n"]


def test_a_chain_has_one_format_and_it_comes_before_tokenize() -> None:
    with refused(fp.PlanError, "bad_chain", "format: the chain already has this step"):
        pairs(("a", "b")).format(PAIR).format(PAIR)
    with refused(fp.PlanError, "bad_chain", "format: the rows are already tokenized"):
        pairs(("a", "b")).tokenize("folder").format(PAIR)


def test_eos_needs_a_tokenizer() -> None:
    with refused(fp.PlanError, "no_tokenizer", "format: rows end in the EOS token of a tokenizer"):
        pairs(("a", "b")).format(fp.PromptFormat("{prompt}", completion="{completion}", eos=True)).explain()


@pytest.mark.parametrize("name", ["prompt", "completion"])
def test_a_column_of_the_data_is_not_replaced(name: str) -> None:
    plan = records({name: "of the data", "q": "x", "a": "y"})
    with refused(fp.ColumnError, "duplicate_column", f"format: the column `{name}` already exists") as e:
        plan.format(fp.PromptFormat("{q}", completion="{a}")).explain()
    assert e.value.column == name
    kept = plan.rename({name: "old"}).format(fp.PromptFormat("{q}", completion="{a}"))
    assert column(kept, "old") == ["of the data"]
    used = fp.PromptFormat("{q}{prompt}" if name == "prompt" else "{q}", completion="{a}{completion}")
    if name == "completion":
        assert column(plan.format(used), "completion") == ["yof the data\n###\n"]
