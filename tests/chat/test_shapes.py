"""Rows of the same shape: what is known of a shape never changes a row, whatever a template does with the texts."""

from __future__ import annotations

import json
import warnings

from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_ids import EXHAUSTIVE

import fastprep as fp

WORDS = [
    "</think>",
    "ab",
    "a",
    "b",
    "\n",
    " ",
    "\n\n",
    "<|end|>",
    '"',
    "\\",
    "é",
    "ab\n",
    "\nab",
    "",
    "x y",
    "é🙂",
    "&",
]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=4).map("".join)


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("\n", "\\n") + "'"


SAID = st.sampled_from(WORDS).map(quoted)
CONTENT = st.sampled_from(["m.content", "m['content']", "messages[0].content"])
UNARY = [
    "({}|trim)",
    "({}.strip())",
    "({}.lstrip('\\n'))",
    "({}.rstrip(' '))",
    "({}.strip('ab'))",
    "({}|string)",
    "({}|tojson)",
    "({}|tojson|safe)",
    "({}|upper)",
    "({}|length|string)",
    "({})[:2]",
    "({}|list|join('-'))",
    "([{}]|join)",
    "({{'k': {}}}|tojson)",
]
WITH_A_WORD = ["({}.split({})[0])", "({}.split({})[-1])", "({}|replace({}, 'r'))", "({}.removeprefix({}))", "({} ~ {})"]
WITH_A_TEXT = ["({} + {})", "({} ~ {})", "({}.split({})[0])"]
ASKS = [
    "{}",
    "not {}",
    "{} is string",
    "{}|length > 0",
    "{}|length > 3",
    "{}|length == 0",
    "{} is lower",
    "{}.isalpha()",
]
ASKS_FOR_A_WORD = [
    "{1} in {0}",
    "{1} not in {0}",
    "{0} == {1}",
    "{1} != {0}",
    "{0}.startswith({1})",
    "{0}.endswith(({1}, 'é'))",
    "{0}.find({1}) > 0",
    "{0}.count({1}) == 1",
    "{0} in [{1}, 'a']",
    "{0} is eq({1})",
    "{0} is in([{1}])",
    "{0} < {1}",
]
ASKS_FOR_A_TEXT = ["{0} == {1}", "{0} in {1}", "{0} in [{1}]"]


def joined(forms: list[str], *operands: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda form, *given: form.format(*given), st.sampled_from(forms), *operands)


def conditions(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return joined(ASKS, texts) | joined(ASKS_FOR_A_WORD, texts, SAID) | joined(ASKS_FOR_A_TEXT, texts, texts)


def longer(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    chosen = st.builds("({} if {} else {})".format, texts, conditions(texts), texts)
    return joined(UNARY, texts) | joined(WITH_A_WORD, texts, SAID) | joined(WITH_A_TEXT, texts, texts) | chosen


EXPRESSIONS = st.recursive(CONTENT, longer, max_leaves=4)


def template(printed: str, prompt: str, by_macro: bool) -> str:
    start = "{% macro said(m) %}{{ " + printed + " }}{% endmacro %}" if by_macro else ""
    text = "{{ said(m) }}" if by_macro else "{{ " + printed + " }}"
    return (
        start
        + "{% for m in messages %}<|{{ m.role }}|>"
        + text
        + "<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% set m = messages[-1] %}"
        + "{% if "
        + prompt
        + " %}!{% endif %}{% endif %}"
    )


PROMPTS = st.just("false") | conditions(CONTENT)


@settings(max_examples=20_000 if EXHAUSTIVE else 120)
@given(
    st.builds(template, EXPRESSIONS, PROMPTS, st.booleans()),
    st.lists(st.tuples(TEXTS, TEXTS), min_size=2, max_size=6, unique=True),
)
def test_a_row_is_what_the_template_renders(source: str, talks: list[tuple[str, str]]) -> None:
    chat = fp.ChatFormat.from_text(source)
    rows = [
        {"n": i, "messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]}
        for i, (asked, answer) in enumerate(talks)
    ]
    with warnings.catch_warnings(action="ignore"):
        table = fp.from_records(rows).format(chat, on_dropped="keep").collect()
    for row in table.to_pylist():
        messages = rows[int(row["n"])]["messages"]
        assert row["text"] == chat.render(messages)
        spans = [(span["start"], span["end"]) for span in json.loads(row["spans"]) if span["trained"]]
        [turn] = chat.turns(messages)
        if turn.trained is not None and spans:
            assert (spans[0][0], spans[-1][1]) == turn.trained
        assert bool(spans) == (turn.trained is not None) or turn.reason in ("not_printed", "not_proven")
