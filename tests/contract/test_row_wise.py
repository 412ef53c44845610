"""The list of what is row-wise: values do not depend on the batch, and each method of polars is decided."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from polars_methods import FRAME, NO_EXPRESSIONS, REFUSED, ROW_WISE, SQL, N, T, X
from tiny import refused

import fastprep as fp
from fastprep.expressions import row_wise
from fastprep.expressions.checks import check_row_wise, json_text
from fastprep.expressions.row_wise_table import FUNCTIONS, TABLE_ARGUMENTS

pytestmark = pytest.mark.filterwarnings("ignore:`is_in` with a collection:DeprecationWarning")
EXAMPLES = {**ROW_WISE, "SQL": SQL}


def values(frame: pl.DataFrame, expression: pl.Expr, rows: int) -> tuple[pl.DataType, list[Any]]:
    """The type and the values where the frame comes in parts of so many rows."""
    parts = [frame[at : at + rows].with_columns(made=expression)["made"] for at in range(0, frame.height, rows)]
    whole = pl.concat(parts)
    return whole.dtype, [repr(value) for value in whole.to_list()]


def assert_no_batches(frame: pl.DataFrame, expression: pl.Expr) -> None:
    whole = values(frame, expression, frame.height)
    assert values(frame, expression, 1) == whole
    assert values(frame, expression, 3) == whole


def read(tree: Any) -> pl.Expr:
    return pl.Expr.deserialize(json.dumps(tree).encode(), format="json")


def functions(tree: Any) -> Iterator[tuple[str, list[Any]]]:
    """The functions of an expression that are called on rows: name and arguments."""
    if isinstance(tree, dict):
        if "Function" in tree:
            yield row_wise._function_name(tree["Function"]["function"])[0], tree["Function"]["input"]
        for kind, part in tree.items():
            if kind != "evaluation":
                yield from functions(part)
    elif isinstance(tree, list):
        for part in tree:
            yield from functions(part)


def as_columns(tree: Any, name: str, arguments: list[Any], places: list[int]) -> tuple[Any, pl.DataFrame]:
    """The literals at the places as columns, of two values where the function takes a second one; in place."""
    frame = FRAME
    for at in places:
        value = pl.select(read(arguments[at])).to_series()
        other = value[0] + 1 if value.dtype.is_numeric() else value[0]
        if name in ("StringExpr.Contains", "StringExpr.StartsWith", "StringExpr.Split", "StringExpr.StripPrefix"):
            other = "b"
        given = [value[0], other] * FRAME.height
        frame = frame.with_columns(pl.Series(f"argument{at}", given[: FRAME.height], dtype=value.dtype))
        arguments[at] = {"Column": f"argument{at}"}
    return tree, frame


@pytest.mark.parametrize("method", EXAMPLES)
def test_what_is_listed_gives_the_same_values_in_batches_of_any_size(method: str) -> None:
    for expression in EXAMPLES[method]:
        check_row_wise("filter", expression)
        assert_no_batches(FRAME, expression)


@pytest.mark.parametrize("method", EXAMPLES)
def test_arguments_may_be_columns_or_the_expression_is_refused(method: str) -> None:
    # Some functions take one value for all rows, and take a column only where the batch has one row.
    for expression in EXAMPLES[method]:
        tree = json.loads(json_text(expression))
        for nth, (name, arguments) in enumerate(functions(tree)):
            tables = range(len(arguments))[TABLE_ARGUMENTS.get(name, slice(0))]
            places = [i for i, each in enumerate(arguments) if "Literal" in each and i not in tables]
            for first in (False, True):
                changed = copy.deepcopy(tree)
                name, arguments = list(functions(changed))[nth]
                changed, frame = as_columns(changed, name, arguments, [i for i in places if i or not first])
                if first and "Column" in arguments[0]:
                    column = arguments[0]["Column"]
                    if isinstance(frame.schema[column], (pl.List, pl.Extension)):
                        continue
                    value = pl.lit(frame[column][0], dtype=frame.schema[column])
                    arguments[0] = json.loads(json_text(value))
                try:
                    row_wise.prove(changed)
                except row_wise.NotRowWiseError:
                    continue
                try:
                    values(frame, read(changed), 1)
                except pl.exceptions.PolarsError:
                    continue
                assert_no_batches(frame, read(changed))


@pytest.mark.parametrize("method", REFUSED)
def test_what_depends_on_other_rows_is_refused(method: str) -> None:
    for expression in REFUSED[method]:
        with refused(fp.PlanError, "not_row_wise", "filter: `"):
            check_row_wise("filter", expression)


def test_every_method_of_polars_is_decided() -> None:
    methods = {name for name in dir(pl.Expr) if not name.startswith("_")} - pl.Expr._accessors - NO_EXPRESSIONS
    for space in pl.Expr._accessors - {"meta"}:
        methods |= {f"{space}.{name}" for name in dir(getattr(N, space)) if not name.startswith("_")}
    # One without an example needs one in tests/support/polars_methods.py.
    assert methods - ROW_WISE.keys() - REFUSED.keys() == set()


def test_every_listed_function_has_an_example() -> None:
    listed = {f"{group}.{name}".lstrip(".") for group, names in FUNCTIONS.items() for name in names}
    shown = {
        name
        for examples in EXAMPLES.values()
        for expression in examples
        for name, _ in functions(json.loads(json_text(expression)))
    }
    assert listed - shown == set()


@pytest.mark.parametrize(
    ("expression", "part", "help"),
    [
        (1 + N.max() * X, 'col("n").max()', "over all rows"),
        (N.max().shift().over("t") > 1, 'col("n").max()', "over all rows"),
        (N.is_in(pl.col("m")) & T.str.contains("a"), 'col("n").is_in([col("m")])', "pass a literal"),
        (T.str.to_date() > pl.date(2020, 1, 1), 'col("t").str.strptime(["raise"])', "pass the format"),
        (T.cast(pl.Categorical).is_null(), 'col("t").strict_cast(Categorical', "pl.Enum"),
        (pl.col("l").list.eval(1 + pl.element().cum_sum()), "element().cum_sum(", "over all rows"),
        (1 + N.map_batches(len), 'col("n").python_udf()', "without a Python function"),
        (pl.lit("a").str.count_matches(T), '"a".str.count_matches(', "call it on a column"),
        (pl.lit("abc").str.split(T).list.len() > 1, '"abc".str.split(', "call it on a column"),
        (pl.lit(None, dtype=pl.String).str.extract(T, 0) == "a", "null", "call it on a column"),
    ],
)
def test_the_smallest_part_is_named_with_the_way_out(expression: pl.Expr, part: str, help: str) -> None:
    with refused(fp.PlanError, "not_row_wise", "filter: ") as e:
        check_row_wise("filter", expression)
    assert str(e.value).startswith(f"filter: `{part}")
    assert help in e.value.help


def test_many_conditions_are_proven_and_too_many_say_so() -> None:
    rows, some = fp.from_arrow(FRAME.select("n")), pl.lit(False)
    for number in range(100):
        some = some | (pl.lit(number) == N)
    assert rows.filter(some).to_polars().height == 5
    for number in range(3000):
        some = some | (pl.lit(number) == N)
    with refused(fp.PlanError, "not_row_wise", "nested too deeply"):
        rows.filter(some)


def test_lists_are_filtered_and_evaluated_item_by_item() -> None:
    item, lists = pl.element(), pl.col("l")
    made = {"kept": lists.list.filter(item > 1), "twice": lists.list.eval(item * 2), "sum": lists.list.agg(item.sum())}
    plan = fp.from_arrow(FRAME.select("l")).with_columns(**made)
    assert plan.to_polars().equals(FRAME.select("l", **made))


def test_a_column_without_a_name_is_read() -> None:
    frame = pl.DataFrame({"": [1, 2], "n": [3, 4]})
    assert fp.from_arrow(frame).filter(pl.col("") > 1).to_polars().rows() == [(2, 4)]
