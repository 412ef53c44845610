"""Reads plan files: TOML with a table `source`, `step` tables in order, and a table `sink`; or a plan as JSON."""

from __future__ import annotations

import glob
import tomllib
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fastprep as fp
from fastprep import option_checks as checks
from fastprep._fastprep import STDIN
from fastprep.cli import plan_file_verbs as verbs
from fastprep.cli.plan_file_tables import PlanFile, Table
from fastprep.cli.set_option import refused
from fastprep.exceptions import FastprepError, PlanError, SourceError
from fastprep.sink_options import sink_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastprep.cli.set_option import Setting

VERSION = 2
"""The newest version of plan files. In version 1, relative paths start at the current folder, not at the file."""

TABLES = ("version", "source", "step", "sink")


@dataclass(frozen=True)
class Planned:
    """A pipeline, and the options of its sink."""

    pipeline: fp.Pipeline
    sink: dict[str, Any]

    def run(self) -> fp.Report:
        """Run the pipeline and publish to the folder in `sink`."""
        return self.pipeline.sink(**self.sink)


def read_plan(path: Path, settings: Iterable[Setting] = (), *, runs: bool = True) -> Planned:
    """Read a plan file, and replace or add the options that `settings` names.

    Args:
        path: the file.
        settings: options from the command line.
        runs: whether the plan will be run, and so needs a folder.

    Raises:
        SourceError: the file cannot be read.
        PlanError: it is not TOML, or names an unknown table, verb or option; also what `from_json` raises.
    """
    plan = _read(path)
    for setting in settings:
        if plan.pipeline is not None and setting.table != "sink":
            raise refused(f"{setting.flag}: of a plan in JSON, only options of sink can be set")
        setting.apply(plan)
    return _planned(plan, runs)


def _read(path: Path) -> PlanFile:
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            return _read_json(path, text)
        data = tomllib.loads(text)
    except OSError as e:
        raise SourceError.new(f"the plan file cannot be read: {e.strerror}", code="cannot_read", path=path) from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as e:
        raise _bad_file(path, f"the plan file is not valid TOML: {e}") from e
    _check_shape(data, path)
    steps = [_step(number, dict(step), path) for number, step in enumerate(data.get("step", []), 1)]
    source, sink = (Table(f"[{name}]", name, dict(data.get(name, {}))) for name in ("source", "sink"))
    plan = PlanFile(path, source, steps, sink)
    if data.get("version", 1) > 1:
        _start_paths_at(path.parent, plan)
    return plan


def _read_json(path: Path, text: str) -> PlanFile:
    """Read the text from `Pipeline.to_json`."""
    try:
        pipeline = fp.Pipeline.from_json(text)
    except FastprepError as e:
        what = str(e).split("\n  ")[0].removeprefix("from_json: ")
        raise type(e).new(what, code=e.code, column=e.column, path=path, help=e.help) from e
    return PlanFile(path, Table("[source]", "source", {}), [], Table("[sink]", "sink", {}), pipeline)


def _bad_file(path: Path, what: str, help: str | None = None) -> PlanError:
    return PlanError.new(what, code="bad_plan_file", path=path, help=help)


def _check_shape(data: dict[str, Any], path: Path) -> None:
    for name in data:
        if name not in TABLES:
            hint = checks.did_you_mean(name, TABLES)
            what = f"unknown table [{name}]" if isinstance(data[name], (dict, list)) else f"unknown key `{name}`"
            raise _bad_file(path, what + hint, "a plan file may contain version, [source], [[step]] and [sink]")
    version = data.get("version", 1)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _bad_file(path, f"version = {version!r} is not a version of plan files", f"write version = {VERSION}")
    if version > VERSION:
        newer = f"the plan file has version {version}, but this fastprep reads versions up to {VERSION}"
        raise _bad_file(path, newer, "pip install --upgrade fastprep")
    if not isinstance(data.get("source"), dict):
        raise _bad_file(path, "the table [source] is missing", 'write [source], and jsonl = "…" below it')
    if not isinstance(data.get("sink", {}), dict):
        raise _bad_file(path, "`sink` is not a table", "write the options of the sink below a line [sink]")
    steps = data.get("step", [])
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise _bad_file(path, "`step` is not a list of tables", "write each step below a line [[step]]")


