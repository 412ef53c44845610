"""Plans in TOML: a table `source`, a list of `step` tables in order, and a table `sink`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import fastprep as fp
from fastprep.exceptions import PlanError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VERBS = ("select", "rename", "filter", "with_columns", "head", "validate", "format", "dedup", "split", "tokenize",
         "shuffle")  # fmt: skip


@dataclass(frozen=True)
class Planned:
    """A pipeline and where it goes."""

    pipeline: fp.Pipeline
    sink: dict[str, Any]

    def run(self) -> fp.Report:
        """Run into the folder that the file names."""
        options = dict(self.sink)
        return self.pipeline.sink(options.pop("path"), formats=options.pop("formats", ["arrow"]), **options)


def read_plan(path: Path) -> Planned:
    """Read a plan file; paths in it are taken as they stand, from the current folder.

    Raises:
        SourceError: the file cannot be read.
        PlanError: it is no TOML, or names a verb or an option that there is not.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise SourceError(f"the plan file cannot be read: {e.strerror}\n  at {path}", code="cannot_read") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise PlanError(f"the plan file is no TOML: {e}\n  at {path}", code="bad_plan_file") from e
    for name in ("source", "sink"):
        if not isinstance(data.get(name), dict):
            raise _wrong(f"there is no table [{name}]", path, 'it needs [source] jsonl = "…" and [sink] path = "…"')
    if "path" not in data["sink"]:
        raise _wrong("[sink] has no path", path, 'write path = "out" below [sink]')
    pipeline = _source(data["source"], path)
    for number, step in enumerate(data.get("step", [])):
        pipeline = _step(pipeline, number, dict(step), path)
    return Planned(pipeline, data["sink"])


def _wrong(what: str, path: Path, help: str) -> PlanError:
    return PlanError(f"{what}\n  at {path}\n  help: {help}", code="bad_plan_file", path=str(path), help=help)


def _source(source: dict[str, Any], path: Path) -> fp.Pipeline:
    scans: dict[str, Callable[..., fp.Pipeline]] = {"jsonl": fp.scan_jsonl, "parquet": fp.scan_parquet}
    kinds = [kind for kind in scans if kind in source]
    if len(kinds) != 1:
        raise _wrong("[source] names no input", path, 'write jsonl = "raw/*.jsonl.gz" or parquet = "…"')
    options = {name: value for name, value in source.items() if name != kinds[0]}
    return _call(scans[kinds[0]], "source", path, source[kinds[0]], **options)


def _step(pipeline: fp.Pipeline, number: int, step: dict[str, Any], path: Path) -> fp.Pipeline:
    import polars as pl

    verb = step.pop("verb", None)
    if verb not in VERBS:
        raise _wrong(f"step {number} has the verb {verb!r}", path, f"verbs are {', '.join(VERBS)}")
    try:
        if verb == "filter":
            return pipeline.filter(pl.sql_expr(step["sql"]))
        if verb == "with_columns":
            return pipeline.with_columns(**{name: pl.sql_expr(sql) for name, sql in step.items()})
    except (KeyError, pl.exceptions.PolarsError) as e:
        raise _wrong(f"step {number} ({verb}): {e}", path, "filter takes sql = …; with_columns name = \"sql\"") from e
    if verb == "select":
        return pipeline.select(step["columns"])
    if verb == "rename":
        return pipeline.rename(step)
    if verb == "format":
        on_collision = step.pop("on_collision", "reject")
        template = step.pop("prompt", "{prompt}")
        made: fp.PromptFormat = _call(fp.PromptFormat, verb, path, template, **step)
        return pipeline.format(made, on_collision=on_collision)
    if verb == "tokenize":
        return _call(pipeline.tokenize, verb, path, step.pop("tokenizer", None), **step)
    return _call(getattr(pipeline, verb), verb, path, **step)


def _call(function: Callable[..., Any], verb: str, path: Path, *args: Any, **options: Any) -> Any:
    try:
        return function(*args, **options)
    except TypeError as e:
        raise _wrong(f"{verb}: {e}", path, f"see the options of {verb} in the docs") from e
