"""`Inspection`: what `Pipeline.inspect` found. `print(inspection)` is for people, `to_dict()` for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from fastprep.inspection.baseline import Baseline, compare
from fastprep.inspection.lines import lines
from fastprep.inspection.markdown import markdown
from fastprep.inspection.page import page


@dataclass(frozen=True)
class Finding:
    """Something that was found in the data."""

    code: str
    """The stable name; the page "Findings" describes it."""
    title: str
    """What it is, in a few words."""
    severity: str
    """`"high"`, `"medium"` or `"low"`, by the share of the rows and by what the model learns from them; `"hint"` for
    what may be wrong, or may be meant."""
    count: int
    """The rows in which it was found."""
    checked: int
    """The rows in which it was looked for."""
    share: float
    """`count / checked`, rounded to six digits."""
    detail: str
    """More about it, in a few words; may be empty."""
    affix: str | None
    """Where texts begin or end alike, or should: what they begin or end with."""
    why: str
    """Why it matters."""
    repair: str
    """The verb that repairs it, or what to do."""
    examples: list[dict[str, Any]]
    """The first rows, at most three: `file`, `row` (from 0), `line` (from 1, or None), `text` (whose text it is),
    `turn` (from 1), and the text `before` the match, the `match`, and the text `after` it. `other` is the place of
    another row that it is about. Personal data and secrets are masked."""
    silenced: str | None
    """The reason why it counts for nothing, if you have silenced it; otherwise None."""


class Inspection:
    """What was found in the data. The same rows give the same bytes, whatever the threads and the batches."""

    __slots__ = ("_data",)

    def __init__(
        self, text: str, baseline: Baseline | None = None, tolerance: float = 0.0, *, has_steps: bool = False
    ) -> None:
        """The result of the core as JSON, and the baseline that it is compared with; see `baseline.compare`."""
        self._data: dict[str, Any] = json.loads(text)
        if baseline is not None:
            self._data |= compare(self._data, baseline, tolerance, has_steps=has_steps)

    @property
    def findings(self) -> list[Finding]:
        """The findings, the most severe first, then hints, and those that are silenced last."""
        return [Finding(**finding) for finding in self._data["findings"]]

    @property
    def verdict(self) -> str:
        """What the data is worth, in a sentence."""
        text: str = self._data["verdict"]["text"]
        return text

    @property
    def rows(self) -> int:
        """The rows that were looked at."""
        rows: int = self._data["rows"]["inspected"]
        return rows

    @property
    def risen(self) -> list[dict[str, Any]]:
        """The findings whose share has risen above that of the baseline by more than the tolerance: `code`, and the
        shares `before` and `now`. Empty without a baseline."""
        return [dict(entry) for entry in self._data.get("risen", [])]

    def show(self) -> None:
        """Print the verdict, the facts and the findings, in 80 columns."""
        print(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything that was found, as a new dictionary of values that JSON can represent."""
        copy: dict[str, Any] = json.loads(json.dumps(self._data))
        return copy

    def to_json(self) -> str:
        """Everything that was found, as JSON text with a line for each value."""
        return json.dumps(self._data, ensure_ascii=False, indent=1) + "\n"

    def to_markdown(self) -> str:
        """The verdict, the facts and a table of the findings, as Markdown for a pull request."""
        return markdown(self._data)

    def to_html(self) -> str:
        """The verdict, the facts, charts and the findings with examples, as one page that needs no network or script.

        Raises:
            ModuleNotFoundError: altair or vl-convert, of the extra `report`, is not installed.
        """
        return page(self._data)

    def __repr__(self) -> str:
        return f"Inspection({self.rows} rows, {len(self._data['findings'])} findings)"

    def __str__(self) -> str:
        return "\n".join(lines(self._data))
