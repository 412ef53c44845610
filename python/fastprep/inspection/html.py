"""An inspection as one HTML page, which asks nothing of the network and runs no script."""

from __future__ import annotations

from html import escape
from typing import Any

from fastprep.inspection import charts
from fastprep.inspection.groups import table
from fastprep.inspection.lines import facts, sentence
from fastprep.inspection.shown import percent, visible
from fastprep.report.run_report import place

STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --dim: #60646c; --page: #fff; --line: #d9d9e0; --mark: #ffe08a;
  --high: #c62a2f; --medium: #b35900; --low: #2f6f4f; --hint: #60646c; }
@media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --dim: #b0b4ba; --page: #111113; --line: #363a3f;
  --mark: #6b5200; --high: #ff9592; --medium: #ffb86b; --low: #7fd1a7; --hint: #b0b4ba; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .2rem 0 1rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 0; }
ul { margin: 0; padding-left: 1.2rem; }
.dim { color: var(--dim); }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); gap: 1.2rem 2rem; }
figure { margin: 0; min-width: 0; }
figcaption { color: var(--dim); font-size: .9rem; }
svg { display: block; max-width: 100%; height: auto; }
.finding { border-top: 1px solid var(--line); border-left: 4px solid var(--edge); padding: .8rem 0 .8rem .8rem; }
.high { --edge: var(--high); } .medium { --edge: var(--medium); } .low { --edge: var(--low); }
.hint { --edge: var(--hint); }
.severity { color: var(--edge); font-weight: 600; }
.finding p { margin: .25rem 0; }
details { margin-top: .4rem; }
summary { cursor: pointer; color: var(--dim); }
pre { margin: .3rem 0 .8rem; padding: .5rem .6rem; border: 1px solid var(--line); border-radius: 4px;
  white-space: pre-wrap; font: 13px/1.45 ui-monospace, monospace; }
