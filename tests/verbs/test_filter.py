"""`filter`: rows by polars expressions, each proven to judge a row by that row alone."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from tiny import PAIR, column, pairs, records, refused, rejects

import fastprep as fp

N, TEXT, TAGS = pl.col("n"), pl.col("text"), pl.col("tags")
FRAME = pl.DataFrame(
    {
        "id": ["a", "b", "c", "d"],
        "n": [1, 2, 3, None],
        "text": ["One", "two", None, " "],
        "tags": [["x"], ["x", "y"], [], None],
        "meta": [{"lang": "en"}, {"lang": "de"}, {"lang": "en"}, {"lang": None}],
    }
)

# What a user of polars would write, and what only looks at its own row.
ROW_WISE = {
    "comparison": N > 1,
    "null is not true": N.is_null() | (N == 3),
    "string functions": TEXT.str.to_lowercase().str.contains("o") & (TEXT.str.len_chars() == 3),
    "strip": TEXT.str.strip_chars() != "",
    "when": pl.when(N > 2).then(pl.lit(True)).otherwise(TEXT == "One"),
    "is_in a list": N.is_in([1, 3]),
    "is_in a series": pl.col("id").is_in(pl.Series(["b", "d"]).implode()),
    "replace by a table": N.replace({1: 3}) == 3,
    "SQL": pl.sql_expr("id IN ('a', 'c') AND NOT (n IN (3)) AND text LIKE 'O%'"),
    "is_between": N.is_between(2, 3),
    "fill_null with a literal": N.fill_null(0) < 2,
    "struct field": pl.col("meta").struct.field("lang") == "en",
    "list length": TAGS.list.len() > 0,
    "list contains": TAGS.list.contains("y"),
    "cast": N.cast(pl.Float64) / 2 > 0.6,
    "horizontal": pl.any_horizontal(N == 1, TEXT == "two"),
    "coalesce": pl.coalesce(TEXT, pl.lit("none")) == "none",
    "hash": pl.col("id").hash(seed=1) % 2 == 0,
    "literal": pl.lit(True),
    "concat_str": pl.concat_str("id", "text") == "aOne",
}

# The expression, and the part of it that the error must name.
NOT_ROW_WISE = {
    "mean": (N.mean() < N, 'col("n").mean()'),
    "sum": (N.sum() > 1, 'col("n").sum()'),
    "max within": (pl.lit(1) + N.max() == 2, 'col("n").max()'),
    "len": (pl.len() > 1, "len()"),
    "count": (N.count() > 1, 'col("n").count()'),
    "n_unique": (TEXT.n_unique() > 1, 'col("text").n_unique()'),
    "first": (N.first() == N, 'col("n").first()'),
    "quantile": (N.quantile(0.9) > N, 'col("n").quantile('),
    "sort": (N.sort() > 1, 'col("n").sort('),
    "reverse": (N.reverse() > 1, 'col("n").reverse()'),
    "shift": (N.shift(1) == 1, 'col("n").shift('),
    "diff": (N.diff() > 0, 'col("n").diff('),
    "cum_sum": (N.cum_sum() < 3, 'col("n").cum_sum('),
    "rank": (N.rank() < 3, 'col("n").rank('),
    "over": (N.max().over("text") == N, 'col("n").max()'),
    "is_duplicated": (TEXT.is_duplicated(), 'col("text").is_duplicated()'),
    "is_unique": (TEXT.is_unique(), 'col("text").is_unique()'),
    "is_first_distinct": (TEXT.is_first_distinct(), 'col("text").is_first_distinct()'),
    "is_in a column": (N.is_in(pl.col("other")), 'col("n").is_in('),
    "replace by columns": (N.replace(pl.col("id"), pl.col("text")) == 1, 'col("n").replace('),
    "evaluation in lists": (TAGS.list.eval(pl.element().first()).list.len() > 1, "first()"),
    "forward fill": (N.forward_fill() > 1, 'col("n").fill_null_with_strategy('),
    "fill_null by strategy": (N.fill_null(strategy="mean") > 1, 'col("n").'),
    "rolling": (N.rolling_mean(2) > 1, 'col("n").rolling_mean('),
    "row index": (pl.int_range(pl.len()) < 2, "len()"),
    "implode": (N.implode().list.len() > 1, 'col("n").'),
    "explode": (TAGS.explode() == "x", 'col("tags").explode('),
    "unique": (N.unique() > 1, 'col("n").unique('),
    "drop_nulls": (N.drop_nulls() > 1, 'col("n").drop_nulls('),
    "head": (N.head(1) > 1, 'col("n").'),
    "sample": (N.sample(fraction=1.0) > 1, 'col("n").sample('),
    "shuffle": (N.shuffle() > 1, 'col("n").shuffle('),
    "filter": (N.filter(N > 1) > 1, 'col("n").filter('),
    "python over values": (N.map_elements(lambda x: x, return_dtype=pl.Int64) > 1, "python_udf"),
    "python over batches": (N.map_batches(lambda s: s, return_dtype=pl.Int64) > 1, "python_udf"),
}


@pytest.mark.parametrize("name", ROW_WISE)
def test_row_wise_expressions_keep_the_rows_that_polars_keeps(name: str) -> None:
    wanted = FRAME.filter(ROW_WISE[name])["id"].to_list()
    assert column(fp.from_arrow(FRAME).filter(ROW_WISE[name]), "id") == wanted


@pytest.mark.parametrize("name", NOT_ROW_WISE)
def test_other_expressions_are_refused_at_once_and_the_part_is_named(name: str) -> None:
    expression, part = NOT_ROW_WISE[name]
    with refused(fp.PlanError, "not_row_wise", "filter: ") as e:
        fp.from_arrow(FRAME).filter(expression)
    assert part in str(e.value).split("` ")[0]


def test_predicates_are_joined_by_and() -> None:
    assert column(fp.from_arrow(FRAME).filter(N > 1, TEXT == "two"), "id") == ["b"]


def test_filtered_rows_are_counted_and_are_no_rejects(tmp_path: Path) -> None:
    report = records({"a": "1"}, {"a": "2"}, {"a": None}).filter(pl.col("a") == "2").sink_arrow(tmp_path / "out")
    assert report.rows == {"read": 3, "written": 1, "rejected": 0, "duplicate": 0, "filtered": 2, "dropped": 0}
    assert report.to_dict()["reasons"] == {"filtered": {"count": 2, "first": {"file": "data", "row": 0, "line": 1}}}
    assert rejects(tmp_path / "out") == []


def test_can_follow_format() -> None:
    plan = pairs(("a", "b"), ("c", "d")).format(PAIR).filter(pl.col("prompt").str.starts_with("c"))
    assert column(plan, "completion") == ["d\n###\n"]


def test_a_column_that_format_used_up_says_so() -> None:
    plan = records({"q": "a", "r": "b"}).format(fp.PromptFormat("{q}", completion="{r}"))
    with refused(fp.ColumnError, "missing_column", "filter: there is no column `q`") as e:
        plan.filter(pl.col("q") == "a").explain()
    assert "put this step before format" in e.value.help


def test_a_missing_column_names_the_one_that_was_meant() -> None:
    says = "filter: there is no column `txt`; columns: .*; did you mean `text`"
    with refused(fp.ColumnError, "missing_column", says):
        fp.from_arrow(FRAME).filter(pl.col("txt") == "x").explain()


@pytest.mark.parametrize("expression", [pl.col("n"), pl.col("text"), pl.lit(1)])
def test_a_predicate_must_be_true_or_false(expression: pl.Expr) -> None:
    with refused(fp.PlanError, "bad_option", "filter: `.*` must give true or false; got "):
        fp.from_arrow(FRAME).filter(expression).explain()


@pytest.mark.parametrize("predicate", [True, "n > 1", 5, None])
def test_what_is_no_expression_is_refused_at_once(predicate: object) -> None:
    with refused(fp.PlanError, "bad_option", "filter: expected a polars expression; got "):
        fp.from_arrow(FRAME).filter(predicate)  # type: ignore[arg-type]
    with refused(fp.PlanError, "bad_option", "filter: no predicate is given"):
        fp.from_arrow(FRAME).filter()


@pytest.mark.parametrize("several", [pl.all(), pl.col("n", "id"), pl.col("^n.*$"), pl.col(pl.Int64), pl.exclude("n")])
def test_selectors_are_refused(several: pl.Expr) -> None:
    with refused(fp.PlanError, "bad_option", "filter: `.*` selects several columns"):
        fp.from_arrow(FRAME).filter(several.is_not_null())


def test_an_expression_that_fails_on_the_data_names_itself_and_keeps_the_cause(tmp_path: Path) -> None:
    plan = records({"a": "1"}, {"a": "x"}).filter(pl.col("a").cast(pl.Int64) > 0)
    with refused(fp.CallbackError, "callback_failed", r"filter \[\(col\(\"a\"\).* failed\n  because: ") as e:
        plan.sink_arrow(tmp_path / "out")
    assert isinstance(e.value.__cause__, pl.exceptions.PolarsError)
    assert str(e.value).count("conversion from") == 1
    assert not (tmp_path / "out").exists()


def test_types_that_do_not_fit_are_told_before_a_row_is_read() -> None:
    plan = fp.from_arrow(pa.table({"a": ["x"]}).to_reader()).filter(pl.col("a").list.len() > 1)
    with refused(fp.CallbackError, "callback_failed", "filter .* failed"):
        plan.explain()


def test_lists_that_are_not_printed_whole_make_different_plans() -> None:
    rows = fp.from_records([{"n": 1}])
    long = [rows.filter(pl.col("n").is_in([*range(50), last])).explain() for last in (98, 99, 99)]
    series = [rows.filter(pl.col("n").is_in(pl.Series([last]))).explain() for last in (98, 99, 99)]
    for one, other, same in (long, series):
        assert one != other
        assert other == same


def test_a_number_that_no_float_holds_is_written_as_it_was_or_rejected(tmp_path: Path) -> None:
    big = 9007199254740993
    plan = fp.from_records([{"id": big}, {"id": 0.5}])
    kept = plan.filter(pl.col("id").ext.storage().cast(pl.Float64) > 1)
    kept.sink_jsonl(tmp_path / "out")
    (shard,) = (tmp_path / "out").glob("data/*/train-*.jsonl")
    assert shard.read_text() == f'{{"id":{big}}}\n'
    with refused(fp.ColumnError, "wrong_type", "filter: column `id` is json"):
        plan.filter(pl.col("id") > 1).collect()
    # Behind the head the column is one of floats.
    late = [{"id": 0.5, "t": "x" * 1000}] * 1100 + [{"id": big, "t": ""}, {"id": big - 1, "t": ""}]
    report = fp.from_records(late).filter(pl.col("id") > 1).sink_jsonl(tmp_path / "late")
    assert (report.reasons, report.rows["written"]) == ({"filtered": 1100, "wrong_type": 1}, 1)
