"""Rows as the model sees them: context dim, trained tokens in colour, one line of facts a row."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastprep._fastprep import COMPLETION, IGNORE, INPUT_IDS, LABELS, PROMPT, SPLIT
from fastprep.report.run_report import place, reason

if TYPE_CHECKING:
    from rich.text import Text

    from fastprep._fastprep import Plan


@dataclass(frozen=True)
class Marks:
    """What stands for characters that cannot be seen, and between facts."""

    line_end: str
    tab: str
    dot: str
    rule: str


UNICODE = Marks("↵", "→", "·", "─")
ASCII = Marks("\\n", "\\t", "-", "-")


def show(plan: Plan, rows: int) -> None:
    """Print the first `rows` rows that come out of the plan, and what was taken out of the first rows of the input.

    Raises:
        DataError: no row is left of those that were looked at.
    """
    import pyarrow as pa
    from rich.console import Console
    from rich.rule import Rule
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    marks = UNICODE if console.encoding.startswith("utf") else ASCII
    verbs = plan.verbs()
    first = plan.on_first_rows(rows)
    if "split" in verbs and any(name == SPLIT for name, _ in plan.schema()):
        # The split of each row comes as a column of that name.
        first = first.push(json.dumps({"verb": "rename", "mapping": {SPLIT: f"{SPLIT} (column)"}}))
    made, report, nothing_left = first.collect(1)
    if nothing_left is not None:
        raise nothing_left
    table = pa.table(made).slice(0, rows)
    counts = json.loads(report)
    with console.capture() as capture:
        console.print(Text("context").append(f" {marks.dot} ").append("trained", style="bold green"), style="dim")
        for number, row in enumerate(table.to_pylist(), 1):
            title = f" {marks.dot} ".join(_facts(number, row, verbs))
            console.print(Rule(title, style="dim", align="left", characters=marks.rule))
            console.print(_colour(plan, row, marks))
        read = counts["rows"]["read"]
        if counts["reasons"]:
            console.print(f"taken out of the first {read:,} row{'' if read == 1 else 's'} of the input:")
        for code, entry in counts["reasons"].items():
            text = f"  {entry['count']:,} {reason(code, entry)}, first: {place(entry['first'])}"
            console.print(Text(text, style="yellow"))
    # Text of the data may hold what the terminal cannot write.
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


def _colour(plan: Plan, row: dict[str, Any], marks: Marks) -> Text:
    from rich.text import Text

    text = Text()
    if "tokenize" in plan.verbs():
        pieces = plan.token_texts(row[INPUT_IDS])
        for piece, label in zip(pieces, row[LABELS], strict=True):
            text.append(_visible(piece, marks), style="dim" if label == IGNORE else "bold green")
    elif PROMPT in row and COMPLETION in row:
        text.append(_visible(str(row[PROMPT]), marks), style="dim")
        text.append(_visible(str(row[COMPLETION]), marks), style="bold green")
    else:
        for name, value in row.items():
            text.append(_visible(f"{name}: ", marks), style="dim").append(_visible(str(value), marks) + "\n")
    return text


def _visible(text: str, marks: Marks) -> str:
    """Line ends stay, and are marked; other control characters are written out."""
    marked = text.replace("\n", f"{marks.line_end}\n").replace("\t", marks.tab)
    shown = (c if c == "\n" or c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in marked)
    return "".join(shown)
