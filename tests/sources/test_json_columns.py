"""Columns of type json in expressions: refused by name, with the way to their text."""

import polars as pl
import pytest

import fastprep as fp

ROWS = [{"text": "a", "meta": {"stars": 4}}, {"text": "b", "meta": {"stars": 1}}, {"text": "c", "meta": None}]


def test_an_expression_that_takes_no_json_says_which_column_and_how() -> None:
    plan = fp.from_records(ROWS).filter(pl.col("meta").str.len_chars() > 3)
    with pytest.raises(fp.ColumnError, match="filter: column `meta` is json") as e:
        plan.explain()
    assert e.value.help is not None
    assert 'pl.col("meta").ext.storage()' in e.value.help
    assert (e.value.code, e.value.column) == ("wrong_type", "meta")
    with pytest.raises(fp.ColumnError, match="with_columns: column `meta` is json"):
        fp.from_records(ROWS).with_columns(pl.col("meta").cast(pl.String)).collect()


def test_its_text_can_be_used() -> None:
    stars = pl.col("meta").ext.storage().str.json_path_match("$.stars").cast(pl.Int64)
    plan = fp.from_records(ROWS).with_columns(stars=stars).filter(pl.col("stars") > 2)
    assert plan.to_polars().select("text", "stars").rows() == [("a", 4)]


def test_other_failures_stay_what_they_are() -> None:
    with pytest.raises(fp.CallbackError):
        fp.from_records(ROWS).filter(pl.col("text").str.to_date("%Y", strict=True) > pl.lit(3)).collect()
