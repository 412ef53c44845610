"""`ensure_affix`: what texts must begin and end with, added where it is missing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import PAIR, column, pairs, records, refused

import fastprep as fp

AFFIX = st.text("ab", max_size=3)


def test_texts_that_have_them_stay() -> None:
    texts = ["a", " a", "a\n", " a\n", "", None]
    data = records(*({"t": text} for text in texts)).ensure_affix("t", prefix=" ", suffix="\n")
    assert column(data, "t") == [" a\n", " a\n", " a\n", " a\n", " \n", None]


@given(st.lists(st.text("ab", max_size=5), max_size=5), AFFIX, AFFIX)
def test_all_texts_have_them_and_a_second_time_adds_nothing(texts: list[str], prefix: str, suffix: str) -> None:
    if not prefix and not suffix:
        return
    data = records({"t": "x"}, *({"t": text} for text in texts)).ensure_affix("t", prefix=prefix, suffix=suffix)
    once = column(data, "t")
    assert all(text.startswith(prefix) and text.endswith(suffix) for text in once)
    for old, new in zip(["x", *texts], once, strict=True):
        assert new in (prefix + old + suffix, old + suffix, prefix + old, old)
    assert column(data.ensure_affix("t", prefix=prefix, suffix=suffix), "t") == once


def test_is_explained() -> None:
    plan = records({"t": "a"}).ensure_affix("t", prefix=" ")
    assert 'ENSURE_AFFIX t; prefix=" "; suffix=""  [map]' in plan.explain()


@pytest.mark.parametrize(
    ("build", "code", "says"),
    [
        (lambda: records({"a": "b"}).ensure_affix("a"), "bad_option", "both `prefix` and `suffix` are empty"),
        (lambda: pairs(("a", "b")).format(PAIR).ensure_affix("prompt", prefix=" "), "bad_chain", "after format"),
    ],
)
def test_what_cannot_be_is_refused(build: Any, code: str, says: str) -> None:
    with refused(fp.PlanError, code, says):
        build()
