"""The report of a sink as one HTML page."""

from __future__ import annotations

from typing import Any

from fastprep.inspection import charts, sink_tables
from fastprep.inspection.html import bullets, document, figure, table, text
from fastprep.inspection.lines import facts, sentence
from fastprep.inspection.page import chart_parts, finding_part, histogram_part, not_checked_part


def sink_page(data: dict[str, Any]) -> str:
    """The page: the verdict, what came in, what was removed, what came out, before and after, findings, the plan."""
    before, after = data["before"], data["after"]
    same = before == after
    verdict = sentence(data["verdict"]["text"])
    parts = [f'<p class="dim">Data prepared from {text(", ".join(data["inputs"]))}</p>', f"<h1>{text(verdict)}</h1>"]
    if before and not same:
        parts.append(f"<p>Before the steps: {text(before['verdict']['text'])}.</p>")
    parts += [bullets(sink_tables.summary(data)), _outcomes(data)]
    if before:
        parts += ["<h2>What came in</h2>", bullets(_facts(before)), *chart_parts(before, "h3")]
    parts += ["<h2>What was removed</h2>", *_removed(data)]
    if noticed := sink_tables.noticed(data)[1]:
        told = [f"{name}: {times:,} times, first in {first}. {about}" for name, times, first, about in noticed]
        parts += ["<h2>What was noticed</h2>", bullets(told)]
    parts += ["<h2>What came out</h2>", _table(*sink_tables.splits(data))]
    if after and not same:
        parts += [bullets(_facts(after)), *chart_parts(after, "h3")]
    elif not after:
        parts += _tokens(data["report"]["tokens"])
    titles, rows = sink_tables.before_and_after(data)
    if rows:
        note = "– is not found. Findings are counted in the rows that a side has."
        parts += ["<h2>Before and after</h2>", _table(titles, rows), f'<p class="dim">{note}</p>']
    if after and after["findings"]:
        parts += ["<h2>Findings in what came out</h2>", *map(finding_part, after["findings"])]
    if before and before["findings"] and not same:
        parts.append("<h2>Findings in what came in</h2>")
        parts += [finding_part(finding, is_open=False) for finding in before["findings"]]
    parts += not_checked_part(after) if after else []
    parts += ["<h2>The plan</h2>", f"<pre>{'<br>'.join(map(text, data['plan']))}</pre>"]
    return document(f"{verdict} {', '.join(data['inputs'])}", parts)


def _facts(side: dict[str, Any]) -> list[str]:
    """The facts of a side, without the rows that were removed, which have their own part."""
    return facts({**side, "rows": {**side["rows"], "removed": {}}})


def _outcomes(data: dict[str, Any]) -> str:
    named = sink_tables.outcomes(data)
    return figure(charts.counts(named), "What became of the rows.", ["", "rows"], [list(row) for row in named])


def _removed(data: dict[str, Any]) -> list[str]:
    """A chart of the reasons, and a line for each."""
    titles, rows = sink_tables.removed(data)
    if not rows:
        return ["<p>No row.</p>"]
    told = [
        f"{code}: {count:,} {'row' if count == 1 else 'rows'} ({share}), first {first}. {about}"
        for code, count, share, first, about in rows
    ]
    svg = charts.counts([(code, count) for code, count, *_ in rows])
    return [figure(svg, "Rows removed, by reason.", titles[:4], [row[:4] for row in rows]), bullets(told)]


def _tokens(tokens: dict[str, Any] | None) -> list[str]:
    """The lengths of the rows that a run counted, where they were not looked at."""
    if not tokens or not tokens["length"]["histogram"]:
        return []
    return ["<h3>Lengths</h3>", histogram_part("Tokens of a row", "tokens", tokens["length"]["histogram"])]


def _table(titles: list[str], rows: list[list[Any]]) -> str:
    """A table that may be wider than a telephone: it scrolls by itself."""
    return f'<div class="wide" tabindex="0">{table(titles, rows)}</div>'
