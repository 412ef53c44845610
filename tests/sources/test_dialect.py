"""Dialects: what rows mean is recognised from all of the first rows, read into turns, and kept in the plan."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from common import shared
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import jsonl, refused

import fastprep as fp

Row = dict[str, Any]


def message(role: str, content: Any, **more: Any) -> Row:
    return {"role": role, "content": content, **more}


def said(who: str, value: str) -> Row:
    return {"from": who, "value": value}


# --- rows of every dialect, generated


class Made:
    """Random texts and rows of every dialect."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self, least: int = 1) -> str:
        words = ["river", "cloud", "seven", "größer", "日本", "run", "blue\n", "\t", "“x”", "123", "{a}", "of", "the"]
        return " ".join(self.random.choices(words, k=self.random.randint(least, least + 11)))

    def chat(self) -> list[Row]:
        turns = [message("system", self.text())] if self.random.random() < 0.3 else []
        for _ in range(self.random.randint(1, 3)):
            turns += [message("user", self.text()), message("assistant", self.text())]
        return turns

    def shared(self) -> list[Row]:
        names = {"system": "system", "user": "human", "assistant": "gpt"}
        return [said(names[turn["role"]], turn["content"]) for turn in self.chat()]

    def parts(self) -> list[Row]:
        return [message(turn["role"], [{"type": "text", "value": turn["content"]}]) for turn in self.chat()]

    def transcripts(self) -> Row:
        prompt = "".join(f"\n\nHuman: {self.text()}\n\nAssistant: {self.text()}" for _ in range(2))
        ask = f"{prompt}\n\nHuman: {self.text()}\n\nAssistant: "
        return {"chosen": f"{ask}a {self.text()}", "rejected": f"{ask}b {self.text()}"}

    def label(self) -> str:
        return self.random.choice(["good", "bad", "so-so"])

    def truth(self) -> bool:
        return self.random.random() < 0.5


MADE: dict[str, list[Callable[[Made], Row]]] = {
    "pairs": [
        lambda m: {"prompt": m.text(), "completion": m.text()},
        lambda m: {"question": m.text(), "answer": m.text(), "id": m.random.randint(0, 999)},
        lambda m: {"instruction": m.text(), "output": m.text()},
        lambda m: {"input": m.text(), "output": m.text(), "lang": "en"},
        lambda m: {"text": m.text(20), "summary": m.text()},
    ],
    "alpaca": [
        lambda m: {"instruction": m.text(), "input": m.text() if m.truth() else "", "output": m.text()},
        lambda m: {"instruction": m.text(), "input": "", "response": m.text(), "system": m.text(), "history": []},
    ],
    "openai_chat": [
        lambda m: {"messages": m.chat()},
        lambda m: {"messages": m.chat(), "tools": [{"type": "function", "function": {"name": "f"}}], "source": "x"},
    ],
    "sharegpt": [
        lambda m: {"conversations": m.shared()},
        lambda m: {"conversations": m.shared(), "system": m.text(), "tools": "[]"},
    ],
    "chat_pairs": [lambda m: {"prompt": m.chat()[:-1], "completion": [message("assistant", m.text())]}],
    "chat_parts": [lambda m: {"messages": m.parts()}, lambda m: {"messages": m.parts(), "tools": "[]"}],
    "text": [lambda m: {"text": m.text(20)}, lambda m: {"content": m.text(20), "url": m.text(), "date": "2026"}],
    "preference": [
        lambda m: {"prompt": m.text(), "chosen": m.text(), "rejected": m.text()},
        lambda m: {
            "conversations": m.shared()[:-1],
            "chosen": said("gpt", m.text()),
            "rejected": said("gpt", m.text()),
        },
        lambda m: m.transcripts(),
        lambda m: {
            "messages": m.chat()[:-1],
            "chosen": [message("assistant", m.text())],
            "rejected": [message("assistant", m.text())],
        },
    ],
    "openai_preference": [
        lambda m: {
            "input": {"messages": m.chat()[:-1]},
            "preferred_output": [message("assistant", m.text())],
            "non_preferred_output": [message("assistant", m.text())],
        },
    ],
    "kto": [
        lambda m: {"prompt": m.text(), "completion": m.text(), "label": m.truth()},
        lambda m: {"messages": m.chat(), "label": m.truth()},
        lambda m: {"conversations": m.shared(), "kto_tag": m.truth()},
        lambda m: {"prompt": m.chat()[:-1], "completion": [message("assistant", m.text())], "label": m.truth()},
    ],
    "classification": [
        lambda m: {"text": m.text(), "label": m.label()},
        lambda m: {"tweet": m.text(), "sentiment": m.label(), "source": "x"},
        lambda m: {"premise": m.text(), "hypothesis": m.text(), "label": m.random.randint(0, 2)},
        lambda m: {"sentence1": m.text(), "sentence2": m.text(), "gold_label": m.label(), "pairID": m.text()},
    ],
    "agent_trace": [
        lambda m: {
            "type": m.random.choice(["user", "assistant"]),
            "message": message("user", m.text()),
            "sessionId": "x",
            "uuid": m.text(),
        },
    ],
    "image_parts": [
        lambda m: {
            "messages": [
                message("user", [{"type": "image_url", "image_url": {"url": "x"}}, {"type": "text", "text": m.text()}])
            ]
        },
    ],
}
CASES = [(name, number) for name, made in MADE.items() for number in range(len(made))]


