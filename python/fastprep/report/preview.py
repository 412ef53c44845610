"""Prints rows as the model sees them: context dim, trained tokens in colour, a line of facts above each row."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastprep._fastprep import (
    CHOSEN_IDS,
    COMPLETION_IDS,
    IGNORE,
    INPUT_IDS,
    LABELS,
    PROMPT_IDS,
    REJECTED_IDS,
    SEQ_LENGTHS,
    SPLIT,
)
from fastprep.report.preview_pieces import Piece, pieces
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
    side: str


UNICODE = Symbols("↵", "→", "·", "─", "│")
ASCII = Symbols("\\n", "\\t", "-", "-", "|")


@dataclass(frozen=True)
class Shown:
    """The first rows of a plan, and the counts of the rows that were read for them."""

    rows: list[dict[str, Any]]
    counts: dict[str, Any]

    def removed(self) -> list[str]:
        """Lines that say which rows were removed, and why."""
        if not self.counts["reasons"]:
            return []
        read = self.counts["rows"]["read"]
        lines = [f"removed from the first {read:,} row{'' if read == 1 else 's'} of the input:"]
        for code, entry in self.counts["reasons"].items():
            lines.append(f"  {entry['count']:,} {reason(code, entry)}, first: {place(entry['first'])}")
        return lines


def first_rows(plan: Plan, rows: int) -> Shown:
    """The first `rows` rows that come out of the plan.

    Raises:
        DataError: none of the rows that were read is left.
    """
    import pyarrow as pa

    first = plan.on_first_rows(rows)
    if "split" in plan.verbs() and any(name == SPLIT for name, _ in plan.schema()):
        # The rows come with a column of this name for their splits.
        first = first.push(json.dumps({"verb": "rename", "mapping": {SPLIT: f"{SPLIT} (column)"}}))
    stream, report, nothing_left = first.collect(1)
    if nothing_left is not None:
        raise nothing_left
    return Shown(pa.table(stream).slice(0, rows).to_pylist(), json.loads(report))


def show(plan: Plan, rows: int) -> None:
    """Print the first `rows` rows that come out of the plan, and which of the input's first rows were removed.

    Raises:
        DataError: none of the rows that were read is left.
    """
    from rich.console import Console
    from rich.rule import Rule
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    symbols = UNICODE if console.encoding.startswith("utf") else ASCII
    verbs = plan.verbs()
    shown = first_rows(plan, rows)
    with console.capture() as capture:
        console.print(Text("context").append(f" {symbols.dot} ").append("trained", style="bold green"), style="dim")
        for number, row in enumerate(shown.rows, 1):
            made = pieces(plan, row)
            title = f" {symbols.dot} ".join(facts(number, row, verbs, made))
            console.print(Rule(title, style="dim", align="left", characters=symbols.rule))
            console.print(_colour(made, row, symbols))
        for number, line in enumerate(shown.removed()):
            console.print(Text(line, style="yellow" if number else ""))
    # The terminal's encoding may lack characters of the data.
    printed = capture.get().encode(console.encoding, "backslashreplace").decode(console.encoding)
    console.file.write(printed)


def facts(number: int, row: dict[str, Any], verbs: list[str], made: list[Piece] | None) -> list[str]:
    """What is above a row: its number, its split, its tokens, the documents of a pack."""
    found = [f"row {number}"]
    if "split" in verbs:
        found.append(row[SPLIT])
    if PROMPT_IDS in row:
        answers = [str(len(row[name])) for name in (CHOSEN_IDS, REJECTED_IDS, COMPLETION_IDS) if name in row]
        found.append(f"{len(row[PROMPT_IDS])} tokens of prompt, {' and '.join(answers)} of answers")
    elif "tokenize" in verbs:
        trained = sum(label != IGNORE for label in row[LABELS][1:])
        kinds = {piece.kind: 0 for piece in made or () if piece.kind}
        for piece in made or ():
            if piece.kind and piece.trained:
                kinds[piece.kind] += 1
        of_kinds = f" ({', '.join(f'{kind} {n}' for kind, n in kinds.items())})" if kinds else ""
        found.append(f"{len(row[INPUT_IDS])} tokens, {trained} trained{of_kinds}")
    if len(row.get(SEQ_LENGTHS) or []) > 1:
        found.append(f"{len(row[SEQ_LENGTHS])} documents")
    return found


def _colour(made: list[Piece] | None, row: dict[str, Any], symbols: Symbols) -> Text:
    from rich.text import Text

    if made is not None:
        return _turns(made, symbols) if any(piece.role for piece in made) else _documents(made, symbols)
    text = Text()
    for name, value in row.items():
        text.append(visible(f"{name}: ", symbols), style="dim").append(visible(str(value), symbols) + "\n")
    return text


def _style(piece: Piece) -> str:
    if piece.trained:
        return "bold green reverse" if piece.control else "bold green"
    return "cyan" if piece.control else "dim"


def _documents(made: list[Piece], symbols: Symbols) -> Text:
    """Pieces without turns, with a line above each document of a pack."""
    from rich.text import Text

    text = Text()
    for piece in made:
        if piece.border:
            text.append("" if not text or text.plain.endswith("\n") else "\n")
            text.append(f"{symbols.rule * 2} document {piece.border} {symbols.rule * 2}\n", style="yellow")
        text.append(visible(piece.text, symbols), style=_style(piece))
    return text


def _turns(made: list[Piece], symbols: Symbols) -> Text:
    """Pieces of a conversation, each line with the role of its turn at the left."""
    from rich.text import Text

    width = max(len(piece.role) for piece in made)
    text, role, at_start = Text(), "", True
    for piece in made:
        if piece.role != role and not at_start:
            text.append("\n")
            at_start = True
        for part in visible(piece.text, symbols).splitlines(keepends=True):
            if at_start:
                label = piece.role if piece.role != role else ""
                text.append(f"{label:>{width}} {symbols.side} ", style="blue")
                role = piece.role
            text.append(part, style=_style(piece))
            at_start = part.endswith("\n")
    if at_start:
        # Printing ends the line.
        text.right_crop()
    return text


def visible(text: str, symbols: Symbols) -> str:
    """The text with line ends marked and kept, and other control characters as escapes."""
    marked = text.replace("\n", f"{symbols.line_end}\n").replace("\t", symbols.tab)
    shown = (c if c == "\n" or c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in marked)
    return "".join(shown)
