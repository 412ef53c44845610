"""`ChatFormat`: renders conversations by a chat template, as transformers does."""

from __future__ import annotations

import datetime
import json
import os
from typing import TYPE_CHECKING, Any, Self

from fastprep import _fastprep
from fastprep.chat_turn import ChatTurn
from fastprep.exceptions import DataError, PlanError
from fastprep.row_format import RowFormat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Messages = Sequence[Mapping[str, Any]]


class ChatFormat(RowFormat):
    """Renders conversations by a chat template: the text of transformers' `apply_chat_template`. Immutable.

    Templates run in Rust, in a sandbox with limits on steps, memory and nesting. No Python code of a model is run.

    Args:
        path: a tokenizer folder, or a `.jinja` file. A folder is read as transformers reads it: `chat_template.jinja`,
            `additional_chat_templates/`, `chat_template` in `tokenizer_config.json`.
        name: which template of a folder that has several. Default None: the default one.
        special_tokens: the template's variables for special tokens, such as `{"eos_token": "</s>"}`; these take the
            place of those that the folder names. A file names none.
        template_kwargs: further variables of the template, such as `{"enable_thinking": False}`.
        now: the time that the template reads with `strftime_now`, a `datetime`, a `date` or text such as
            `"2025-03-14"`. Default None: a template that reads the clock is an error.

    Raises:
        SourceError: `not_found` or `cannot_read`.
        PlanError: `bad_chat_format`: there is no template, it has a syntax error, or an option is not valid.
    """

    __slots__ = ("_core",)
    _core: _fastprep.ChatFormat

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        special_tokens: Mapping[str, str] | None = None,
        template_kwargs: Mapping[str, Any] | None = None,
        now: datetime.date | str | None = None,
    ) -> None:
        self._core = _fastprep.ChatFormat.open(os.fspath(path), name, _options(special_tokens, template_kwargs, now))

    @classmethod
    def _from_core(cls, core: _fastprep.ChatFormat) -> Self:
        wrapper = cls.__new__(cls)
        wrapper._core = core
        return wrapper

    @classmethod
    def from_text(
        cls,
        template: str,
        *,
        special_tokens: Mapping[str, str] | None = None,
        template_kwargs: Mapping[str, Any] | None = None,
        now: datetime.date | str | None = None,
    ) -> Self:
        """The format of a template in memory.

        Args:
            template: the text of the template.
            special_tokens: as for the constructor.
            template_kwargs: as for the constructor.
            now: as for the constructor.

        Raises:
            PlanError: `bad_chat_format`.
        """
        options = _options(special_tokens, template_kwargs, now)
        return cls._from_core(_fastprep.ChatFormat.from_text(template, options))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The format from the text of `to_json`.

        Raises:
            PlanError: `bad_chat_format`: the text is not such JSON.
        """
        return cls._from_core(_fastprep.ChatFormat.from_json(text))

    def to_json(self) -> str:
        """The format as JSON: the template's text, special tokens, variables and time."""
        return self._core.to_json()

    @property
    def template(self) -> str:
        """The text of the template."""
        return self._core.template

    @property
    def digest(self) -> str:
        """The digest of the template's text: 32 hexadecimal digits of XXH3."""
        return self._core.digest

    def render(
        self, messages: Messages, *, tools: Sequence[Any] | None = None, add_generation_prompt: bool = False
    ) -> str:
        """The text of a conversation.

        Args:
            messages: dicts with `role`, `content`, and what else the template knows. A member that is None counts as
                missing. Reasoning may be called `reasoning_content`, `thinking` or `reasoning`.
            tools: JSON schemas of the tools. Default None: none.
            add_generation_prompt: whether the text ends in the beginning of an assistant's turn.

        Raises:
            DataError: `bad_messages`: the messages are not such a list. `chat_not_rendered`: the template refuses them,
                fails, needs too many steps, or uses what is not supported; the message says which.
            PlanError: `no_clock`: the template reads the clock, and the format has no `now`.
        """
        return self._core.render(
            _json("messages", messages), None if tools is None else _json("tools", tools), add_generation_prompt
        )

    def render_prompt(self, messages: Messages, *, tools: Sequence[Any] | None = None) -> str:
        """The text of a conversation up to where the model answers: `render` with `add_generation_prompt=True`.

        Args:
            messages: as for `render`; the last one is the one to answer.
            tools: as for `render`.

        Raises:
            DataError: as for `render`.
            PlanError: as for `render`.
        """
        return self.render(messages, tools=tools, add_generation_prompt=True)

    def turns(
        self, messages: Messages, *, tools: Sequence[Any] | None = None, add_generation_prompt: bool = False
    ) -> list[ChatTurn]:
        """The turns of the assistant in the text that `render` gives, and the part of each that is trained.

        Nothing is searched for. The conversation is rendered again with other characters in place of those of the
        messages, and the two texts must agree everywhere else: that proves where each character comes from. Where no
        proof is possible, the turn says why.

        Args:
            messages: as for `render`.
            tools: as for `render`.
            add_generation_prompt: as for `render`.

        Raises:
            DataError: as for `render`; `bad_messages` too for more than 4,000 messages, and for characters of the
                private use planes 15 and 16.
            PlanError: as for `render`.
        """
        tools_json = None if tools is None else _json("tools", tools)
        turns = json.loads(self._core.turns(_json("messages", messages), tools_json, add_generation_prompt))
        return [ChatTurn._from_json(turn) for turn in turns]

    def __repr__(self) -> str:
        now = "" if self._core.now is None else f"; now {self._core.now}"
        return f"ChatFormat[template {self.digest}{now}]"

    def __eq__(self, other: object) -> bool:
        return self.to_json() == other.to_json() if isinstance(other, ChatFormat) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_json, (self.to_json(),)


def _json(what: str, value: Any) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as e:
        raise DataError(f"the {what} cannot be written as JSON: {e}", code="bad_messages") from e


def _options(
    special_tokens: Mapping[str, str] | None,
    template_kwargs: Mapping[str, Any] | None,
    now: datetime.date | str | None,
) -> str:
    if isinstance(now, datetime.datetime):
        now = now.replace(tzinfo=None, microsecond=0).isoformat()
    elif isinstance(now, datetime.date):
        now = now.isoformat()
    given = {"special_tokens": special_tokens, "template_kwargs": template_kwargs, "now": now}
    try:
        return json.dumps({name: value for name, value in given.items() if value is not None}, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as e:
        raise PlanError(f"the options are not JSON: {e}", code="bad_chat_format") from e
