"""How a prompt that somebody built differs from that of training, in words."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST = 8
"""The number of differences that are listed."""

LARGEST = 4_000_000
"""Texts are compared word by word up to this product of their numbers of words."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a prompt: its start and end, in characters, and the message and the member that it comes from; None
    for the template's own text.
    """

    start: int
    end: int
    message: int | None
    member: str | None


@dataclass(frozen=True, slots=True)
class TrainedPrompt:
    """The prompt of training for some messages.

    Args:
        text: its text.
        pieces: pieces that cover it; none where their origin is not proven.
        roles: the role of each message.
        bos: the token that begins texts, if the template has one.
        generation_prompt: what the template writes for the answer to begin, the end of the text.
    """

    text: str
    pieces: tuple[Piece, ...]
    roles: tuple[str, ...]
    bos: str | None
    generation_prompt: str

    @classmethod
    def from_json(cls, prompt: str, roles: list[str], bos: str | None, without: str | None) -> Self:
        """Args: the JSON of the core, roles, BOS, and the text without a generation prompt, None if there is none."""
        made: dict[str, Any] = json.loads(prompt)
        pieces, start = [], 0
        for piece in made["pieces"]:
            pieces.append(Piece(start, piece["end"], piece["message"], piece["member"]))
            start = piece["end"]
        last = made["text"][pieces[-1].start :] if pieces and pieces[-1].message is None else ""
        shared = (n for n in range(len(last), -1, -1) if without is not None and without.endswith(last[:n]))
        tail = last[next(shared, 0) :]
        return cls(made["text"], tuple(pieces) if made["is_proven"] else (), tuple(roles), bos, tail)

    def name(self, start: int, end: int) -> str:
        """What a part of the text is: texts of messages, or what the template writes."""
        if not self.pieces or start == end == len(self.text):
            return "the end" if self.pieces else "the text"
        if start == end:
            at = next(piece for piece in self.pieces if start < piece.end or piece.end == start)
            return f"after {self._name(at)}" if at.end == start else self._name(at)
        touched = [piece for piece in self.pieces if piece.start < end and start < piece.end]
        names = [self._name(piece) for piece in touched if piece.message is not None or len(touched) == 1]
        return ", ".join(dict.fromkeys(names))

    def _name(self, piece: Piece) -> str:
        if piece.message is not None:
            return f"`{piece.member}` of message {piece.message} ({self.roles[piece.message]})"
        after = next((p.message for p in self.pieces if p.start >= piece.end and p.message is not None), None)
        where = "after the last message" if after is None else f"before message {after} ({self.roles[after]})"
        return f"the template's text {where}"


def differences(found: str, trained: TrainedPrompt) -> list[str]:
    """The differences of a prompt, each with its place; none if it is that of training."""
    if found == trained.text:
        return []
    at_start, found_from, trained_from = _start(found, trained)
    at_end, found_to, trained_to = _end(found[found_from:], trained)
    middle = _middle(found[found_from : found_from + found_to], trained, trained_from, trained_to)
    shown = [*at_start, *(f"character {at + found_from}, {what}" for at, what in middle), *at_end]
    return shown[:MOST] + ([f"and {len(shown) - MOST} more"] if len(shown) > MOST else [])


def id_differences(
    found: list[int], ids: list[int], trained: TrainedPrompt, decode: Callable[[list[int]], str]
) -> list[str]:
    """The differences of the ids of a prompt from those of training: those of their text, or else the first id."""
    if found == ids:
        return []
    text = decode(found)
    if decode(ids) == trained.text and text != trained.text:
        return differences(text, trained)
    at = next((i for i, (one, other) in enumerate(zip(found, ids, strict=False)) if one != other), None)
    at = min(len(found), len(ids)) if at is None else at
    is_there, should_be = (
        f"{one[at]} ({decode(one[at : at + 1])!r})" if at < len(one) else "the end" for one in (found, ids)
    )
    same = "; the text is the same" if text == trained.text else ""
    return [f"id {at}: {is_there} should be {should_be}{same}"]


def _start(found: str, trained: TrainedPrompt) -> tuple[list[str], int, int]:
    """Differences in the token that begins texts, and where the rest of both texts begins."""
    bos = trained.bos
    if not bos:
        return [], 0, 0
    is_there, should_be = _times(found, bos), _times(trained.text, bos)
    rest = (is_there * len(bos), should_be * len(bos))
    if is_there == should_be:
        return [], *rest
    what = "is missing" if is_there == 0 else f"is written {is_there} times instead of {should_be}"
    return [f"character 0: the token that begins texts, {bos!r}, {what}"], *rest


def _times(text: str, token: str) -> int:
    times = 0
    while text.startswith(token, times * len(token)):
        times += 1
    return times


def _end(found: str, trained: TrainedPrompt) -> tuple[list[str], int, int]:
    """Differences in the generation prompt, and where the rest of both texts ends."""
    tail = trained.generation_prompt
    body = len(trained.text) - len(tail)
    if not tail or found.endswith(tail):
        return [], len(found) - len(tail), body
    bare, is_bare = found.rstrip(), tail.rstrip()
    if is_bare and bare.endswith(is_bare):
        space, should_be = found[len(bare) :], tail[len(is_bare) :]
        what = f"the end: white space {space!r} should be {should_be!r}"
        return [what], len(bare) - len(is_bare), body
    before = trained.text[:body].rstrip()
    if before and bare.endswith(before[-8:]):
        return [f"the end: the generation prompt {tail!r} is missing"], len(bare), len(before)
    return [], len(found), len(trained.text)


def _middle(found: str, trained: TrainedPrompt, start: int, end: int) -> list[tuple[int, str]]:
    """Differences in between: where each is in `found`, and its text."""
    merged: list[tuple[str, int, int, int, int]] = []
    for i1, i2, j1, j2 in _changes(trained.text[start:end], found):
        name = trained.name(start + i1, start + i2)
        if merged and merged[-1][0] == name:
            name, i0, _, j0, _ = merged.pop()
            merged.append((name, i0, i2, j0, j2))
        else:
            merged.append((name, i1, i2, j1, j2))
    shown = []
    for name, i1, i2, j1, j2 in merged:
        should_be, there = trained.text[start + i1 : start + i2], found[j1:j2]
        if not there:
            what = f"{_excerpt(should_be)} is missing"
        elif not should_be:
            what = f"{_excerpt(there)} is not in training"
        else:
            kind = "white space " if not (there + should_be).strip() else ""
            what = f"{kind}{_excerpt(there)} should be {_excerpt(should_be)}"
        shown.append((j1, f"{name}: {what}"))
    return shown


def _changes(one: str, other: str) -> Iterator[tuple[int, int, int, int]]:
    """Where two texts differ, by words: start and end in the one, and in the other."""
    ones, others = (re.findall(r"\w+|\s|[^\w\s]", text) for text in (one, other))
    first = 0
    while first < min(len(ones), len(others)) and ones[first] == others[first]:
        first += 1
    last = 0
    while last < min(len(ones), len(others)) - first and ones[-1 - last] == others[-1 - last]:
        last += 1
    a, b = ones[first : len(ones) - last], others[first : len(others) - last]
    lead = sum(map(len, ones[:first]))
    if len(a) * len(b) > LARGEST:
        yield lead, lead + sum(map(len, a)), lead, lead + sum(map(len, b))
        return
    offsets = [_offsets(words, lead) for words in (a, b)]
    import difflib

    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag != "equal":
            yield offsets[0][i1], offsets[0][i2], offsets[1][j1], offsets[1][j2]


def _offsets(words: list[str], start: int) -> list[int]:
    offsets = [start]
    for word in words:
        offsets.append(offsets[-1] + len(word))
    return offsets


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:40]} … {text[-15:]}")