def rows_of(name: str, number: int, seed: int, n: int = 100) -> list[Row]:
    made = Made(seed)
    return [MADE[name][number](made) for _ in range(n)]


@pytest.mark.parametrize(("name", "number"), CASES)
def test_generated_rows_are_recognised(name: str, number: int) -> None:
    found = fp.from_records(rows_of(name, number, 1)).dialect
    assert (found.name, found.rows, found.fits, found.share) == (name, 100, 100, 1.0), str(found)
    assert found.misfits == []
    assert [layout["dialect"] for layout in found.layouts] == [name]


def damaged(rows: list[Row], chance: random.Random) -> None:
    """Damages one row in a hundred."""
    for row in chance.sample(rows, len(rows) // 100):
        column = chance.choice(list(row))
        match chance.randrange(4):
            case 0:
                del row[column]
            case 1:
                row[column] = chance.choice([None, 7, [], {}, [[]], [None], {"role": 1}])
            case 2:
                row.clear()
            case _:
                row[f"new {chance.random()}"] = chance.choice([True, "x", [message("user", "x")]])


def test_a_thousand_files_are_never_taken_for_another_dialect(tmp_path: Path) -> None:
    """Rows shuffled, columns renamed at random, one row in a hundred damaged."""
    recognised = dict.fromkeys(MADE, 0)
    for seed in range(1_000):
        chance = random.Random(seed)
        name, number = CASES[seed % len(CASES)]
        rows = rows_of(name, number, seed)
        columns = list(rows[0])
        renamed = {column: f"{chance.choice('abcxyz')}{chance.randrange(10**6)}" for column in columns}
        renamed = {column: renamed[column] for column in chance.sample(columns, chance.randint(0, len(columns)))}
        rows = [{renamed.get(column, column): value for column, value in row.items()} for row in rows]
        damaged(rows, chance)
        chance.shuffle(rows)
        found = fp.scan_jsonl(jsonl(tmp_path / "rows.jsonl", rows)).dialect
        assert found.name in (name, "unknown"), f"{seed}: {name} {number}, renamed {renamed}: {found}"
        if not renamed:
            assert found.name == name, f"{seed}: {found}"
        recognised[name] += found.name == name
    assert all(recognised.values()), recognised


# --- real data sets


PAIR = {"prompt": "prompt", "completion": "completion"}
QUESTION = {"prompt": "question", "completion": "answer"}
ALPACA = {"instruction": "instruction", "input": "input", "output": "output"}
LABELLED = {"text": "sentence1", "second": "sentence2", "label": "gold_label"}
CHOICE = {"prompt": "conversations", "chosen": "chosen", "rejected": "rejected"}
SHARED = {"conversations": "conversations", "tools": "tools"}
NAMED: dict[str, tuple[str, dict[str, str], int, int]] = {
    "arsarcasm.jsonl.gz": ("classification", {"text": "tweet", "label": "sentiment"}, 10_547, 10_547),
    "codealpaca_2k.jsonl.gz": ("alpaca", ALPACA, 2_017, 2_017),
    "gpteacher_toolformer_all_variants.jsonl.gz": ("alpaca", ALPACA | {"output": "response"}, 24_224, 24_224),
    "gsm8k_test.jsonl.gz": ("pairs", QUESTION, 1_319, 1_319),
    "gsm8k_test_socratic.jsonl.gz": ("pairs", QUESTION, 1_319, 1_319),
    "gsm8k_train.jsonl.gz": ("pairs", QUESTION, 7_473, 7_473),
    "hh_rlhf_harmless_test.jsonl.gz": ("preference", {"chosen": "chosen", "rejected": "rejected"}, 2_312, 2_312),
    "llamafactory_alpaca_en.jsonl.gz": ("alpaca", ALPACA, 999, 999),
    "llamafactory_alpaca_zh.jsonl.gz": ("alpaca", ALPACA, 1_000, 1_000),
    "llamafactory_c4_text.jsonl.gz": ("text", {"text": "text"}, 300, 300),
    "llamafactory_dpo.jsonl.gz": ("preference", CHOICE, 600, 600),
    "llamafactory_glaive_toolcall_sharegpt.jsonl.gz": ("sharegpt", SHARED, 600, 600),
    "llamafactory_kto_messages.jsonl.gz": ("kto", {"messages": "messages", "label": "label"}, 300, 300),
    "llamafactory_reason_tool.jsonl.gz": ("chat_parts", {"messages": "messages", "tools": "tools"}, 50, 50),
    "llamafactory_v1_sft_parts.jsonl.gz": ("chat_parts", {"messages": "messages"}, 500, 500),
    "mxeval_mbxp.jsonl.gz": ("pairs", {"prompt": "prompt", "completion": "canonical_solution"}, 7_781, 12_425),
    "sgd_chat.jsonl.gz": ("openai_chat", {"messages": "messages"}, 17_193, 17_193),
    "snli_dev_test.jsonl.gz": ("pairs", PAIR, 19_666, 19_666),
    "snli_jsonl_native.jsonl.gz": ("classification", LABELLED, 2_566, 2_566),
    "t0_50k.jsonl.gz": ("pairs", PAIR, 55_185, 55_185),
    "wisesight_th.jsonl.gz": ("pairs", PAIR, 26_737, 26_737),
    "xquad_12lang.jsonl.gz": ("pairs", PAIR, 14_280, 14_280),
}
"""Of each file its dialect, the columns, the rows that the dialect reads, and all rows."""


@pytest.mark.parametrize("name", NAMED)
def test_real_data_sets_are_named(name: str) -> None:
    path = shared(f"datasets/{name}")
    dialect, columns, fits, rows = NAMED[name]
    found = fp.scan_jsonl(path).dialect
    assert (found.name, found.columns) == (dialect, columns), str(found)
    counts = json.loads(fp.scan_jsonl(path).read_as()._plan.check())["rows"]
    assert (counts["written"], counts["read"]) == (fits, rows)


# --- overriding, and what is kept


PAIRS = [{"frage": f"q{i}", "antwort": f"a{i}", "nr": i} for i in range(5)]


def test_names_and_columns_can_be_given() -> None:
    start = fp.from_records([*PAIRS, {"frage": "q", "antwort": None, "nr": 9}])
    assert start.dialect.name == "unknown"
    plan = start.read_as("pairs", columns={"prompt": "frage", "completion": "antwort"})
    assert plan.select("frage", "antwort").collect().num_rows == 5
    assert (plan.dialect.name, plan.dialect.fits, plan.dialect.rows) == ("pairs", 5, 6)
    assert "READ_AS      pairs: prompt=frage, completion=antwort  [map]" in plan.explain()
    with refused(fp.ColumnError, "missing_column", "no column for `prompt` of pairs"):
        start.read_as("pairs").explain()
    with refused(fp.ColumnError, "missing_column", "there is no column `fragen`.*did you mean `frage`"):
        start.read_as("pairs", columns={"prompt": "fragen", "completion": "antwort"}).explain()


def test_a_part_may_have_no_column() -> None:
    rows = [{"conversations": [said("human", "q"), said("gpt", "a")], "system": [1]}] * 3
    start = fp.from_records(rows)
    assert start.read_as("sharegpt", columns={"system": None}).collect().num_rows == 3
    report = json.loads(start.read_as("sharegpt")._plan.check())
    assert report["rows"]["rejected"] == 3


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("pair",), "bad_option", "must be one of auto, none, .*did you mean `pairs`"),
        (("pairs", {"promt": "a"}), "bad_option", "are prompt, completion, context, system; did you mean `prompt`"),
        (("auto", {"prompt": "a"}), "bad_option", "`columns` needs the name of a dialect"),
        (("none", {"prompt": "a"}), "bad_option", "`columns` needs the name of a dialect"),
        (("image_parts",), "dialect_refused", "image_parts .* is not supported"),
        (("agent_trace",), "dialect_refused", "agent_trace .* is not supported"),
    ],
)
def test_wrong_options_are_refused(arguments: tuple[Any, ...], code: str, message: str) -> None:
    dialect, columns = (*arguments, None)[:2]
    with refused(fp.PlanError, code, message):
        fp.from_records(PAIRS).read_as(dialect, columns=columns)


