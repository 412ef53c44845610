"""`format(ChatFormat(…), roles_to_train=…)`: turns of other roles than the assistant train too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from test_format_chat import CHATML, byte_level, chats, said, trained, trained_by_labels
from tiny import refused, rows

import fastprep as fp

CHAT = fp.ChatFormat.from_text(CHATML)
TALK = said("Hi", "Ho", "  a\n", " b ")
INST = fp.ChatFormat.from_text(
    "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]"
    "{% else %} {{ m.content }}</s>{% endif %}{% endfor %}"
)


def test_turns_of_users_train_through_their_token_and_each_is_encoded_by_itself() -> None:
    plain = rows(chats(TALK).format(CHAT))
    assert rows(chats(TALK).format(CHAT, roles_to_train="assistant")) == plain
    (row,) = rows(chats(TALK).format(CHAT, roles_to_train=["user", "assistant"]).tokenize(byte_level()))
    assert trained(row) == [m["content"] + "<|im_end|>" for m in TALK]
    assert trained_by_labels(row, byte_level()) == trained(row)
    assert [s["role"] for s in json.loads(row["spans"]) if s["trained"] and s["from_data"]] == ["user", "assistant"] * 2
    users = rows(chats(TALK).format(CHAT, roles_to_train=["user"], train="last"))
    assert trained(users[0]) == ["  a\n<|im_end|>"]
    assert fp.Pipeline.format.__kwdefaults__["roles_to_train"] == "assistant"


def test_turns_that_touch_are_encoded_one_by_one() -> None:
    # The turn of the user ends where that of the assistant begins.
    (row,) = rows(
        chats(said("x", "y")).format(INST, roles_to_train=["assistant", "user"]).tokenize(byte_level("[/INST]"))
    )
    assert trained(row) == ["x [/INST] y</s>"]
    spans = [(s["role"], s["start"], s["end"]) for s in json.loads(row["spans"]) if s["trained"]]
    assert [role for role, _, _ in spans] == ["user", "user", "assistant", "assistant", "assistant"]
    assert row["text"][spans[2][1] :] == " y</s>"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"roles_to_train": []}, "`roles_to_train` is empty"),
        ({"roles_to_train": ["me"]}, "must be one of system, user, assistant, tool"),
        ({"roles_to_train": ["user"], "history": "split_turns"}, "only turns of the assistant train"),
    ],
)
def test_roles_that_cannot_train_are_refused(options: dict[str, Any], message: str) -> None:
    with refused(fp.PlanError, "bad_option", message):
        chats(TALK).format(CHAT, **options).explain()
