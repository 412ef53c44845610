"""Each verb over dicts, one row after the other, in the plainest way: what the engine must agree with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from struct import pack
from typing import Any
from unicodedata import normalize

from common import SEPARATOR, STOP, WHITE_SPACE, removal, render
from xxhash import xxh3_64_intdigest

Values = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """A row on its way: where the source had it, its values, and what decides its split."""

    place: int
    values: Values
    side: Any = None

    def having(self, values: Values) -> Row:
        return Row(self.place, values, self.side)


@dataclass(frozen=True)
class Removal:
    """Why a step takes a row out."""

    code: str
    column: str | None = None
    reject: bool = True
    kept: int | None = None


class Step:
    """What a verb does to one row after the other. `full`: no further row is read."""

    full = False

    def apply(self, row: Row) -> Row | Removal:
        raise NotImplementedError


@dataclass
class Change(Step):
    """Other values, each row's from that row alone."""

    of: Callable[[Values], Values]

    def apply(self, row: Row) -> Row:
        return row.having(self.of(row.values))


@dataclass
class Keep(Step):
    """Rows for which an answer is true; None is not true."""

    answer: Callable[[Values], bool | None]

    def apply(self, row: Row) -> Row | Removal:
        return row if self.answer(row.values) is True else Removal("filtered", reject=False)


@dataclass
class Number(Step):
    name: str
    next: int

    def apply(self, row: Row) -> Row:
        self.next += 1
        return row.having({self.name: self.next - 1} | row.values)


@dataclass
class Head(Step):
    """Ends the input, unless all rows were read before: then it takes out those that come later."""

    left: int
    ends_input: bool = True

    def apply(self, row: Row) -> Row | Removal:
        if self.left == 0:
            return Removal("past_head", reject=False)
        self.left -= 1
        self.full = self.ends_input and self.left == 0
        return row


@dataclass
class Dedup(Step):
    """`on` is None for all columns, or for the pair after `format`."""

    on: Sequence[str] | None
    levels: Sequence[str]
    formatted: bool
    seen: dict[Any, int] = field(default_factory=dict)

    def apply(self, row: Row) -> Row | Removal:
        on = self.on or (["prompt", "completion"] if self.formatted else list(row.values))
        first = self.seen.setdefault(tuple(self.key(name, row.values[name]) for name in on), row.place)
        return row if first == row.place else Removal("duplicate", reject=False, kept=first)

    def key(self, name: str, value: Any) -> Any:
        if isinstance(value, bool | list | dict):
            return json.dumps(value), "json"
        if not isinstance(value, str):
            return value
        if self.formatted and name in ("prompt", "completion"):
            value = value.removesuffix({"prompt": SEPARATOR, "completion": STOP}[name])
        if "unicode" in self.levels:
            value = normalize("NFKC", value)
        if "case" in self.levels:
            value = value.lower()
        if "whitespace" in self.levels:
            value = " ".join(value.split())
        return value


@dataclass
class Validate(Step):
    required: Sequence[str]
    not_blank: Sequence[str]
    min_chars: dict[str, int]
    max_chars: dict[str, int]
    allowed: dict[str, list[str]]
    reject: bool

    def apply(self, row: Row) -> Row | Removal:
        for code, column in self.broken(row.values):
            return Removal(code, column, self.reject)
        return row

    def broken(self, values: Values) -> Iterable[tuple[str, str]]:
        """All that is broken, in the order of the rules."""
        present = {name: value for name, value in values.items() if value is not None}
        yield from (("missing_field", name) for name in self.required if name not in present)
        present = {name: value for name, value in present.items() if isinstance(value, str)}
        yield from (("blank_field", name) for name in self.not_blank if not present.get(name, "x").strip(WHITE_SPACE))
        yield from (("too_short", name) for name, n in self.min_chars.items() if len(present.get(name, "x" * n)) < n)
        yield from (("too_many_chars", name) for name, n in self.max_chars.items() if len(present.get(name, "")) > n)
        yield from (
            ("value_not_allowed", name)
            for name, known in self.allowed.items()
            if present.get(name, known[0]) not in known
        )


@dataclass
class Format(Step):
    """`prompt` and `completion` give a text, or the name of the column that is missing in a tuple."""

    prompt: Callable[[Values], str | tuple[str]]
    completion: Callable[[Values], str | tuple[str]]
    used: set[str]
    reject: bool

    def apply(self, row: Row) -> Row | Removal:
        prompt, completion = self.prompt(row.values), self.completion(row.values)
        for part in (prompt, completion):
            if isinstance(part, tuple):
                return Removal("missing_field", part[0])
        assert isinstance(prompt, str)
        assert isinstance(completion, str)
        code = removal(prompt, completion)
        if code:
            return Removal(code, reject=self.reject or code.startswith("empty"))
        rendered = dict(zip(("prompt", "completion"), render(prompt, completion), strict=True))
        return row.having(rendered | {name: value for name, value in row.values.items() if name not in self.used})


@dataclass
class Split(Step):
    """Rows whose keys are equal belong on one side; which one is not known here."""

    by: Sequence[str] | None

    def apply(self, row: Row) -> Row:
        key = [row.values[name] for name in self.by or ["prompt"]]
        return Row(row.place, row.values, json.dumps(key))


