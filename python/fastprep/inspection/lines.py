"""The text of an inspection for people, in 80 columns: the verdict, the facts, and each finding with its examples."""

from __future__ import annotations

import textwrap
from typing import Any

from fastprep.inspection.groups import table
from fastprep.inspection.shown import percent, visible
from fastprep.inspection.silence import heard, silenced
from fastprep.report.run_report import place

WIDTH = 80
BAR = 10
"""Characters of the bar that stands for all rows."""


def lines(data: dict[str, Any]) -> list[str]:
    """The lines, the verdict first."""
    shown = [sentence(data["verdict"]["text"]), ""]
    for fact in facts(data):
        shown += _wrapped(fact)
    for entry in data["groups"]:
        shown += ["", *_groups(entry)]
    if findings := heard(data):
        shown += ["", *_table(findings)]
    for finding in findings:
        shown += ["", *_finding(finding)]
    if told := silenced_lines(data):
        shown += ["", "silenced:"]
        for line in told:
            shown += _wrapped(line, "  - ", "    ")
    if with_what := compared(data):
        shown += ["", *_wrapped(with_what)]
    for entry in data.get("risen", []):
        shown += ["", f"risen: {entry['code']} from {percent(entry['before'])} to {percent(entry['now'])}"]
    if data["not_checked"]:
        shown += ["", "not checked:"]
        for entry in data["not_checked"]:
            shown += _wrapped(f"{entry['what']}; to check: {entry['unlock']}", "  - ", "    ")
    return shown


def sentence(text: str) -> str:
    """The text with a capital and a full stop."""
    return text[:1].upper() + text[1:] + "."


def silenced_lines(data: dict[str, Any]) -> list[str]:
    """The findings that are silenced, and why: a line each."""
    return [
        f"{entry['code']} ({entry['severity']}): {entry['count']:,} of {entry['checked']:,} rows "
        f"({percent(entry['share'])}); silenced: {entry['silenced']}"
        for entry in silenced(data)
    ]


def compared(data: dict[str, Any]) -> str:
    """Which rows of the report of a sink these are compared with; empty where there is no such report."""
    part = data.get("baseline")
    return f"compared with the rows {part} the steps of the baseline" if part else ""


def facts(data: dict[str, Any]) -> list[str]:
    """What the rows are, how long they are, what was not read, and whether there are enough: a line each."""
    rows = data["rows"]
    what = f"{data['dialect']} ({data['title']})" if data["title"] else data["dialect"]
    shown = [f"{rows['inspected']:,} rows: {what}; task: {data['task']}"]
    if data["columns"]:
        shown.append(f"columns: {', '.join(f'{part}={column}' for part, column in data['columns'].items())}")
    if data["other_columns"]:
        shown.append(f"not looked at: {', '.join(data['other_columns'])}")
    if data["dialect"] == "unknown" and data["note"]:
        shown.append(data["note"])
    for name, lengths in data["characters"].items():
        if lengths:
            shown.append(f"characters of {name}: {_points(lengths)}")
    if tokens := data["tokens"]:
        trained = percent(tokens["trained"] / max(1, tokens["total"]))
        told = f"trained: {tokens['trained']:,} of {tokens['total']:,} ({trained})"
        shown.append(f"tokens of a row: {_points(tokens)}; {told}")
    for name, lengths in (data["counted_tokens"] or {}).items():
        if isinstance(lengths, dict):
            shown.append(f"counted tokens of {name}: {_points(lengths)}")
    if len(data["scripts"]) > 1:
        scripts = [f"{entry['script']} {entry['rows']:,}" for entry in data["scripts"]]
        shown.append(f"scripts: {', '.join(scripts)}")
    if data["classes"]:
        shown.append(f"classes: {', '.join(_classes(data['classes']))}")
    missing = rows["not_in_dialect"]
    if missing["count"]:
        first = missing["examples"][0]
        shown.append(f"{missing['count']:,} rows do not fit; first: {place(first)}: {first['why']}")
    for code, entry in rows["removed"].items():
        shown.append(f"{entry['count']:,} rows removed as {code}; first: {place(entry['first'])}")
    if against := data["against"]:
        shown.append(_against(against))
    return shown + [entry["text"] for entry in [*data["enough"], *data["representative"]]]


