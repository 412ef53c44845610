"""Prints rows as the model sees them: context dim, trained tokens in colour, a line of facts above each row."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastprep._fastprep import CHAT_COLUMNS, COMPLETION, IGNORE, INPUT_IDS, LABELS, PROMPT, SPLIT
from fastprep.report.run_report import place, reason

if TYPE_CHECKING:
    from rich.text import Text

    from fastprep._fastprep import Plan


@dataclass(frozen=True)
class Symbols:
    """Symbols for invisible characters, and between facts."""

    line_end: str
    tab: str
    dot: str
    rule: str


UNICODE = Symbols("↵", "→", "·", "─")
ASCII = Symbols("\\n", "\\t", "-", "-")


def show(plan: Plan, rows: int) -> None:
    """Print the first `rows` rows that come out of the plan, and which of the input's first rows were removed.

    Raises:
        DataError: none of the rows that were read is left.
    """
    import pyarrow as pa
    from rich.console import Console
    from rich.rule import Rule
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    symbols = UNICODE if console.encoding.startswith("utf") else ASCII
    verbs = plan.verbs()
    first = plan.on_first_rows(rows)
    if "split" in verbs and any(name == SPLIT for name, _ in plan.schema()):
        # The rows come with a column of this name for their splits.
        first = first.push(json.dumps({"verb": "rename", "mapping": {SPLIT: f"{SPLIT} (column)"}}))
    stream, report, nothing_left = first.collect(1)
    if nothing_left is not None:
        raise nothing_left
    table = pa.table(stream).slice(0, rows)
    counts = json.loads(report)
    with console.capture() as capture:
        console.print(Text("context").append(f" {symbols.dot} ").append("trained", style="bold green"), style="dim")
        for number, row in enumerate(table.to_pylist(), 1):
            title = f" {symbols.dot} ".join(_facts(number, row, verbs))
            console.print(Rule(title, style="dim", align="left", characters=symbols.rule))
            console.print(_colour(plan, row, symbols))
        read = counts["rows"]["read"]
        if counts["reasons"]:
            console.print(f"removed from the first {read:,} row{'' if read == 1 else 's'} of the input:")
        for code, entry in counts["reasons"].items():
            text = f"  {entry['count']:,} {reason(code, entry)}, first: {place(entry['first'])}"
            console.print(Text(text, style="yellow"))
    # The terminal's encoding may lack characters of the data.
    shown = capture.get().encode(console.encoding, "backslashreplace").decode(console.encoding)
    console.file.write(shown)


def _facts(number: int, row: dict[str, Any], verbs: list[str]) -> list[str]:
    facts = [f"row {number}"]
    if "split" in verbs:
        facts.append(row[SPLIT])
    if "tokenize" in verbs:
        trained = sum(label != IGNORE for label in row[LABELS][1:])
        facts.append(f"{len(row[INPUT_IDS])} tokens, {trained} trained")
    return facts


def _colour(plan: Plan, row: dict[str, Any], symbols: Symbols) -> Text:
    from rich.text import Text

    text = Text()
    if "tokenize" in plan.verbs():
        pieces = plan.token_texts(row[INPUT_IDS])
        for piece, label in zip(pieces, row[LABELS], strict=True):
            text.append(_visible(piece, symbols), style="dim" if label == IGNORE else "bold green")
    elif "format_chat" in plan.verbs() and set(CHAT_COLUMNS) <= set(row):
        rendered, spans = (row[name] for name in CHAT_COLUMNS)
        for span in json.loads(spans):
            piece = rendered[span["start"] : span["end"]]
            text.append(_visible(piece, symbols), style="bold green" if span["trained"] else "dim")
    elif PROMPT in row and COMPLETION in row:
        text.append(_visible(str(row[PROMPT]), symbols), style="dim")
        text.append(_visible(str(row[COMPLETION]), symbols), style="bold green")
    else:
        for name, value in row.items():
            text.append(_visible(f"{name}: ", symbols), style="dim").append(_visible(str(value), symbols) + "\n")
    return text


def _visible(text: str, symbols: Symbols) -> str:
    """The text with line ends marked and kept, and other control characters as escapes."""
    marked = text.replace("\n", f"{symbols.line_end}\n").replace("\t", symbols.tab)
    shown = (c if c == "\n" or c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in marked)
    return "".join(shown)