def test_it_comes_once_and_before_format() -> None:
    start = fp.from_records([{"prompt": "a", "completion": "b"}])
    with refused(fp.PlanError, "bad_chain", "already has this step"):
        start.read_as("pairs").read_as("pairs")
    with refused(fp.PlanError, "bad_chain", "already rendered"):
        start.format(fp.PromptFormat("{prompt}", completion="{completion}")).read_as()
    # One that is not decided is replaced.
    assert repr(start.read_as().head(3).read_as("none")) == "Pipeline[from_records > head > read_as]"


def test_rejects_name_part_turn_and_what_was_found(tmp_path: Path) -> None:
    good = {"messages": [message("user", "q"), message("assistant", "a")]}
    rows = [
        *[good] * 20,
        {"messages": [message("user", "q"), message("robot", "a")]},
        {"messages": []},
        {"messages": None},
    ]
    report = fp.scan_jsonl(jsonl(tmp_path / "chat.jsonl", rows)).read_as().sink_jsonl(tmp_path / "out")
    counts = report.to_dict()
    assert counts["rows"] | {"written": 20, "rejected": 3} == counts["rows"]
    assert counts["reasons"]["not_in_dialect"]["count"] == 3
    assert counts["reasons"]["not_in_dialect"]["columns"] == {"messages": 3}
    rejects = [json.loads(line) for line in (tmp_path / "out" / "rejects.jsonl").read_text("utf-8").splitlines()]
    assert [(reject["code"], reject["line"]) for reject in rejects] == [("not_in_dialect", n) for n in (21, 22, 23)]
    assert rejects[0]["detail"] == (
        'messages, turn 2: found the role "robot", expected system, developer, user, assistant, tool or function'
    )
    assert rejects[0]["record"] == rows[20]


