"""What a run did."""

from __future__ import annotations

import json
from typing import Any


class Report:
    """The counts of a run. `print(report)` shows it to a person, `to_dict()` gives it to a program.

    Names in `to_dict()` are stable: see the page "Report" of the docs.
    """

    __slots__ = ("_data",)

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    def to_dict(self) -> dict[str, Any]:
        """A copy of all counts, as JSON could hold it."""
        copy: dict[str, Any] = json.loads(json.dumps(self._data))
        return copy

    @property
    def rows(self) -> dict[str, int]:
        """Rows `read`, `written`, `rejected`, `duplicate`, `filtered` (by `filter` and `head`) and `dropped`."""
        return dict(self._data["rows"])

    @property
    def reasons(self) -> dict[str, int]:
        """Removed rows by reason code."""
        return {code: entry["count"] for code, entry in self._data["reasons"].items()}

    @property
    def findings(self) -> dict[str, int]:
        """What was found and not removed, by name."""
        return {name: entry["count"] for name, entry in self._data["findings"].items()}

    def __repr__(self) -> str:
        return f"Report({self.rows})"

    def __str__(self) -> str:
        return "\n".join(_lines(self._data))


def _lines(data: dict[str, Any]) -> list[str]:
    rows = data["rows"]
    lines = [f"{rows['written']:,} rows written of {rows['read']:,} read"]
    lines[0] += f" in {data['seconds']:.1f} s ({data['mb_per_s']:,.0f} MB/s)"
    for code, entry in data["reasons"].items():
        lines.append(f"  - {entry['count']:>9,}  {code:<24} first: {entry['first']}")
    for name, entry in data["findings"].items():
        lines.append(f"  ! {entry['count']:>9,}  {name:<24} first: {entry['first']}")
    for split in data["splits"]:
        text = f"  {split['name']:<8} {split['rows']:>11,} rows"
        if data["tokens"]:
            text += f"  {split['tokens']:>13,} tokens  {split['trained_tokens']:>13,} trained"
        lines.append(text)
    lines += _token_lines(data["tokens"])
    lines += _group_lines(data["groups"])
    for label in ("path", "rejects", "duplicates"):
        if data.get(label):
            lines.append(f"  {label:<11}{data[label]}")
    if data["next"]:
        lines.append(f"next: {data['next']}")
    return lines


def _token_lines(tokens: dict[str, Any] | None) -> list[str]:
    if not tokens:
        return []
    length = tokens["length"]
    line = f"  trained {tokens['trained_share']:.1%} of the tokens; "
    line += f"length p50 {length['p50']:,}, p99 {length['p99']:,}, max {length['max']:,}"
    lines = [line]
    if tokens["truncated"]:
        lines.append(f"  {tokens['truncated']:,} rows were cut to max_length")
    share = tokens["stop_stable_share"]
    if share is not None and share < 1:
        lines.append(f"  the stop has ids of its own in {share:.1%} of the rows: match it as a string, not by ids")
    return lines


def _group_lines(groups: dict[str, Any] | None) -> list[str]:
    if not groups:
        return []
    lines = [f"  shares by {groups['column']}:"]
    for value, by_split in groups["rows"].items():
        total = sum(by_split.values())
        shares = ", ".join(f"{name} {n / total:.1%} ({n:,})" for name, n in by_split.items())
        lines.append(f"    {value}: {shares}")
    return lines
