"""The pieces of a row that a preview shows: each with what the model learns from it, and whose turn it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fastprep._fastprep import (
    CHAT_COLUMNS,
    CHOSEN_IDS,
    CHOSEN_LABELS,
    COMPLETION,
    COMPLETION_IDS,
    COMPLETION_LABELS,
    IGNORE,
    INPUT_IDS,
    LABELLED_COLUMNS,
    LABELS,
    PAIR_COLUMNS,
    PROMPT,
    PROMPT_IDS,
    REJECTED_IDS,
    REJECTED_LABELS,
    SEQ_LENGTHS,
)

if TYPE_CHECKING:
    from fastprep._fastprep import Plan

CONTROL = re.compile(r"<[^<>\s]{1,40}>|\[/?[A-Z_]{2,20}\]|\[\|[^|\]]{1,30}\|\]")
"""What looks like a control token, as templates write them."""

_, CHOSEN, REJECTED = PAIR_COLUMNS
LABEL = LABELLED_COLUMNS[-1]
ANSWERS = (
    (CHOSEN, CHOSEN_IDS, CHOSEN_LABELS),
    (REJECTED, REJECTED_IDS, REJECTED_LABELS),
    (COMPLETION, COMPLETION_IDS, COMPLETION_LABELS),
)
"""An answer of a row with preferences: its name, its ids and its labels."""

LINE_END = re.compile(r"\n?")

TURN_END = re.compile(rf"\s*(?:{CONTROL.pattern})\n?")
"""What a template writes for the turn before, before the header of a turn."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a row.

    Args:
        text: its text.
        trained: whether it trains.
        control: whether it is a control token, or what a template wrote that looks like one.
        role: whose turn it is, or which answer of a row with preferences; empty where that is not known.
        border: the document of a pack that begins with it, from 1; 0 within a document.
        kind: what it is of a turn of the assistant whose kinds have weights of their own; empty elsewhere.
    """

    text: str
    trained: bool
    control: bool = False
    role: str = ""
    border: int = 0
    kind: str = ""


def pieces(plan: Plan, row: dict[str, Any]) -> list[Piece] | None:
    """The pieces of a row; None for one that no format has rendered."""
    verbs = plan.verbs()
    is_chat = "format_chat" in verbs and set(CHAT_COLUMNS) <= set(row)
    if PROMPT_IDS in row:
        return list(_answers(plan, row))
    if "tokenize" in verbs:
        return _tokens(plan, row, list(_spans(row)) if is_chat else [])
    if is_chat:
        return [made for span in _spans(row) for made in _with_control(span)]
    if set(PAIR_COLUMNS) <= set(row):
        return [Piece(str(row[name]), name != PROMPT, role=name) for name in PAIR_COLUMNS]
    if PROMPT in row and COMPLETION in row:
        return [Piece(str(row[PROMPT]), False), Piece(str(row[COMPLETION]), True)]
    return None


def _answers(plan: Plan, row: dict[str, Any]) -> Iterator[Piece]:
    """The tokens of the prompt and of each answer of a row with preferences."""
    for text in plan.token_texts(row[PROMPT_IDS]):
        yield Piece(text, False, CONTROL.fullmatch(text) is not None, PROMPT)
    for name, ids, labels in ANSWERS:
        if ids in row:
            role = f"{name}, {LABEL} {str(row[LABEL]).lower()}" if LABEL in row else name
            for text, label in zip(plan.token_texts(row[ids]), row[labels], strict=True):
                yield Piece(text, label != IGNORE, CONTROL.fullmatch(text) is not None, role)


def _tokens(plan: Plan, row: dict[str, Any], spans: list[Piece]) -> list[Piece]:
    texts = plan.token_texts(row[INPUT_IDS])
    lengths = row.get(SEQ_LENGTHS) or []
    starts = {sum(lengths[:n]): n + 1 for n in range(len(lengths))} if len(lengths) > 1 else {}
    made = []
    for at, (text, label) in enumerate(zip(texts, row[LABELS], strict=True)):
        made.append(Piece(text, label != IGNORE, CONTROL.fullmatch(text) is not None, border=starts.get(at, 0)))
    if spans and "".join(texts) == "".join(span.text for span in spans):
        return list(_with_roles(made, spans))
    return made


def _with_roles(tokens: list[Piece], spans: list[Piece]) -> Iterator[Piece]:
    """The tokens, each with the role and the kind of the span that it begins in."""
    ends, role, kind = iter(spans), "", ""
    at = end = 0
    for token in tokens:
        while at >= end and (span := next(ends, None)) is not None:
            role, kind, end = span.role, span.kind, end + len(span.text)
        yield replace(token, role=role, kind=kind)
        at += len(token.text)


def _spans(row: dict[str, Any]) -> Iterator[Piece]:
    """The spans of a conversation. What a template writes for the end of a turn is that turn's."""
    rendered, spans = (row[name] for name in CHAT_COLUMNS)
    before: dict[str, Any] | None = None
    for span in json.loads(spans) if isinstance(spans, str) else spans:
        text = rendered[span["start"] : span["end"]]
        piece = Piece(text, span["trained"], not span["from_data"], span["role"], kind=span.get("kind", ""))
        if before is not None and before["role"] != span["role"] and piece.control and not piece.trained:
            # After an answer that trains the token is part of it.
            end = (TURN_END if before["from_data"] else LINE_END).match(text)
            if end is not None and end.group():
                yield replace(piece, text=end.group(), role=before["role"])
                piece = replace(piece, text=text[end.end() :])
        if piece.text:
            yield piece
        before = span


def _with_control(span: Piece) -> Iterator[Piece]:
    """A span, cut at what looks like control tokens where the template wrote it."""
    if not span.control:
        yield span
        return
    at = 0
    for found in CONTROL.finditer(span.text):
        if found.start() > at:
            yield replace(span, text=span.text[at : found.start()], control=False)
        yield replace(span, text=found.group())
        at = found.end()
    if at < len(span.text):
        yield replace(span, text=span.text[at:], control=False)
