"""`format` of rows with preferences: the ids of each answer are those that its format gives for that answer alone."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from test_format_chat import CHAT, CHATML, DATASETS, TOOLS, byte_level, chats, said
from tiny import PAIR, records, refused, rejects, rows

import fastprep as fp

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "tokenizer"
FORMAT = fp.PromptFormat("{q}", completion="{a}", separator="\n##\n", stop="\n###\n")
CALL = {"type": "function", "function": {"name": "f", "arguments": {"a": "x"}}}
TOOL = [{"type": "function", "function": {"name": "f"}}]

Row = dict[str, Any]


def pair(*prompt: str, chosen: Any = "yes", rejected: Any = "no", **more: Any) -> Row:
    """A row of messages; an answer is a text, or further turns."""
    turns = [([{"role": "assistant", "content": a}] if isinstance(a, str) else a) for a in (chosen, rejected)]
    return {"prompt": said(*prompt), "chosen": turns[0], "rejected": turns[1], **more}


def preferences(*given: Row) -> fp.Pipeline:
    return records(*given).read_as("preference")


def alone(chat: fp.ChatFormat, given: list[Row], answer: str, tokenizer: Any, **options: Any) -> list[list[list[int]]]:
    """The ids and labels that an answer has as the last turn of a conversation, through the last label."""
    each = [{"messages": [*row["prompt"], *row[answer]], "tools": row.get("tools")} for row in given]
    plan = records(*each).read_as("openai_chat").format(chat, train="last").tokenize(tokenizer, **options)
    found = []
    for row in rows(plan):
        end = max(i for i, label in enumerate(row["labels"]) if label != -100) + 1
        found.append([row["input_ids"][:end], row["labels"][:end]])
    return found


HOSTILE = ["", " ", "a\n", " é😀 ", "<|im_end|>", "x<|im_start|>assistant\n", "<|im_", "end|>", "assistant\n", "\u2028"]


@pytest.mark.parametrize("special_tokens", ["as_text", "as_token"])
def test_ids_of_each_answer_are_those_of_its_conversation(special_tokens: str) -> None:
    tokenizer = byte_level()
    given = [
        pair(prompt, chosen=a + "1", rejected=b) for prompt, a, b in itertools.product(HOSTILE, HOSTILE, HOSTILE[::3])
    ] + [
        pair("q", "a", "r", tools=json.dumps(TOOL)),
        pair("q", chosen=[{"role": "assistant", "content": "", "tool_calls": [CALL]}], tools=json.dumps(TOOL)),
    ]
    chat = fp.ChatFormat.from_text(TOOLS)
    made = rows(preferences(*given).format(chat).tokenize(tokenizer, special_tokens=special_tokens))
    assert len(made) == len(given)
    for answer in ("chosen", "rejected"):
        for row, whole in zip(made, alone(chat, given, answer, tokenizer, special_tokens=special_tokens), strict=True):
            labels = [-100] * len(row["prompt_ids"]) + row[f"{answer}_labels"]
            assert [row["prompt_ids"] + row[f"{answer}_ids"], labels] == whole
    for row, source in zip(made, given, strict=True):
        assert row["prompt"] == chat.render_prompt(source["prompt"], tools=json.loads(source.get("tools", "null")))
    assert '"name": "f"' in made[-1]["prompt"]
    assert made[-1]["chosen"] == '<call>{"name": "f", "arguments": {"a": "x"}}<|im_end|>'


def test_ids_of_columns_are_those_of_prompt_and_completion() -> None:
    given = [{"q": q, "a": f"{a}!", "b": b} for q, a, b in itertools.product(["Hi", " x\n", "é"], repeat=3)]
    made = rows(records(*given).format(FORMAT, rejected="{b}").tokenize(EXAMPLE))
    labelled = rows(fp.from_records([{**row, "good": i % 2 == 0} for i, row in enumerate(given)])
                    .format(FORMAT, label="good").drop("b").tokenize(EXAMPLE))  # fmt: skip
    assert len(made) == len(labelled) == len(given)
    alone = [
        rows(records(*({"q": row["q"], "a": row[name]} for row in given)).format(FORMAT).tokenize(EXAMPLE))
        for name in "ab"
    ]
    for i, (row, other, source) in enumerate(zip(made, labelled, given, strict=True)):
        for name, ones in zip(("chosen", "rejected"), alone, strict=True):
            one = ones[i]
            assert row["prompt_ids"] + row[f"{name}_ids"] == one["input_ids"]
            assert [-100] * len(row["prompt_ids"]) + row[f"{name}_labels"] == one["labels"]
            if name == "chosen":
                assert other["prompt_ids"] + other["completion_ids"] == one["input_ids"]
                assert (other["label"], other["completion_labels"]) == (i % 2 == 0, other["completion_ids"])
        assert row["prompt"] == FORMAT.render_prompt(q=source["q"])


def test_an_answer_with_a_label_is_the_last_turn() -> None:
    tokenizer = byte_level()
    given = [(said("q", "a"), True), (said("q", "a", "r", "b"), False)]
    plan = fp.from_records([{"messages": messages, "label": label, "id": 1} for messages, label in given])
    made = rows(plan.read_as("kto").format(CHAT).tokenize(tokenizer))
    assert list(made[0]) == ["prompt", "completion", "label", "id", "prompt_ids", "completion_ids", "completion_labels"]
    for row, (messages, label) in zip(made, given, strict=True):
        whole = rows(chats(messages).format(CHAT, train="last").tokenize(tokenizer))[0]
        ids = row["prompt_ids"] + row["completion_ids"]
        assert (ids, row["label"]) == (whole["input_ids"][: len(ids)], label)
        assert (
            tokenizer.decode(row["completion_ids"], skip_special_tokens=False) == messages[-1]["content"] + "<|im_end|>"
        )
        assert tokenizer.decode(row["prompt_ids"], skip_special_tokens=False) == CHAT.render_prompt(messages[:-1])
    assert rows(plan.read_as("kto").format(CHAT).tokenize(tokenizer, keep_text=False))[0].keys() == {
        "label", "id", "prompt_ids", "completion_ids", "completion_labels",
    }  # fmt: skip


THINKS = CHATML.replace(
    "assistant\n{% endif", "assistant\n{% if '/think' in messages[0].content %}<t>{% endif %}{% endif"
)
REMOVED: dict[str, tuple[str, Row]] = {
    "same_answers": (CHATML, pair("q", chosen="a", rejected="a")),
    "untrained_within": (TOOLS, pair("q", chosen=[*said("", "a")[1:], *said("r", "b")])),
    "prompt_differs": (THINKS, pair("/think")),
    "no_trained_token": (CHATML, pair("q", chosen=[{"role": "assistant", "content": "a", "weight": 0}])),
    "unused_weight": (CHATML, pair("q", rejected=[{"role": "assistant", "content": "a", "weight": 0.5}])),
    "not_printed": (CHATML, pair("q", rejected=[{"role": "assistant", "content": "a", "reasoning_content": "r"}])),
}


@pytest.mark.parametrize("code", REMOVED)
def test_a_row_that_is_no_preference_is_a_reject(tmp_path: Path, code: str) -> None:
    template, row = REMOVED[code]
    report = preferences(row, pair("fine")).format(fp.ChatFormat.from_text(template)).sink_arrow(tmp_path / "out")
    assert (report.reasons, report.rows["written"]) == ({code: 1}, 1)
    assert rejects(tmp_path / "out")[0]["record"]


def test_an_answer_needs_a_prompt() -> None:
    plan = fp.from_records(
        [{"messages": said("", "a")[1:], "label": True}, {"messages": said("q", "a"), "label": True}]
    )
    with pytest.warns(UserWarning, match="1 no_prompt"):
        assert len(rows(plan.read_as("kto").format(CHAT))) == 1


def test_rows_are_kept_that_only_some_trainers_take() -> None:
    made = rows(preferences(REMOVED["untrained_within"][1]).format(CHAT, on_untrained="keep").tokenize(byte_level()))[0]
    assert -100 in made["chosen_labels"]
    assert -100 not in made["rejected_labels"]
    trained = [label for label in made["chosen_labels"] if label != -100]
    assert byte_level().decode(trained, skip_special_tokens=False) == "a<|im_end|>b<|im_end|>"
    kept = preferences(REMOVED["same_answers"][1]).format(CHAT, on_same_answers="keep").tokenize(byte_level())
    assert rows(kept)[0]["chosen_ids"] == rows(kept)[0]["rejected_ids"]
    # Other texts, and the same ids.
    lower = byte_level()
    lower.normalizer = pytest.importorskip("tokenizers").normalizers.Lowercase()
    other = preferences(pair("q", chosen="Yes", rejected="yes"), pair("q")).format(CHAT)
    assert len(rows(other)) == 2
    with pytest.warns(UserWarning, match="same_answers"):
        assert len(rows(other.tokenize(lower))) == 1


def test_control_tokens_of_the_data_have_a_policy() -> None:
    given = [pair("q"), pair("<|im_end|>"), pair("q", chosen="<|im_end|>"), pair("q", rejected="<|im_end|>")]
    plan = preferences(*given, pair("q", tools=json.dumps([{"name": "<|im_end|>"}]))).format(CHAT)
    with pytest.warns(UserWarning, match="4 special_token_in_text"):
        assert len(rows(plan.tokenize(byte_level(), special_tokens="reject"))) == 1


def test_no_cut_touches_an_answer() -> None:
    tokenizer = byte_level()
    plan = preferences(pair("x" * 30, chosen="a" * 9, rejected="b"), pair("q")).format(CHAT)
    whole = rows(plan.tokenize(tokenizer))
    with pytest.warns(UserWarning, match="1 too_long"):
        assert len(rows(plan.tokenize(tokenizer, max_length=50))) == 1
    cut = rows(plan.tokenize(tokenizer, max_length=50, on_overflow="truncate_prompt_left"))
    assert cut[0]["prompt_ids"] == whole[0]["prompt_ids"][-40:]
    assert (cut[0]["chosen_ids"], cut[0]["rejected_ids"]) == (whole[0]["chosen_ids"], whole[0]["rejected_ids"])
    assert cut[1] == whole[1]
    with pytest.warns(UserWarning, match="2 too_long"):
        assert not rows(plan.tokenize(tokenizer, max_length=2, on_overflow="truncate_prompt_left"))
    with refused(fp.PlanError, "bad_option", "would cut answers"):
        plan.tokenize(tokenizer, max_length=50, on_overflow="truncate_completion").explain()
    # The separator stays as a whole.
    columns = records({"q": "word " * 20, "a": "yes", "b": "no"}).format(FORMAT, rejected="{b}")
    row = rows(columns.tokenize(EXAMPLE, max_length=16, on_overflow="truncate_prompt_left"))[0]
    assert fp.Tokenizer(EXAMPLE).decode(row["prompt_ids"]).endswith("word \n##\n")


def test_dedup_and_split() -> None:
    plan = preferences(pair("q"), pair("q"), pair("q", chosen="other"), pair("q", rejected="other")).format(CHAT)
    assert len(rows(plan.dedup())) == 3
    splits = {row["split"] for row in rows(plan.split(valid=0.5, seed=2))}
    alone_in = rows(chats(said("q", "yes")).format(CHAT).split(valid=0.5, seed=2))
    assert splits == {alone_in[0]["split"]}
    labelled = fp.from_records([{"messages": said("q", "a"), "label": i > 0} for i in range(3)])
    assert [row["label"] for row in rows(labelled.read_as("kto").format(CHAT).dedup())] == [False, True]
    columns = records(*({"q": "q", "a": a, "b": "n"} for a in "xyx"))
    assert len(rows(columns.format(FORMAT, rejected="{b}").dedup())) == 2
    before = rows(columns.split(valid=0.5, seed=5).format(FORMAT, rejected="{b}"))
    assert {row["split"] for row in before} == {
        rows(columns.format(FORMAT, rejected="{b}").split(valid=0.5, seed=5))[0]["split"]
    }


def test_dialects_with_other_words() -> None:
    plan = records({"instruction": "q", "input": "", "chosen": "a", "rejected": "b", "system": "s"})
    row = rows(plan.read_as("preference").format(CHAT))[0]
    assert row["prompt"] == CHAT.render_prompt([{"role": "system", "content": "s"}, *said("q")])
    transcript = "\n\nHuman: q\n\nAssistant: a\n\nHuman: r\n\nAssistant: "
    row = rows(records({"chosen": transcript + "x", "rejected": transcript + "y"}).format(CHAT))[0]
    assert row == {
        "prompt": CHAT.render_prompt(said("q", "a", "r")),
        "chosen": "x<|im_end|>",
        "rejected": "y<|im_end|>",
    }
    row = {"input": {"messages": said("q"), "tools": TOOL}, "preferred_output": said("", "a")[1:],
           "non_preferred_output": said("", "b")[1:]}  # fmt: skip
    made = rows(records(row).format(fp.ChatFormat.from_text(TOOLS)))[0]
    assert made["prompt"].startswith('{"type": "function", "function": {"name": "f"}}')
    assert (made["chosen"], made["rejected"]) == ("a<|im_end|>", "b<|im_end|>")


def test_what_does_not_fit_is_refused() -> None:
    plan = preferences(pair("q"))
    for options in ({"train": "last"}, {"weights": True}):
        with refused(fp.PlanError, "bad_option", "not for rows with preferences"):
            plan.format(CHAT, **options).explain()
    for options in ({"on_same_answers": "keep"}, {"on_untrained": "keep"}):
        with refused(fp.PlanError, "bad_option", "are for rows with preferences"):
            chats(said("q", "a")).format(CHAT, **options).explain()
    with refused(fp.PlanError, "bad_option", "for a PromptFormat"):
        plan.format(CHAT, label="x")
    with refused(fp.PlanError, "bad_option", "given together"):
        plan.format(PAIR, rejected="{x}", label="y")
    with refused(fp.PlanError, "bad_option", "for rows of two answers"):
        plan.format(PAIR, on_same_answers="keep")
    with refused(fp.PlanError, "bad_template", "not closed"):
        plan.format(PAIR, rejected="{x")
    for given, named in (("bad", "{bad}"), ("no answer", "{rejected}"), ("", "{rejected}")):
        with refused(fp.PlanError, "bad_option", "the same other answer") as caught:
            plan.format(PAIR, rejected=given)
        assert caught.value.help == f'name the column in braces: rejected="{named}"'
    with refused(fp.PlanError, "bad_prompt_format", "occurs in the template of `rejected`"):
        plan.format(FORMAT, rejected="\n###\n{b}")
    with refused(fp.ColumnError, "missing_column", "`b`"):
        records({"q": "q", "a": "a"}).format(FORMAT, rejected="{b}").explain()
    with refused(fp.ColumnError, "duplicate_column", "`prompt`"):
        records({"messages": said("q", "a"), "label": True, "prompt": 1}).read_as(
            "kto", columns={"messages": "messages", "prompt": None}
        ).format(CHAT).explain()
    tokens = plan.format(CHAT).tokenize(byte_level(), max_length=200)
    for step in (tokens.pack, plan.format(CHAT).resolve_conflicts):
        with refused(fp.PlanError, "bad_chain", "have preferences"):
            step().explain()
    for name in ("prompt", "chosen", "rejected"):
        with refused(fp.PlanError, "bad_chain", "could change `prompt` or `chosen` or `rejected`"):
            plan.format(CHAT).rename({name: "x"}).explain()


def test_a_label_that_is_no_boolean_names_its_type_and_a_way() -> None:
    for value, shown, way in (
        (1, "int64", pl.col("n") == 1),
        (1.0, "float64", pl.col("n") == 1),
        ("yes", "str", pl.col("n") == "yes"),
        (["yes"], "list<str>", None),
    ):
        plan = fp.from_arrow(pa.table({"q": ["q"], "a": ["a"], "n": [value]}))
        with refused(fp.ColumnError, "wrong_type", f"true or false; it is {shown}") as caught:
            plan.format(FORMAT, label="n").explain()
        help = caught.value.help or ""
        if way is None:
            assert "name the column" in help
            continue
        assert f'(pl.col("n") == {"1" if value == 1 else chr(34) + "yes" + chr(34)}).alias("n")' in help
        made = rows(plan.with_columns(way.alias("n")).format(FORMAT, label="n"))
        assert made[0]["label"] is True


def test_a_removed_row_says_which_answer(tmp_path: Path) -> None:
    given = [
        {"q": "q", "a": " ", "b": "b"},
        {"q": "q", "a": "a", "b": ""},
        {"q": "q", "a": "a", "b": "x\n###\ny"},
        {"q": " ", "a": "a", "b": "b"},
        {"q": "q", "a": "a", "b": "b"},
    ]
    records(*given).format(FORMAT, rejected="{b}").sink_arrow(tmp_path / "out")
    details = [(row["code"], row["detail"]) for row in rejects(tmp_path / "out")]
    assert details[0] == ("empty_completion", "`chosen`: the completion is blank")
    assert details[1] == ("empty_completion", "`rejected`: the completion is blank")
    assert details[2][1].startswith("`rejected`: stop ")
    assert details[3] == ("empty_prompt", "the prompt is blank")


@pytest.mark.parametrize(
    ("row", "count"),
    [
        ({"q": "x\n##\ny", "a": "a", "b": "b"}, 1),
        ({"q": "x\n##\ny", "a": "a\n##\n", "b": "b\n##\n"}, 1),
        ({"q": "x", "a": "a", "b": "b\n##\nc"}, 1),
        ({"q": "x\n##\ny", "a": "a", "b": " "}, None),
    ],
)
def test_a_row_that_a_space_repairs_is_counted_once(tmp_path: Path, row: Row, count: int | None) -> None:
    plan = records(row, {"q": "q", "a": "a", "b": "b"}).format(FORMAT, rejected="{b}", on_collision="insert_space")
    report = plan.sink_arrow(tmp_path / "out")
    assert report.findings.get("fixed:insert_space") == count


def test_several_answers_to_a_prompt_are_no_conflict() -> None:
    given = [{"q": "q", "a": "a", "b": "b", "l": True}, {"q": "q", "a": "x", "b": "y", "l": False}]
    plan = records(*given)
    for options in ({"rejected": "{b}"}, {"label": "l"}):
        for before in (plan, plan.read_as("pairs", columns={"prompt": "q", "completion": "a"})):
            with refused(fp.PlanError, "bad_chain", "for a conflict"):
                before.resolve_conflicts().format(FORMAT, **options)
        named = plan.resolve_conflicts(prompt=["q", "a"], answer="l").format(FORMAT, **options)
        assert len(rows(named)) == 2
        with refused(fp.PlanError, "bad_chain", "have preferences") as caught:
            plan.format(FORMAT, **options).resolve_conflicts().explain()
        assert "before format" not in (caught.value.help or "")
    known = records(*({"prompt": "q", "completion": row["a"], "label": row["l"]} for row in given)).read_as("kto")
    columns = fp.PromptFormat("{prompt}", completion="{completion}")
    assert len(rows(known.resolve_conflicts().format(columns, label="label"))) == 2
    guessed = records(*({"prompt": "q", "completion": row["a"], "label": row["l"]} for row in given)).read_as("auto")
    assert len(rows(guessed.resolve_conflicts().format(columns, label="label"))) == 2


def test_help_for_rows_of_an_unknown_dialect_names_that_of_their_columns() -> None:
    plan = records({"prompt": "q", "chosen": 1, "rejected": 2})
    with refused(fp.PlanError, "no_dialect", "not known") as caught:
        plan.format(CHAT).explain()
    assert caught.value.help == 'say it before format: read_as("preference")'
    with refused(fp.PlanError, "no_dialect", "not known") as caught:
        records({"x": 1}).format(CHAT).explain()
    assert "openai_chat" in (caught.value.help or "")


@pytest.mark.parametrize(
    ("template", "row", "says"),
    [
        (THINKS, pair("/think"), "for rows without preferences make a row of each turn"),
        (CHATML.replace("<|im_end|>", ""), pair("q"), "for rows without preferences, say what happens"),
    ],
)
def test_help_for_removed_rows_says_what_is_not_for_preferences(template: str, row: Row, says: str) -> None:
    with pytest.warns(UserWarning, match=says):
        rows(preferences(row).format(fp.ChatFormat.from_text(template)))


def test_the_same_whatever_the_threads_and_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = [pair(f"q{i % 7}", chosen=f"a{i}", rejected="<|im_end|>" * (i % 2) + "b") for i in range(50)]
    plan = preferences(*given).format(CHAT).dedup().split(valid=0.3, seed=1).tokenize(byte_level()).shuffle(seed=1)
    digests = set()
    for size in ("1", "7", "1000"):
        monkeypatch.setenv("FASTPREP_BATCH_ROWS", size)
        plan.sink_arrow(tmp_path / size)
        digests.add(fp.load(tmp_path / size).manifest["data"])
    assert len(digests) == 1
    manifest = fp.load(tmp_path / "1").manifest
    rows_of = [row for split in fp.load(tmp_path / "1").values() for row in split.to_arrow().to_pylist()]
    lists = ("prompt_ids", "chosen_ids", "rejected_ids")
    assert sum(split["tokens"] for split in manifest["splits"]) == sum(
        len(row[name]) for row in rows_of for name in lists
    )
    trained = sum(
        label != -100 for row in rows_of for name in lists[1:] for label in row[name.replace("ids", "labels")]
    )
    assert (
        sum(split["trained_tokens"] for split in manifest["splits"])
        == trained
        == manifest["report"]["tokens"]["trained"]
    )
    with refused(fp.PlanError, "bad_option", "preferences"):
        fp.load(tmp_path / "1").retokenize(byte_level())


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("name", "dialect", "removed"),
    [
        ("llamafactory_dpo", "preference", {}),
        ("llamafactory_kto_messages", "kto", {}),
        ("hh_rlhf_harmless_test", "preference", {"untrained_within": 5}),
    ],
)
def test_ids_of_real_rows(tmp_path: Path, name: str, dialect: str, removed: dict[str, int]) -> None:
    path = DATASETS / f"{name}.jsonl.gz"
    if not path.exists():
        pytest.skip("shared data is not there")
    plan = fp.scan(path).with_row_index("n").read_as(dialect).format(CHAT).tokenize(EXAMPLE, special_tokens="as_text")
    report = plan.sink_arrow(tmp_path / "out")
    assert report.reasons == removed
    made = fp.load(tmp_path / "out")["train"].to_arrow().to_pylist()
    names = ["completion"] if dialect == "kto" else ["chosen", "rejected"]
    # The conversation of each answer, as the dialect reads it: found in what was rendered.
    for answer in names:
        talks = []
        for row in made:
            turns = (row["prompt"] + row[answer] + "\n").split("<|im_start|>")[1:]
            heads = [turn.split("\n", 1) for turn in turns]
            talks.append([{"role": role, "content": text.removesuffix("<|im_end|>\n")} for role, text in heads])
        whole = alone(CHAT, [{"prompt": talk, answer: []} for talk in talks], answer, EXAMPLE, special_tokens="as_text")
        for row, ids in zip(made, whole, strict=True):
            labels = [-100] * len(row["prompt_ids"]) + row[f"{answer}_labels"]
            assert [row["prompt_ids"] + row[f"{answer}_ids"], labels] == ids