mark { background: var(--mark); color: inherit; }
code { font: .92em ui-monospace, monospace; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .15rem .8rem .15rem 0; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
@media print { body { max-width: none; padding: 0; } .finding, figure { break-inside: avoid; } }
"""


def page(data: dict[str, Any]) -> str:
    """The page: the verdict, the facts, charts of lengths, classes and findings, and each finding with its examples.

    Raises:
        ModuleNotFoundError: altair or vl-convert is not installed.
    """
    files = ", ".join(data["files"])
    verdict = sentence(data["verdict"]["text"])
    parts = [f'<p class="dim">Inspection of {_text(files)}</p>', f"<h1>{_text(verdict)}</h1>"]
    parts += ["<h2>What came in</h2>", _list(facts(data)), *_charts(data)]
    if risen := data.get("risen"):
        told = [f"{entry['code']}: {percent(entry['before'])} before, {percent(entry['now'])} now" for entry in risen]
        parts += ["<h2>Risen since the baseline</h2>", _list(told)]
    if data["findings"]:
        parts += ["<h2>Findings</h2>", *map(_finding, data["findings"])]
    if data["not_checked"]:
        told = [f"{entry['what']}; to check: {entry['unlock']}" for entry in data["not_checked"]]
        parts += ["<h2>Not checked</h2>", _list(told)]
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(verdict)} {_text(files)}</title><style>{STYLE}</style>"
    )
    body = "<body>\n<main>\n" + "\n".join(parts) + "\n</main>\n</body>"
    return f'<!doctype html>\n<html lang="en">\n<head>{head}</head>\n{body}\n</html>\n'


def _charts(data: dict[str, Any]) -> list[str]:
    shown = []
    figures = []
    if lengths := {name: entry for name, entry in data["characters"].items() if entry}:
        rows = [[name, *(entry[point] for point in charts.POINTS)] for name, entry in lengths.items()]
        caption = "The bar is from the 5th to the 95th percentile, the dot is the median, the tick the longest text."
        figures.append(_figure(charts.lengths(lengths), caption, ["", *charts.POINTS], rows))
    counted = [(f"Characters of {name}", "characters", entry) for name, entry in lengths.items()]
    counted += [("Tokens of a row", "tokens", data["tokens"])] if data["tokens"] else []
    if counter := data["counted_tokens"]:
        counted.append((f"Tokens of a row, counted by {visible(counter['tokenizer'])}", "tokens", counter["row"]))
    for caption, unit, entry in counted:
        rows = [[f"{each['from']:,} to {each['to']:,}", each["count"]] for each in entry["histogram"]]
        figures.append(_figure(charts.histogram(entry["histogram"], unit), f"{caption}.", [unit, "rows"], rows))
    if figures:
        shown += ["<h2>Lengths</h2>", f'<div class="charts">{"".join(figures)}</div>']
    if classes := data["classes"]:
        rows = [[visible(entry["class"]), entry["rows"]] for entry in classes["largest"]]
        more = classes["count"] - len(rows)
        caption = f"The {len(rows)} largest of {classes['count']:,} classes." if more else f"All {len(rows)} classes."
        shown += ["<h2>Classes</h2>", _figure(charts.classes(classes), caption, ["class", "rows"], rows)]
    for entry in data["groups"]:
        titles, rows = table(entry)
        caption = f"The rows by {visible(entry['by'])}, those with the most rows first."
        shown += [f"<h2>By {_text(entry['by'])}</h2>", _figure(charts.groups(rows), caption, titles, rows)]
    if findings := data["findings"]:
        rows = [[finding["code"], finding["count"], percent(finding["share"])] for finding in findings]
        caption = "The share of the rows in which each finding is; the most severe findings first."
        figure = _figure(charts.shares(findings), caption, ["finding", "rows", "share"], rows)
        shown += ["<h2>How much of it</h2>", figure]
    return shown


def _figure(svg: str, caption: str, head: list[str], rows: list[list[Any]]) -> str:
    """A chart, and its numbers as a table for those who do not see it."""
    titles = "".join(f'<th scope="col">{_text(title)}</th>' for title in head)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    table = f"<details><summary>The numbers</summary><table><tr>{titles}</tr>{body}</table></details>"
    label = escape(caption, quote=True)
    return (
        f'<figure><div role="img" aria-label="{label}">{svg}</div>'
        f"<figcaption>{_text(caption)}</figcaption>{table}</figure>"
    )


def _cell(value: Any) -> str:
    return f'<td class="number">{value:,}</td>' if isinstance(value, int) else f"<td>{_text(value)}</td>"


def _finding(finding: dict[str, Any]) -> str:
    numbers = f"{finding['count']:,} of {finding['checked']:,} rows ({percent(finding['share'])})"
    detail = f"; {finding['detail']}" if finding["detail"] else ""
    severity = finding["severity"]
    examples = "".join(map(_example, finding["examples"]))
    return (
        f'<section class="finding {severity}"><h3>{_text(finding["title"])}</h3>'
        f'<p><span class="severity">{severity}</span> · <code>{finding["code"]}</code> · {_text(numbers + detail)}</p>'
        f"<p>{_text(finding['why'])}</p><p>To repair: <code>{_text(finding['repair'])}</code></p>"
        f"<details open><summary>The first rows</summary>{examples}</details></section>"
    )


def _example(example: dict[str, Any]) -> str:
    turn = f", turn {example['turn']}" if example["turn"] > 2 else ""
    other = f"; compare {place(example['other'])}" if "other" in example else ""
    where = _text(f"{place(example)}, {example['text']}{turn}{other}")
    where = f'<div class="dim">{where}</div>'
    before, match, after = (_text(example[part]) for part in ("before", "match", "after"))
    if not (before or match or after):
        return f'{where}<pre class="dim">(no text)</pre>'
    return f"{where}<pre>{before}<mark>{match}</mark>{after}</pre>"


def _list(told: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{_text(line)}</li>' for line in told)}</ul>"


def _text(text: str) -> str:
    """Text of the page, with an escape for each character that nobody would see."""
    return escape(visible(text), quote=True)
