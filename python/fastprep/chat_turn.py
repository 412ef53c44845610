"""The turns of the assistant in the text of a conversation: what is proven about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class ChatText:
    """A text of a turn, and where the chat template prints it.

    Args:
        name: where it is in the message, such as `content`, `reasoning_content` or `tool_calls.0.function.name`.
        state: how it is printed: `exact`; `trimmed`, without white space at its edges; `escaped`; `split` in several
            pieces; `part`, only some of it; `twice`; `dropped`, not at all; `blank`, nothing to print. Or why its place
            is not known: `unaligned`, `contradicted`, `edge_unclear`.
        segments: where it is printed: pairs of start and end, in characters of the text.
    """

    name: str
    state: str
    segments: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ChatTurn:
    """A turn of the assistant in the text of a conversation.

    Args:
        message: the number of its message, from 0.
        trained: start and end of the part that is trained, in characters of the text: from where the generation prompt
            before the turn ends through the token that ends it. None where no exact mask exists.
        reason: why none exists, as a code such as `prompt_differs`; None where one does.
        detail: the reason in words.
        end_token: the token that ends the turn.
        texts: the texts of the message.
    """

    message: int
    trained: tuple[int, int] | None
    reason: str | None
    detail: str | None
    end_token: str | None
    texts: tuple[ChatText, ...]

    @classmethod
    def _from_json(cls, turn: dict[str, Any]) -> Self:
        fault = turn["fault"] or {"code": None, "detail": None}
        trained = None if turn["trained"] is None else (turn["trained"][0], turn["trained"][1])
        texts = (
            ChatText(text["name"], text["state"], tuple((start, end) for start, end in text["segments"]))
            for text in turn["texts"]
        )
        return cls(turn["turn"], trained, fault["code"], fault["detail"], turn["end_token"], tuple(texts))
