"""Each verb over dicts, one row after the other, in the plainest way: what the engine must agree with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from struct import pack
from typing import Any
from unicodedata import normalize

from common import SEPARATOR, STOP, WHITE_SPACE, removal, render
from xxhash import xxh3_64_intdigest

Values = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """A row on its way: where the source had it, its values, what decides its split, and 0 or the number of a copy."""

    place: int
    values: Values
    side: Any = None
    copy: int = 0

    def having(self, values: Values) -> Row:
        return replace(self, values=values)


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
        return replace(row, side=json.dumps(key))


@dataclass
class Shuffle(Step):
    """Takes all rows before it gives the first one."""

    seed: int

    def order(self, rows: list[Row], file: str) -> list[Row]:
        """By a hash of seed, source, file, row and copy: of the first source, and of the first file of this name."""
        of_file = xxh3_64_intdigest(pack("<II", 0, 0) + file.encode(), self.seed)

        def rank(row: Row) -> int:
            of_row = hashed(row.place, of_file)
            return hashed(row.copy, of_row) if row.copy else of_row

        return sorted(rows, key=rank)


def hashed(number: int, seed: int) -> int:
    return xxh3_64_intdigest(pack("<Q", number), seed)


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


@dataclass
class Balance:
    """Takes all rows before it gives the first one, and makes the classes of a column equal."""

    by: str
    how: str
    seed: int

    def choose(self, rows: list[Row], file: str, account: Account, outcome: Outcome) -> Iterator[Row]:
        """The rows that leave, and copies of them. Others are removed between rows that later steps remove."""
        account.rows_in += len(rows)
        classes: dict[str, list[Row]] = {}
        for row in rows:
            if row.values[self.by] is not None:
                classes.setdefault(json.dumps(row.values[self.by]), []).append(row)
        leaving: list[tuple[Any, Row, str | None]] = []
        for i, row in enumerate(rows):
            if row.values[self.by] is None:
                # Before any row of a class at the same share of the rows.
                leaving.append(((Fraction(i, len(rows)), 1, 0), row, "missing_field"))
        for number, members in enumerate(classes.values()):
            leaving += getattr(self, self.how)(number, members, rows, classes, file)
        for _, row, removed in sorted(leaving, key=lambda entry: entry[0]):
            if removed is None:
                account.rows_out += 1
                account.repeated += row.copy != 0
                yield row
                continue
            account.remove(removed, row.place)
            if removed == "surplus":
                outcome.dropped += 1
                continue
            outcome.rejects.append((removed, row.place))
            blamed = outcome.blamed.setdefault(removed, {})
            blamed[self.by] = blamed.get(self.by, 0) + 1

    def undersample(
        self, _: int, members: list[Row], rows: list[Row], classes: dict[str, list[Row]], file: str
    ) -> Iterable[tuple[Any, Row, str | None]]:
        kept = set(map(id, Shuffle(self.seed).order(members, file)[: min(map(len, classes.values()))]))
        for row in members:
            yield in_order(row, rows), row, None if id(row) in kept else "surplus"

    def oversample(
        self, number: int, members: list[Row], _: list[Row], classes: dict[str, list[Row]], file: str
    ) -> Iterable[tuple[Any, Row, str | None]]:
        most = max(map(len, classes.values()))
        once_more = set(map(id, Shuffle(self.seed).order(members, file)[: most % len(members)]))
        given = members * (most // len(members)) + [row for row in members if id(row) in once_more]
        for j, row in enumerate(given):
            nth = sum(other is row for other in given[:j])
            copy = row if nth == 0 else replace(row, copy=hashed(nth, row.copy))
            yield (Fraction(2 * j + 1, 2 * most), 0, number), copy, None

    def weights(
        self, _: int, members: list[Row], rows: list[Row], classes: dict[str, list[Row]], __: str
    ) -> Iterable[tuple[Any, Row, str | None]]:
        weight = sum(map(len, classes.values())) / (len(classes) * len(members))
        for row in members:
            yield in_order(row, rows), row.having(row.values | {"row_weight": weight}), None


def in_order(row: Row, rows: list[Row]) -> tuple[Fraction, int, int]:
    """Where a row leaves that keeps its place."""
    return Fraction(next(i for i, other in enumerate(rows) if other is row), len(rows)), 0, 0


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
    repeated: int = 0

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
    barriers = [i for i, step in enumerate(steps) if isinstance(step, Shuffle | Choose | Balance)]
    first = barriers[0] if barriers else len(steps)
    _read(lines, columns, steps[:first], outcome)
    for start, end in zip(barriers, [*barriers, len(steps)][1:], strict=True):
        barrier, after = steps[start], steps[start + 1 : end]
        rows: Iterable[Row]
        if isinstance(barrier, Choose | Balance):
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
