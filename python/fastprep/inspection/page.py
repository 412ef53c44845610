"""An inspection as one HTML page."""

from __future__ import annotations

from typing import Any

from fastprep.inspection import charts
from fastprep.inspection.groups import table as groups_table
from fastprep.inspection.html import bullets, document, figure, text
from fastprep.inspection.lines import compared, facts, sentence, silenced_lines
from fastprep.inspection.shown import percent, visible
from fastprep.inspection.silence import heard
from fastprep.report.run_report import place


def page(data: dict[str, Any]) -> str:
    """The page: the verdict, the facts, charts of lengths, classes and findings, and each finding with its examples.

    Raises:
        ModuleNotFoundError: altair or vl-convert is not installed.
    """
    files = ", ".join(data["files"])
    verdict = sentence(data["verdict"]["text"])
    parts = [f'<p class="dim">Inspection of {text(files)}</p>', f"<h1>{text(verdict)}</h1>"]
    parts += ["<h2>What came in</h2>", bullets(facts(data)), *chart_parts(data)]
    if findings := heard(data):
        rows = [[entry["code"], entry["count"], percent(entry["share"])] for entry in findings]
        caption = "The share of the rows in which each finding is; the most severe findings first."
        shares = figure(charts.shares(findings), caption, ["finding", "rows", "share"], rows)
        parts += ["<h2>How much of it</h2>", shares]
    if risen := data.get("risen"):
        rises = [f"{entry['code']}: {percent(entry['before'])} before, {percent(entry['now'])} now" for entry in risen]
        parts += ["<h2>Risen since the baseline</h2>", bullets(rises)]
    if with_what := compared(data):
        parts.append(f"<p>{text(sentence(with_what))}</p>")
    if findings:
        parts += ["<h2>Findings</h2>", *(finding_part(entry) for entry in findings)]
    if told := silenced_lines(data):
        parts += ["<h2>Silenced</h2>", bullets(told)]
    parts += not_checked_part(data)
    return document(f"{verdict} {files}", parts)


def chart_parts(data: dict[str, Any], tag: str = "h2") -> list[str]:
    """The charts of lengths, of classes and of groups, below headings of this tag."""
    shown = []
    figures = []
    if lengths := {name: entry for name, entry in data["characters"].items() if entry}:
        rows = [[name, *(entry[point] for point in charts.POINTS)] for name, entry in lengths.items()]
        caption = "The bar is from the 5th to the 95th percentile, the dot is the median, the tick the longest text."
        figures.append(figure(charts.lengths(lengths), caption, ["", *charts.POINTS], rows))
    counted = [(f"Characters of {name}", "characters", entry) for name, entry in lengths.items()]
    counted += [("Tokens of a row", "tokens", data["tokens"])] if data["tokens"] else []
    if counter := data["counted_tokens"]:
        counted.append((f"Tokens of a row, counted by {visible(counter['tokenizer'])}", "tokens", counter["row"]))
    figures += [histogram_part(caption, unit, entry["histogram"]) for caption, unit, entry in counted]
    if figures:
        shown += [f"<{tag}>Lengths</{tag}>", f'<div class="charts">{"".join(figures)}</div>']
    if classes := data["classes"]:
        rows = [[visible(entry["class"]), entry["rows"]] for entry in classes["largest"]]
        more = classes["count"] - len(rows)
        caption = f"The {len(rows)} largest of {classes['count']:,} classes." if more else f"All {len(rows)} classes."
        shown += [f"<{tag}>Classes</{tag}>", figure(charts.classes(classes), caption, ["class", "rows"], rows)]
    for entry in data["groups"]:
        titles, rows = groups_table(entry)
        caption = f"The rows by {visible(entry['by'])}, those with the most rows first."
        shown += [f"<{tag}>By {text(entry['by'])}</{tag}>", figure(charts.groups(rows), caption, titles, rows)]
    return shown


def histogram_part(caption: str, unit: str, bins: list[dict[str, int]]) -> str:
    """A chart of how many texts have which length."""
    rows = [[f"{each['from']:,} to {each['to']:,}", each["count"]] for each in bins]
    return figure(charts.histogram(bins, unit), f"{caption}.", [unit, "rows"], rows)


def finding_part(finding: dict[str, Any], *, is_open: bool = True) -> str:
    """A finding with its examples, which are shown at once if `is_open`."""
    numbers = f"{finding['count']:,} of {finding['checked']:,} rows ({percent(finding['share'])})"
    detail = f"; {finding['detail']}" if finding["detail"] else ""
    severity = finding["severity"]
    examples = "".join(map(_example, finding["examples"]))
    return (
        f'<section class="finding {severity}"><h3>{text(finding["title"])}</h3>'
        f'<p><span class="severity">{severity}</span> · <code>{finding["code"]}</code> · {text(numbers + detail)}</p>'
        f"<p>{text(finding['why'])}</p><p>To repair: <code>{text(finding['repair'])}</code></p>"
        f"<details{' open' if is_open else ''}><summary>The first rows</summary>{examples}</details></section>"
    )


def not_checked_part(data: dict[str, Any]) -> list[str]:
    """What was not checked, and how to check it; nothing if all was."""
    told = [f"{entry['what']}; to check: {entry['unlock']}" for entry in data["not_checked"]]
    return ["<h2>Not checked</h2>", bullets(told)] if told else []


def _example(example: dict[str, Any]) -> str:
    turn = f", turn {example['turn']}" if example["turn"] > 2 else ""
    other = f"; compare {place(example['other'])}" if "other" in example else ""
    where = text(f"{place(example)}, {example['text']}{turn}{other}")
    where = f'<div class="dim">{where}</div>'
    before, match, after = (text(example[part]) for part in ("before", "match", "after"))
    if not (before or match or after):
        return f'{where}<pre class="dim">(no text)</pre>'
    return f"{where}<pre>{before}<mark>{match}</mark>{after}</pre>"
