"""What a run did."""

from __future__ import annotations

import json
from typing import Any

LABEL_WIDTH = 40
"""Longer names of reasons and findings push what follows them to the right."""


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
        """Rows `read`, `written`, `rejected`, `duplicate`, `filtered` and `dropped`."""
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
    lines[0] += f" in {data['seconds']:.1f} s ({_rate(data)})"
    lines += count_lines(data)
    for split in data["splits"]:
        text = f"  {split['name']:<8} {split['rows']:>11,} rows"
        if data["tokens"]:
            text += f"  {split['tokens']:>13,} tokens  {split['trained_tokens']:>13,} trained"
        lines.append(text)
    lines += token_lines(data["tokens"])
    lines += _group_lines(data["groups"])
    for label in ("path", "rejects", "duplicates"):
        if data.get(label):
            lines.append(f"  {label:<11}{data[label]}")
    if data["next"]:
        lines.append(f"next: {data['next']}")
    return lines


def count_lines(data: dict[str, Any]) -> list[str]:
    """A line for each reason and each finding, with its count and its first place."""
    noted = [("-", reason(code, entry), entry) for code, entry in data["reasons"].items()]
    noted += [("!", name, entry) for name, entry in data["findings"].items()]
    width = min(max((len(name) for _, name, _ in noted), default=0), LABEL_WIDTH)
    return [
        f"  {mark} {entry['count']:>9,}  {name:<{width}}  first: {place(entry['first'])}" for mark, name, entry in noted
    ]


def place(first: dict[str, Any]) -> str:
    """A place for people: the line, or where the source has none the row, counted from 1."""
    number = first["row"] + 1 if first["line"] is None else first["line"]
    return f"{first['file']}:{number}"


def reason(code: str, entry: dict[str, Any]) -> str:
    """A reason, and the columns that are to blame, where there are some."""
    columns = sorted(entry.get("columns", {}).items(), key=lambda column: -column[1])
    return f"{code}:{','.join(name for name, _ in columns)}" if columns else code


def _rate(data: dict[str, Any]) -> str:
    """Bytes, or rows where the source has no bytes or too few of them for a rate."""
    return f"{data['mb_per_s']:,.0f} MB/s" if data["mb_per_s"] >= 1 else f"{data['rows_per_s']:,.0f} rows/s"


def token_lines(tokens: dict[str, Any] | None) -> list[str]:
    """What was counted of the tokens, where there are some."""
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
    lines += [f"  warning: {warning}" for warning in tokens["warnings"]]
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
