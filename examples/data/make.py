"""Writes the demo data, with planted faults, and the list of these faults that the tests hold us to.

Run `python examples/data/make.py`; it writes the same bytes every time, beside itself or in `--out`.
"""

import argparse
import gzip
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from faults import MAX_LENGTH, SEPARATOR, STOP, all_faults
from rows import Row, clean, foreign

SEED = 7
CLEAN_ROWS = 340
CLEAN_ROWS_SECOND = 60
REPEATS = 12  # exact duplicates within the first file
REPEATS_SECOND = 6  # rows of the second file that stand in the first
SAME_PROMPT = 8  # prompts that come twice, with two answers
BLANK_EVERY, CRLF_EVERY = 45, 30  # every other blank line ends in CRLF


@dataclass
class Line:
    """One line to write, and why its row is removed, if it is."""

    data: bytes
    code: str | None = None
    what: str = ""
    text: tuple[str, str, str] | None = None  # instruction, input, output of a row that is read
    end: bytes = b"\n"


@dataclass
class File:
    """A file to write."""

    name: str
    lines: list[Line] = field(default_factory=list)

    def data(self) -> bytes:
        """Its bytes, uncompressed; the last line ends without a line break."""
        return b"".join(line.data + line.end for line in self.lines).removesuffix(b"\n")


def good(row: Row, *, ascii_only: bool = False) -> Line:
    """A row as a line."""
    text = (str(row["instruction"]), str(row["input"]), str(row["output"]))
    return Line(json.dumps(row, ensure_ascii=ascii_only).encode(), text=text)


def repeat(rng: Random, rows: list[Row], count: int) -> list[Line]:
    """Copies of rows: the same text, under another id, in another order of keys or with escapes."""
    lines = []
    for i in range(count):
        row = dict(rows[rng.randrange(len(rows))])
        if i % 3 == 1:
            row["id"] = f"{row['id']}-again"
        if i % 3 == 2:
            row = dict(reversed(row.items()))
        lines.append(good(row, ascii_only=i % 2 == 1))
    return lines


def other_answers(rng: Random, rows: list[Row]) -> list[Line]:
    """The same prompts with another answer: no duplicates, but they must share a split."""
    picked = list(rows)
    rng.shuffle(picked)
    return [
        good(row | {"id": f"{row['id']}-b", "output": f"In short: {row['output']}"})
        for row in picked[:SAME_PROMPT]
    ]


def insert(rng: Random, lines: list[Line], more: list[Line]) -> None:
    """Puts lines at random places."""
    for line in more:
        lines.insert(rng.randrange(len(lines) + 1), line)


def files() -> list[File]:
    """The two files, in the order in which they are read."""
    rng = Random(SEED)
    seen: set[tuple[str, str]] = set()
    rows = clean(rng, CLEAN_ROWS, seen)
    rng.shuffle(rows)
    for row in foreign():
        rows.insert(rng.randrange(len(rows)), row)
    rows = [{"id": f"s{i:04}"} | row for i, row in enumerate(rows)]
    first = [good(row) for row in rows]
    insert(rng, first, [Line(f.line, f.code, f.what) for f in all_faults()])
    insert(rng, first, other_answers(rng, rows))
    insert(rng, first, repeat(rng, rows, REPEATS))

    more = [{"id": f"t{i:04}"} | row for i, row in enumerate(clean(rng, CLEAN_ROWS_SECOND, seen))]
    second = [good(row) for row in more]
    insert(rng, second, repeat(rng, rows, REPEATS_SECOND))

    for i in range(BLANK_EVERY, len(first), BLANK_EVERY):
        first.insert(i, Line(b""))
    for line in first[CRLF_EVERY::CRLF_EVERY]:
        line.end = b"\r\n"
    return [File("support.jsonl", first), File("tickets.jsonl.gz", second)]


def ledger(written: list[File]) -> dict[str, Any]:
    """What a run over the files must report: rows in, rows out, every removal with its place."""
    kept: dict[tuple[str, str, str], tuple[str, int]] = {}
    prompts: dict[tuple[str, str], list[tuple[str, int]]] = {}
    removed, counts = [], Counter[str]()
    for file in written:
        for number, line in enumerate(file.lines, 1):
            place = {"file": file.name, "line": number}
            if line.code:
                counts[line.code] += 1
                removed.append(place | {"code": line.code, "what": line.what})
            elif line.text in kept:
                name, kept_line = kept[line.text]
                counts["duplicate"] += 1
                removed.append(
                    place | {"code": "duplicate", "kept": {"file": name, "line": kept_line}}
                )
            elif line.text:
                kept[line.text] = (file.name, number)
                prompts.setdefault(line.text[:2], []).append((file.name, number))
    lines = sum(len(file.lines) for file in written)
    blank = sum(not line.data for file in written for line in file.lines)
    return {
        "format": {
            "prompt": "{instruction}\n{input}",
            "completion": "{output}",
            "separator": SEPARATOR,
            "stop": STOP,
            "max_length": MAX_LENGTH,
        },
        "lines": lines,
        "blank_lines": blank,
        "rows_read": lines - blank,
        "rows_written": len(kept),
        "counts": dict(sorted(counts.items())),
        "removed": removed,
        "same_prompt": [
            [{"file": f, "line": n} for f, n in places]
            for places in prompts.values()
            if len(places) > 1
        ],
    }


def readme(book: dict[str, Any]) -> str:
    """The page beside the data."""
    table = [f"| `{f.code}` | {f.what.replace('|', chr(92) + '|')} | 1 |" for f in all_faults()]
    repeated, same = book["counts"]["duplicate"], len(book["same_prompt"])
    table.append(
        f"| `duplicate` | a repeated row: unchanged, with another id, or with escapes | {repeated} |"
    )
    return f"""# Demo data

`support.jsonl` and `tickets.jsonl.gz`: questions to an invented shop and small tasks. All data are made up, and are
written by `make.py`, which gives the same bytes in every run. Fields: `id`, `instruction`, `input` (often empty),
`output`, `source`, `lang`, and a nested `meta` in some rows.

The files contain the faults below on purpose. `faults.json` has the same list with the place of each fault; the tests
compare the report of a run with it. The format is: prompt `{{instruction}}\\n{{input}}`, completion `{{output}}`,
separator `\\n##\\n`, stop `\\n###\\n`, at most {MAX_LENGTH} tokens of the tokenizer in `../tokenizer`.

| code | fault | rows |
|---|---|---|
{chr(10).join(table)}

| lines | blank | rows read | rows left after all removals |
|---|---|---|---|
| {book["lines"]} | {book["blank_lines"]} | {book["rows_read"]} | {book["rows_written"]} |

These must *not* be removed: {same} prompts that occur twice with different answers (both in one split), lines that
end in CRLF, a last line without a line end, emoji, CJK and Arabic script, `é` in both its forms, a NUL, headings such
as `## Kettles` that only resemble a separator.
"""


def main() -> None:
    """Writes all files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    out = parser.parse_args().out
    written = files()
    for file in written:
        data = file.data()
        if file.name.endswith(".gz"):
            data = gzip.compress(data, mtime=0)
        (out / file.name).write_bytes(data)
    book = ledger(written)
    (out / "faults.json").write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (out / "README.md").write_text(readme(book), "utf-8")


if __name__ == "__main__":
    main()
