"""The tables of the report of a sink, for its page and for Markdown."""

from __future__ import annotations

from typing import Any

from fastprep._fastprep import findings, reasons
from fastprep.inspection.shown import percent
from fastprep.report.run_report import place, reason, token_lines

Table = tuple[list[str], list[list[Any]]]
"""The titles of the columns, and the rows."""


def summary(data: dict[str, Any]) -> list[str]:
    """What became of the rows, their tokens and their packs: a line each."""
    report = data["report"]
    rows = report["rows"]
    counted = [f"{count:,} {name}" for name, count in outcomes(data)]
    if rows.get("repeated"):
        counted.append(f"{rows['repeated']:,} copies made")
    told = [f"rows read from {', '.join(data['inputs'])}: {rows['read']:,}; of these {', '.join(counted)}"]
    if packing := report["packing"]:
        told.append(
            f"{packing['documents']:,} rows joined into {packing['packs']:,} packs of up to "
            f"{packing['max_length']:,} tokens, {percent(packing['fill'])} full"
        )
    return told + [line.strip() for line in token_lines(report["tokens"])]


def outcomes(data: dict[str, Any]) -> list[tuple[str, int]]:
    """What became of the rows, and of how many."""
    rows, packing = data["report"]["rows"], data["report"]["packing"]
    stay = ("packed", packing["documents"]) if packing else ("written", rows["written"])
    removed = [(name, rows[name]) for name in ("rejected", "duplicate", "filtered", "dropped")]
    return [stay, *(entry for entry in removed if entry[1])]


def removed(data: dict[str, Any]) -> Table:
    """Why rows were removed, the most frequent reason first."""
    about = dict(reasons())
    read = max(1, data["report"]["rows"]["read"])
    rows = [
        [reason(code, entry), entry["count"], percent(entry["count"] / read), place(entry["first"]), about[code]]
        for code, entry in data["report"]["reasons"].items()
    ]
    return ["reason", "rows", "share", "first", "what it means"], rows


def noticed(data: dict[str, Any]) -> Table:
    """What the steps noticed in rows that they kept."""
    about = {code: meaning for code, meaning, _ in findings()}
    rows = [
        [name, entry["count"], place(entry["first"]), about[name.partition(":")[0]]]
        for name, entry in data["report"]["findings"].items()
    ]
    return ["noticed", "times", "first", "what it means"], rows


def splits(data: dict[str, Any]) -> Table:
    """The rows of each split, and its tokens where there are some."""
    titles = ["split", "rows"]
    rows = [[split["name"], split["rows"]] for split in data["splits"]]
    if data["report"]["tokens"]:
        titles += ["tokens", "trained", "share"]
        for row, split in zip(rows, data["splits"], strict=True):
            share = split["trained_tokens"] / max(1, split["tokens"])
            row += [split["tokens"], split["trained_tokens"], percent(share)]
    return titles, rows


def before_and_after(data: dict[str, Any]) -> Table:
    """The rows, their lengths and the findings, in the source and after the steps; no rows where they are the same."""
    before, after = data["before"], data["after"]
    if not before or before == after:
        return [], []
    rows = [["rows", *(f"{side['rows']['inspected']:,}" for side in (before, after))]]
    for part in after["characters"]:
        lengths = [side["characters"][part] for side in (before, after)]
        if any(lengths):
            shown = [f"{entry['p50']:,}" if entry else "–" for entry in lengths]
            rows.append([f"characters of {part}, p50", *shown])
    found = [{finding["code"]: finding for finding in side["findings"]} for side in (before, after)]
    for code in {**found[0], **found[1]}:
        rows.append([code, *(_count(side.get(code)) for side in found)])
    return ["", "before", "after"], rows


def _count(finding: dict[str, Any] | None) -> str:
    return "–" if finding is None else f"{finding['count']:,} ({percent(finding['share'])})"
