"""`with_columns`: columns made by row-wise polars expressions."""

from __future__ import annotations

import polars as pl
import pytest
from test_filter import FRAME, NOT_ROW_WISE
from tiny import PAIR, pairs, records, refused, rows

import fastprep as fp

N, TEXT = pl.col("n"), pl.col("text")
MADE = {
    "arithmetic": (N * 2).alias("made"),
    "text": TEXT.str.to_uppercase().alias("made"),
    "replaced": (N + 1).alias("n"),
    "swapped": TEXT.alias("id"),
    "number literal": pl.lit(7).alias("made"),
    "text literal": pl.lit("x").alias("made"),
    "null": pl.lit(None).alias("made"),
    "list": pl.concat_list("id", "text").alias("made"),
    "literal list": pl.lit([1, 2]).alias("made"),
    "struct": pl.struct("id", "n").alias("made"),
    "split": TEXT.str.split("w").alias("made"),
    "when": pl.when(N > 1).then(pl.lit("many")).alias("made"),
    "format": pl.format("{}-{}", "id", "n").alias("made"),
    "float": (N / 2).alias("made"),
    "kept under its name": TEXT.str.len_chars(),
}


@pytest.mark.parametrize("name", MADE)
def test_makes_what_polars_makes(name: str) -> None:
    plan = fp.from_arrow(FRAME).with_columns(MADE[name])
    assert rows(plan) == FRAME.with_columns(MADE[name]).to_dicts()


def test_several_at_once_see_the_columns_as_they_were() -> None:
    plan = fp.from_arrow(FRAME).with_columns(N.alias("id"), made=pl.col("id"), one=pl.lit(1))
    assert rows(plan) == FRAME.with_columns(N.alias("id"), made=pl.col("id"), one=pl.lit(1)).to_dicts()


@pytest.mark.parametrize("dtype", [pl.Int128, pl.UInt128, pl.List(pl.Int128), pl.Struct({"a": pl.UInt128})])
def test_integers_of_128_bits_are_named(dtype: pl.DataType) -> None:
    frame = pl.DataFrame({"n": pl.Series([None], dtype=dtype)})
    with refused(fp.ColumnError, "wrong_type", "column `n` is of type .*: Arrow has no integers of 128 bits"):
        fp.from_arrow(frame)
    # Polars adds signed and unsigned integers as integers of 128 bits.
    sums = fp.from_arrow(pl.DataFrame({"u": pl.Series([1], dtype=pl.UInt64), "i": [2]}))
    with refused(fp.ColumnError, "wrong_type", "column `s` is of type Int128"):
        sums.with_columns(s=pl.col("u") + pl.col("i")).collect()
    assert rows(sums.with_columns(s=pl.col("u").cast(pl.Int64) + pl.col("i"))) == [{"u": 1, "i": 2, "s": 3}]


@pytest.mark.parametrize("name", NOT_ROW_WISE)
def test_what_is_not_row_wise_is_refused_at_once(name: str) -> None:
    expression, part = NOT_ROW_WISE[name]
    with refused(fp.PlanError, "not_row_wise", "with_columns: ") as e:
        fp.from_arrow(FRAME).with_columns(made=expression)
    assert part in str(e.value).split("` ")[0]


def test_numbers_of_json_lines_can_be_computed_and_cast_to_text() -> None:
    plan = records({"n": 1}, {"n": 2}).with_columns(pl.col("n").cast(pl.String), double=pl.col("n") * 2)
    assert rows(plan) == [{"n": "1", "double": 2}, {"n": "2", "double": 4}]


def test_a_made_column_can_be_formatted() -> None:
    plan = records({"n": 3}).with_columns(prompt=pl.format("{}?", "n"), completion=pl.lit("yes")).format(PAIR)
    assert rows(plan) == [{"prompt": "3?\n##\n", "completion": "yes\n###\n", "n": 3}]


@pytest.mark.parametrize("name", ["prompt", "completion"])
def test_proven_columns_cannot_be_changed(name: str) -> None:
    with refused(fp.PlanError, "bad_chain", "with_columns: after format this step could change") as e:
        pairs(("a", "b")).format(PAIR).with_columns(pl.lit("x").alias(name))
    assert e.value.help == "put with_columns before format"


def test_other_columns_can_be_made_after_format() -> None:
    plan = pairs(("a", "b")).format(PAIR).with_columns(size=pl.col("completion").str.len_chars())
    assert rows(plan)[0]["size"] == 6


@pytest.mark.parametrize(
    ("exprs", "says"),
    [
        ([], "no expression is given"),
        ([5], "expected a polars expression; got 5"),
        ([pl.all()], "selects several columns"),
        ([pl.lit(1).alias("x"), pl.lit(2).alias("x")], "two expressions are named `x`"),
    ],
)
def test_what_makes_no_column_is_refused_at_once(exprs: list[pl.Expr], says: str) -> None:
    with refused(fp.PlanError, "bad_option", f"with_columns: .*{says}"):
        fp.from_arrow(FRAME).with_columns(*exprs)
    with refused(fp.PlanError, "bad_option", "with_columns: expected a polars expression; got 'x'"):
        fp.from_arrow(FRAME).with_columns(made="x")  # type: ignore[arg-type]


def test_names_of_ours_are_refused() -> None:
    with refused(fp.ColumnError, "reserved_column", "with_columns: `__fastprep_key` cannot be the name of a column"):
        fp.from_arrow(FRAME).with_columns(__fastprep_key=pl.lit(1))


def test_a_missing_column_names_the_one_that_was_meant() -> None:
    says = "with_columns: there is no column `txt`; columns: .*; did you mean `text`"
    with refused(fp.ColumnError, "missing_column", says):
        fp.from_arrow(FRAME).with_columns(made=pl.col("txt")).explain()
