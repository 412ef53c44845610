"""Expressions as text: the same expression back or a digest, and nothing that a text holds is ever run."""

from __future__ import annotations

import copy
import json
import pickle
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars_methods import REFUSED, ROW_WISE, SQL, TOKENIZER, N, X
from tiny import refused

import fastprep as fp
from fastprep.expressions import json_form
from fastprep.expressions.checks import check_row_wise, json_text
from fastprep.expressions.json_form import EXACT_FORM_HELP, from_form, to_form

EXPRESSIONS = [expression for examples in [*ROW_WISE.values(), SQL] for expression in examples]
TEXTS = [json_text(expression) for expression in EXPRESSIONS]


def is_digest(form: Any) -> bool:
    return isinstance(form, dict) and form.keys() == {"digest"} and len(bytes.fromhex(form["digest"])) == 16


@pytest.mark.parametrize("method", [*ROW_WISE])
def test_the_text_gives_the_expression_back(method: str) -> None:
    for expression in ROW_WISE[method]:
        text = to_form(expression)
        assert isinstance(text, str)
        read = from_form("filter", text, lambda _: TOKENIZER)
        assert to_form(read) == text
        # polars keeps the pickles of functions as they were written, and our functions have two forms.
        assert "fastprep." in method or read.meta.serialize() == expression.meta.serialize()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_json_lacks_give_a_digest(number: float) -> None:
    assert is_digest(to_form(number < X))
    # A list is kept as bytes.
    assert isinstance(to_form(X.is_in([number])), str)


@given(st.floats())
def test_a_float_comes_back_exactly_or_is_a_digest(number: float) -> None:
    form = to_form(X + number)
    if isinstance(form, str):
        assert from_form("filter", form).meta.serialize() == (X + number).meta.serialize()
    else:
        assert is_digest(form)
        assert form == to_form(X + number) != to_form(X + 1.5)


@given(st.floats(allow_nan=False))
def test_the_help_names_a_way_that_is_exact(number: float) -> None:
    expression = X + pl.lit(repr(number)).cast(pl.Float64)
    check_row_wise("filter", expression)
    assert isinstance(to_form(expression), str)
    assert pl.DataFrame({"x": [0.0]}).select(expression - X == number).item()
    assert 'pl.lit("0.1234").cast(pl.Float64)' in EXACT_FORM_HELP


def test_some_floats_are_rounded_by_polars_json() -> None:
    numbers = [float(Decimal(n).sqrt() / 7) * 10.0 ** (n % 300) for n in range(2, 500)]
    forms = [to_form(X * number) for number in numbers]
    assert {type(form) for form in forms} == {str, dict}, "no float is inexact any more: the digest may go"


def test_deep_and_long_expressions_give_a_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = N > 0
    for number in range(200):
        deep = deep | (pl.lit(number) == N)
    assert is_digest(to_form(deep))
    monkeypatch.setattr(json_form, "MAX_CHARS", 1000)
    assert is_digest(to_form(N.is_in([*range(1000)])))


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._path,)


def traps(path: Path) -> dict[str, Any]:
    """Trees that polars would unpickle a function from."""
    pickled = list(pickle.dumps(Trap(path)))
    udf = [*b"PLPYFN", *pickled]
    column = {"Column": "n"}
    return {
        "name": {"RenameAlias": {"function": {"Map": [0, 11, 7, *pickled]}, "expr": column}},
        "fold": {"Function": {"input": [column], "function": {"FoldHorizontal": {"callback": [1, 11, 7, *pickled]}}}},
        "map_batches": {"AnonymousFunction": {"input": [column], "function": udf, "options": {}}},
        "in an argument": {
            "Function": {
                "input": [column, {"AnonymousFunction": {"input": [column], "function": udf, "options": {}}}],
                "function": "FillNull",
            }
        },
        "in an option": {"Function": {"input": [column], "function": {"Round": {"AnonymousFunction": udf}}}},
        "in a type": {"Cast": {"expr": column, "dtype": {"OfExpr": {"AnonymousFunction": udf}}, "options": "Strict"}},
        "in a list": {"Eval": {"expr": column, "evaluation": {"AnonymousFunction": udf}, "variant": "List"}},
        "literal": {"Literal": {"Scalar": {"Object": pickled}}},
    }


