"""Columns of type json in expressions: refused by name, with the way to their text."""

from typing import Any

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


@pytest.mark.parametrize(
    ("values", "holds"),
    [
        ([[{"from": "human"}], None], "lists"),
        ([{"a": 1}], "objects"),
        ([{"a": 1}, [1]], "lists and objects"),
        ([1 << 70], "numbers"),
        ([True, 1], "numbers, true and false"),
        ([True, []], "values of several types"),
    ],
)
def test_a_template_over_a_column_without_text_is_refused_before_a_row_is_read(values: list[Any], holds: str) -> None:
    rows = fp.from_records([{"q": value, "a": "x"} for value in values])
    plan = rows.format(fp.PromptFormat("{q}", completion="{a}"))
    says = f"format: column `q` must be text; the start of the input has {holds} in it, and no text"
    with pytest.raises(fp.ColumnError, match=says) as e:
        plan.explain()
    assert (e.value.code, e.value.column) == ("wrong_type", "q")


def test_a_column_with_some_text_or_in_an_optional_part_is_not_refused() -> None:
    rows = [{"q": ["x"], "a": "x"}, {"q": "text", "a": "y"}, {"q": None, "a": "z"}]
    assert fp.from_records(rows).format(fp.PromptFormat("{q}", completion="{a}")).collect().num_rows == 1
    optional = fp.PromptFormat("{a}{#q}{q}{/q}", completion="{a}")
    assert fp.from_records([rows[0], rows[2]]).format(optional).collect().num_rows == 1
