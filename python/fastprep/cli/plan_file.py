"""Plan files: TOML with a table `source`, a list of `step` tables in order, and a table `sink`; or a plan's JSON."""

from __future__ import annotations

import glob
import tomllib
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fastprep as fp
from fastprep import options as checks
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
"""The newest version of plan files. In version 1 relative paths start at the current folder, not at the file."""

TABLES = ("version", "source", "step", "sink")


@dataclass(frozen=True)
class Planned:
    """A pipeline and where it goes."""

    pipeline: fp.Pipeline
    sink: dict[str, Any]

    def run(self) -> fp.Report:
        """Run into the folder that the file names."""
        return self.pipeline.sink(**self.sink)


def read_plan(path: Path, settings: Iterable[Setting] = (), *, runs: bool = True) -> Planned:
    """Read a plan file, and replace or add the options that `settings` names.

    Args:
        path: the file.
        settings: options from the command line.
        runs: whether it is to be run, and needs a folder to go to.

    Raises:
        SourceError: the file cannot be read.
        PlanError: it is no TOML, or names a table, a verb or an option that there is not; what `from_json` raises.
    """
    plan = _read(path)
    for setting in settings:
        if plan.pipeline is not None and setting.table != "sink":
            raise refused(f"{setting.flag}: a plan in JSON is changed where it was made; of it sink.… can be set")
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
        raise _wrong(path, f"the plan file is no TOML: {e}") from e
    _check_shape(data, path)
    steps = [_step(number, dict(step), path) for number, step in enumerate(data.get("step", []), 1)]
    source, sink = (Table(f"[{name}]", name, dict(data.get(name, {}))) for name in ("source", "sink"))
    plan = PlanFile(path, source, steps, sink)
    if data.get("version", 1) > 1:
        _start_paths_at(path.parent, plan)
    return plan


def _read_json(path: Path, text: str) -> PlanFile:
    """The JSON that `Pipeline.to_json` gave."""
    try:
        pipeline = fp.Pipeline.from_json(text)
    except FastprepError as e:
        what = str(e).split("\n  ")[0].removeprefix("from_json: ")
        raise type(e).new(what, code=e.code, column=e.column, path=path, help=e.help) from e
    return PlanFile(path, Table("[source]", "source", {}), [], Table("[sink]", "sink", {}), pipeline)


def _wrong(path: Path, what: str, help: str | None = None) -> PlanError:
    return PlanError.new(what, code="bad_plan_file", path=path, help=help)


def _check_shape(data: dict[str, Any], path: Path) -> None:
    for name in data:
        if name not in TABLES:
            meant = checks.did_you_mean(name, TABLES)
            what = f"there is a table [{name}]" if isinstance(data[name], (dict, list)) else f"there is a key `{name}`"
            raise _wrong(path, what + meant, "a plan file has version, [source], [[step]] and [sink]")
    version = data.get("version", 1)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _wrong(path, f"version = {version!r} is no version of plan files", f"write version = {VERSION}")
    if version > VERSION:
        newer = f"the plan file has version {version}, and this fastprep reads versions up to {VERSION}"
        raise _wrong(path, newer, "pip install --upgrade fastprep")
    if not isinstance(data.get("source"), dict):
        raise _wrong(path, "there is no table [source]", 'write [source] and below it jsonl = "…"')
    if not isinstance(data.get("sink", {}), dict):
        raise _wrong(path, "`sink` is not a table", "write the options of the sink below a line [sink]")
    steps = data.get("step", [])
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise _wrong(path, "`step` is not a list of tables", "write each step below a line [[step]]")


def _step(number: int, step: dict[str, Any], path: Path) -> Table:
    verb = step.pop("verb", None)
    if not isinstance(verb, str) or verb not in verbs.VERBS:
        meant = checks.did_you_mean(str(verb), verbs.VERBS)
        raise _wrong(path, f"step {number} has the verb {verb!r}{meant}", f"verbs are {', '.join(verbs.VERBS)}")
    return Table(f"step {number} ({verb})", verb, step)


def _start_paths_at(folder: Path, plan: PlanFile) -> None:
    """Make relative paths start at the folder of the plan file."""
    for kind in verbs.SCANS:
        _replace(plan.source.options, kind, lambda given: _input(folder, given))
    for step in plan.steps:
        _replace(step.options, verbs.PATHS.get(step.verb, ""), lambda given: _joined(folder, given))
    _replace(plan.sink.options, "path", lambda given: _joined(folder, given))


def _replace(options: dict[str, Any], name: str, by: Any) -> None:
    given = options.get(name)
    if isinstance(given, str):
        options[name] = by(given)
    elif isinstance(given, list):
        options[name] = [by(each) if isinstance(each, str) else each for each in given]


def _joined(folder: Path, given: str) -> str:
    """A path from this folder; an absolute one, one of the home folder, and a URL stay."""
    stays = not given or given.startswith("~") or checks.URL.match(given)
    return given if stays else str(folder / given)


def _input(folder: Path, given: str) -> str:
    """A path or a glob; standard input stays."""
    joined = given if given == STDIN else _joined(folder, given)
    if joined == given or not glob.has_magic(given) or Path(joined).exists():
        return joined
    # The folder's own name is no pattern.
    return _joined(Path(glob.escape(str(folder))), given)


def _planned(plan: PlanFile, runs: bool) -> Planned:
    pipeline = plan.pipeline or _source(plan)
    for step in plan.steps:
        with _placed(step, plan.path):
            pipeline = verbs.apply(pipeline, step.verb, step.options)
    sink = {"formats": ["arrow"], **plan.sink.options}
    if runs and "path" not in sink:
        if plan.pipeline is not None:
            raise refused("a plan in JSON names no folder to publish to", hint="--out")
        raise _wrong(plan.path, "[sink] has no path", 'write path = "out" below [sink], or give --out')
    with _placed(plan.sink, plan.path):
        verbs.call(sink_options, {"path": "", **sink})
    return Planned(pipeline, sink)


def _source(plan: PlanFile) -> fp.Pipeline:
    kinds = [kind for kind in verbs.SCANS if kind in plan.source.options]
    if len(kinds) != 1:
        meant = "".join(checks.did_you_mean(name, verbs.SCANS) for name in plan.source.options)
        ways = " or ".join(f'{kind} = "…"' for kind in verbs.SCANS)
        raise _wrong(plan.path, f"{plan.source.where} does not name one input{meant}", f"write {ways}")
    others = {name: given for name, given in plan.source.options.items() if name != kinds[0]}
    with _placed(plan.source, plan.path):
        return verbs.call(verbs.SCANS[kinds[0]], others, plan.source.options[kinds[0]])


@contextmanager
def _placed(table: Table, path: Path) -> Iterator[None]:
    """Errors name the table and the file."""
    try:
        yield
    except FastprepError as e:
        what = str(e).split("\n  ")[0]
        # The table has named the verb.
        for verb in (table.verb, *(f"scan_{kind}" for kind in verbs.SCANS)):
            what = what.removeprefix(f"{verb}: ")
        raise type(e).new(f"{table.where}: {what}", code=e.code, column=e.column, path=path, help=e.help) from e
    except TypeError as e:
        raise _wrong(path, f"{table.where}: {e}") from e
