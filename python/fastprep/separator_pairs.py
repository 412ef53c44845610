"""Pairs of separator and stop: the default, and those that `PromptFormat.suggest` tries after it."""

from __future__ import annotations

from typing import Final

SEPARATOR: Final = "\n##\n"
"""Ends each prompt where no other separator is given."""

STOP: Final = "\n###\n"
"""Ends each completion where no other stop is given."""

PAIRS: Final = (
    (SEPARATOR, STOP),
    ("\n\n###\n\n", " END"),
    ("\n\n===\n\n", "\n\n***\n\n"),
    ("\n\n--->\n\n", "\n\n<---\n\n"),
    ("\n<<answer>>\n", "\n<<end>>\n"),
    *((f"\n#{2 * i - 1}\n", f"\n#{2 * i}\n") for i in range(1, 17)),
)
"""In the order in which they are tried."""