def _step(number: int, step: dict[str, Any], path: Path) -> Table:
    verb = step.pop("verb", None)
    if not isinstance(verb, str) or verb not in verbs.VERBS:
        hint = checks.did_you_mean(str(verb), verbs.VERBS)
        known = f"verbs are {', '.join(verbs.VERBS)}"
        raise _bad_file(path, f"step {number} has the unknown verb {verb!r}{hint}", known)
    return Table(f"step {number} ({verb})", verb, step)


def _start_paths_at(folder: Path, plan: PlanFile) -> None:
    """Make relative paths start at the folder of the plan file."""
    for kind in verbs.SCANS:
        _replace(plan.source.options, kind, lambda path: _input(folder, path))
    for step in plan.steps:
        _replace(step.options, verbs.PATHS.get(step.verb, ""), lambda path: _joined(folder, path))
    _replace(plan.sink.options, "path", lambda path: _joined(folder, path))


def _replace(options: dict[str, Any], name: str, by: Any) -> None:
    path = options.get(name)
    if isinstance(path, str):
        options[name] = by(path)
    elif isinstance(path, list):
        options[name] = [by(each) if isinstance(each, str) else each for each in path]


def _joined(folder: Path, path: str) -> str:
    """The path relative to this folder. Absolute paths, paths from `~`, and URLs stay."""
    stays = not path or path.startswith("~") or checks.URL.match(path)
    return path if stays else str(folder / path)


def _input(folder: Path, path: str) -> str:
    """A path or a glob, relative to this folder; standard input stays."""
    joined = path if path == STDIN else _joined(folder, path)
    if joined == path or not glob.has_magic(path) or Path(joined).exists():
        return joined
    # The name of the folder is not a pattern.
    return _joined(Path(glob.escape(str(folder))), path)


def _planned(plan: PlanFile, runs: bool) -> Planned:
    pipeline = plan.pipeline or _source(plan)
    for step in plan.steps:
        with _with_place(step, plan.path):
            pipeline = verbs.apply(pipeline, step.verb, step.options)
    sink = {"formats": ["arrow"], **plan.sink.options}
    if runs and "path" not in sink:
        if plan.pipeline is not None:
            raise refused("a plan in JSON has no folder to publish to", hint="--out")
        raise _bad_file(plan.path, "[sink] needs a path", 'write path = "out" below [sink], or give --out')
    with _with_place(plan.sink, plan.path):
        verbs.call(sink_options, {"path": "", **sink})
    return Planned(pipeline, sink)


def _source(plan: PlanFile) -> fp.Pipeline:
    kinds = [kind for kind in verbs.SCANS if kind in plan.source.options]
    if len(kinds) != 1:
        hint = "".join(checks.did_you_mean(name, verbs.SCANS) for name in plan.source.options)
        keys = " or ".join(f'{kind} = "…"' for kind in verbs.SCANS)
        raise _bad_file(plan.path, f"{plan.source.where} must name exactly one input{hint}", f"write {keys}")
    others = {name: value for name, value in plan.source.options.items() if name != kinds[0]}
    with _with_place(plan.source, plan.path):
        return verbs.call(verbs.SCANS[kinds[0]], others, plan.source.options[kinds[0]])


@contextmanager
def _with_place(table: Table, path: Path) -> Iterator[None]:
    """Add the table and the file to errors."""
    try:
        yield
    except FastprepError as e:
        what = str(e).split("\n  ")[0]
        # The name of the table includes the verb.
        for verb in (table.verb, *(f"scan_{kind}" for kind in verbs.SCANS)):
            what = what.removeprefix(f"{verb}: ")
        raise type(e).new(f"{table.where}: {what}", code=e.code, column=e.column, path=path, help=e.help) from e
    except TypeError as e:
        raise _bad_file(path, f"{table.where}: {e}") from e
