"""Rows by the value of a column, by split or by file: a table, for the text, the page and Markdown."""

from __future__ import annotations

from typing import Any

from fastprep.inspection.shown import percent, visible


def table(entry: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """The titles, and a row for each value: its rows and their share, the medians of its lengths, and its script.

    Values between the largest and the smallest are a row of their own.
    """
    groups = [*entry["largest"], *entry["smallest"]]
    parts = groups[0]["characters"] if groups else []
    lengths = [(f"{part}, p50", [group["characters"][part] for group in groups]) for part in parts]
    lengths.append(("tokens, p50", [group["tokens"] for group in groups]))
    columns = [(title, column) for title, column in lengths if any(column)]
    titles = [entry["by"], "rows", "share", *(title for title, _ in columns), "script"]
    rows: list[list[Any]] = []
    for number, group in enumerate(groups):
        medians = [column[number]["p50"] if column[number] else "" for _, column in columns]
        scripts = group["scripts"]
        script = scripts[0]["script"] if scripts else ""
        rows.append([name(group), group["rows"], percent(group["share"]), *medians, script])
    if more := entry["count"] - len(groups):
        rows.insert(len(entry["largest"]), [f"… {more:,} more", *[""] * (len(titles) - 1)])
    return titles, rows


def name(group: dict[str, Any]) -> str:
    """The value of the rows, on one line."""
    return "(no value)" if group["value"] is None else visible(group["value"])
