"""Polars expressions from the SQL of flags and plan files."""

from __future__ import annotations

import re
from typing import Any

CLOCK = re.compile(r"\bNOW\s*\(|\b(CURRENT|LOCAL)_?(DATE|TIME|TIMESTAMP)\b", re.IGNORECASE)
QUOTED = re.compile(r"""'(''|[^'])*'|"(""|[^"])*\"""")
"""Texts and names in quotes, in which nothing is a function."""


def read_sql(sql: str) -> Any:
    """A polars expression by its SQL; ValueError where polars cannot read it, or it asks for the time.

    The time would be that of reading, so that no two runs were the same.
    """
    import polars as pl

    if clock := CLOCK.search(QUOTED.sub("", sql)):
        raise ValueError(f"{sql!r} asks for the time, by {clock[0].strip(' (')}: write it, as in DATE '2026-01-31'")
    try:
        return pl.sql_expr(sql)
    except pl.exceptions.PolarsError as e:
        raise ValueError(f"{sql!r} is not polars SQL: {e}") from e
