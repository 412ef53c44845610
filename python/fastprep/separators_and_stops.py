"""Pairs of separator and stop: the default pair, and those that `PromptFormat.suggest` tries after it."""

from __future__ import annotations

from typing import Final

SEPARATOR: Final = "\n##\n"
"""The default end of each prompt."""

STOP: Final = "\n###\n"
"""The default end of each completion."""

PAIRS: Final = (
    (SEPARATOR, STOP),
    ("\n\n###\n\n", " END"),
    ("\n\n===\n\n", "\n\n***\n\n"),
    ("\n\n--->\n\n", "\n\n<---\n\n"),
    ("\n<<answer>>\n", "\n<<end>>\n"),
    *((f"\n#{2 * i - 1}\n", f"\n#{2 * i}\n") for i in range(1, 17)),
)
"""All pairs, in the order in which they are tried."""