@pytest.mark.parametrize("name", traps(Path("x")))
def test_a_function_in_a_text_is_never_loaded(tmp_path: Path, name: str) -> None:
    trap = tmp_path / "sprung"
    with refused(fp.PlanError, "not_row_wise", "filter: `"):
        from_form("filter", json.dumps(traps(trap)[name]))
    assert not trap.exists()
    pickle.loads(pickle.dumps(Trap(trap)))
    assert trap.exists()


@pytest.mark.parametrize("method", REFUSED)
def test_a_text_of_what_is_refused_is_refused(method: str) -> None:
    for expression in REFUSED[method]:
        try:
            text = json_text(expression)
        except (pl.exceptions.PolarsError, ValueError):
            continue
        with refused(fp.PlanError, "not_row_wise", "filter: `"):
            from_form("filter", text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ('{"Column":"a","Column":"b"}', "a key twice"),
        ('{"Literal":{"Dyn":{"Float":NaN}}}', "NaN is not a JSON number"),
        ('{"Column":"\\ud800"}', "is not JSON"),
        ("[" * 200 + "]" * 200, "nested more than 128 levels deep"),
        ("[" * 100_000 + "]" * 100_000, "is not JSON"),
        ('{"Literal":{"Dyn":{"Float":1e999}}}', "polars cannot read"),
        ('{"Literal":{"Dyn":{"Float":0.10000000000000000000001}}}', None),
        ('{"Literal":{"Scalar":{"List":[1,2,3]}}}', "not in Arrow's format"),
        ('{"Literal":{"Scalar":{"Int8":300}}}', "polars cannot read"),
        (5, "the expression must be text; got int"),
    ],
)
def test_what_is_no_such_text_is_a_bad_plan(text: Any, says: str | None) -> None:
    if says is None:
        assert json_text(from_form("filter", text)) == '{"Literal":{"Dyn":{"Float":0.1}}}'
        return
    with refused(fp.PlanError, "bad_plan", f"filter: .*{says}"):
        from_form("filter", text)


def taken(text: str) -> None:
    """A text gives an expression, which is row-wise, or an error of ours."""
    try:
        expression = from_form("filter", text)
    except fp.FastprepError:
        return
    check_row_wise("filter", expression)


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers(0, 255))
NAMES = st.sampled_from("Column Literal Dyn Scalar Series List Struct Function input function Eval Alias Cast".split())
LEAVES = VALUES | NAMES
TREES = st.recursive(
    LEAVES, lambda part: st.lists(part, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), part, max_size=3)
)


@given(TREES)
def test_any_json_is_taken_or_refused(tree: Any) -> None:
    taken(json.dumps(tree))


@given(st.text())
def test_any_text_is_taken_or_refused(text: str) -> None:
    taken(text)


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Each part of a tree, as what holds it and its key."""
    if not isinstance(tree, (dict, list)):
        return []
    keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))[:200]
    return [place for key in keys for place in [(tree, key), *places(tree[key])]]


@given(st.sampled_from(TEXTS), st.data())
def test_a_changed_text_is_taken_or_refused(text: str, data: st.DataObject) -> None:
    tree = json.loads(text)
    for _ in range(data.draw(st.integers(1, 3))):
        if found := places(tree):
            whole, key = data.draw(st.sampled_from(found))
            other, at = data.draw(st.sampled_from(found))
            whole[key] = data.draw(LEAVES | st.just(copy.deepcopy(other[at])))
    taken(json.dumps(tree))


@given(st.sampled_from(TEXTS), st.integers(0), st.text(max_size=2), st.integers(0, 3))
def test_a_damaged_text_is_taken_or_refused(text: str, at: int, written: str, lost: int) -> None:
    at %= len(text)
    taken(text[:at] + written + text[at + lost :])


@given(st.sampled_from([[1, 2], ["a", None], [[1.5], []], [{"a": 1}]]), st.integers(0), st.integers(0, 255))
def test_damaged_lists_are_taken_or_refused(items: list[Any], at: int, byte: int) -> None:
    tree = json.loads(json_text(pl.lit(pl.Series(items).implode()))) if at % 2 else json.loads(json_text(pl.lit(items)))
    ((_, data),) = tree["Literal"].items()
    data = data["List"] if isinstance(data, dict) else data
    data[at % len(data)] = byte
    function = {"Boolean": {"IsIn": {"nulls_equal": False}}}
    taken(json.dumps({"Function": {"input": [{"Column": "n"}, tree], "function": function}}))
