"""The user's expressions and functions as callbacks: the core calls them with each batch as an Arrow table."""

from __future__ import annotations

import sys
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar

from fastprep.exceptions import ColumnError, PlanError
from fastprep.expressions import checks
from fastprep.expressions.forked_process import check_polars_threads
from fastprep.expressions.polars_frame import polars_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import polars as pl

Frame = TypeVar("Frame", "pl.DataFrame", "pl.LazyFrame")


class Mask:
    """The expression of a filter as a function from an Arrow table to one Boolean column. Errors name the verb."""

    def __init__(self, expression: pl.Expr, verb: str = "filter") -> None:
        self._expression = expression
        self._verb = verb
        self._calls = checks.calls(expression)

    def __call__(self, table: Any) -> Any:
        """See the class."""
        import polars as pl

        check_polars_threads(self._verb)
        mask = _evaluate(self._verb, polars_frame(table), [self._expression.alias("mask")])
        dtype = mask.schema["mask"]
        if dtype not in (pl.Boolean, pl.Null):
            raise PlanError.new(
                f"{self._verb}: `{self._expression}` must give true or false; got {dtype}",
                code="bad_option",
                help='compare the value, as in pl.col("…") > 0',
            )
        return mask.cast(pl.Boolean)


class Columns:
    """`with_columns` expressions as a function from an Arrow table to their columns."""

    def __init__(self, expressions: Sequence[pl.Expr]) -> None:
        self._expressions = expressions
        self._calls = [call for expression in expressions for call in checks.calls(expression)]

    def __call__(self, table: Any) -> Any:
        """See the class."""
        check_polars_threads("with_columns")
        return without_null_type(_evaluate("with_columns", polars_frame(table), self._expressions))


class BatchFunction:
    """The function of `map_batches`, which takes a polars frame, as a function of an Arrow table."""

    def __init__(self, function: Callable[[pl.DataFrame], pl.DataFrame], name: str) -> None:
        self._function = function
        self._name = name

    def __call__(self, table: Any) -> Any:
        """See the class."""
        import polars as pl

        check_polars_threads(f"map_batches `{self._name}`")
        result = self._function(polars_frame(table))
        if not isinstance(result, pl.DataFrame):
            raise TypeError(f"map_batches `{self._name}` must return a polars.DataFrame; got {type(result).__name__}")
        return without_null_type(result)

    def __reduce__(self) -> tuple[Any, ...]:
        if not (_can_be_found_by_name(self._function) or _pickles_by_value()):
            raise PlanError.new(
                f"map_batches `{self._name}`: {self._function!r} cannot be pickled: Python pickles a function by its "
                "name, and no module has this function under its name",
                code="cannot_pickle",
                help="define the function at the top level of a module, or pickle with cloudpickle",
            )
        return BatchFunction, (self._function, self._name)


def _can_be_found_by_name(function: Any) -> bool:
    """Whether Python finds the function by its name. Other callables have their own pickling, and count as found."""
    if not isinstance(function, FunctionType):
        return True
    found: Any = sys.modules.get(function.__module__)
    for part in function.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is function


def _pickles_by_value() -> bool:
    """Whether the running pickler stores functions by their code: cloudpickle, also within Ray, or dill."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_globals.get("__name__", "").rpartition(".")[2] in ("cloudpickle", "_dill"):
            return True
    return False


def without_null_type(frame: Frame) -> Frame:
    """The frame with text in place of the type Null, which arrow-rs cannot import from polars.

    Raises:
        ColumnError: a column holds Python objects, of which polars would export the addresses, or integers of 128 bits.
    """
    import polars as pl

    schema = frame.collect_schema()
    for name, dtype in schema.items():
        if dtype == pl.Object:
            raise ColumnError.new(
                f"column `{name}` holds Python objects, which cannot be written to files",
                code="wrong_type",
                column=name,
                help="convert it to text, numbers, lists or structs",
            )
        if any(part in (pl.Int128, pl.UInt128) for part in _parts(dtype)):
            raise ColumnError.new(
                f"column `{name}` is of type {dtype}: Arrow has no integers of 128 bits",
                code="wrong_type",
                column=name,
                help=f'convert it, as in pl.col("{name}").cast(pl.Int64)',
            )
    typed = {name: _without_null(dtype) for name, dtype in schema.items()}
    changed = {name: dtype for name, dtype in typed.items() if dtype != schema[name]}
    return frame.cast(changed) if changed else frame  # type: ignore[arg-type]


def _parts(dtype: pl.DataType) -> Iterator[pl.DataType]:
    """The type, and the types that it contains, at any depth."""
    yield dtype
    inner = [field.dtype for field in getattr(dtype, "fields", [])] or [getattr(dtype, "inner", None)]
    for part in inner:
        if part is not None:
            yield from _parts(part)


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


def _evaluate(verb: str, frame: pl.DataFrame, expressions: Sequence[pl.Expr]) -> pl.DataFrame:
    """The columns of the expressions, with as many rows as the frame. Literals give one row, which is repeated."""
    import polars as pl

    try:
        result = frame.select(expressions)
    except pl.exceptions.PolarsError as e:
        nested = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.BaseExtension)]
        if not nested:
            raise
        raise ColumnError.new(
            f"{verb}: column `{nested[0]}` is json, which the expression cannot use: {str(e).splitlines()[0]}",
            code="wrong_type",
            column=nested[0],
            help=f'use its JSON text: pl.col("{nested[0]}").ext.storage()',
        ) from e
    if result.height == frame.height:
        return result
    return frame.with_columns(expressions).select(result.columns)
