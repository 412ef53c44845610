"""The verb of `Pipeline` that renders rows: `format`."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastprep import option_checks
from fastprep._fastprep import WORDS
from fastprep.chat_format import ChatFormat
from fastprep.row_format import RowFormat

if TYPE_CHECKING:
    from fastprep.pipeline import Pipeline, Step
    from fastprep.prompt_format import PromptFormat
    from fastprep.words import History, OnCollision, OnDropped, OnOpenEnd, SpanKind, ToolArguments, Train, TrainedRole


class FormatVerb(ABC):
    """The verb that renders rows; `Pipeline` has it."""

    __slots__ = ()

    _steps: tuple[Step, ...]

    @abstractmethod
    def _push(self, verb: str, in_memory: Any = None, /, **settings: Any) -> Pipeline:
        """The pipeline with one more step; `in_memory` is what JSON cannot represent."""

    @abstractmethod
    def _read_as(self, **settings: Any) -> Pipeline:
        """The pipeline with this step `read_as`, in place of an earlier one that is not decided."""

    def format(
        self,
        prompt_format: PromptFormat | ChatFormat,
        *,
        on_collision: OnCollision = "reject",
        train: Train = "all",
        roles_to_train: TrainedRole | Sequence[TrainedRole] = "assistant",
        span_weights: Mapping[SpanKind, float] | None = None,
        history: History = "as_rendered",
        on_dropped: OnDropped = "reject",
        on_open_end: OnOpenEnd = "reject",
        tool_arguments: ToolArguments = "parse",
        kwargs_column: str | None = None,
        weights: bool = False,
        rejected: str | None = None,
        label: str | None = None,
        on_same_answers: OnDropped = "reject",
        on_untrained: OnDropped = "reject",
    ) -> Pipeline:
        """Render rows. A `PromptFormat` gives `prompt` and `completion`, and proves that separator and stop occur only
        where the format puts them. A `ChatFormat` gives `text` and `spans` of conversations, and proves what trains.

        With a `PromptFormat`, `prompt` ends in the separator from here on, and `completion` in the stop. The columns
        of the templates are removed; all others stay.

        With a `ChatFormat`, rows of any dialect with an answer become conversations; without `read_as` before, the
        dialect is recognised. Their columns are removed; all others stay. `text` is what the model sees. `spans` is a
        JSON list that covers it: start and end in characters, role, whether it trains, whether it came from the data.
        A turn of the assistant trains from where the generation prompt ends through the token that ends it. A message
        whose `weight`, `loss_weight`, `train` or `loss` is 0 or false does not train. Rows for which no exact spans can
        be proven are rejected with a reason.

        Rows with preferences get `prompt`, `chosen` and `rejected`, or `prompt`, `completion` and `label` (true for a
        good answer). Each answer is rendered and proven with its prompt, as a row of one answer is. A `ChatFormat`
        makes them of the dialects `preference`, `openai_preference` and `kto`: the prompt is what the model sees at
        inference, and an answer ends with the token that ends its last turn. For a `PromptFormat` give `rejected` or
        `label`.

        Args:
            prompt_format: the templates, separator and stop; or a `ChatFormat`.
            on_collision: what happens to a row in which the separator or the stop occurs elsewhere, also across the
                border of two parts. `"insert_space"` breaks each occurrence in a field by a space, then proves the row
                again. For a `PromptFormat`.
            train: which turns train: `"all"`, or the `"last"`. For a `ChatFormat`, as all below.
            roles_to_train: the roles whose turns train, one or several of `"system"`, `"user"`, `"assistant"`,
                `"tool"`. A turn of another role than the assistant trains from its first text through the token that
                ends it, if the template has one.
            span_weights: factors in the loss of the parts of each turn of the assistant: `{"reasoning": 0.5,
                "calls": 1, "content": 1}`. What is not named has the weight 1; what has 0 does not train. Other
                weights add `segment_weights` in `tokenize`, as `weights=True` does. The ids are the same with all
                weights.
            history: `"as_rendered"` renders a conversation once, and all its turns train in one row. `"split_turns"`
                makes a row of each turn that trains: the prompt at inference, character by character, then the turn.
                It adds the column `message`, the number of the message that trains, from 0.
            on_dropped: what happens to a row of which the template prints nothing of a text (`not_printed`), or not
                all (`cut`). `"keep"` counts it as a finding.
            on_open_end: what happens to a row of whose last turn the template prints no end (`no_end_token`). `"keep"`
                trains the turn as it is; `"append_eos"` puts the EOS token after it, which trains.
            tool_arguments: `"parse"` gives the template arguments of calls as objects, also where the data has them
                as text, as inference servers do; `"verbatim"` leaves messages of OpenAI's form as they are.
            kwargs_column: a column of objects with variables of the template, such as `{"enable_thinking": false}`.
                They take the place of the `template_kwargs` of the format; null has none. The column stays.
            weights: whether messages may have weights other than 0 and 1. Then `tokenize` adds `segment_weights`.
                Default: such rows are rejected as `unused_weight`.
            rejected: the template of the other answer, such as `"{rejected}"`, with at least one column; the completion
                is the preferred one. For a `PromptFormat`, as `label`.
            label: the column of booleans that says whether the completion is a good answer.
            on_same_answers: what happens to a row whose two answers are the same text, or have the same ids
                (`same_answers`).
            on_untrained: what happens to a row with text within an answer that must not train, such as the result of a
                tool (`untrained_within`). `"keep"` is for reward models; `PreparedData.dpo` and `kto` refuse such rows.
                For a `ChatFormat`.

        Raises:
            PlanError: `no_dialect`, at `explain()` or the sink: it is not known which columns hold the conversations.
                `dialect_refused`: rows of plain text.
        """
        if not isinstance(prompt_format, RowFormat):
            raise option_checks.bad_option(
                f"format: `prompt_format` must be a PromptFormat or a ChatFormat; got {type(prompt_format).__name__}",
                'write format(fastprep.PromptFormat("{instruction}", completion="{output}"))',
            )
        if isinstance(prompt_format, ChatFormat):
            if on_collision != "reject":
                raise option_checks.bad_option("format: `on_collision` is for a PromptFormat", "leave it out")
            if rejected is not None or label is not None:
                raise option_checks.bad_option(
                    "format: `rejected` and `label` are for a PromptFormat",
                    "name the columns of conversations by read_as",
                )
            is_read = any(step["verb"] == "read_as" for step, _ in self._steps)
            rows = self if is_read else self._read_as(dialect="auto", columns=None)
            chosen: dict[str, str] = dict(train=train, on_dropped=on_dropped, tool_arguments=tool_arguments)
            # These came later: plans that do not use them stay as they were.
            later = {"history": (history, "as_rendered"), "on_open_end": (on_open_end, "reject")}
            if kwargs_column is not None:
                chosen["kwargs_column"] = kwargs_column
            roles = option_checks.texts("format", "roles_to_train", roles_to_train)
            parts: dict[str, Any] = {} if roles == ["assistant"] else {"roles_to_train": roles}
            if factors := _span_weights(span_weights):
                parts["span_weights"] = factors
            has_weights = option_checks.boolean("format", "weights", weights)
            chosen |= {name: given for name, (given, default) in later.items() if given != default}
            return rows._push(
                "format_chat",
                format=json.loads(prompt_format.to_json()),
                **{name: option_checks.text("format", name, word) for name, word in chosen.items()},
                weights=has_weights or any(weight not in (0, 1) for weight in factors.values()),
                **parts,
                **_given(on_same_answers=on_same_answers, on_untrained=on_untrained),
            )
        of_words = (train, history, on_dropped, on_open_end, tool_arguments, on_untrained)
        of_chats = (*of_words, roles_to_train, span_weights, kwargs_column, weights)
        if of_chats != ("all", "as_rendered", "reject", "reject", "parse", "reject", "assistant", None, None, False):
            raise option_checks.bad_option(
                "format: `train`, `roles_to_train`, `span_weights`, `history`, `on_dropped`, `on_open_end`, "
                "`tool_arguments`, `kwargs_column`, `weights` and `on_untrained` are for a ChatFormat",
                "leave them out",
            )
        answers = {"rejected": rejected, "label": label}
        return self._push(
            "format",
            format=json.loads(prompt_format.to_json()),
            on_collision=option_checks.text("format", "on_collision", on_collision),
            rendered_by=None,
            **{name: option_checks.text("format", name, text) for name, text in answers.items() if text is not None},
            **_given(on_same_answers=on_same_answers),
        )


def _given(**policies: str) -> dict[str, str]:
    """The policies that are not the default."""
    checked = {name: option_checks.text("format", name, word) for name, word in policies.items()}
    return {name: word for name, word in checked.items() if word != "reject"}


def _span_weights(given: Any) -> dict[str, float]:
    """The weights of the kinds of texts, without those that are 1."""
    if given is None:
        return {}
    known = WORDS["SpanKind"]
    if not isinstance(given, Mapping):
        raise option_checks.bad_option(
            f"format: `span_weights` must be a mapping from {', '.join(known)}; got {given!r}",
            'write span_weights={"reasoning": 0.5}',
        )
    for kind in given:
        if kind not in known:
            meant = option_checks.did_you_mean(kind, known) if isinstance(kind, str) else ""
            raise option_checks.bad_option(
                f"format: `span_weights` has no kind {kind!r}: the kinds are {', '.join(known)}{meant}"
            )
    weights = {
        kind: option_checks.number("format", f"span_weights[{kind!r}]", given[kind]) for kind in known if kind in given
    }
    return {kind: weight for kind, weight in weights.items() if weight != 1}
