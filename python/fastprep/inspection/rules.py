"""`Rule`: a finding of the user, as an expression or a function of a row."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastprep import option_checks
from fastprep._fastprep import inspect_findings
from fastprep.expressions import checks
from fastprep.expressions.batch_callbacks import Mask
from fastprep.expressions.forked_process import check_polars_threads
from fastprep.expressions.polars_frame import polars_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from fastprep.words import Harm

NAME = re.compile("[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Rule:
    """A finding of yours for `inspect`."""

    check: pl.Expr | Callable[[dict[str, Any]], bool]
    """A row-wise polars expression, or a function of a row as a dictionary: true in the rows to be found. In the
    dictionary, columns of type `json` are lists, dictionaries and numbers."""
    why: str = "A rule of yours."
    """Why it matters."""
    repair: str = "filter(…)"
    """What to do."""
    harm: Harm = "moderate"
    """What the model learns from such rows: something wrong (`"severe"`), less than it could (`"moderate"`), or nothing
    worse than untidiness (`"minor"`). The severity follows from it and from the share of the rows."""


class RowFunction:
    """A function of a row as a function from an Arrow table to one Boolean column."""

    def __init__(self, function: Callable[[dict[str, Any]], bool], shown: str) -> None:
        self._function = function
        self._shown = shown

    def __call__(self, table: Any) -> Any:
        """See the class."""
        import polars as pl

        check_polars_threads(self._shown)
        frame = polars_frame(table)
        nested = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.BaseExtension)]
        found = [bool(self._function(_with_values(row, nested))) for row in frame.to_dicts()]
        return pl.DataFrame({"mask": found}, schema={"mask": pl.Boolean})


def _with_values(row: dict[str, Any], nested: list[str]) -> dict[str, Any]:
    """The row with the values of these columns of JSON text."""
    return row | {name: json.loads(row[name]) for name in nested if row[name] is not None}


def read_rules(value: Any) -> list[dict[str, Any]]:
    """The option `rules` as the core takes it."""
    rules = option_checks.mapping("inspect", "rules", value)
    return [_read(name, rule if isinstance(rule, Rule) else Rule(rule)) for name, rule in rules.items()]


def _read(name: str, rule: Rule) -> dict[str, Any]:
    import polars as pl

    if not NAME.fullmatch(name):
        raise option_checks.bad_option(
            f"inspect: a rule cannot be named {name!r}", "write small letters, digits and _, as in long_answer"
        )
    if name in {code for code, *_ in inspect_findings()}:
        raise option_checks.bad_option(f"inspect: a finding has the name {name!r} already", "name the rule otherwise")
    shown = f"inspect: the rule {name!r}"
    for option in ("why", "repair", "harm"):
        option_checks.text(shown, option, getattr(rule, option))
    read = {"name": name, "why": rule.why, "repair": rule.repair, "harm": rule.harm}
    check: Any = rule.check
    if isinstance(check, pl.Expr):
        checks.check_row_wise(shown, check)
        return {**read, "columns": checks.columns_read(shown, [check]), "function": Mask(check, shown)}
    if not callable(check):
        raise option_checks.bad_option(
            f"{shown} must be an expression or a function of a row; got {check!r}",
            'write one: rules={"long": pl.col("completion").str.len_chars() > 4_000}',
        )
    return {**read, "columns": None, "function": RowFunction(check, shown)}
