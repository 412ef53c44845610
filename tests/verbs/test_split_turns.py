"""`format(…, history="split_turns")`: each turn that trains is a row, with the text of inference before it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_format_chat import CHATML, TOOLS, byte_level, chats, said, trained, trained_by_labels
from tiny import jsonl, refused, rejects, rows

import fastprep as fp

# Prints reasoning after the last message of the user alone, as many templates do.
THINKS = (
    "{%- set ns = namespace(last=0) %}"
    "{%- for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}"
    "{%- for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.role == 'assistant' and loop.index0 > ns.last %}<think>{{ m.reasoning_content or '' }}</think>{% endif %}"
    "{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
THINKING = fp.ChatFormat.from_text(THINKS)
CHAT = fp.ChatFormat.from_text(CHATML)


def reasoned(*texts: str) -> list[dict[str, Any]]:
    """Turns of user and assistant, in which each answer has reasoning."""
    return [m if m["role"] == "user" else {**m, "reasoning_content": f"why {m['content']}"} for m in said(*texts)]


def test_each_turn_is_a_row_as_at_inference() -> None:
    talk = reasoned("q", "a", "r", "b", "s")
    made = rows(chats(talk, id=7).format(THINKING, history="split_turns"))
    assert [(row["message"], row["id"], trained(row)) for row in made] == [
        (1, "7", ["<think>why a</think>a<|im_end|>"]),
        (3, "7", ["<think>why b</think>b<|im_end|>"]),
    ]
    for row in made:
        prompt = THINKING.render_prompt(talk[: row["message"]])
        assert row["text"].startswith(prompt + trained(row)[0])
        assert row["text"] == THINKING.render(talk[: row["message"] + 1])
    assert list(made[0]) == ["text", "spans", "message", "id"]
    (last,) = rows(chats(talk).format(THINKING, history="split_turns", train="last"))
    assert last["text"] == made[1]["text"]


def test_turns_without_weight_get_no_row_and_no_conversation_vanishes(tmp_path: Path) -> None:
    silent = said("q", "a", "r", "b")
    silent[1]["weight"] = 0
    nothing = said("q", "a", train=False)
    plan = chats(silent, nothing, said("q", "c")).format(CHAT, history="split_turns")
    assert [row["message"] for row in rows(plan)] == [3, None, 1]
    report = plan.tokenize(byte_level()).sink_arrow(tmp_path / "out")
    assert report.reasons == {"no_trained_token": 1}


def test_a_turn_that_is_refused_leaves_the_others(tmp_path: Path) -> None:
    call = {"type": "function", "function": {"name": "f", "arguments": {"a": 1}}}
    talk = said("q", "a", "r", "b", "s", "c")
    talk[3]["tool_calls"] = [call]
    report = chats(talk, said("x", "y")).format(CHAT, history="split_turns").sink_arrow(tmp_path / "out")
    counted = report.to_dict()["rows"]
    assert (counted["read"], counted["repeated"], counted["written"], counted["rejected"]) == (2, 2, 2, 2)
    (step,) = [step for step in report.to_dict()["steps"] if step["step"] == "format_chat"]
    assert step["rows_in"] + step["repeated"] == step["rows_out"] + sum(r["count"] for r in step["removed"].values())
    # The call is lost in the row of its own turn, and in that of the turn after it.
    assert [(r["row"], r["code"], r["detail"][-12:]) for r in rejects(tmp_path / "out")] == [
        (0, "not_printed", "of message 3")
    ] * 2


def test_a_row_that_differs_from_inference_is_refused(tmp_path: Path) -> None:
    """The template prints the reasoning of the last message alone, and the message before is an answer too."""
    chat = fp.ChatFormat.from_text(
        "{%- for m in messages %}[{{ m.role }}]{% if loop.last %}{{ m.reasoning_content }}{% endif %}{{ m.content }}"
        "</s>{%- endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"
    )
    talk = [said("q")[0], *(m for m in reasoned("", "a", "", "b") if m["role"] == "assistant")]
    report = chats(talk).format(chat, history="split_turns").sink_arrow(tmp_path / "out")
    assert report.reasons == {"prompt_differs": 1}
    assert rejects(tmp_path / "out")[0]["detail"] == "the text before message 2 is not the prompt at inference"


def test_all_rows_of_a_dialogue_share_a_side_and_equal_beginnings_are_duplicates() -> None:
    talks = [said(f"q{i}", f"a{i}", "more", f"b{j}") for i in range(30) for j in range(2)]
    plan = chats(*talks).with_row_index("dialogue").format(CHAT, history="split_turns")
    assert len(rows(plan)) == 120
    made = rows(plan.dedup().split(valid=0.5, seed=3))
    # The two dialogues of a question begin alike: their first rows are equal.
    assert len(made) == 90
    sides: dict[str, set[str]] = {}
    for row in made:
        sides.setdefault(row["text"].split("<|im_end|>")[0], set()).add(row["split"])
    assert all(len(side) == 1 for side in sides.values())
    assert set.union(*sides.values()) == {"train", "valid"}
    assert {(row["dialogue"], row["message"]) for row in made if row["message"] == 3} == {(i, 3) for i in range(60)}


@pytest.mark.parametrize("wanted", range(1, 7))
def test_head_ends_within_a_dialogue(tmp_path: Path, wanted: int) -> None:
    path = jsonl(tmp_path / "chat.jsonl", [{"messages": said("q", f"a{i}", "r", "b", "s", "c")} for i in range(4)])
    plan = fp.scan_jsonl(path).read_as("openai_chat").format(CHAT, history="split_turns")
    every = rows(plan)
    assert len(every) == 12
    report = plan.head(wanted).sink_jsonl(tmp_path / "out")
    counted = report.to_dict()["rows"]
    removed = sum(report.reasons.values())
    assert counted["read"] + counted["repeated"] == counted["written"] + removed
    assert (counted["read"], counted["written"]) == ((wanted + 2) // 3, wanted)
    assert rows(plan.head(wanted)) == every[:wanted]


def test_output_depends_neither_on_threads_nor_on_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    talks = [said(*[f"{role}{i}.{n}" for n in range(i % 4 + 1) for role in "qa"]) for i in range(120)]
    plan = chats(*talks).format(CHAT, history="split_turns").dedup().split(valid=0.2)
    plan = plan.tokenize(byte_level()).shuffle(seed=1)
    digests = []
    for threads, batch in ((1, "7"), (3, "64"), (2, "65536")):
        monkeypatch.setenv("FASTPREP_BATCH_ROWS", batch)
        report = plan.sink_arrow(tmp_path / batch, threads=threads)
        digests.append((json.loads((tmp_path / batch / "manifest.json").read_text())["data"], report.rows))
    assert digests[0] == digests[1] == digests[2]


def test_the_folder_is_tokenized_again(tmp_path: Path) -> None:
    plan = chats(*[reasoned("q", f"a{i}", "r", "b") for i in range(10)]).format(THINKING, history="split_turns")
    plan.tokenize(byte_level(), max_length=200).sink_arrow(tmp_path / "out")
    again = fp.load(tmp_path / "out").retokenize(byte_level("<|im_end|>"))
    assert sorted((row["text"], row["message"]) for row in rows(again)) == sorted(
        (row["text"], row["message"]) for row in rows(plan)
    )


def test_the_new_column_must_not_hide_one_of_the_data() -> None:
    with refused(fp.ColumnError, "duplicate_column", "`message`"):
        chats(said("q", "a"), message="x").format(CHAT, history="split_turns").explain()
    assert "history=split_turns" in chats(said("q", "a")).format(CHAT, history="split_turns").explain()


TEXTS = st.text(max_size=6) | st.sampled_from(["<|im_end|>", "</think>", " ", "\n", "<think>x</think>y", "assistant\n"])
TURNS = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "assistant", "system", "tool"]), "content": TEXTS},
    optional={"reasoning_content": TEXTS, "weight": st.sampled_from([0, 1])},
)


@pytest.mark.parametrize("template", [CHATML, TOOLS, THINKS], ids=["chatml", "tools", "thinks"])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(conversation=st.lists(TURNS, max_size=6))
def test_any_row_begins_with_the_prompt_of_its_turn(template: str, conversation: list[dict[str, Any]]) -> None:
    chat, tokenizer = fp.ChatFormat.from_text(template), byte_level()
    plan = chats(said("q", "a"), conversation).format(chat, history="split_turns", on_dropped="keep")
    for row in rows(plan.tokenize(tokenizer))[1:]:
        turn = row["message"]
        prompt = chat.render_prompt(conversation[:turn])
        (own,) = trained(row)
        assert row["text"].startswith(prompt + own)
        assert row["text"] == chat.render(conversation[: turn + 1])
        assert trained_by_labels(row, tokenizer) == [own]
