"""Polars expressions as steps: proven row-wise, then evaluated on each batch without a copy."""

from __future__ import annotations

import hashlib
import json
import sys
import warnings
from types import FunctionType
from typing import TYPE_CHECKING, Any

from fastprep import options, row_wise
from fastprep.exceptions import ColumnError, PlanError
from fastprep.fork import check_polars_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import polars as pl


def shown(expression: pl.Expr) -> str:
    """The expression as polars prints it; with a digest where a list is not printed whole, so that two plans that
    differ never look the same.
    """
    import polars as pl

    try:
        text = str(expression)
    except pl.exceptions.PanicException:
        # A date far from ours, or a number with many digits: polars cannot print it.
        text = "an expression that polars cannot print"
    if "[Series]" in text or "…" in text or "cannot print" in text:
        text += f" #{hashlib.blake2b(expression.meta.serialize(), digest_size=4).hexdigest()}"
    return text


def check_row_wise(verb: str, expression: pl.Expr) -> None:
    """Refuse an expression whose value for a row may depend on other rows.

    Batches are no unit of the data: `x.mean()` over a batch is not the mean over the data. Every part of the
    expression must be known to give one value a row, from that row alone.

    Raises:
        PlanError: names the smallest part that is not.
    """
    try:
        tree = _tree(expression)
        if tree is None:
            raise row_wise.NotRowWise(tree, row_wise.WITHOUT_PYTHON)
        row_wise.prove(tree)
    except row_wise.NotRowWise as e:
        raise not_row_wise(verb, _part(expression, e.node), e.help) from None
    except RecursionError:
        raise _too_deep(verb) from None


def not_row_wise(verb: str, part: str, help: str | None = None) -> PlanError:
    """The error for a part of an expression that is not known to be row-wise."""
    return PlanError.new(
        f"{verb}: `{part}` is not known to be row-wise: its value for a row may depend on other rows, "
        "and a batch is not the whole data",
        code="not_row_wise",
        help=help or "compute it over the whole data first (polars can), then use the result as a literal",
    )


def _too_deep(verb: str) -> PlanError:
    return PlanError.new(
        f"{verb}: the expression is nested too deeply to be proven row-wise",
        code="not_row_wise",
        help="join many conditions by pl.any_horizontal or pl.all_horizontal, or use is_in",
    )


def _tree(expression: pl.Expr) -> Any:
    """The expression as polars' JSON, parsed; None where it holds a Python function that has no bytes."""
    import polars as pl

    try:
        return json.loads(json_text(expression))
    except (pl.exceptions.PolarsError, ValueError):
        return None


def json_text(expression: pl.Expr) -> str:
    """The expression as polars' JSON."""
    with warnings.catch_warnings():
        # polars warns that the form may change; it is bound to the versions that write this one.
        warnings.simplefilter("ignore")
        return str(expression.meta.serialize(format="json"))


def _part(expression: pl.Expr, node: Any) -> str:
    """How polars prints the part of the expression that the node stands for."""
    import polars as pl

    for part in _parts(expression):
        if _tree(part) == node:
            return str(part)
    try:
        # The insides of a list evaluation are no parts of their own to polars.
        return str(pl.Expr.deserialize(json.dumps(node).encode(), format="json"))
    except pl.exceptions.PolarsError:
        return str(expression)


