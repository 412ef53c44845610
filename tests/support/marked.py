"""Which characters a template marks by `{% generation %}`, by transformers' own code, against what ours trains."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import fastprep as fp
from chat import NOW, TOKENS, Messages, rendered_by_transformers

Region = tuple[int, int]

LINE_END = "marks the line end after a turn"
MORE = "marks more after a turn"
HEADER = "marks what the generation prompt writes"
NO_END = "does not mark the end of a turn"
NO_START = "does not mark the start of a turn"
OTHER_TEXT = "has another text"
FAILS = "fails where ours renders"
RENDERS = "renders where the template of the model fails"


def marked(template: str, messages: Messages, tools: list[Any] | None) -> tuple[str, list[Region]] | None:
    """The text and the regions that are marked; None where rendering fails."""
    found = rendered_by_transformers(template, messages, tools, return_assistant_tokens_mask=True)
    return None if found is None else (found[0], [(start, end) for start, end in found[1]])


def differences(base: str, marks: str, messages: Messages, tools: list[Any] | None) -> Iterator[tuple[str, str]]:
    """How the template `marks` differs from what we train of `base`: kinds, each with the text it is about.

    A turn of which no exact mask exists has its reason as kind; its text is not compared.
    """
    found = marked(marks, messages, tools)
    chat = fp.ChatFormat.from_text(base, special_tokens=TOKENS, now=NOW)
    try:
        text, turns = chat.render(messages, tools=tools), chat.turns(messages, tools=tools)
    except fp.FastprepError:
        text, turns = None, []
    if found is None or text is None:
        if found is not text:
            yield FAILS if found is None else RENDERS, ""
        return
    if found[0] != text:
        yield OTHER_TEXT, ""
        return
    ours = [turn.trained for turn in turns if turn.trained]
    yield from ((turn.reason, "") for turn in turns if turn.reason)
    starts, ends = {start for start, _ in ours}, {end for _, end in ours}
    at = 0
    for (is_ours, is_theirs), run in groupby(zip(*masks(len(text), ours, found[1]), strict=True)):
        piece, start = text[at : (end := at + len(list(run)))], at
        at = end
        if is_ours and not is_theirs:
            yield NO_END if end in ends else NO_START if start in starts else "does not mark a part", piece
        elif is_theirs and not is_ours and end in starts:
            yield HEADER, piece
        elif is_theirs and not is_ours and start in ends:
            yield MORE if piece.strip() else LINE_END, piece
        elif is_theirs and not is_ours and len(ours) == len(turns):
            yield "marks other text", piece


def masks(length: int, *masks: list[Region]) -> list[list[bool]]:
    """Which characters are in the regions of each list."""
    made = [[False] * length for _ in masks]
    for mask, regions in zip(made, masks, strict=True):
        for start, end in regions:
            mask[start:end] = [True] * (end - start)
    return made
