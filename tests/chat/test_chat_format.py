"""`ChatFormat`: where templates come from, what it renders, and what it refuses."""

from __future__ import annotations

import datetime
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from tiny import refused

import fastprep as fp

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
MESSAGES = [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]


def test_renders_a_conversation_and_a_prompt() -> None:
    chat = fp.ChatFormat.from_text(CHATML)
    text = "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n4<|im_end|>\n"
    assert chat.render(MESSAGES) == text
    assert chat.render_prompt(MESSAGES[:1]) == text[: text.index("4")]
    assert text.startswith(chat.render_prompt(MESSAGES[:1]))


def test_tools_and_variables_reach_the_template() -> None:
    chat = fp.ChatFormat.from_text(
        "{{ tools|tojson }}{{ x }}{{ bos_token }}{{ tools[0].f }}", template_kwargs={"x": 1.50}
    )
    assert chat.render(MESSAGES, tools=[{"f": "é"}]) == '[{"f": "é"}]1.5é'
    chat = fp.ChatFormat.from_text("{{ bos_token }}{{ tools is none }}", special_tokens={"bos_token": "<s>"})
    assert chat.render(MESSAGES) == "<s>True"


def test_a_folder_is_read_as_transformers_reads_it(tmp_path: Path) -> None:
    names = [{"name": "default", "template": "default"}, {"name": "rag", "template": "rag"}]
    config = {"bos_token": {"content": "<s>"}, "eos_token": "</s>", "pad_token": None, "chat_template": names}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    assert fp.ChatFormat(tmp_path).template == "default"
    assert fp.ChatFormat(tmp_path, name="rag").template == "rag"
    with refused(fp.PlanError, "bad_chat_format", "no chat template named `x`; there are: default, rag"):
        fp.ChatFormat(tmp_path, name="x")
    (tmp_path / "chat_template.jinja").write_text("{{ bos_token }}{{ eos_token }}{{ pad_token }}", "utf-8")
    assert fp.ChatFormat(tmp_path).render(MESSAGES) == "<s></s>"
    assert fp.ChatFormat(tmp_path, special_tokens={"eos_token": "!"}).render(MESSAGES) == "<s>!"
    assert fp.ChatFormat(tmp_path / "chat_template.jinja").render(MESSAGES) == ""


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with refused(fp.SourceError, "not_found", "does not exist"):
        fp.ChatFormat(tmp_path / "missing")
    with refused(fp.PlanError, "bad_chat_format", "the folder has no chat template"):
        fp.ChatFormat(tmp_path)
    with refused(fp.PlanError, "bad_chat_format", "syntax error: .*line 2"):
        fp.ChatFormat.from_text("\n{% if %}")
    with refused(fp.PlanError, "bad_chat_format", "`messages` is not a further variable"):
        fp.ChatFormat.from_text("", template_kwargs={"messages": 1})
    with refused(fp.PlanError, "bad_chat_format", "the options are not JSON"):
        fp.ChatFormat.from_text("", template_kwargs={"x": {1, 2}})
    with refused(fp.PlanError, "bad_chat_format", "no chat format"):
        fp.ChatFormat.from_json("{}")


@pytest.mark.parametrize(
    ("now", "text"),
    [
        ("2025-03-14", "14 Mar 2025 00:00"),
        ("2025-03-14T15:09:26", "14 Mar 2025 15:09"),
        (datetime.date(2025, 3, 14), "14 Mar 2025 00:00"),
        (datetime.datetime(2025, 3, 14, 15, 9, 26, 5), "14 Mar 2025 15:09"),
    ],
)
def test_a_template_reads_the_time_that_was_given(now: Any, text: str) -> None:
    template = "{{ strftime_now('%d %b %Y %H:%M') }}"
    assert fp.ChatFormat.from_text(template, now=now).render(MESSAGES) == text
    with refused(fp.PlanError, "no_clock", "reads the clock"):
        fp.ChatFormat.from_text(template).render(MESSAGES)
    with refused(fp.PlanError, "bad_chat_format", "`now` is a time such as"):
        fp.ChatFormat.from_text(template, now="yesterday")


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        ({}, "are not a list"),
        (["Hi"], "hold something else at 0"),
        ([{"content": "Hi"}], "hold one without a role at 0"),
        ([{"role": "user", "content": {1, 2}}], "cannot be written as JSON"),
        ([{"role": "user", "content": float("nan")}], "cannot be written as JSON"),
        ([{"role": "user", "content": "\ud800"}], "lone surrogate"),
    ],
)
def test_what_are_no_messages_is_refused(messages: Any, says: str) -> None:
    with refused(fp.DataError, "bad_messages", says):
        fp.ChatFormat.from_text(CHATML).render(messages)


def test_tools_that_are_not_json_are_refused() -> None:
    with refused(fp.DataError, "bad_messages", "the tools cannot be written as JSON"):
        fp.ChatFormat.from_text(CHATML).render(MESSAGES, tools=[{1, 2}])


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{{ raise_exception('roles must alternate') }}", "the template raised: roles must alternate"),
        ("{{ messages[0].a.b }}", "the template failed: "),
        ("{{ messages|batch(2) }}", "filter batch is unknown.*not supported"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "the template was stopped: "),
    ],
)
def test_a_conversation_that_is_not_rendered_is_an_error_that_says_why(template: str, says: str) -> None:
    with refused(fp.DataError, "chat_not_rendered", says):
        fp.ChatFormat.from_text(template).render(MESSAGES)


def test_a_format_is_a_value() -> None:
    options: dict[str, Any] = {"special_tokens": {"a_token": "<a>"}, "template_kwargs": {"x": [1]}, "now": "2025-03-14"}
    chat = fp.ChatFormat.from_text(CHATML, **options)
    for again in (fp.ChatFormat.from_json(chat.to_json()), pickle.loads(pickle.dumps(chat))):
        assert again == chat
        assert hash(again) == hash(chat)
        assert repr(again) == repr(chat) == f"ChatFormat[template {chat.digest}; now 2025-03-14]"
    assert chat != fp.ChatFormat.from_text(CHATML)
    assert chat.digest == fp.ChatFormat.from_text(CHATML).digest != fp.ChatFormat.from_text("x").digest
