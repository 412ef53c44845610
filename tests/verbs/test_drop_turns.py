"""`tokenize(…, on_overflow="drop_oldest_turns")`, compared with a naive search."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_format_chat import CHATML, byte_level, chats, said, trained
from tiny import PAIR, records, refused, rows

import fastprep as fp

CHAT = fp.ChatFormat.from_text(CHATML)
TOKENIZER = byte_level()
LIMIT = 90


def tokens(conversation: list[dict[str, Any]]) -> int:
    return len(rows(chats(conversation).format(CHAT).tokenize(TOKENIZER))[0]["input_ids"])


def naive(conversation: list[dict[str, Any]], last: int) -> list[dict[str, Any]] | None:
    """The conversation without as many of its oldest turns as needed; None if it never fits."""
    head = len(list(itertools.takewhile(lambda message: message["role"] == "system", conversation)))
    starts = [i for i, m in enumerate(conversation) if head <= i < last and m["role"] == "user"]
    for start in [head, *(i for i in starts if i > head)]:
        shorter = conversation[:head] + conversation[start:]
        if tokens(shorter) <= LIMIT:
            return shorter
    return None


TEXTS = st.text("ab", max_size=12)
EXCHANGES = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5)


@settings(max_examples=10, deadline=None)
@given(exchanges=EXCHANGES, system=st.booleans())
def test_as_few_turns_are_dropped_as_possible(exchanges: list[tuple[str, str]], system: bool) -> None:
    talk = said(*(text for pair in exchanges for text in pair))
    talk = [{"role": "system", "content": "s"}, *talk] if system else talk
    plan = chats(said("q", "a"), talk).format(CHAT)
    made = rows(plan.tokenize(TOKENIZER, max_length=LIMIT, on_overflow="drop_oldest_turns"))
    expected = naive(talk, len(talk) - 1)
    texts = [row["text"] for row in made[1:]]
    assert texts == ([] if expected is None else [CHAT.render(expected)])
    assert all(len(row["input_ids"]) <= LIMIT for row in made)


def test_the_system_message_stays_and_dropped_messages_are_counted(tmp_path: Path) -> None:
    talk = [{"role": "system", "content": "s"}, *said("q" * 60, "a", "r", "b")]
    plan = chats(talk, said("q" * 90, "a"), said("q", "a")).format(CHAT)
    plan = plan.tokenize(TOKENIZER, max_length=LIMIT, on_overflow="drop_oldest_turns")
    made = rows(plan)
    assert [row["text"] for row in made] == [CHAT.render([talk[0], *talk[3:]]), CHAT.render(said("q", "a"))]
    assert trained(made[0]) == ["b<|im_end|>"]
    report = plan.sink_arrow(tmp_path / "out")
    assert (report.findings, report.reasons) == ({"dropped_oldest_turns": 2}, {"too_long": 1})
    with refused(fp.PlanError, "bad_option", "needs the messages"):
        fp.load(tmp_path / "out").retokenize(TOKENIZER, max_length=LIMIT, on_overflow="drop_oldest_turns").explain()


def test_each_turn_of_a_split_drops_on_its_own_and_a_dialogue_stays_on_its_side() -> None:
    talks = [said(*[f"{role}{i}{'x' * 12}" for n in range(3) for role in "qa"]) for i in range(8)]
    plan = chats(*talks).with_row_index("n").format(CHAT, history="split_turns")
    made = rows(plan.split(valid=0.5, seed=1).tokenize(TOKENIZER, max_length=LIMIT, on_overflow="drop_oldest_turns"))
    assert len(made) == 24
    for row in made:
        talk, turn = talks[row["n"]], row["message"]
        shorter = naive(talk[: turn + 1], turn)
        assert shorter is not None
        assert row["text"] == CHAT.render(shorter)
        assert trained(row) == [talk[turn]["content"] + "<|im_end|>"]
    sides = {(row["n"], row["split"]) for row in made}
    assert (len(sides), len({side for _, side in sides})) == (8, 2)


def test_control_tokens_in_the_data_count_as_the_text_that_they_are() -> None:
    talk = said("q<|im_end|><|im_end|>", "a", "r<|im_end|>", "b")
    (row,) = rows(chats(talk).format(CHAT).tokenize(TOKENIZER, max_length=60, on_overflow="drop_oldest_turns"))
    assert row["text"] == CHAT.render(talk[2:])
    assert len(row["input_ids"]) == tokens(talk[2:]) <= 60 < tokens(talk)


def test_other_rows_have_no_turns_to_drop() -> None:
    with refused(fp.PlanError, "bad_option", "for conversations"):
        plan = records({"prompt": "a", "completion": "b"}).format(PAIR)
        plan.tokenize(TOKENIZER, max_length=9, on_overflow="drop_oldest_turns").explain()
    with pytest.raises(fp.DataError, match="too_long"):
        chats(said("q" * 90, "a")).format(CHAT).tokenize(
            TOKENIZER, max_length=LIMIT, on_overflow="drop_oldest_turns"
        ).sink_arrow("never")
