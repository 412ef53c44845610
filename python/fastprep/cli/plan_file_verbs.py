"""Sources and verbs as a plan file writes them: the options are the parameters of the Python interface.

A new verb or option of `Pipeline` is one of plan files at once. Here is only what a file writes in another way: SQL
for expressions, and the texts of a prompt format.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import fastprep as fp
from fastprep import options as checks
from fastprep.cli.sql_expressions import read_sql
from fastprep.exceptions import PlanError
from fastprep.sink_options import sink_options
from fastprep.sources.registry import file_sources

T = TypeVar("T")
Options = dict[str, Any]

SCANS = file_sources()
"""What starts a chain, by the key of `[source]` that names the input."""

PATHS = {"tokenize": "tokenizer", "dedup": "against"}
"""The option of a verb that is a path, or several."""


def wrong(what: str, help: str | None = None) -> PlanError:
    """The error for what a plan file cannot say."""
    return PlanError.new(what, code="bad_plan_file", help=help)


def _expression(sql: Any, name: str) -> Any:
    if not isinstance(sql, str):
        raise wrong(f"{name} = {sql!r} is not a string of SQL", 'write it as in "LENGTH(prompt)"')
    try:
        return read_sql(sql)
    except ValueError as e:
        raise wrong(f"{name} = {e}") from e


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


def _checked(given: Options) -> Options:
    """The parts of a prompt format, which are all texts but for `eos`."""
    check = {"eos": checks.flag}
    return {name: check.get(name, checks.text)("format", name, value) for name, value in given.items()}


def _format(self: fp.Pipeline, **options: Any) -> fp.Pipeline:
    own = [name for name in options if name in inspect.signature(fp.Pipeline.format).parameters]
    how = {name: options.pop(name) for name in own}
    make = _rendered if "rendered" in options else _prompt_format
    return self.format(make(**options), **how)


def _is_of_data(method: Any) -> bool:
    """Whether it is a verb, and takes what a file can hold."""
    if not inspect.isfunction(method) or method.__name__.startswith("_"):
        return False
    signature = inspect.signature(method)
    return signature.return_annotation == "Pipeline" and "function" not in signature.parameters


OTHERWISE: dict[str, Callable[..., fp.Pipeline]] = {
    "filter": _filter,
    "with_columns": _with_columns,
    "rename": _rename,
    "format": _format,
}
"""Verbs whose options in a file are not those of the method."""

VERBS: dict[str, Callable[..., fp.Pipeline]] = {
    name: OTHERWISE.get(name, method) for name, method in vars(fp.Pipeline).items() if _is_of_data(method)
}


def _of(function: Callable[..., Any], *without: str) -> list[inspect.Parameter]:
    """The parameters of a function, without these."""
    return [p for p in inspect.signature(function).parameters.values() if p.name not in without]


def _parameters(verb: str, options: Options) -> list[inspect.Parameter]:
    """The parameters of a verb; those of `format` with the parts of the prompt format."""
    if verb != "format":
        return _of(VERBS[verb], "self")
    parts = _of(fp.PromptFormat)
    if "rendered" in options:
        parts = [inspect.Parameter("rendered", inspect.Parameter.KEYWORD_ONLY)]
        parts += _of(fp.PromptFormat.rendered, "column")
    return [*parts, *_of(fp.Pipeline.format, "self", "prompt_format")]


def _check_name(name: str, parameters: list[inspect.Parameter]) -> None:
    """PlanError where there is no such option; the message names the others."""
    known = list(dict.fromkeys(p.name for p in parameters))
    if name not in known and not any(p.kind is p.VAR_KEYWORD for p in parameters):
        meant = checks.did_you_mean(name, known)
        raise wrong(f"there is no option `{name}`{meant}", f"options are {', '.join(known)}")


def check_option(verb: str, name: str) -> None:
    """PlanError where the verb, `source` or `sink` has no such option."""
    if verb == "sink":
        parameters = _of(sink_options)
    elif verb == "source":
        parameters = [inspect.Parameter(kind, inspect.Parameter.KEYWORD_ONLY) for kind in SCANS]
        parameters += [p for scan in SCANS.values() for p in _of(scan, "source")]
    else:
        parameters = _parameters(verb, {name: None})
    _check_name(name, parameters)


def apply(pipeline: fp.Pipeline, verb: str, options: Options) -> fp.Pipeline:
    """The pipeline with one more step."""
    return _call(VERBS[verb], _parameters(verb, options), options, pipeline)


def call(function: Callable[..., T], options: Options, *first: Any) -> T:
    """A function of options; `first` are its first arguments."""
    return _call(function, _of(function)[len(first) :], options, *first)


def _call(function: Callable[..., T], parameters: list[inspect.Parameter], options: Options, *first: Any) -> T:
    for name in options:
        _check_name(name, parameters)
    for p in parameters:
        if p.default is p.empty and p.kind is not p.VAR_KEYWORD and p.name not in options:
            raise wrong(f"`{p.name}` is missing", f"write {p.name} = …")
    # `select` and `drop` take their columns one by one, or as a list.
    several = [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]
    named = {name: value for name, value in options.items() if name not in several}
    return function(*first, *(options[name] for name in several), **named)