def test_rows_pass_byte_for_byte(tmp_path: Path) -> None:
    messages = '[ {"role":"user","content":"\\u00e9 \\/"},{"content":1.0e2, "content":"a","role":"assistant"}]'
    text = f'{{"messages": {messages},"n":1.50}}\n'
    path = tmp_path / "chat.jsonl"
    path.write_text(text * 3, "utf-8")
    before, after = fp.scan_jsonl(path), fp.scan_jsonl(path).read_as()
    assert "openai_chat" in after.explain()
    assert after.collect().equals(before.collect())
    assert after.collect()["messages"][0].as_py() == messages


def test_a_published_plan_does_not_decide_again(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "rows.jsonl", [{"question": "q", "answer": "a"}] * 10)
    plan = fp.scan_jsonl(path).read_as()
    assert json.loads(plan.to_json())["steps"] == [{"verb": "read_as", "dialect": "auto", "columns": None}]
    plan.sink_jsonl(tmp_path / "first")
    published = fp.load(tmp_path / "first").manifest["plan"]
    columns = {"prompt": "question", "completion": "answer", "context": None, "system": None}
    decided = {"verb": "read_as", "dialect": "pairs", "columns": columns}
    assert published["steps"] == [decided]
    # Other rows, which would be recognised as something else: they are rejects.
    chat = {"messages": [message("user", "q"), message("assistant", "a")], "question": None, "answer": None}
    jsonl(path, [chat] * 10 + [{"question": "q", "answer": "a"}])
    again = fp.Pipeline.from_json(json.dumps(published), inputs=path)
    assert json.loads(again.to_json())["steps"] == [decided]
    report = again.sink_jsonl(tmp_path / "second").to_dict()
    assert (report["rows"]["written"], report["reasons"]["not_in_dialect"]["count"]) == (1, 10)
    assert fp.scan_jsonl(path).read_as().explain().count("openai_chat") == 1


