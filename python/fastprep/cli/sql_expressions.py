"""Polars expressions from the SQL of flags and plan files."""

from __future__ import annotations

import re
from typing import Any

CLOCK = re.compile(r"\bNOW\s*\(|\b(CURRENT|LOCAL)_?(DATE|TIME|TIMESTAMP)\b", re.IGNORECASE)
QUOTED = re.compile(r"""'(''|[^'])*'|"(""|[^"])*\"""")
"""Texts and names in quotes, in which nothing is a function."""


def read_sql(sql: str) -> Any:
    """The polars expression for SQL. ValueError if polars cannot read it, or if it uses the current time.

    polars would take the time of reading the SQL, so two runs would differ.
    """
    import polars as pl

    if clock := CLOCK.search(QUOTED.sub("", sql)):
        name = clock[0].strip(" (")
        raise ValueError(f"{sql!r} uses the current time ({name}): write a fixed date, as in DATE '2026-01-31'")
    try:
        return pl.sql_expr(sql)
    except pl.exceptions.PolarsError as e:
        raise ValueError(f"{sql!r} is not polars SQL: {e}") from e
