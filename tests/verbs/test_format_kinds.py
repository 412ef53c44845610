"""`format(ChatFormat(…), span_weights=…)`: reasoning, calls and content of a turn train with weights of their own, and
no id changes."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_boundary import merging
from test_format_chat import byte_level, chats, said
from tiny import jsonl, refused, rejects, rows

import fastprep as fp

THINKS = fp.ChatFormat.from_text(
    "{%- for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.reasoning_content %}<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif %}{{ m.content }}"
    "{% for c in m.tool_calls %}{{ '\n<call>\n' + c.function|tojson + '\n</call>' }}{% endfor %}"
    "<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CALL = {"type": "function", "function": {"name": "f", "arguments": {"a": "x", "n": 1}}}
Message = dict[str, Any]


def answer(content: str, reasoning: str = "", calls: int = 0, **more: Any) -> Message:
    made = {"role": "assistant", "content": content, **more}
    return (
        made
        | ({"reasoning_content": reasoning} if reasoning else {})
        | ({"tool_calls": [copy.deepcopy(CALL) for _ in range(calls)]} if calls else {})
    )


def talk(*answers: Message) -> list[Message]:
    return [m for a in answers for m in ({"role": "user", "content": "q"}, a)]


def weights_of(row: dict[str, Any]) -> list[float]:
    """The weight of each token; 0 for what does not train."""
    factors = row.get("segment_weights") or [1.0] * len(row["segment_lengths"])
    found = [w for n, w in zip(row["segment_lengths"], factors, strict=True) for _ in range(n)]
    return [0.0 if label == -100 else w for label, w in zip(row["labels"], found, strict=True)]


def kinds_by_replacing(messages: list[Message], turn: int) -> dict[int, str]:
    """Characters of a turn that are its texts, by kind: found by rendering it with a mark in the texts of that kind."""
    found: dict[int, str] = {}
    for kind, member in (("reasoning", "reasoning_content"), ("content", "content"), ("calls", "tool_calls")):
        value = messages[turn].get(member)
        if not value:
            continue
        changed, mark = copy.deepcopy(messages), "\u2603"
        if kind == "calls":
            # The name of the first call, and an argument of the last one: what is between is of calls, too.
            changed[turn][member][0]["function"]["name"] = mark + "f"
            found[THINKS.render(changed).index(mark)] = kind
            changed = copy.deepcopy(messages)
            changed[turn][member][-1]["function"]["arguments"]["a"] = mark + "x"
            found[THINKS.render(changed).index(mark)] = kind
            continue
        changed[turn][member] = mark + value
        at = THINKS.render(changed).index(mark)
        found |= dict.fromkeys(range(at, at + len(value)), kind)
    return found


def expected_weights(row: dict[str, Any], messages: list[Message], weights: dict[str, float]) -> list[float]:
    """The weight of each character: a text has that of its kind; what is between, of what it opens or closes."""
    found = [0.0] * len(row["text"])
    for turn, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        start = len(THINKS.render(messages[:turn], add_generation_prompt=True))
        end = len(THINKS.render(messages[: turn + 1])) - 1
        kinds = kinds_by_replacing(messages, turn)
        own = sorted(kinds)
        for at in range(start, end):
            before = max((k for k in own if k <= at), default=None)
            after = min((k for k in own if k >= at), default=None)
            kind = kinds.get(at)
            if kind is None and (before is None or after is None):
                kind = kinds[own[0]] if before is None and own else kinds[own[-1]] if own else "content"
            elif kind is None:
                # Only reasoning has something that closes it.
                is_closing = kinds[before] == "reasoning" != kinds[after] and at - before <= len("\n</think>\n\n")
                kind = kinds[before] if is_closing else kinds[after]
            found[at] = weights.get(kind, 1.0) * message.get("weight", 1.0)
    return found


texts = st.text("ab \n<>", max_size=5).map(lambda s: s + "z")
answers = st.builds(
    answer,
    st.one_of(texts, st.just("")),
    st.one_of(st.just(""), texts),
    st.integers(0, 2),
    weight=st.sampled_from([1, 1, 0.5]),
)
factors = st.dictionaries(st.sampled_from(["reasoning", "calls", "content"]), st.sampled_from([0.0, 0.25, 1.0, 2.0]))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(answers, min_size=1, max_size=3), factors, st.sampled_from(["part", "whole"]))
def test_weights_are_those_of_a_slow_oracle_and_ids_do_not_change(
    turns: list[Message], weights: dict[str, float], boundary: Any
) -> None:
    if all(weights.get(kind) == 0 for kind in ("reasoning", "calls", "content")):
        return
    messages = talk(*turns)
    for tokenizer in (merging(), byte_level()):
        plain = rows(chats(messages).format(THINKS, weights=True).tokenize(tokenizer, boundary=boundary))
        made = rows(
            chats(messages).format(THINKS, span_weights=weights, weights=True).tokenize(tokenizer, boundary=boundary)
        )
        if not made:
            # No token trains.
            assert not any(expected_weights(plain[0], messages, weights))
            continue
        assert (made[0]["input_ids"], made[0]["text"]) == (plain[0]["input_ids"], plain[0]["text"])
        by_character = expected_weights(made[0], messages, weights)
        pieces = [tokenizer.decode([i], skip_special_tokens=False) for i in made[0]["input_ids"]]
        assert made[0]["text"] == "".join(pieces)
        at, expected = 0, []
        for token in pieces:
            expected.append(min(by_character[at : at + len(token)]))
            at += len(token)
        assert weights_of(made[0]) == expected


def test_kinds_have_counts_and_go_through_files(tmp_path: Path) -> None:
    messages = talk(answer("Yes", "why", 1), answer("", "", 1))
    file = jsonl(tmp_path / "chat.jsonl", [{"messages": messages}] * 3)
    tokenizer = merging()
    plan = fp.scan_jsonl(file).read_as("openai_chat").format(THINKS, span_weights={"reasoning": 0, "calls": 0.5})
    report = plan.tokenize(tokenizer).sink_arrow(tmp_path / "out")
    kinds = report.to_dict()["tokens"]["kinds"]
    assert kinds["reasoning"]["trained"] == 0 < kinds["reasoning"]["total"]
    assert kinds["calls"]["total"] == kinds["calls"]["trained"] > kinds["content"]["trained"] > 0
    assert "reasoning 0 of 60" in str(report)
    data = fp.load(tmp_path / "out")
    first = data["train"].to_arrow().to_pylist()[0]
    assert {0.5, 1.0} <= set(first["segment_weights"])
    assert {s.get("kind") for s in json.loads(first["spans"])} == {None, "reasoning", "calls", "content"}
    # Weights follow the kinds with other ids, too.
    other = rows(data.retokenize(byte_level()))[0]
    again = rows(plan.tokenize(byte_level()))[0]
    for name in ("input_ids", "labels", "segment_lengths", "segment_weights"):
        assert other[name] == again[name]
    packed = rows(plan.tokenize(tokenizer, max_length=4000).pack(seed=1))[0]
    assert [w for w in weights_of(packed) if w] == [w for w in weights_of(first) if w] * 3


def test_a_weight_of_0_or_1_needs_no_column_of_weights() -> None:
    (row,) = rows(
        chats(talk(answer("Yes", "why", 1)))
        .format(THINKS, span_weights={"content": 0, "reasoning": 0})
        .tokenize(byte_level())
    )
    assert "segment_weights" not in row
    trained = byte_level().decode([i for i in row["labels"] if i != -100], skip_special_tokens=False)
    assert trained == '\n<call>\n{"name": "f", "arguments": {"a": "x", "n": 1}}\n</call><|im_end|>'
    # Content has nothing that closes it; calls close with the end of the turn.
    assert rows(chats(said("q", "a")).format(THINKS, span_weights={"calls": 1})) == rows(
        chats(said("q", "a")).format(THINKS)
    )


def test_a_token_of_two_kinds_has_the_smaller_weight(tmp_path: Path) -> None:
    tokenizer, plan = merging(), chats(talk(answer("\nYes", "why")))
    made = plan.format(THINKS, span_weights={"reasoning": 0.5}).tokenize(tokenizer)
    report = made.sink_arrow(tmp_path / "out")
    # The empty line after the reasoning and the line end of the answer are one token.
    assert report.findings == {"token_of_two_kinds": 1}
    (row,) = rows(made)
    at = next(i for i, token in enumerate(row["input_ids"]) if tokenizer.decode([token]).count("\n") > 2)
    assert weights_of(row)[at : at + 2] == [0.5, 1.0]
    assert rows(plan.format(THINKS).tokenize(tokenizer))[0]["input_ids"] == row["input_ids"]


def test_reasoning_within_a_content_is_reasoning(tmp_path: Path) -> None:
    inline = talk(answer("<think>why</think>\nYes"))
    unclear = talk(answer("The mark </think> ends it"))
    plan = chats(inline, unclear)
    made = rows(plan.format(THINKS, span_weights={"reasoning": 0}).tokenize(byte_level()))
    assert [
        byte_level().decode([i for i in row["labels"] if i != -100], skip_special_tokens=False) for row in made
    ] == ["Yes<|im_end|>"]
    report = plan.format(THINKS, span_weights={"reasoning": 0}).sink_arrow(tmp_path / "out")
    assert report.reasons == {"not_proven": 1}
    assert "has several of <think> and </think>" in rejects(tmp_path / "out")[0]["detail"]
    # Where both have one weight, nothing has to be known.
    assert len(rows(plan.format(THINKS, span_weights={"calls": 0}))) == 2


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"think": 1}, "no kind 'think': the kinds are reasoning, calls, content"),
        ({"calls": "1"}, "span_weights"),
        ({"calls": -1}, "must be numbers of 0 or more"),
        ({"calls": 0, "reasoning": 0, "content": 0}, "nothing trains"),
        ([0.5], "must be a mapping from reasoning, calls, content"),
    ],
)
def test_weights_that_are_none_are_refused(weights: Any, message: str) -> None:
    with refused(fp.PlanError, "bad_option", message):
        chats(said("q", "a")).format(THINKS, span_weights=weights).explain()
