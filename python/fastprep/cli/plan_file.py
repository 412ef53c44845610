"""Plans in TOML: a table `source`, a list of `step` tables in order, and a table `sink`."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import fastprep as fp
from fastprep import options as checks
from fastprep.exceptions import FastprepError, PlanError, SourceError
from fastprep.pipeline import sink_options

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")
Table = dict[str, Any]
SCANS = {"jsonl": fp.scan_jsonl, "parquet": fp.scan_parquet}


@dataclass(frozen=True)
class Planned:
    """A pipeline and where it goes."""

    pipeline: fp.Pipeline
    sink: Table

    def run(self) -> fp.Report:
        """Run into the folder that the file names."""
        return self.pipeline.sink(**self.sink)


def read_plan(path: Path) -> Planned:
    """Read a plan file; paths in it are taken as they stand, from the current folder.

    Raises:
        SourceError: the file cannot be read.
        PlanError: it is no TOML, or names a table, a verb or an option that there is not.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise SourceError.new(f"the plan file cannot be read: {e.strerror}", code="cannot_read", path=path) from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise _wrong(path, f"the plan file is no TOML: {e}") from e
    _check_shape(data, path)
    pipeline = _source(data["source"], path)
    for number, step in enumerate(data.get("step", []), 1):
        pipeline = _step(pipeline, f"step {number}", dict(step), path)
    sink = {"formats": ["arrow"], **data["sink"]}
    _call(sink_options, "[sink]", path, sink["path"], **{name: sink[name] for name in sink if name != "path"})
    return Planned(pipeline, sink)


def _wrong(path: Path, what: str, help: str | None = None) -> PlanError:
    return PlanError.new(what, code="bad_plan_file", path=path, help=help)


def _check_shape(data: Table, path: Path) -> None:
    for name in data:
        if name not in ("source", "step", "sink"):
            meant = checks.did_you_mean(name, ("source", "step", "sink"))
            raise _wrong(path, f"there is a table [{name}]{meant}", "a plan file has [source], [[step]] and [sink]")
    for name in ("source", "sink"):
        if not isinstance(data.get(name), dict):
            raise _wrong(path, f"there is no table [{name}]", 'it needs [source] jsonl = "…" and [sink] path = "…"')
    if not isinstance(data["sink"].get("path"), str):
        raise _wrong(path, "[sink] has no path", 'write path = "out" below [sink]')
    steps = data.get("step", [])
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise _wrong(path, "`step` is not a list of tables", "write each step below a line [[step]]")


def _source(source: Table, path: Path) -> fp.Pipeline:
    kinds = [kind for kind in SCANS if kind in source]
    if len(kinds) != 1:
        meant = "".join(checks.did_you_mean(name, SCANS) for name in source if name not in SCANS)
        raise _wrong(path, f"[source] does not name one input{meant}", 'write jsonl = "raw/*.jsonl" or parquet = "…"')
    options = dict(source)
    inputs = options.pop(kinds[0])
    return _call(SCANS[kinds[0]], "[source]", path, inputs, **options)


def _step(pipeline: fp.Pipeline, number: str, step: Table, path: Path) -> fp.Pipeline:
    verb = step.pop("verb", None)
    if verb not in VERBS:
        meant = checks.did_you_mean(str(verb), VERBS)
        raise _wrong(path, f"{number} has the verb {verb!r}{meant}", f"verbs are {', '.join(VERBS)}")
    return VERBS[verb](pipeline, step, f"{number} ({verb})", path)


def _verb(name: str) -> Callable[[fp.Pipeline, Table, str, Path], fp.Pipeline]:
    """A verb whose options are the keys of its table."""

    def call(pipeline: fp.Pipeline, step: Table, where: str, path: Path) -> fp.Pipeline:
        verb: Callable[..., fp.Pipeline] = getattr(pipeline, name)
        return _call(verb, where, path, **step)

    return call


def _of_columns(name: str) -> Callable[[fp.Pipeline, Table, str, Path], fp.Pipeline]:
    """A verb that takes columns."""

    def call(pipeline: fp.Pipeline, step: Table, where: str, path: Path) -> fp.Pipeline:
        names = _take(step, "columns", where, path, 'columns = ["prompt", "completion"]')
        verb: Callable[..., fp.Pipeline] = getattr(pipeline, name)
        return _call(verb, where, path, names, **step)

    return call


def _rename(pipeline: fp.Pipeline, step: Table, where: str, path: Path) -> fp.Pipeline:
    return _call(pipeline.rename, where, path, step)


