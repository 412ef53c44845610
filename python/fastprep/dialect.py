"""`Dialect`: what the rows of a data set mean, as `Pipeline.dialect` finds out."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from fastprep.exceptions import PlanError
from fastprep.row_format import FORMATS

if TYPE_CHECKING:
    from fastprep.prompt_format import PromptFormat

Place = dict[str, Any]
"""Where a row is: `file` (name), `row` (from 0), `line` (from 1, or None)."""


@dataclass(frozen=True)
class Dialect:
    """What the rows of a data set mean, and how that was found out. `print(dialect)` shows it on one screen."""

    name: str
    """The dialect, such as `"pairs"`, or `"unknown"`."""
    title: str | None
    """What a row is, in a few words. None if unknown."""
    columns: dict[str, str]
    """The column of each part: `{"prompt": "question", "completion": "answer"}`."""
    why: list[str]
    """Why, in sentences."""
    rows: int
    """Rows that were looked at: the first 1,000 of each file, within 1 MiB."""
    fits: int
    """How many of these the dialect reads."""
    misfits: list[dict[str, Any]]
    """The first rows that it does not read: `place`, and `why`."""
    layouts: list[dict[str, Any]]
    """The layouts of the rows: `dialect`, `columns`, `rows`, and the place of the `first` row."""
    sample: list[dict[str, Any]]
    """Two rows as they are read: `tools`, `label`, and `turns` with `role`, `branch`, `texts`, `reasoning`, `calls` and
    `weight`."""
    refusal: str | None
    """For a dialect that is recognised and not supported: why not, and what to do."""
    templates: tuple[str, str] | None
    """The templates of prompt and completion that `prompt_format` uses."""

    @classmethod
    def _from_json(cls, text: str) -> Self:
        found = json.loads(text)
        templates = found.pop("templates")
        return cls(**found, templates=None if templates is None else tuple(templates))

    @property
    def share(self) -> float:
        """The share of the rows that fit, from 0 to 1."""
        return self.fits / self.rows if self.rows else 0.0

    def prompt_format(self) -> PromptFormat | None:
        """A format that works as it is, for pairs, Alpaca and classification sets; None for all others.

        Columns that may be empty are in optional parts of the template. Separator and stop are the defaults: check them
        with `PromptFormat.check`, or find others with `PromptFormat.suggest`.
        """
        if self.templates is None:
            return None
        prompt, completion = self.templates
        try:
            made: PromptFormat = FORMATS["PromptFormat"](prompt, completion=completion)
            return made
        except PlanError:
            # The name of a column cannot be written in a template.
            return None

    def __str__(self) -> str:
        return self.describe()

    def describe(self, *files: str) -> str:
        """The text of `print(dialect)`; `files` are the paths in the commands that prepare the rows.

        With none, or more than 20, the commands have FILE instead.
        """
        lines = [f"{self.name}: {self.title}" if self.title else self.name, *(f"  {reason}" for reason in self.why)]
        if self.refusal is not None:
            lines.append(f"  not supported: {self.refusal}")
        if self.name != "unknown":
            lines.append(f"  {self.fits:,} of {self.rows:,} rows fit ({self.share:.1%})")
        others = self.layouts if self.name == "unknown" else self.layouts[1:]
        if others:
            lines.append("other layouts:" if self.name != "unknown" else "layouts:")
            lines += [f"  {_layout(layout, self.rows)}" for layout in others]
        if self.misfits:
            lines.append("rows that do not fit:")
            lines += [f"  {_place(row['place'])}: {row['why']}" for row in self.misfits]
        for number, row in enumerate(self.sample, 1):
            lines.append(f"row {number}, as read:")
            lines += [f"  {line}" for line in _turns(row)]
        return "\n".join([*lines, *self._next_steps(files if 1 <= len(files) <= _FILES else ("FILE",))])

    def _next_steps(self, files: tuple[str, ...]) -> list[str]:
        """How to prepare the rows."""
        scan = f"fp.scan({files[0]!r})" if len(files) == 1 else f"fp.scan({list(files)!r})"
        made = self.prompt_format()
        if made is None and (self.name == "unknown" or self.refusal is not None):
            return []
        if made is None:
            return [
                "check the rows, and publish those that fit as they are:",
                f"  {scan}.read_as({self.name!r}).dedup().sink_jsonl('OUT')",
            ]
        written = f"fp.PromptFormat({made.prompt!r}, completion={made.completion!r})"
        flags = f"{_quoted(made.prompt)} --completion {_quoted(made.completion)}"
        return [
            "prepare it:",
            f"  fastprep prepare {' '.join(_argument(file) for file in files)} --out OUT --template {flags}",
            f"  {scan}.format({written}).dedup().shuffle(seed=0).sink_arrow('OUT')",
        ]


def _quoted(template: str) -> str:
    """A template as an argument of the command: line breaks as escapes, in the quotes of a shell."""
    return shlex.quote(template.replace("\\", "\\\\").replace("\n", "\\n"))


def _argument(file: str) -> str:
    """A path as an argument of the command, which must not look like an option."""
    return shlex.quote(f"./{file}" if file.startswith("-") else file)


def _place(place: Place) -> str:
    """`file:line`; where there are no lines, the row, counted from 1."""
    if place["line"] is None:
        return f"{place['file']}, row {place['row'] + 1}"
    return f"{place['file']}:{place['line']}"


def _layout(layout: dict[str, Any], rows: int) -> str:
    columns = ", ".join(f"{part}={column}" for part, column in layout["columns"].items())
    shown = f"{layout['dialect']} ({columns})" if columns else "no dialect"
    return f"{shown}: {layout['rows']:,} rows ({layout['rows'] / rows:.1%}), first at {_place(layout['first'])}"


def _turns(row: dict[str, Any]) -> list[str]:
    lines = []
    for turn in row["turns"]:
        who = turn["role"] if turn["branch"] == "main" else f"{turn['branch']} {turn['role']}"
        said = [f"(thinks) {_short(text)}" for text in turn["reasoning"]] + [_short(text) for text in turn["texts"]]
        said += [f"calls {call['name']}({_short(call['arguments'] or '')})" for call in turn["calls"]]
        weight = "" if turn["weight"] is None else f" [weight {turn['weight']:g}]"
        lines.append(f"{who}{weight}: {' | '.join(said)}")
    if (left_out := len(lines) - 2 * _TURNS) > 0:
        lines[_TURNS:-_TURNS] = [f"… {left_out} more turn{'s' * (left_out > 1)} …"]
    if row["tools"] is not None:
        lines.append(f"tools: {_short(row['tools'])}")
    if row["label"] is not None:
        lines.append(f"label: {str(row['label']).lower()}")
    return lines


_TURNS = 3
"""How many turns of a row are shown of its first, and of its last."""

_FILES = 20
"""At most so many files are named in a command."""


def _short(text: str) -> str:
    """The beginning of a text, on one line."""
    line = text[:200].replace("\n", "\\n").replace("\r", "\\r")
    return line if len(line) <= 80 and len(text) <= 200 else f"{line[:80]}…"
