"""``stopping_criteria()`` of formats: ends generation at the stop, as completions end in training."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from transformers import StoppingCriteria, StoppingCriteriaList


class Decodes(Protocol):
    """A tokenizer of transformers or tokenizers, or ``fastprep.Tokenizer``."""

    def decode(self, ids: list[int], /, *, skip_special_tokens: bool = False) -> str:
        """The text of these ids."""


class StopAfterPrompt(StoppingCriteria):
    """True for a row once the stop occurs in the generated text; the prompt does not count.

    transformers' ``stop_strings`` searches prompt and output together: if the prompt ends in the characters with which
    the stop begins, generation can end too early.
    """

    def __init__(self, stop: str, tokenizer: Decodes, prompt_tokens: int) -> None:
        """Args: the stop, a tokenizer to decode ids, and the length of the prompts, including padding."""
        self._stop, self._tokenizer, self._prompt_tokens = stop, tokenizer, prompt_tokens
        # A token is at least a byte, and one token before them is context.
        self._window = len(stop.encode()) + 4

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.BoolTensor:
        """Whether each row is done: bools of shape [rows]."""
        start = max(self._prompt_tokens, input_ids.shape[1] - self._window)
        rows = input_ids[:, max(start - 1, 0) :].tolist()
        done = [self._stop in self._text(row, start > 0) for row in rows]
        return torch.tensor(done, dtype=torch.bool, device=input_ids.device)  # type: ignore[return-value]

    def _text(self, ids: list[int], has_context: bool) -> str:
        """The text of the ids; of the first only as context: without it, SentencePiece would drop a leading space."""
        text = self._tokenizer.decode(ids, skip_special_tokens=False)
        context = self._tokenizer.decode(ids[:1], skip_special_tokens=False) if has_context else ""
        if text.startswith(context):
            return text[len(context) :]
        return self._tokenizer.decode(ids[1:], skip_special_tokens=False)


def stopping_criteria(stops: list[str], tokenizer: Decodes, prompt_tokens: int) -> StoppingCriteriaList:
    """See ``PromptFormat.stopping_criteria``; without a stop, generation ends at EOS without a criterion."""
    return StoppingCriteriaList([StopAfterPrompt(stop, tokenizer, prompt_tokens) for stop in stops])
