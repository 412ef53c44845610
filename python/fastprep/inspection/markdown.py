"""An inspection as Markdown, for a pull request."""

from __future__ import annotations

from typing import Any

from fastprep.inspection.groups import table
from fastprep.inspection.lines import compared, facts, sentence, silenced_lines
from fastprep.inspection.shown import percent, visible
from fastprep.inspection.silence import heard
from fastprep.report.run_report import place


def markdown(data: dict[str, Any]) -> str:
    """The verdict, the facts, and a table of the findings with the first example of each."""
    shown = [f"**{escaped(sentence(data['verdict']['text']))}**", ""]
    shown += [f"- {escaped(line)}" for line in facts(data)]
    if with_what := compared(data):
        shown.append(f"- {with_what}")
    shown += [f"- risen: `{entry['code']}` from {percent(entry['before'])} to {percent(entry['now'])}"
              for entry in data.get("risen", [])]  # fmt: skip
    for entry in data["groups"]:
        titles, rows = table(entry)
        shown += ["", line(titles), f"|---{'|--:' * (len(titles) - 2)}|---|"]
        shown += [line([f"{cell:,}" if isinstance(cell, int) else cell for cell in row]) for row in rows]
    findings = heard(data)
    if findings:
        shown += ["", "| severity | finding | rows | share | first example | fix |", "|---|---|--:|--:|---|---|"]
    for finding in findings:
        cells = [finding["severity"], f"`{finding['code']}`: {finding['title']}", f"{finding['count']:,}"]
        cells += [percent(finding["share"]), _example(finding["examples"]), finding["repair"]]
        shown.append(f"| {' | '.join([cells[0], *map(escaped, cells[1:])])} |")
    if told := silenced_lines(data):
        shown += ["", *(f"- {escaped(line)}" for line in told)]
    return "\n".join(shown) + "\n"


def line(cells: list[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(map(escaped, cells))} |"


def _example(examples: list[dict[str, Any]]) -> str:
    if not examples:
        return ""
    first = examples[0]
    return f"{place(first)}: {first['before']}→{first['match']}←{first['after']}"


def escaped(text: str) -> str:
    """The text on one line, without Markdown, HTML or mentions of its own; code in backticks stays."""
    shown = "".join(f"\\{c}" if c in "\\|*_[]#~" else c for c in visible(text))
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace("@", "&#64;")
