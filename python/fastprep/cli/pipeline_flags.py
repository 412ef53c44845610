"""The flags of the pipeline of `prepare` (inputs and steps), shared by all commands that build it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import typer

import fastprep as fp
from fastprep import words
from fastprep._fastprep import CHAT_COLUMNS, COMPLETION, LABELLED_COLUMNS, PAIR_COLUMNS, PROMPT
from fastprep.cli import flag_types as flags
from fastprep.cli.proposed_templates import templates
from fastprep.cli.sql_expressions import read_sql
from fastprep.separators_and_stops import STOP


@dataclass(frozen=True, kw_only=True)
class PipelineFlags:
    """The inputs and the steps. Each field is a flag of the commands that `with_pipeline_flags` decorates."""

    inputs: flags.Inputs
    template: flags.Template = None
    completion: flags.Completion = None
    separator: flags.Separator = flags.SEPARATOR
    stop: flags.Stop = None
    rendered: flags.Rendered = None
    eos: flags.Eos = None
    on_collision: flags.OnCollision = "reject"
    chat_template: flags.ChatTemplate = None
    now: flags.Now = None
    train: flags.Train = "all"
    roles_to_train: flags.RolesToTrain = None
    span_weight: flags.SpanWeights = None
    history: flags.History = "as_rendered"
    on_dropped: flags.OnDropped = "reject"
    on_open_end: flags.OnOpenEnd = "reject"
    kwargs_column: flags.KwargsColumn = None
    rejected: flags.Rejected = None
    label: flags.Label = None
    on_same_answers: flags.OnSameAnswers = "reject"
    on_untrained: flags.OnUntrained = "reject"
    filter: flags.Filter = None
    select: flags.Select = None
    dedup: flags.Dedup = True
    valid: flags.Valid = 0.0
    test: flags.Test = 0.0
    by: flags.By = None
    existing: flags.Existing = None
    shuffle: flags.Shuffle = True
    seed: flags.Seed = 0
    tokenizer: flags.TokenizerPath = None
    max_length: flags.MaxLength = None
    on_overflow: flags.OnOverflow = "reject"
    boundary: flags.Boundary = "part"
    special_tokens: flags.SpecialTokens = None
    pack: flags.Pack = False

    def plan(self, *, in_order: bool = False) -> fp.Pipeline:
        """The pipeline; `in_order` leaves out the step that shuffles or packs."""
        self._refuse_flags_without_effect()
        plan = self._formatted()
        if self.dedup:
            plan = plan.dedup()
        if self._shares():
            plan = plan.split(seed=self.seed, by=self.by, existing=self.existing, **self._shares())
        if self.select:
            plan = self._selected(plan)
        if self.tokenizer is not None:
            plan = plan.tokenize(
                self.tokenizer,
                max_length=self.max_length,
                on_overflow=self.on_overflow,
                boundary=self.boundary,
                special_tokens=self.special_tokens,
            )
        if in_order:
            return plan
        # Packs come out shuffled.
        if self.pack:
            return plan.pack(seed=self.seed)
        return plan.shuffle(seed=self.seed) if self.shuffle else plan

    def _formatted(self) -> fp.Pipeline:
        """The inputs with the steps up to `format`."""
        plan = scan(self.inputs)
        for sql in self.filter or ():
            plan = plan.filter(_predicate(sql))
        if self.chat_template is not None:
            chat = fp.ChatFormat(self.chat_template, now=self.now)
            return plan.format(
                chat,
                train=self.train,
                roles_to_train=cast("list[words.TrainedRole]", self.roles_to_train or ["assistant"]),
                span_weights=flags.span_weights(self.span_weight),
                history=self.history,
                on_dropped=self.on_dropped,
                on_open_end=self.on_open_end,
                kwargs_column=self.kwargs_column,
                on_same_answers=self.on_same_answers,
                on_untrained=self.on_untrained,
            )
        prompt_format = self.prompt_format()
        typer.echo(f"separator {prompt_format.separator!r}, stop {prompt_format.stop!r}", err=True)
        return plan.format(
            prompt_format,
            on_collision=self.on_collision,
            rejected=None if self.rejected is None else flags.unescape(self.rejected),
            label=self.label,
            on_same_answers=self.on_same_answers,
        )

    def prompt_format(self) -> fp.PromptFormat:
        """The format from the flags."""
        stop = None if self.stop is None else flags.unescape(self.stop)
        if self.rendered is not None:
            return fp.PromptFormat.rendered(self.rendered, stop=stop, eos=self.eos)
        template, completion = templates(self.inputs, self.template, self.completion)
        return fp.PromptFormat(
            template,
            completion=completion,
            separator=flags.unescape(self.separator),
            stop=STOP if stop is None else stop,
            eos=self.eos,
        )

    def _shares(self) -> dict[str, Any]:
        return {name: share for name, share in (("valid", self.valid), ("test", self.test)) if share}

    def _selected(self, plan: fp.Pipeline) -> fp.Pipeline:
        """The pipeline with `select`, after the split, so that columns for format and split need not be named."""
        if self.chat_template is not None:
            return plan.select(list(dict.fromkeys([*CHAT_COLUMNS, *(self.select or ())])))
        prompt_format = self.prompt_format()
        for name in self.select or ():
            if name in prompt_format.columns:
                raise typer.BadParameter(
                    f"{name!r} is a column of the templates: its text is in prompt or completion already",
                    param_hint="--select",
                )
        # Each name once, in the order of the flags.
        rendered: tuple[str, ...] = (PROMPT, COMPLETION)
        if self.rejected is not None or self.label is not None:
            rendered = PAIR_COLUMNS if self.label is None else LABELLED_COLUMNS
        return plan.select(list(dict.fromkeys([*rendered, *(self.select or ())])))

    def _refuse_flags_without_effect(self) -> None:
        of_prompts = (self.template, self.completion, self.stop, self.rendered, self.eos, self.rejected, self.label)
        is_changed = self.separator != flags.SEPARATOR or self.on_collision != "reject"
        if self.chat_template is not None and (is_changed or any(flag is not None for flag in of_prompts)):
            raise typer.BadParameter(
                "--template, --completion, --separator, --stop, --rendered, --eos, --rejected, --label and "
                "--on-collision are for prompts and completions: leave them out beside --chat-template"
            )
        of_words = (self.train, self.history, self.on_dropped, self.on_open_end, self.on_untrained)
        of_chats = (self.now, self.roles_to_train, self.span_weight, self.kwargs_column)
        is_of_chats = of_words != ("all", "as_rendered", "reject", "reject", "reject")
        if self.chat_template is None and (is_of_chats or any(flag is not None for flag in of_chats)):
            raise typer.BadParameter(
                "--now, --train, --roles-to-train, --span-weight, --history, --on-dropped, --on-open-end, "
                "--kwargs-column and --on-untrained need a "
                "--chat-template"
            )
        token_flags = (self.max_length, self.on_overflow, self.boundary, self.special_tokens)
        if self.tokenizer is None and token_flags != (None, "reject", "part", None):
            raise typer.BadParameter("--max-length, --on-overflow, --boundary and --special-tokens need a --tokenizer")
        if not self._shares() and (self.by or self.existing):
            raise typer.BadParameter("--by and --existing need a split: --valid or --test")
        if self.pack and not self.shuffle:
            raise typer.BadParameter("--pack shuffles the packs: leave --no-shuffle out")
        if self.pack and self.select:
            raise typer.BadParameter("--pack keeps only the token columns: leave --select out")


def _predicate(sql: str) -> Any:
    try:
        return read_sql(sql)
    except ValueError as e:
        raise typer.BadParameter(str(e), param_hint="--filter") from e


def scan(inputs: list[str]) -> fp.Pipeline:
    """A pipeline over the inputs, whose format is recognised by their content."""
    return fp.scan(inputs)


def with_pipeline_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Decorates a command whose first parameter is `PipelineFlags`: typer gets a parameter for each field instead."""
    fields = list(inspect.signature(PipelineFlags, eval_str=True).parameters.values())
    _, *own = inspect.signature(command, eval_str=True).parameters.values()
    parameters = [*fields, *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own)]

    @functools.wraps(command)
    def run(**values: Any) -> None:
        command(PipelineFlags(**{p.name: values.pop(p.name) for p in fields}), **values)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run