@dataclass
class Shuffle(Step):
    """Takes all rows before it gives the first one."""

    seed: int

    def order(self, rows: list[Row], file: str) -> list[Row]:
        """By a hash of seed, source, file and row: of the first source, and of the first file of this name."""
        of_file = xxh3_64_intdigest(pack("<II", 0, 0) + file.encode(), self.seed)
        return sorted(rows, key=lambda row: xxh3_64_intdigest(pack("<Q", row.place), of_file))


@dataclass
class Choose:
    """Takes all rows before it gives the first one; the rows that stay keep their order."""

    stays: Callable[[list[Row], str], list[bool]]
    code: str
    reject: bool

    def choose(self, rows: list[Row], file: str, account: Account, outcome: Outcome) -> Iterator[Row]:
        """The rows that stay. The others are removed one after the other, between rows that later steps remove."""
        for row, stays in zip(rows, self.stays(rows, file), strict=True):
            account.rows_in += 1
            if stays:
                account.rows_out += 1
                yield row
                continue
            account.remove(self.code, row.place)
            if self.reject:
                outcome.rejects.append((self.code, row.place))
            else:
                outcome.dropped += 1


def sample(rows: list[Row], file: str, amount: Callable[[int], int], by: str | None, seed: int) -> list[bool]:
    """Which rows are in a sample: of each group those with the smallest ranks."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(json.dumps(row.values[by] if by else 0), []).append(row)
    ranked = {id(row): rank for rank, row in enumerate(Shuffle(seed).order(rows, file))}
    kept: set[int] = set()
    for group in groups.values():
        kept |= set(sorted(map(id, group), key=ranked.__getitem__)[: amount(len(group))])
    return [id(row) in kept for row in rows]


def conflicts(rows: list[Row], prompt: str, answer: str, keep: str) -> list[bool]:
    """Which rows stay when conflicts are resolved."""
    keys = [(json.dumps(row.values[prompt]), json.dumps(row.values[answer])) for row in rows]
    answers: dict[str, list[str]] = {}
    for key, value in keys:
        answers.setdefault(key, []).append(value)
    best = {key: known[0] if keep == "first" else max(known, key=known.count) for key, known in answers.items()}
    return [len(set(answers[key])) == 1 or (keep != "none" and best[key] == value) for key, value in keys]


BAD, BLANK = object(), object()
"""Lines of a source that are not rows."""


@dataclass
class Account:
    """What a step must have reported."""

    rows_in: int = 0
    rows_out: int = 0
    removed: dict[str, tuple[int, int]] = field(default_factory=dict)

    def remove(self, code: str, place: int) -> None:
        count, first = self.removed.get(code, (0, place))
        self.removed[code] = (count + 1, min(first, place))


@dataclass
class Outcome:
    rows: list[Row]
    accounts: list[Account]
    rejects: list[tuple[str, int]]
    duplicates: list[tuple[int, int]]
    dropped: int
    blamed: dict[str, dict[str, int]]


def interpret(lines: Sequence[Any], columns: Sequence[str], steps: Sequence[Any], file: str) -> Outcome:
    """Runs the steps over the lines of a source, dicts, `BAD` or `BLANK`, whose file is called so."""
    outcome = Outcome([], [Account() for _ in range(len(steps) + 1)], [], [], 0, {})
    barriers = [i for i, step in enumerate(steps) if isinstance(step, Shuffle | Choose)]
    first = barriers[0] if barriers else len(steps)
    _read(lines, columns, steps[:first], outcome)
    for start, end in zip(barriers, [*barriers, len(steps)][1:], strict=True):
        barrier, after = steps[start], steps[start + 1 : end]
        rows: Iterable[Row]
        if isinstance(barrier, Choose):
            rows = barrier.choose(outcome.rows, file, outcome.accounts[start + 1], outcome)
        else:
            assert isinstance(barrier, Shuffle)
            rows = barrier.order(outcome.rows, file)
            outcome.accounts[start + 1] = Account(len(rows), len(rows))
        outcome.rows = []
        for step in after:
            if isinstance(step, Head):
                step.ends_input = False
        for row in rows:
            _one(row, after, outcome.accounts[start + 2 : end + 1], outcome)
    return outcome


def _read(lines: Sequence[Any], columns: Sequence[str], steps: Sequence[Step], outcome: Outcome) -> None:
    for place, line in enumerate(lines):
        if line is BLANK:
            continue
        outcome.accounts[0].rows_in += 1
        if line is BAD:
            outcome.accounts[0].remove("bad_json", place)
            outcome.rejects.append(("bad_json", place))
            continue
        outcome.accounts[0].rows_out += 1
        row = Row(place, {name: line.get(name) for name in columns})
        _one(row, steps, outcome.accounts[1 : len(steps) + 1], outcome)
        if any(step.full for step in steps):
            break


def _one(row: Row, steps: Sequence[Step], accounts: Sequence[Account], outcome: Outcome) -> None:
    for step, account in zip(steps, accounts, strict=True):
        account.rows_in += 1
        result = step.apply(row)
        if isinstance(result, Removal):
            account.remove(result.code, row.place)
            if result.reject:
                outcome.rejects.append((result.code, row.place))
            elif result.kept is not None:
                outcome.duplicates.append((row.place, result.kept))
            elif result.code != "filtered":
                outcome.dropped += 1
            if result.column is not None:
                blamed = outcome.blamed.setdefault(result.code, {})
                blamed[result.column] = blamed.get(result.column, 0) + 1
            return
        account.rows_out += 1
        row = result
    outcome.rows.append(row)
