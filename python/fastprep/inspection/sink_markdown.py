"""The report of a sink as Markdown, for a pull request."""

from __future__ import annotations

from typing import Any

from fastprep.inspection import sink_tables
from fastprep.inspection.lines import sentence
from fastprep.inspection.markdown import escaped, line


def sink_markdown(data: dict[str, Any]) -> str:
    """The verdict, what became of the rows, and what was found before and after the steps."""
    shown = [f"**{escaped(sentence(data['verdict']['text']))}**", ""]
    shown += [f"- {escaped(told)}" for told in sink_tables.summary(data)]
    before = data["before"]
    if before and before != data["after"]:
        shown.append(f"- before the steps: {escaped(before['verdict']['text'])}")
    for make in (sink_tables.removed, sink_tables.noticed, sink_tables.splits, sink_tables.before_and_after):
        titles, rows = make(data)
        if rows:
            shown += ["", line(titles), f"|{'---|' * len(titles)}"]
            shown += [line([f"{cell:,}" if isinstance(cell, int) else cell for cell in row]) for row in rows]
    shown += ["", "Plan:", "", *(f"    {told}" for told in data["plan"])]
    return "\n".join(shown) + "\n"
