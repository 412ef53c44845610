"""`Report`: the counts of a run, and its text for people."""

from __future__ import annotations

import json
from typing import Any

LABEL_WIDTH = 40
"""The width of the column of names. Longer names of reasons and findings move the rest of their line."""


class Report:
    """The counts of a run. `print(report)` is for people, `to_dict()` for programs.

    The names in `to_dict()` are stable: see the page "Report" in the docs.
    """

    __slots__ = ("_data",)

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    def to_dict(self) -> dict[str, Any]:
        """All counts as a new dictionary of values that JSON can represent."""
        copy: dict[str, Any] = json.loads(json.dumps(self._data))
        return copy

    @property
    def rows(self) -> dict[str, int]:
        """Rows `read`, `written`, `rejected`, `duplicate`, `filtered` and `dropped`; with copies `repeated`."""
        return dict(self._data["rows"])

    @property
    def reasons(self) -> dict[str, int]:
        """Removed rows by reason code."""
        return {code: entry["count"] for code, entry in self._data["reasons"].items()}

    @property
    def findings(self) -> dict[str, int]:
        """How often each finding occurred, by name. Findings remove no row."""
        return {name: entry["count"] for name, entry in self._data["findings"].items()}

    def __repr__(self) -> str:
        return f"Report({self.rows})"

    def __str__(self) -> str:
        return "\n".join(_lines(self._data))


def _lines(data: dict[str, Any]) -> list[str]:
    rows = data["rows"]
    lines = [f"{rows['written']:,} rows written of {rows['read']:,} read"]
    if rows.get("repeated"):
        lines[0] += f" and {rows['repeated']:,} copies"
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
    entries = [("-", reason(code, entry), entry) for code, entry in data["reasons"].items()]
    entries += [("!", name, entry) for name, entry in data["findings"].items()]
    width = min(max((len(name) for _, name, _ in entries), default=0), LABEL_WIDTH)
    return [
        f"  {mark} {entry['count']:>9,}  {name:<{width}}  first: {place(entry['first'])}"
        for mark, name, entry in entries
    ]


def place(first: dict[str, Any]) -> str:
    """A place for people: the file and the line, or the row counted from 1 if the source has no lines."""
    number = first["row"] + 1 if first["line"] is None else first["line"]
    return f"{first['file']}:{number}"


def some_rejected(data: dict[str, Any]) -> str:
    """That rows were rejected: how many, and the reasons for which rows were removed, each with the first place."""
    rows = data["rows"]
    removed = (f"{entry['count']:,} {code} (first: {place(entry['first'])})" for code, entry in data["reasons"].items())
    return f"{rows['rejected']:,} of {rows['read']:,} rows were rejected; removed: {', '.join(removed)}"


def reason(code: str, entry: dict[str, Any]) -> str:
    """A reason, with the columns that caused it, most frequent first, if it names any."""
    columns = sorted(entry.get("columns", {}).items(), key=lambda column: -column[1])
    return f"{code}:{','.join(name for name, _ in columns)}" if columns else code


def _rate(data: dict[str, Any]) -> str:
    """The speed in bytes, or in rows if the source has no bytes, or too few for a rate."""
    return f"{data['mb_per_s']:,.0f} MB/s" if data["mb_per_s"] >= 1 else f"{data['rows_per_s']:,.0f} rows/s"


def token_lines(tokens: dict[str, Any] | None) -> list[str]:
    """Lines about the tokens; none for a run without tokens."""
    if not tokens:
        return []
    length = tokens["length"]
    line = f"  trained {tokens['trained_share']:.1%} of the tokens; "
    line += f"length p50 {length['p50']:,}, p99 {length['p99']:,}, max {length['max']:,}"
    lines = [line]
    if kinds := tokens.get("kinds"):
        of_kinds = (f"{kind} {n['trained']:,} of {n['total']:,}" for kind, n in kinds.items())
        lines.append(f"  trained by kind: {', '.join(of_kinds)}")
    if tokens["truncated"]:
        lines.append(f"  {tokens['truncated']:,} rows were cut to max_length")
    share = tokens["stop_stable_share"]
    if share is not None and share < 1:
        lines.append(
            f"  Only {share:.1%} of rows end in the token ids of the stop encoded alone: "
            "end generation at the text of the stop, not at its ids."
        )
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
