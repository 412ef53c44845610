"""Polars expressions as steps: proven row-wise, then evaluated on each batch without a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastprep.exceptions import PlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl


def check_row_wise(verb: str, expression: pl.Expr) -> None:
    """Refuse an expression whose value for a row depends on other rows.

    Batches are no unit of the data: `x.mean()` over a batch is not the mean over the data. Every node of the
    expression must give one value a row, from that row alone.

    Raises:
        PlanError: names the smallest sub-expression that is not row-wise.
    """
    import polars as pl

    try:
        children = expression.meta.pop()
    except pl.exceptions.PolarsError:
        children = []
    if _is_in(expression) and len(children) == 2:
        # The right side of is_in is a set: a literal is one, a column's values over a batch are not.
        if children[1].meta.root_names():
            raise _refusal(verb, expression)
        children = children[:1]
    for child in children:
        check_row_wise(verb, child)
    try:
        separable = expression.meta.is_row_separable()
        one_each = expression.meta.is_length_preserving() or expression.meta.is_scalar()
    except pl.exceptions.PolarsError as e:
        raise PlanError(
            f"{verb}: `{expression}` cannot be proven row-wise ({e})",
            code="not_row_wise",
            help="write it without a Python function or a list evaluation, or use map_batches(fn, name=, version=)",
        ) from e
    if not (separable and one_each):
        raise _refusal(verb, expression)


def _is_in(expression: pl.Expr) -> bool:
    import json
    import warnings

    import polars as pl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = json.loads(expression.meta.serialize(format="json"))
    except (pl.exceptions.PolarsError, ValueError):
        return False
    function = tree.get("Function", {}).get("function", {}) if isinstance(tree, dict) else {}
    return "IsIn" in str(function.get("Boolean", "")) if isinstance(function, dict) else False


def _refusal(verb: str, expression: pl.Expr) -> PlanError:
    return PlanError(
        f"{verb}: `{expression}` is not row-wise: its value for a row depends on other rows, "
        "and a batch is not the whole data",
        code="not_row_wise",
        help="compute it over the whole data first (polars can), then use the result as a literal",
    )


def columns_read(verb: str, expressions: Sequence[pl.Expr]) -> list[str]:
    """The columns that expressions read, in order of first use.

    Raises:
        PlanError: for selectors such as `pl.all()`, whose columns depend on the data.
    """
    names: dict[str, None] = {}
    for expression in expressions:
        if expression.meta.has_multiple_outputs():
            raise PlanError(
                f"{verb}: `{expression}` stands for several columns",
                code="bad_option",
                help="name each column with pl.col(...)",
            )
        names.update(dict.fromkeys(expression.meta.root_names()))
    return list(names)


def mask_function(expression: pl.Expr) -> Callable[[Any], Any]:
    """A function of an Arrow table that gives one Boolean column."""

    def call(table: Any) -> Any:
        import polars as pl

        frame = pl.DataFrame(table)
        mask = frame.select(expression.cast(pl.Boolean).alias("mask"))
        return _as_long_as(frame, mask)

    return call


def columns_function(expressions: Sequence[pl.Expr]) -> Callable[[Any], Any]:
    """A function of an Arrow table that gives the columns that the expressions make."""

    def call(table: Any) -> Any:
        import polars as pl

        frame = pl.DataFrame(table)
        return _as_long_as(frame, frame.select(expressions))

    return call


def batch_function(function: Callable[[pl.DataFrame], pl.DataFrame], name: str) -> Callable[[Any], Any]:
    """A function of an Arrow table that calls the user's function of a polars frame."""

    def call(table: Any) -> Any:
        import polars as pl

        made = function(pl.DataFrame(table))
        if not isinstance(made, pl.DataFrame):
            raise TypeError(f"map_batches `{name}` must return a polars.DataFrame, not {type(made).__name__}")
        return made

    return call


def _as_long_as(frame: pl.DataFrame, made: pl.DataFrame) -> pl.DataFrame:
    """Literals alone give one row, which stands for every row."""
    import polars as pl

    if made.height == frame.height:
        return made
    return made.select(pl.all().repeat_by(frame.height).explode()) if frame.height else made.clear()