def _parts(expression: pl.Expr) -> Iterator[pl.Expr]:
    """The parts of an expression, smaller ones first, and itself."""
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
        PlanError: for what is no expression, and for selectors such as `pl.all()`, whose columns depend on the data.
    """
    import polars as pl

    names: dict[str, None] = {}
    for expression in expressions:
        if not isinstance(expression, pl.Expr):
            raise options.bad(
                f"{verb}: {expression!r} is a {type(expression).__name__}, not a polars expression",
                'write it as pl.col("…") == …, or pl.lit(…) for a constant',
            )
        if expression.meta.has_multiple_outputs():
            raise options.bad(
                f"{verb}: `{expression}` stands for several columns", 'write one expression a column, with pl.col("…")'
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


class Mask:
    """A function of an Arrow table that gives one Boolean column."""

    def __init__(self, expression: pl.Expr) -> None:
        self._expression = expression

    def __call__(self, table: Any) -> Any:
        """See the class."""
        import polars as pl

        check_polars_threads("filter")
        mask = _as_long_as("filter", pl.DataFrame(table), [self._expression.alias("mask")])
        found = mask.schema["mask"]
        if found not in (pl.Boolean, pl.Null):
            raise PlanError.new(
                f"filter: `{self._expression}` gives {found}, not true or false",
                code="bad_option",
                help='compare it with something, as in pl.col("…") > 0',
            )
        return mask.cast(pl.Boolean)


class Columns:
    """A function of an Arrow table that gives the columns that the expressions make."""

    def __init__(self, expressions: Sequence[pl.Expr]) -> None:
        self._expressions = expressions

    def __call__(self, table: Any) -> Any:
        """See the class."""
        import polars as pl

        check_polars_threads("with_columns")
        return without_null_type(_as_long_as("with_columns", pl.DataFrame(table), self._expressions))


class BatchFunction:
    """A function of an Arrow table that calls the user's function of a polars frame."""

    def __init__(self, function: Callable[[pl.DataFrame], pl.DataFrame], name: str) -> None:
        self._function = function
        self._name = name

    def __call__(self, table: Any) -> Any:
        """See the class."""
        import polars as pl

        check_polars_threads(f"map_batches `{self._name}`")
        made = self._function(pl.DataFrame(table))
        if not isinstance(made, pl.DataFrame):
            raise TypeError(f"map_batches `{self._name}` must return a polars.DataFrame, not {type(made).__name__}")
        return without_null_type(made)

    def __reduce__(self) -> tuple[Any, ...]:
        if not (_has_name(self._function) or _pickles_by_value()):
            raise PlanError.new(
                f"map_batches `{self._name}`: {self._function!r} cannot be pickled: Python pickles a function by its "
                "name, and this one is not found by it",
                code="cannot_pickle",
                help="define it at the top of a module, or pickle with cloudpickle",
            )
        return BatchFunction, (self._function, self._name)


def _has_name(function: Any) -> bool:
    """Whether Python finds the function by its name; what is no plain function pickles in its own way."""
    if not isinstance(function, FunctionType):
        return True
    found: Any = sys.modules.get(function.__module__)
    for part in function.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is function


def _pickles_by_value() -> bool:
    """Whether a pickler is at work that takes functions by their code: cloudpickle, also within Ray, or dill."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_globals.get("__name__", "").rpartition(".")[2] in ("cloudpickle", "_dill"):
            return True
    return False


def without_null_type(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns, list items and struct fields of nulls alone as text: polars exports its Null type in a way that arrow-rs
    does not take.

    Raises:
        ColumnError: a column holds Python objects, of which polars would export the addresses.
    """
    import polars as pl

    for name, dtype in frame.schema.items():
        if dtype == pl.Object:
            raise ColumnError.new(
                f"column `{name}` holds Python objects, which no file can",
                code="wrong_type",
                column=name,
                help="make it text, numbers, lists or structs",
            )
    typed = {name: _without_null(dtype) for name, dtype in frame.schema.items()}
    changed = {name: dtype for name, dtype in typed.items() if dtype != frame.schema[name]}
    return frame.cast(changed) if changed else frame  # type: ignore[arg-type]


def _without_null(dtype: pl.DataType) -> pl.DataType:
    """The type with text in place of Null, at any depth."""
    import polars as pl

    if isinstance(dtype, pl.Null):
        return pl.String()
    if isinstance(dtype, pl.List):
        return pl.List(_without_null(dtype.inner))  # type: ignore[arg-type]
    if isinstance(dtype, pl.Array):
        return pl.Array(_without_null(dtype.inner), dtype.size)  # type: ignore[arg-type]
    if isinstance(dtype, pl.Struct):
        return pl.Struct({field.name: _without_null(field.dtype) for field in dtype.fields})  # type: ignore[arg-type]
    return dtype


def _as_long_as(verb: str, frame: pl.DataFrame, expressions: Sequence[pl.Expr]) -> pl.DataFrame:
    """The columns that expressions make; literals alone give one row, which stands for every row."""
    import polars as pl

    try:
        made = frame.select(expressions)
    except pl.exceptions.PolarsError as e:
        nested = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.BaseExtension)]
        if not nested:
            raise
        raise ColumnError.new(
            f"{verb}: column `{nested[0]}` is json, which the expression does not take: {str(e).splitlines()[0]}",
            code="wrong_type",
            column=nested[0],
            help=f'take its JSON text, pl.col("{nested[0]}").ext.storage()',
        ) from e
    if made.height == frame.height:
        return made
    return frame.with_columns(expressions).select(made.columns)
