"""`ChatFormat`: renders conversations by a chat template, as transformers does."""

from __future__ import annotations

import datetime
import json
import os
from typing import TYPE_CHECKING, Any, Self

from fastprep import _fastprep, option_checks
from fastprep.chat_turn import ChatTurn
from fastprep.exceptions import DataError, FastprepError, PlanError
from fastprep.optional_packages import require
from fastprep.prompt_differences import TrainedPrompt, differences, id_differences
from fastprep.row_format import RowFormat
from fastprep.tokenizer import as_tokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transformers import StoppingCriteriaList

    from fastprep.torch.stopping_criteria import Decodes

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
        return self._core.render(*_conversation(messages, tools), add_generation_prompt)

    def render_prompt(self, messages: Messages, *, tools: Sequence[Any] | None = None) -> str:
        """The text of a conversation up to where the model answers, as training has it.

        It is `render` with `add_generation_prompt=True`, but for the arguments of calls: text with a JSON object is
        that object, as in `Pipeline.format`. The format of a folder made with `tool_arguments="verbatim"` leaves them.

        Args:
            messages: as for `render`; the last one is the one to answer.
            tools: as for `render`.

        Raises:
            DataError: as for `render`.
            PlanError: as for `render`.
        """
        return self._core.render_prompt(*_conversation(messages, tools))

    def prompt_ids(self, messages: Messages, tokenizer: Any, *, tools: Sequence[Any] | None = None) -> list[int]:
        """The ids of `render_prompt`: the first ids of a training row with these messages before its first answer.

        Control tokens written in the messages are encoded as plain text, as `Pipeline.tokenize` does by default. A
        tokenizer called with the text would take them for control tokens.

        Args:
            messages: as for `render_prompt`.
            tokenizer: as for `fastprep.Tokenizer`, or one of these. It should be that of training.
            tools: as for `render`.

        Raises:
            DataError: as for `turns`; `special_token_in_text`: a control token is in the tools, a name or an id, or it
                cannot be proven that it is the template's.
            PlanError: as for `render`.
            TokenizerError: the tokenizer cannot be read or used.
        """
        return self._core.prompt_ids(*_conversation(messages, tools), as_tokenizer(tokenizer)._core)

    def check_prompt(
        self,
        prompt: str | Sequence[int],
        messages: Messages,
        *,
        tools: Sequence[Any] | None = None,
        tokenizer: Any = None,
    ) -> None:
        """Raises if a prompt that was built elsewhere is not that of training, and says where it differs.

        Found are, among others, a missing generation prompt, a second BOS, another system message, other words in the
        headers of turns, and white space.

        Args:
            prompt: the text, or the ids that the model gets.
            messages: the messages that the prompt is for, as for `render_prompt`.
            tools: as for `render`.
            tokenizer: the tokenizer of training, for ids; as for `prompt_ids`.

        Raises:
            DataError: `not_this_format`: the message lists the differences, each with its place in the prompt. Also
                those of `prompt_ids`.
            PlanError: as for `render`; `bad_option`: ids without a tokenizer.
        """
        conversation = _conversation(messages, tools)
        if not isinstance(prompt, str) and tokenizer is None:
            raise option_checks.bad_option("check_prompt: ids need a tokenizer", "pass tokenizer=…")
        proven = self._core.prompt(*conversation)
        try:
            without = self._core.render(*conversation, False)
        except FastprepError:
            without = None
        bos = json.loads(self.to_json()).get("special_tokens", {}).get("bos_token")
        roles = [str(message["role"]) for message in messages]
        trained = TrainedPrompt.from_json(proven, roles, bos, without)
        if isinstance(prompt, str):
            listed = differences(prompt, trained)
        else:
            tokenizer = as_tokenizer(tokenizer)
            ids = self._core.prompt_ids(*conversation, tokenizer._core)
            listed = id_differences(list(prompt), ids, trained, tokenizer.decode)
        if listed:
            lines = "".join(f"\n  {line}" for line in listed)
            raise DataError.new(
                f"the prompt is not that of training:{lines}",
                code="not_this_format",
                help="create prompts with render_prompt() or prompt_ids()",
            )

    @property
    def stops(self) -> list[str]:
        """The tokens that end the model's turns, as text: those that training rows end in.

        They are learnt from the template. Where a conversation ends in another token than turns before it, that one is
        first. A token that the template also writes within a turn, such as one between reasoning and answer, is left
        out. Empty if the template ends turns with no token.
        """
        return self._core.stops()

    def stop_token_ids(self, tokenizer: Any) -> list[int]:
        """The ids of `stops`: `model.generate(…, eos_token_id=format.stop_token_ids(tokenizer))`.

        Args:
            tokenizer: as for `prompt_ids`.

        Raises:
            PlanError: `no_stop_token`: the template ends turns with no token, or with one that this tokenizer encodes
                as several ids.
            TokenizerError: the tokenizer cannot be read or used.
        """
        ids, texts = self._stops_of(tokenizer)
        if texts:
            raise PlanError.new(
                f"the end of turns {texts[0]!r} is several ids of this tokenizer",
                code="no_stop_token",
                help="use stopping_criteria(…) or sampling_args(…), or the tokenizer of training",
            )
        return ids

    def sampling_args(self, tokenizer: Any = None) -> dict[str, list[Any]]:
        """Arguments that end generation where turns of training end, for a server or for vLLM's `SamplingParams`.

        Args:
            tokenizer: as for `prompt_ids`. Default None: stops are text, `{"stop": […]}`. Engines that remove control
                tokens from their text, as vLLM does, do not find them there: pass the tokenizer for ids.

        Returns:
            `{"stop": […]}`; with a tokenizer `{"stop_token_ids": […]}`, and `stop` for those that are several ids.

        Raises:
            PlanError: `no_stop_token`: the template ends turns with no token.
            TokenizerError: the tokenizer cannot be read or used.
        """
        ids, texts = ([], self._some_stops()) if tokenizer is None else self._stops_of(tokenizer)
        return {name: values for name, values in (("stop", texts), ("stop_token_ids", ids)) if values}

    def stopping_criteria(self, tokenizer: Decodes, prompt_tokens: int) -> StoppingCriteriaList:
        """Ends `model.generate` of transformers once a stop is generated. The prompt does not count.

        For stops that are single ids `stop_token_ids` is better: rows that are done are then padded.

        Args:
            tokenizer: a tokenizer of transformers or `fastprep.Tokenizer`, to decode ids.
            prompt_tokens: the length of the prompts passed to `generate`, including padding: `input_ids.shape[1]`.

        Raises:
            PlanError: `no_stop_token`: the template ends turns with no token.
            ModuleNotFoundError: transformers is not installed.
        """
        require("transformers", "transformers", "ChatFormat.stopping_criteria()")
        from fastprep.torch.stopping_criteria import stopping_criteria

        return stopping_criteria(self._some_stops(), tokenizer, prompt_tokens)

    def _some_stops(self) -> list[str]:
        stops = self.stops
        if not stops:
            raise PlanError.new(
                "the template ends turns of the assistant with no token",
                code="no_stop_token",
                help="stop at the text that begins the next turn, or use a template that ends turns",
            )
        return stops

    def _stops_of(self, tokenizer: Any) -> tuple[list[int], list[str]]:
        """The stops that are one id, and the texts of the others."""
        tokenizer = as_tokenizer(tokenizer)
        encoded = {stop: tokenizer.encode(stop) for stop in self._some_stops()}
        single = [ids[0] for ids in encoded.values() if len(ids) == 1]
        return single, [stop for stop, ids in encoded.items() if len(ids) != 1]

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
        turns = json.loads(self._core.turns(*_conversation(messages, tools), add_generation_prompt))
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


def _conversation(messages: Messages, tools: Sequence[Any] | None) -> tuple[str, str | None]:
    return _json("messages", messages), None if tools is None else _json("tools", tools)


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
