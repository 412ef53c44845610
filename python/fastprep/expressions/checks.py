"""Checks of polars expressions: each must be row-wise, and name the columns that it reads."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any, Final

from fastprep import option_checks
from fastprep.exceptions import PlanError
from fastprep.expressions import call_nodes, row_wise
from fastprep.expressions.text_call import by_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from fastprep.expressions.text_call import TextCall

PYTHON_FUNCTION: Final = ".python_udf()"
"""What polars prints for a Python function."""


def shown(expression: pl.Expr) -> str:
    """The expression as polars prints it.

    Where polars shortens a list, a digest is added, so that different plans never look the same. Calls of fastprep's
    functions are shown as they are written in Python.
    """
    import polars as pl

    try:
        text = str(expression)
    except pl.exceptions.PanicException:
        # polars cannot print some dates in the far future, or numbers with many digits.
        text = "an expression that polars cannot print"
    text, is_whole = _with_calls(text, expression)
    if "[Series]" in text or "…" in text or "cannot print" in text or not is_whole:
        with by_key():
            import hashlib

            text += f" #{hashlib.blake2b(expression.meta.serialize(), digest_size=4).hexdigest()}"
    return text


def _with_calls(text: str, expression: pl.Expr) -> tuple[str, bool]:
    """The text with each Python function of polars replaced by the call that it is, and whether that was possible."""
    pieces = text.split(PYTHON_FUNCTION)
    if len(pieces) == 1:
        return text, True
    calls = call_nodes.written(_tree(expression))
    if len(calls) + 1 != len(pieces):
        return text, False
    return pieces[0] + "".join(call + piece for call, piece in zip(calls, pieces[1:], strict=True)), True


def check_row_wise(verb: str, expression: pl.Expr) -> None:
    """Refuse an expression whose value for a row may depend on other rows.

    Where batches end is arbitrary: `x.mean()` over a batch is not the mean over the data. Every part of the expression
    must be known to give one value for each row, from that row only.

    Raises:
        PlanError: names the smallest part that is not row-wise.
    """
    try:
        tree = _tree(expression)
        if tree is None:
            raise row_wise.NotRowWiseError(tree, row_wise.WITHOUT_PYTHON)
        row_wise.prove(tree)
    except row_wise.NotRowWiseError as e:
        raise not_row_wise(verb, _part(expression, e.node), e.help) from None
    except RecursionError:
        raise _too_deep(verb) from None


def not_row_wise(verb: str, part: str, help: str | None = None) -> PlanError:
    """The error for a part of an expression that is not known to be row-wise."""
    return PlanError.new(
        f"{verb}: `{part}` is not known to be row-wise: its value for a row may depend on other rows, "
        "but it would be computed on one batch at a time",
        code="not_row_wise",
        help=help or "compute it over all rows first, with polars, then use the result as a literal",
    )


def _too_deep(verb: str) -> PlanError:
    return PlanError.new(
        f"{verb}: the expression is nested too deeply to be checked",
        code="not_row_wise",
        help="combine many conditions with pl.any_horizontal or pl.all_horizontal, or use is_in",
    )


def _tree(expression: pl.Expr) -> Any:
    """The expression as polars' JSON, parsed; None if it contains a Python function that cannot be serialized."""
    import polars as pl

    try:
        return json.loads(json_text(expression))
    except (pl.exceptions.PolarsError, ValueError):
        return None


def json_text(expression: pl.Expr) -> str:
    """The expression as JSON: that of polars, in which calls of fastprep's functions are nodes of their own."""
    text = polars_json(expression)
    if f'"{call_nodes.PYTHON}"' not in text:
        return text
    return json.dumps(call_nodes.named(json.loads(text)), ensure_ascii=False, separators=(",", ":"))


def calls(expression: pl.Expr) -> list[TextCall]:
    """The calls of fastprep's functions in the expression.

    They must be kept while it is used: an expression that polars has read looks them up in memory for each batch, and
    makes those again that are not there.
    """
    text = polars_json(expression)
    return call_nodes.calls(json.loads(text)) if f'"{call_nodes.PYTHON}"' in text else []


def polars_json(expression: pl.Expr) -> str:
    """The expression as polars' JSON."""
    with warnings.catch_warnings(), by_key():
        # polars warns that the form may change; the requirements allow only versions with this form.
        warnings.simplefilter("ignore")
        return str(expression.meta.serialize(format="json"))


def _part(expression: pl.Expr, node: Any) -> str:
    """How polars prints the part of the expression that has this node."""
    import polars as pl

    for part in _parts(expression):
        if _tree(part) == node:
            return str(part)
    try:
        # To polars, what a list evaluation contains is not a separate part.
        return str(pl.Expr.deserialize(json.dumps(node).encode(), format="json"))
    except pl.exceptions.PolarsError:
        return str(expression)


def _parts(expression: pl.Expr) -> Iterator[pl.Expr]:
    """The parts of an expression, smaller ones first, then the expression."""
    import polars as pl

    try:
        children = expression.meta.pop()
    except pl.exceptions.PolarsError:
        children = []
    for child in children:
        yield from _parts(child)
    yield expression


def columns_read(verb: str, expressions: Sequence[pl.Expr]) -> list[str]:
    """The columns that expressions read, in order of first use.

    Raises:
        PlanError: an argument is not an expression, or is a selector such as `pl.all()`, whose columns depend on the
            data.
    """
    import polars as pl

    names: dict[str, None] = {}
    for expression in expressions:
        if not isinstance(expression, pl.Expr):
            raise option_checks.bad_option(
                f"{verb}: expected a polars expression; got {expression!r} of type {type(expression).__name__}",
                'write pl.col("…") == …, or pl.lit(…) for a constant',
            )
        if expression.meta.has_multiple_outputs():
            raise option_checks.bad_option(
                f"{verb}: `{expression}` selects several columns", 'write one expression for each: pl.col("…")'
            )
        names.update(dict.fromkeys(_root_names(verb, expression)))
    return list(names)


def _root_names(verb: str, expression: pl.Expr) -> list[str]:
    """The columns that the expression reads. polars also names `""`, the items of a list that it filters."""
    names = expression.meta.root_names()
    if "" in names:
        try:
            read = row_wise.columns(_tree(expression))
        except RecursionError:
            raise _too_deep(verb) from None
        names = [name for name in names if name or name in read]
    return names
