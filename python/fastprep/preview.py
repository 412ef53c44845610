"""Rows as the model sees them: context dim, trained tokens in colour, one line of facts a row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.text import Text

    from fastprep._fastprep import Plan

IGNORE = -100


def show(plan: Plan, rows: int) -> None:
    """Print the first `rows` rows that come out of the plan, and the first that were taken out."""
    import pyarrow as pa
    from rich.console import Console
    from rich.rule import Rule
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    verbs = plan.verbs()
    head = plan.head_unshuffled(rows)
    if "split" in verbs and any(name == "split" for name, _ in plan.schema()):
        # The split of each row comes as a column of that name.
        head = head.rename([("split", "split (column)")])
    made, report = head.collect(1)
    table = pa.table(made)
    console.print(Text("context").append(" · ").append("trained", style="bold green"), style="dim")
    for number, row in enumerate(table.to_pylist()):
        console.print(Rule(_title(number, row, verbs), style="dim", align="left"))
        console.print(_colour(plan, row))
    for code, entry in json.loads(report)["reasons"].items():
        if code != "not_in_head":
            console.print(Text(f"taken out  {entry['count']:,} {code}, first: {entry['first']}", style="yellow"))


def _title(number: int, row: dict[str, Any], verbs: list[str]) -> str:
    facts = [f"row {number}"]
    if "split" in verbs:
        facts.append(row["split"])
    if "tokenize" in verbs:
        trained = sum(label != IGNORE for label in row["labels"][1:])
        facts.append(f"{len(row['input_ids'])} tokens, {trained} trained")
    return " · ".join(facts)


def _colour(plan: Plan, row: dict[str, Any]) -> Text:
    from rich.text import Text

    text = Text()
    if "tokenize" in plan.verbs():
        pieces = plan.token_texts(row["input_ids"])
        for piece, label in zip(pieces, row["labels"], strict=True):
            text.append(_visible(piece), style="dim" if label == IGNORE else "bold green")
    elif "prompt" in row and "completion" in row:
        text.append(_visible(str(row["prompt"])), style="dim")
        text.append(_visible(str(row["completion"])), style="bold green")
    else:
        for name, value in row.items():
            text.append(f"{name}: ", style="dim").append(f"{value}\n")
    return text


def _visible(text: str) -> str:
    """Line ends stay, and are marked; other control characters are written out."""
    marked = text.replace("\n", "↵\n").replace("\t", "→")
    return "".join(c if c == "\n" or c.isprintable() else f"\\x{ord(c):02x}" for c in marked)
