"""The sources, verbs and options of plan files: they are the methods and parameters of the Python interface.

So a new verb or option of `Pipeline` also works in plan files. This file has only what differs there: SQL for
expressions, and the texts of a prompt format.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import fastprep as fp
from fastprep import option_checks as checks
from fastprep.cli.sql_expressions import read_sql
from fastprep.exceptions import PlanError
from fastprep.sink_options import sink_options
from fastprep.sources.registry import file_sources

T = TypeVar("T")
Options = dict[str, Any]

SCANS = file_sources()
"""The functions that start a pipeline, by the key of `[source]` that names the input."""

PATHS = {"tokenize": "tokenizer", "dedup": "against", "format": "chat_template"}
"""The option of a verb that is a path, or several."""


def bad_plan_file(what: str, help: str | None = None) -> PlanError:
    """The error for a wrong plan file."""
    return PlanError.new(what, code="bad_plan_file", help=help)


def _expression(sql: Any, name: str) -> Any:
    if not isinstance(sql, str):
        raise bad_plan_file(f"{name} = {sql!r} is not a string of SQL", 'write a string such as "LENGTH(prompt)"')
    try:
        return read_sql(sql)
    except ValueError as e:
        raise bad_plan_file(f"{name} = {e}") from e


def _filter(self: fp.Pipeline, *, sql: Any) -> fp.Pipeline:
    return self.filter(_expression(sql, "sql"))


def _with_columns(self: fp.Pipeline, **columns: Any) -> fp.Pipeline:
    return self.with_columns(**{name: _expression(sql, name) for name, sql in columns.items()})


def _rename(self: fp.Pipeline, **names: Any) -> fp.Pipeline:
    return self.rename(names)


def _prompt_format(**texts: Any) -> fp.PromptFormat:
    return fp.PromptFormat(**_checked(texts))


def _rendered(*, rendered: Any, **texts: Any) -> fp.PromptFormat:
    return fp.PromptFormat.rendered(checks.text("format", "rendered", rendered), **_checked(texts))


def _checked(parts: Options) -> Options:
    """The parts of a prompt format, checked. All are texts except `eos`."""
    check = {"eos": checks.boolean}
    return {name: check.get(name, checks.text)("format", name, value) for name, value in parts.items()}


def _format(self: fp.Pipeline, **options: Any) -> fp.Pipeline:
    settings = [name for name in options if name in inspect.signature(fp.Pipeline.format).parameters]
    kwargs = {name: options.pop(name) for name in settings}
    if "chat_template" in options:
        return self.format(fp.ChatFormat(options.pop("chat_template"), **options), **kwargs)
    make = _rendered if "rendered" in options else _prompt_format
    return self.format(make(**options), **kwargs)


def _works_in_files(method: Any) -> bool:
    """Whether it is a verb, and a file can represent its arguments."""
    if not inspect.isfunction(method) or method.__name__.startswith("_"):
        return False
    signature = inspect.signature(method)
    return signature.return_annotation == "Pipeline" and "function" not in signature.parameters


FILE_VERBS: dict[str, Callable[..., fp.Pipeline]] = {
    "filter": _filter,
    "with_columns": _with_columns,
    "rename": _rename,
    "format": _format,
}
"""Verbs whose options in a file differ from the parameters of the method."""

VERBS: dict[str, Callable[..., fp.Pipeline]] = {
    name: FILE_VERBS.get(name, method)
    for part in fp.Pipeline.__mro__
    for name, method in vars(part).items()
    if _works_in_files(method)
}


def _parameters_of(function: Callable[..., Any], *without: str) -> list[inspect.Parameter]:
    """The parameters of a function, except those in `without`."""
    return [p for p in inspect.signature(function).parameters.values() if p.name not in without]


def _verb_parameters(verb: str, options: Options) -> list[inspect.Parameter]:
    """The parameters of a verb. `format` also has the parts of the prompt format."""
    if verb != "format":
        return _parameters_of(VERBS[verb], "self")
    parts = _parameters_of(fp.PromptFormat)
    if "rendered" in options:
        parts = [inspect.Parameter("rendered", inspect.Parameter.KEYWORD_ONLY)]
        parts += _parameters_of(fp.PromptFormat.rendered, "column")
    if "chat_template" in options:
        parts = [inspect.Parameter("chat_template", inspect.Parameter.KEYWORD_ONLY)]
        parts += _parameters_of(fp.ChatFormat, "path")
    return [*parts, *_parameters_of(fp.Pipeline.format, "self", "prompt_format")]


def _check_name(name: str, parameters: list[inspect.Parameter]) -> None:
    """Raise PlanError if there is no such option; the help lists the options."""
    known = list(dict.fromkeys(p.name for p in parameters))
    if name not in known and not any(p.kind is p.VAR_KEYWORD for p in parameters):
        hint = checks.did_you_mean(name, known)
        raise bad_plan_file(f"there is no option `{name}`{hint}", f"options are {', '.join(known)}")


def check_option(verb: str, name: str) -> None:
    """Raise PlanError if the verb, `source` or `sink` has no such option."""
    if verb == "sink":
        parameters = _parameters_of(sink_options)
    elif verb == "source":
        parameters = [inspect.Parameter(kind, inspect.Parameter.KEYWORD_ONLY) for kind in SCANS]
        parameters += [p for scan in SCANS.values() for p in _parameters_of(scan, "source")]
    else:
        parameters = _verb_parameters(verb, {name: None})
    _check_name(name, parameters)


def apply(pipeline: fp.Pipeline, verb: str, options: Options) -> fp.Pipeline:
    """The pipeline with one more step."""
    return _call(VERBS[verb], _verb_parameters(verb, options), options, pipeline)


def call(function: Callable[..., T], options: Options, *first: Any) -> T:
    """Call a function with options from a file; `first` are its first arguments."""
    return _call(function, _parameters_of(function)[len(first) :], options, *first)


def _call(function: Callable[..., T], parameters: list[inspect.Parameter], options: Options, *first: Any) -> T:
    for name in options:
        _check_name(name, parameters)
    for p in parameters:
        if p.default is p.empty and p.kind is not p.VAR_KEYWORD and p.name not in options:
            raise bad_plan_file(f"the option `{p.name}` is missing", f"write {p.name} = …")
    # `select` and `drop` take columns as separate arguments.
    several = [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]
    named = {name: value for name, value in options.items() if name not in several}
    return function(*first, *(options[name] for name in several), **named)
