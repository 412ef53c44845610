"""The naive answer: what both sides must give, in plain Python, slow and plain to see."""

import json
from collections.abc import Iterator
from pathlib import Path

from job import SEPARATOR, STOP


def count(text: str, needle: str) -> int:
    """Occurrences, overlapping ones too."""
    return sum(text.startswith(needle, i) for i in range(len(text)))


def is_proven(prompt: str, completion: str) -> bool:
    """Whether separator and stop occur once in the rendered row: each where the format puts it."""
    text = prompt + SEPARATOR + completion + STOP
    return count(text, SEPARATOR) == 1 and count(text, STOP) == 1


def rows(path: Path) -> Iterator[tuple[str, str]]:
    """The rows of a file."""
    with path.open(encoding="utf-8", newline="\n") as file:
        for text in file:
            row = json.loads(text)
            yield row["prompt"], row["completion"]


def prepared(path: Path) -> list[tuple[str, str]]:
    """Rows that are proven and new, rendered, in input order."""
    kept = dict.fromkeys(row for row in rows(path) if is_proven(*row))
    return [(prompt + SEPARATOR, completion + STOP) for prompt, completion in kept]