def test_the_fingerprint_holds_the_decision(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "rows.jsonl", [{"question": "q", "answer": "a"}] * 3)
    chains = {
        "auto": fp.scan_jsonl(path).read_as(),
        "named": fp.scan_jsonl(path).read_as("pairs"),
        "none": fp.scan_jsonl(path).read_as("none"),
    }
    for name, chain in chains.items():
        chain.sink_jsonl(tmp_path / name)
    prints = {name: fp.load(tmp_path / name).manifest["fingerprint"] for name in chains}
    assert prints["auto"] == prints["named"] != prints["none"]


def test_mixed_layouts_are_reported_by_file_and_line(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", [{"question": "q", "answer": "a"}] * 4)
    jsonl(tmp_path / "b.jsonl", [{"question": "q", "answer": "a"}, *[{"messages": [message("user", "q")]}] * 5])
    plan = fp.scan_jsonl(tmp_path)
    found = plan.dialect
    assert found.name == "unknown"
    shown = [(x["dialect"], x["rows"], x["first"]["file"], x["first"]["line"]) for x in found.layouts]
    assert shown == [("openai_chat", 5, "b.jsonl", 2), ("pairs", 5, "a.jsonl", 1)] or shown == [
        ("pairs", 5, "a.jsonl", 1),
        ("openai_chat", 5, "b.jsonl", 2),
    ]
    assert "openai_chat (messages=messages): 5 rows (50.0%), first at b.jsonl:2" in str(found)
    chain = plan.read_as()
    assert "READ_AS      none: rows pass as they are" in chain.explain()
    assert "not recognised: no dialect reads nearly all rows" in chain.explain()
    assert chain.collect().equals(plan.collect())


def test_what_is_refused_passes_and_says_so() -> None:
    chain = fp.from_records(rows_of("image_parts", 0, 1)).read_as()
    assert "image_parts (messages with images, sound or video) is not supported" in chain.explain()
    assert chain.collect().num_rows == 100
    found = chain.dialect
    assert found.refusal is not None
    assert f"not supported: {found.refusal}" in str(found)


def test_a_source_that_is_read_once_is_not_looked_at() -> None:
    rows = [{"prompt": "a", "completion": "b"}] * 3
    chain = fp.from_records(iter(rows)).read_as()
    assert "the input can be read only once" in chain.explain()
    assert chain.collect().num_rows == 3
    assert fp.from_records(iter(rows)).read_as("pairs").collect().num_rows == 3
    with refused(fp.SourceError, "read_twice", "can be read only once"):
        _ = fp.from_records(iter(rows)).dialect


# --- columns of other sources, and steps before


@pytest.mark.parametrize("name", ["openai_chat", "sharegpt", "kto", "preference", "pairs"])
def test_typed_columns_are_read_as_their_json(name: str) -> None:
    rows = rows_of(name, 0, 3, 30)
    for data in (pa.Table.from_pylist(rows), pl.DataFrame(rows)):
        chain = fp.from_arrow(data).read_as()
        assert f"READ_AS      {name}: " in chain.explain()
        assert chain.collect().num_rows == 30
        assert chain.dialect.sample == fp.from_records(rows).dialect.sample


def test_messages_may_be_json_in_a_column_of_text() -> None:
    rows = [{"messages": json.dumps(row["messages"])} for row in rows_of("openai_chat", 0, 3, 30)]
    chain = fp.from_arrow(pl.DataFrame(rows)).read_as()
    assert "openai_chat" in chain.explain()
    assert chain.collect().to_pylist() == rows


def test_steps_before_it_decide_the_columns() -> None:
    rows = [{"q": f"a{i}", "r": "b", "other": i} for i in range(20)]
    start = fp.from_records(rows).rename({"q": "prompt", "r": "completion"})
    chain = start.with_row_index().filter(pl.col("other") > 4)
    assert chain.dialect.columns == {"prompt": "prompt", "completion": "completion"}
    assert chain.read_as().collect().num_rows == 15


def test_sources_of_a_concat_have_their_own_dialects() -> None:
    chat = fp.from_records(rows_of("openai_chat", 0, 1, 10)).read_as()
    pairs = fp.from_records(rows_of("pairs", 0, 1, 10)).read_as()
    both = fp.concat({"chat": chat, "pairs": pairs})
    assert "openai_chat: messages=messages" in both.explain()
    assert "pairs: prompt=prompt" in both.explain()
    assert both.collect().num_rows == 20
    assert {layout["dialect"] for layout in both.dialect.layouts} == {"openai_chat", "pairs"}
    assert fp.concat([pairs, pairs]).dialect.name == "pairs"


# --- the format that is proposed


@pytest.mark.parametrize(
    ("rows", "prompt", "completion"),
    [
        ([{"question": "q", "answer": "a"}], "{question}", "{answer}"),
        (
            [{"instruction": "i", "input": "", "output": "o"}, {"instruction": "i", "output": "o"}],
            "{instruction}{#input}\n\n{input}{/input}",
            "{output}",
        ),
        (
            [{"premise": "p", "hypothesis": "h", "label": "x"}],
            "premise: {premise}\nhypothesis: {hypothesis}",
            "{label}",
        ),
    ],
)
def test_a_format_is_proposed_that_works(rows: list[Row], prompt: str, completion: str) -> None:
    plan = fp.from_records(rows)
    made = plan.dialect.prompt_format()
    assert made == fp.PromptFormat(prompt, completion=completion)
    assert plan.format(made).collect().num_rows == len(rows)
    assert "fastprep prepare FILE --out OUT --template" in str(plan.dialect)


def test_no_format_is_proposed_for_dialogues_and_for_classes_that_are_no_text() -> None:
    assert fp.from_records(rows_of("openai_chat", 0, 1)).dialect.prompt_format() is None
    assert fp.from_records([{"text": "a", "label": 1}]).dialect.prompt_format() is None


def test_the_report_fits_one_screen() -> None:
    shown = str(fp.from_records(rows_of("kto", 1, 1)).dialect)
    assert shown.startswith("kto: an answer, and whether it is a good one\n")
    assert "100 of 100 rows fit (100.0%)" in shown
    assert "\n  label: " in shown
    assert len(shown.splitlines()) < 40


# --- hostile rows

KEYS = ["role", "content", "from", "value", "type", "text", "messages", "name", "function", "tool_calls"]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["user", "gpt", "assistant", "text"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["messages", "conversations", "prompt", "completion", "chosen", "rejected", "label", "text", "input", "output",
     "instruction", "system", "history", "tools", "preferred_output", "non_preferred_output", "trajectory", "type"]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.dictionaries(NAMES, VALUES, min_size=1, max_size=5), min_size=1, max_size=6))
