"""Shares and texts as people read them."""

from __future__ import annotations


def percent(share: float) -> str:
    """A share in per cent: never 0 % for some rows, nor 100 % for less than all."""
    if share == 0:
        return "0%"
    if share < 0.0001:
        return "<0.01%"
    if share < 0.01:
        return f"{share:.2%}"
    return f"{min(share, 0.999) if share < 1 else share:.1%}"


def visible(text: str) -> str:
    """The text on one line, with an escape for each character that a terminal would not show."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
