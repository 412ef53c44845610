"""Templates and messages that mean harm: an error within a moment, never a hang, a crash or endless memory."""

from __future__ import annotations

import time

import pytest
from tiny import refused

import fastprep as fp

MESSAGES = [{"role": "user", "content": "Hi"}]

HOSTILE = {
    "loops in loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "output": "{% for a in range(99999) %}{% for b in range(99999) %}" + "x" * 1000 + "{% endfor %}{% endfor %}",
    "doubled text": "{% set n = namespace(x='aaaa') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
    "doubled marked text": "{% set n = namespace(x='aaaa'|safe) %}"
    "{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
    "joined text": "{% set n = namespace(x='aaaa') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "repeated text": "{{ 'a' * 99999999999 }}",
    "replaced text": "{% set n = namespace(x='aaaa') %}"
    "{% for i in range(99) %}{% set n.x = n.x|replace('a', 'aaaa') %}{% endfor %}",
    "doubled list": "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}"
    "{{ n.x|length }}",
    "endless macro": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "endless loop": "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "nested values": "{% set n = namespace(x=[]) %}{% for i in range(999) %}{% set n.x = [n.x] %}{% endfor %}{{ n.x }}",
    "padded text": "{{ 'a'|indent(99999999999, true) }}{{ '{:999999999999}'.format(1) }}",
    "wide number": "{{ '%999999999999d'|format(1) }}",
    "power": "{{ 2 ** 99999999999 }}",
    "range": "{{ range(99999999999)|list }}",
    "brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "repeated list": "{{ ([1] * 99999999999)|length }}",
    "tripled list": "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = n.x + n.x + n.x %}{% endfor %}"
    "{{ n.x|length }}",
    "width of a value": "{{ '{:{}}'.format(1, 99999999999) }}",
    "marked sums": "{{ 'a'|safe" + " + 'a'" * 5000 + " + none }}",
    "blocks": "{% if true %}" * 5000 + "{% endif %}" * 5000 + "{{ none.a.b }}",
}


@pytest.mark.parametrize("template", HOSTILE.values(), ids=HOSTILE)
def test_a_template_cannot_hang_or_fill_the_memory(template: str) -> None:
    start = time.monotonic()
    with pytest.raises(fp.FastprepError) as e:
        fp.ChatFormat.from_text(template).render(MESSAGES)
    assert e.value.code in ("bad_chat_format", "chat_not_rendered")
    assert time.monotonic() - start < 20


def test_messages_that_nest_deeply_are_refused() -> None:
    deep: list[object] = []
    for _ in range(200):
        deep = [deep]
    with refused(fp.DataError, "bad_messages", "nested too deeply"):
        fp.ChatFormat.from_text("{{ messages }}").render([{"role": "user", "content": deep}])


def test_the_time_that_a_long_conversation_takes_grows_with_it_and_is_not_refused() -> None:
    chatml = "{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}\n{% endfor %}"
    messages = [{"role": "user", "content": "word " * 100}] * 5000
    assert len(fp.ChatFormat.from_text(chatml).render(messages)) == 5000 * (499 + len("<|user|>\n"))