def test_any_rows_are_read_or_refused(rows: list[Row]) -> None:
    plan = fp.from_records(rows)
    found = plan.dialect
    assert found.rows == len(rows)
    assert sum(layout["rows"] for layout in found.layouts) == len(rows)
    assert 0 <= found.fits <= found.rows
    assert str(found)
    report = json.loads(plan.read_as()._plan.check())
    assert report["rows"]["read"] == len(rows)


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(
    "value",
    ['[{"role":"user","content":"\\ud800"}]', '[{"role":"user","role":"robot","content":"a"}]', nested(600), "[null]"],
)
def test_hostile_values_are_rejects(value: str, tmp_path: Path) -> None:
    good = '{"messages":[{"role":"user","role":"user","content":"q"},{"role":"assistant","content":"a"}]}\n'
    path = tmp_path / "rows.jsonl"
    path.write_text(good * 30 + f'{{"messages":{value}}}\n', "utf-8")
    report = json.loads(fp.scan_jsonl(path).read_as()._plan.check())
    assert (report["rows"]["written"], report["rows"]["rejected"]) == (30, 1)
    found = fp.scan_jsonl(path).dialect
    assert (found.name, found.fits, found.rows, len(found.misfits)) == ("openai_chat", 30, 31, 1)
    assert found.misfits[0]["place"]["line"] == 31