def _filter(pipeline: fp.Pipeline, step: Table, where: str, path: Path) -> fp.Pipeline:
    sql = _take(step, "sql", where, path, "sql = \"lang = 'en'\"")
    for name in step:
        raise _wrong(path, f"{where}: there is no option `{name}`", "its one option is sql")
    return _call(pipeline.filter, where, path, _expression(sql, "sql", where, path))


def _with_columns(pipeline: fp.Pipeline, step: Table, where: str, path: Path) -> fp.Pipeline:
    made = {name: _expression(sql, name, where, path) for name, sql in step.items()}
    return _call(pipeline.with_columns, where, path, **made)


def _format(pipeline: fp.Pipeline, step: Table, where: str, path: Path) -> fp.Pipeline:
    options = {name: step.pop(name) for name in ("on_collision",) if name in step}
    if "rendered" in step:
        return _call(pipeline.format, where, path, _call(_rendered, where, path, **step), **options)
    prompt = _take(step, "prompt", where, path, 'prompt = "{instruction}"')
    _take(dict(step), "completion", where, path, 'completion = "{output}"')
    made = _call(_prompt_format, where, path, prompt, **step)
    return _call(pipeline.format, where, path, made, **options)


def _prompt_format(
    prompt: Any, *, completion: Any, separator: Any = "\n##\n", stop: Any = "\n###\n", eos: Any = None
) -> fp.PromptFormat:
    texts = {"prompt": prompt, "completion": completion, "separator": separator, "stop": stop}
    checked = {name: checks.text("format", name, given) for name, given in texts.items()}
    return fp.PromptFormat(checked.pop("prompt"), **checked, eos=_eos(eos))


def _rendered(*, rendered: Any, stop: Any = None, eos: Any = None) -> fp.PromptFormat:
    column = checks.text("format", "rendered", rendered)
    stop = None if stop is None else checks.text("format", "stop", stop)
    return fp.PromptFormat.rendered(column, stop=stop, eos=_eos(eos))


def _eos(eos: Any) -> bool | None:
    return None if eos is None else checks.flag("format", "eos", eos)


def _tokenize(pipeline: fp.Pipeline, step: Table, where: str, path: Path) -> fp.Pipeline:
    tokenizer = _take(step, "tokenizer", where, path, 'tokenizer = "folder/tokenizer.json"')
    return _call(pipeline.tokenize, where, path, tokenizer, **step)


VERBS: dict[str, Callable[[fp.Pipeline, Table, str, Path], fp.Pipeline]] = {
    "select": _of_columns("select"),
    "drop": _of_columns("drop"),
    "rename": _rename,
    "filter": _filter,
    "with_columns": _with_columns,
    "format": _format,
    "tokenize": _tokenize,
    **{name: _verb(name) for name in ("with_row_index", "head", "validate", "dedup", "split", "shuffle", "pack")},
}


def _take(step: Table, name: str, where: str, path: Path, example: str) -> Any:
    if name not in step:
        raise _wrong(path, f"{where}: `{name}` is missing", f"write {example}")
    return step.pop(name)


def _expression(sql: Any, name: str, where: str, path: Path) -> Any:
    import polars as pl

    if not isinstance(sql, str):
        raise _wrong(path, f"{where}: {name} = {sql!r} is not a string of SQL", 'write it as in "LENGTH(prompt)"')
    try:
        return pl.sql_expr(sql)
    except pl.exceptions.PolarsError as e:
        raise _wrong(path, f"{where}: {name} = {sql!r} is not polars SQL: {e}") from e


def _check_options(function: Callable[..., Any], options: Table, where: str, path: Path, given: int = 0) -> None:
    parameters = inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    known = [name for name in parameters if name != "self"][given:]
    for name in options:
        if name not in known:
            meant = checks.did_you_mean(name, known)
            raise _wrong(path, f"{where}: there is no option `{name}`{meant}", f"options are {', '.join(known)}")


def _call(function: Callable[..., T], where: str, path: Path, *args: Any, **options: Any) -> T:
    """The verb's answer; what it minds is told with the file and the step."""
    _check_options(function, options, where, path, len(args))
    try:
        return function(*args, **options)
    except FastprepError as e:
        what = str(e).split("\n  ")[0]
        for verb in (function.__name__, "sink", "format"):
            what = what.removeprefix(f"{verb}: ")
        raise type(e).new(f"{where}: {what}", code=e.code, column=e.column, path=path, help=e.help) from e
    except TypeError as e:
        raise _wrong(path, f"{where}: {e}") from e
