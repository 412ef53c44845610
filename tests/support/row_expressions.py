"""Random row-wise expressions of polars, each with what it gives for a row of dicts: None for null."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
from hypothesis import strategies as st
from naive import Values

Draw = st.DrawFn

Expression = tuple[pl.Expr, Callable[[Values], Any]]


def over(name: str, expr: Callable[[pl.Expr], pl.Expr], of: Callable[[Any], Any]) -> Expression:
    """An expression of one column, null where that is null."""
    return expr(pl.col(name)), lambda v: None if v[name] is None else of(v[name])


def predicate(draw: Draw, columns: dict[str, str], depth: int = 2) -> Expression:
    if depth and draw(st.integers(0, 3)) == 0:
        left, right = predicate(draw, columns, depth - 1), predicate(draw, columns, depth - 1)
        match draw(st.sampled_from(["and", "or", "not"])):
            case "and":
                return left[0] & right[0], lambda v: kleene(False, left[1](v), right[1](v))
            case "or":
                return left[0] | right[0], lambda v: kleene(True, left[1](v), right[1](v))
        return ~left[0], lambda v: None if left[1](v) is None else not left[1](v)
    name = draw(st.sampled_from(list(columns)))
    null = pl.col(name).is_null(), lambda v: v[name] is None
    choices: dict[str, list[Expression]] = {
        "text": [
            over(name, lambda c: c.str.len_chars() > 1, lambda x: len(x) > 1),
            over(name, lambda c: c == "a", lambda x: x == "a"),
            over(name, lambda c: c.str.starts_with("a"), lambda x: x.startswith("a")),
            over(name, lambda c: c.str.strip_chars() != "", lambda x: x.strip() != ""),
            (pl.col(name).eq_missing(pl.lit("a")), lambda v: v[name] == "a"),
        ],
        "int": [
            over(name, lambda c: c > 1, lambda x: x > 1),
            over(name, lambda c: c % 2 == 0, lambda x: x % 2 == 0),
            over(name, lambda c: c.is_in([0, 1]), lambda x: x in (0, 1)),
        ],
        "float": [over(name, lambda c: c >= 0.5, lambda x: x >= 0.5)],
        "bool": [over(name, lambda c: c, lambda x: x)],
    }
    found: Expression = draw(st.sampled_from([null, *choices.get(columns[name], [])]))
    return found


def kleene(decides: bool, left: bool | None, right: bool | None) -> bool | None:
    """`and`, which False decides, or `or`, which True decides, where None is unknown."""
    if decides in (left, right):
        return decides
    return None if None in (left, right) else not decides


def value(draw: Draw, columns: dict[str, str]) -> tuple[str, Expression]:
    """An expression that makes a column, and its kind."""
    name = draw(st.sampled_from(list(columns)))
    test, holds = predicate(draw, columns)
    kind = columns[name]
    either = (
        pl.when(test).then(pl.col(name)).otherwise(pl.lit(None)),
        lambda v: v[name] if holds(v) is True else None,
    )
    choices: dict[str, list[tuple[str, Expression]]] = {
        "text": [
            ("text", over(name, lambda c: c.str.to_uppercase(), str.upper)),
            ("text", over(name, lambda c: c + "!", lambda x: x + "!")),
            ("text", (pl.col(name).fill_null("none"), lambda v: "none" if v[name] is None else v[name])),
            ("int", over(name, lambda c: c.str.len_chars(), len)),
            ("text", either),
        ],
        "int": [
            ("int", over(name, lambda c: c + 1, lambda x: x + 1)),
            ("text", over(name, lambda c: c.cast(pl.String), str)),
            ("int", either),
        ],
        "float": [("float", over(name, lambda c: c * 2, lambda x: x * 2))],
    }
    same = kind, (pl.col(name), lambda v: v[name])
    always = [same, ("bool", (test, holds)), ("text", (pl.lit("k"), lambda _: "k"))]
    found: tuple[str, Expression] = draw(st.sampled_from([*choices.get(kind, []), *always]))
    return found