def _points(lengths: dict[str, Any]) -> str:
    return " ".join(f"{point} {lengths[point]:,}" for point in ("p5", "p50", "p95", "p99", "max"))


def _classes(classes: dict[str, Any]) -> list[str]:
    entries = [f"{visible(entry['class'])} {entry['rows']:,}" for entry in classes["largest"]]
    more = classes["count"] - len(entries)
    if more:
        least = classes["smallest"][0]
        entries.append(f"… {more:,} more, the smallest {visible(least['class'])} {least['rows']:,}")
    return entries


def _against(against: dict[str, Any]) -> str:
    name = against["split"] or ", ".join(against["files"])
    here, there = against["rows"]["here"], against["rows"]["there"]
    rows, prompts = against["shared_rows"]["here"], against["shared_prompts"]["here"]
    what = f"{here:,} rows compared with {there:,} of {name}"
    if missing := against["not_in_dialect"]:
        what += f" ({missing:,} more do not fit)"
    return f"{what}: {rows:,} are there as well, {prompts:,} share only their prompt"


def _groups(entry: dict[str, Any]) -> list[str]:
    titles, rows = table(entry)
    cells = [[f"{cell:,}" if isinstance(cell, int) else cell for cell in row] for row in [titles, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(titles))]
    # The rest of the line is the room for the values.
    widths[0] = min(widths[0], WIDTH - sum(widths[1:]) - 2 * len(widths[1:]))
    shown = []
    for first, *numbers, script in cells:
        value = first if len(first) <= widths[0] else f"{first[: widths[0] - 1]}…"
        padded = [f"{number:>{width}}" for number, width in zip(numbers, widths[1:-1], strict=True)]
        shown.append("  ".join([f"{value:<{widths[0]}}", *padded, script]).rstrip())
    return shown


def _table(findings: list[dict[str, Any]]) -> list[str]:
    width = max(len(finding["code"]) for finding in findings)
    return [
        f"{finding['severity']:<6}  {_bar(finding['share'])}  {percent(finding['share']):>7}"
        f"  {finding['count']:>10,}  {finding['code']:<{width}}".rstrip()
        for finding in findings
    ]


def _bar(share: float) -> str:
    """A bar as long as the share; any share above 0 shows a part of the first character."""
    eighths = min(BAR * 8, max(1, round(share * BAR * 8)))
    whole, part = divmod(eighths, 8)
    return ("█" * whole + (" ▏▎▍▌▋▊▉"[part] if part else "")).ljust(BAR)


def _finding(finding: dict[str, Any]) -> list[str]:
    count, checked = finding["count"], finding["checked"]
    head = f"{finding['code']} ({finding['severity']}): {finding['title']}"
    shown = _wrapped(head, "", "  ")
    numbers = f"{count:,} of {checked:,} rows ({percent(finding['share'])})"
    shown += _wrapped(f"{numbers}; {visible(finding['detail'])}" if finding["detail"] else numbers, "  ", "  ")
    shown += _wrapped(finding["why"], "  why: ", "       ")
    shown += _wrapped(finding["repair"], "  fix: ", "       ")
    for example in finding["examples"]:
        shown += _example(example)
    return shown


def _example(example: dict[str, Any]) -> list[str]:
    where = f"  {place(example)}, {example['text']}"
    if example["turn"] > 2:
        where += f", turn {example['turn']}"
    if "other" in example:
        where += f"; compare {place(example['other'])}"
    before, match, after = (visible(example[part]) for part in ("before", "match", "after"))
    return [where, _fitted(before, f">>{match}<<", after)]


def _fitted(before: str, match: str, after: str) -> str:
    """One line of at most 80 columns: the match, and as much around it as there is room for."""
    room = WIDTH - 4
    if len(match) > room:
        half = (room - 1) // 2
        match = f"{match[:half]}…{match[-half:]}"
    left = room - len(match)
    kept = min(len(before), max(left // 2, left - len(after)))
    before = before[len(before) - kept :]
    return f"    {before}{match}{after[: left - kept]}"


def _wrapped(text: str, first: str = "", rest: str = "  ") -> list[str]:
    text = visible(text)
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
