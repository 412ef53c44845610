"""Rows with flaws at a known rate, for the bench of `inspect`: what was planted is what must be counted."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

Row = dict[str, str]
EVERY = 1_000
"""One row in so many gets each flaw."""


def _prompt(text: str) -> Callable[[Row], Row]:
    return lambda row: row | {"prompt": text.format(row["prompt"])}


def _answer(text: str) -> Callable[[Row], Row]:
    return lambda row: row | {"completion": text.format(row["completion"])}


FLAWS: dict[str, Callable[[Row], Row]] = {
    "empty_answers": lambda row: row | {"completion": ""},
    "control_characters": _answer("a\x00b {}"),
    "mojibake": _answer("{} cafÃ© naÃ¯ve"),
    "not_nfc": _answer("{} cafe\u0301"),
    "replacement_characters": _answer("{} caf\ufffd"),
    "invisible_characters": _prompt("zero\u200bwidth {}"),
    "carriage_returns": _prompt("one\r\ntwo {}"),
    "templated_text": _answer("{} <|im_start|>user hi<|im_end|>"),
    "emails": _prompt("{} Write to jane.doe@mail.firm.co.uk now"),
    "payment_cards": _prompt("{} Card 4539 5787 6362 1486 now"),
    "refusals": _answer("I'm sorry, but I cannot help with that. {}"),
    "loops": _answer("{} " + "and on and on again, " * 30),
}
"""By the code of the finding."""


def write(source: Path) -> Path:
    """The rows of a file of JSON lines with flaws, beside it."""
    path = source.with_suffix(".flaws.jsonl")
    if not path.exists() or path.stat().st_mtime < source.stat().st_mtime:
        with source.open(encoding="utf-8") as rows, path.open("w", encoding="utf-8") as file:
            for row in _planted(map(json.loads, rows)):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def _planted(rows: Iterable[Row]) -> Iterator[Row]:
    flaws = list(FLAWS.values())
    for number, row in enumerate(rows):
        at = number % EVERY
        yield flaws[at](row) if at < len(flaws) else row


def expected(source: Path) -> dict[str, int]:
    """What must be counted in the file that `write` made: the planted flaws, the copies and the conflicts."""
    rows = 0
    whole: set[tuple[str, str]] = set()
    answers: defaultdict[str, set[str]] = defaultdict(set)
    with source.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            rows += 1
            whole.add((row["prompt"], row["completion"]))
            answers[" ".join(row["prompt"].split())].add(" ".join(row["completion"].split()))
    planted = {code: (rows - at + EVERY - 1) // EVERY for at, code in enumerate(FLAWS)}
    conflicts = sum(len(each) > 1 for each in answers.values())
    return planted | {"rows": rows, "duplicate_rows": rows - len(whole), "conflicting_prompts": conflicts}
