"""Expressions as data: the text that a plan carries, and back, without running anything that a text holds."""

from __future__ import annotations

import contextlib
import hashlib
import json
import warnings
from typing import TYPE_CHECKING, Any, NoReturn

from fastprep.exceptions import PlanError
from fastprep.expressions import row_wise
from fastprep.expressions.checks import columns_read, json_text, not_row_wise

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

LARGEST = 16 << 20
"""The bytes of the longest text that is read: a set of some hundred thousand numbers."""

DEEPEST = 128
"""How deeply polars reads nested JSON."""

ARROW = ("Series", "List", "Array", "Breaks", "categories", "strings")
"""Keys whose values polars writes as bytes in Arrow's format."""

exact_form_help = (
    "a plan carries finite numbers that polars' JSON keeps exactly; "
    'write others as text: pl.lit("0.1234").cast(pl.Float64)'
)
"""The way out for an expression that has no exact text."""


def to_form(expression: pl.Expr) -> str | dict[str, str]:
    """The expression, which is proven row-wise, as polars' JSON, where reading that back gives the same expression;
    else its digest.

    polars' JSON rounds some floats, has neither NaN nor infinity, and is read to a limited depth.
    """
    import polars as pl

    whole = expression.meta.serialize()
    with contextlib.suppress(pl.exceptions.PolarsError, pl.exceptions.PanicException):
        text = json_text(expression)
        if len(text) <= LARGEST and _read(text).meta.serialize() == whole:
            return text
    return {"digest": hashlib.blake2b(whole, digest_size=16).hexdigest()}


def from_form(verb: str, text: str) -> pl.Expr:
    """The expression that `to_form` wrote.

    The text is proven row-wise before polars reads it, so that no function that it may hold is ever loaded.

    Raises:
        PlanError: `bad_plan` for what is not such a text, `not_row_wise` for an expression that is not known to be.
    """
    tree = _parsed(verb, text)
    try:
        row_wise.prove(tree)
    except row_wise.NotRowWise as e:
        raise not_row_wise(verb, str(e), e.help) from None
    _check_arrow(verb, tree)
    import polars as pl

    try:
        expression = _read(text)
        same = _canonical(json.loads(json_text(expression))) == _canonical(tree)
        columns_read(verb, [expression])
    except PlanError:
        raise
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, TypeError, OverflowError) as e:
        _refuse(verb, f"polars cannot read the expression: {str(e).splitlines()[0] if str(e) else type(e).__name__}", e)
    if not same:
        _refuse(verb, "polars reads the expression as another one")
    return expression


def _read(text: str) -> pl.Expr:
    """The expression of a text whose tree is proven: polars loads what functions it holds."""
    import polars as pl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pl.Expr.deserialize(text.encode(), format="json")


def _refuse(verb: str, what: str, cause: BaseException | None = None) -> NoReturn:
    raise PlanError.new(f"{verb}: {what}", code="bad_plan", help="take the plan as to_json wrote it") from cause


def _parsed(verb: str, text: str) -> Any:
    if not isinstance(text, str):
        _refuse(verb, f"the expression is {type(text).__name__}, not text")
    if len(text) > LARGEST:
        _refuse(verb, f"the expression has {len(text)} characters; the limit is {LARGEST}")
    try:
        tree = json.loads(text, object_pairs_hook=_without_twins, parse_constant=_no_number)
        deep = any(depth > DEEPEST for depth in _depths(tree))
        # No text has lone surrogates.
        _canonical(tree).encode()
    except (ValueError, RecursionError) as e:
        _refuse(verb, f"the expression is no JSON: {e}", e)
    if deep:
        _refuse(verb, f"the expression is nested more than {DEEPEST} deep")
    return tree


def _canonical(tree: Any) -> str:
    return json.dumps(tree, sort_keys=True, ensure_ascii=False)


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """One object; readers differ in which of two equal names they take."""
    read = dict(pairs)
    if len(read) < len(pairs):
        raise ValueError("an object has a name twice")
    return read


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _depths(node: Any, depth: int = 1) -> Iterator[int]:
    yield depth
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        if isinstance(part, (dict, list)):
            yield from _depths(part, depth + 1)


def _check_arrow(verb: str, node: Any) -> None:
    """Check what is in Arrow's format with Arrow's own reader, which takes nothing on trust."""
    import pyarrow as pa

    if isinstance(node, dict):
        for name, part in node.items():
            # An Array is `[bytes, width]`; a List that is a type has no bytes.
            data = part[0] if name == "Array" and isinstance(part, list) and part else part
            if name in ARROW and isinstance(data, list):
                try:
                    with pa.ipc.open_stream(bytes(data)) as stream:
                        stream.read_all().validate(full=True)
                except (ValueError, TypeError, LookupError, OSError, MemoryError, pa.ArrowException) as e:
                    _refuse(verb, f"a list of the expression is not in Arrow's format: {e}", e)
            else:
                _check_arrow(verb, part)
    elif isinstance(node, list) and any(isinstance(part, (dict, list)) for part in node):
        for part in node:
            _check_arrow(verb, part)
