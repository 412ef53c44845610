"""`lint`: whether files of conversations would be accepted where models are fine-tuned."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastprep import _fastprep, option_checks
from fastprep.exceptions import PlanError
from fastprep.inspection.all_rows import all_rows

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from fastprep.words import Target

WIDTH = 80


@dataclass(frozen=True)
class Problem:
    """A limit of the target that is broken."""

    code: str
    """The stable name; the page "Provider files" lists all of them."""
    severity: str
    """`"error"`: by its source the file is refused, or the job fails. `"warning"`: the sources do not say so, or
    disagree; or it is accepted, and something is ignored."""
    limit: str
    """The limit in words."""
    fix: str
    """What to do."""
    source: str
    """The address where the limit is written."""
    seen: str
    """The day on which it was read there, as `2026-11-29`."""
    count: int
    """The files or rows that break it."""
    places: list[dict[str, Any]]
    """The first, at most ten: `file`, `line` (from 1; None for a whole file) and `detail`, what was found."""


class Lint:
    """What `lint` found. `print(result)` is for people, `to_dict()` for programs."""

    __slots__ = ("_data",)

    def __init__(self, text: str) -> None:
        """The result of the core as JSON."""
        self._data: dict[str, Any] = json.loads(text)

    @property
    def refused(self) -> bool:
        """Whether an error was found: a file would be refused, or its job would fail."""
        return bool(self._data["refused"])

    @property
    def problems(self) -> list[Problem]:
        """The limits that are broken, errors first."""
        return [Problem(**problem) for problem in self._data["problems"]]

    @property
    def limits(self) -> list[dict[str, str]]:
        """All limits of the target: `code`, `severity`, `limit`, `fix`, `source`, `seen`."""
        return [dict(limit) for limit in self._data["limits"]]

    def to_dict(self) -> dict[str, Any]:
        """Everything that was found, as a new dictionary of values that JSON can represent."""
        copy: dict[str, Any] = json.loads(json.dumps(self._data))
        return copy

    def __repr__(self) -> str:
        return f"Lint({self._data['target']}, {len(self._data['problems'])} problems)"

    def __str__(self) -> str:
        return "\n".join(_lines(self._data))


def lint(
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    target: Target,
    *,
    valid: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    rows: str | os.PathLike[str] | None = None,
    threads: int | None = None,
) -> Lint:
    """Look at files of conversations as a provider or a trainer would: which limits they break. Changes no file.

    Each file is one upload. It is seen as it is stored: a byte order mark, blank lines, unknown keys and broken lines
    are problems, not errors of reading. All rows are read; memory does not grow with them, except with those of
    `valid`: 48 bytes for each conversation, times 1.1 to 2.3.

    Args:
        files: files for training.
        target: where the files will be used.
        valid: files for validation. They have the same limits, and no conversation of them may be in `files`:
            conversations are equal if their `messages` and `tools`, or their input and outputs, are equal as JSON,
            whatever else their rows hold.
        rows: a file for all problems, as JSON lines with `code`, `severity`, `file`, `line` and `detail`, in the order
            in which files are read, those of `valid` first. It is replaced once it is complete.
        threads: worker threads; all cores by default. They do not change the result.

    Raises:
        PlanError: `bad_option`: the target is unknown. `no_input`: there is no file.
        SourceError: a file does not exist, or cannot be read.
        PublishError: `cannot_write`: the file of `rows` cannot be written.
    """
    paths = option_checks.paths("lint", "files", files)
    if not paths:
        raise PlanError.new("lint: there are no files", code="no_input", help="pass at least one path")
    others = option_checks.paths("lint", "valid", valid)
    threads = option_checks.optional_whole_number("lint", "threads", threads, 1)
    target_name = option_checks.text("lint", "target", target)
    with all_rows(rows, "lint") as file:
        return Lint(_fastprep.lint(paths, others, target_name, threads, file))


def _lines(data: dict[str, Any]) -> list[str]:
    """The verdict, the files, and each problem with its places."""
    errors = sum(problem["severity"] == "error" for problem in data["problems"])
    warnings = len(data["problems"]) - errors
    verdict = "would be refused" if data["refused"] else "no reason to refuse"
    counts = f"{_number(errors, 'error')}, {_number(warnings, 'warning')}"
    shown = [f"{data['target']} ({data['title']}): {verdict}; {counts}"]
    if closing := data["closing"]:
        shown += _wrapped(f"note: {closing['text']} ({closing['source']})", "  ")
    for file in data["files"]:
        unread = f", {_number(file['lines_not_read'], 'line')} too long to be read" if file["lines_not_read"] else ""
        valid = " (valid)" if file["part"] == "valid" else ""
        shown.append(f"{file['file']}{valid}: {_number(file['rows'], 'row')}, {_number(file['bytes'], 'byte')}{unread}")
    for problem in data["problems"]:
        shown += ["", f"{problem['severity']}[{problem['code']}] {problem['count']:,}: {problem['limit']}"]
        shown += [f"  {_place(place)}: {place['detail']}" for place in problem["places"][:3]]
        shown += _wrapped(f"fix: {problem['fix']}", "  ")
        shown.append(f"  source: {problem['source']}, seen {problem['seen']}")
    return shown


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _place(place: dict[str, Any]) -> str:
    return place["file"] if place["line"] is None else f"{place['file']}:{place['line']}"


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
