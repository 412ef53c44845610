"""`strip_affix`: what texts begin and end with, removed once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import PAIR, column, pairs, records, refused

import fastprep as fp

TEXTS = ["Q: a END", "Q: Q: a END END", "a", "a END", "Q: ", "", None]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"prefix": "Q: ", "suffix": " END"}, ["a", "Q: a END", "a", "a", "", "", None]),
        ({"prefix": "Q: "}, ["a END", "Q: a END END", "a", "a END", "", "", None]),
        ({"suffix": " END"}, ["Q: a", "Q: Q: a END", "a", "a", "Q: ", "", None]),
    ],
)
def test_each_is_removed_once(options: dict[str, str], expected: list[str | None]) -> None:
    assert column(records(*({"t": text} for text in TEXTS)).strip_affix("t", **options), "t") == expected


AFFIX = st.text("ab", max_size=3)


@given(st.lists(st.none() | st.text("ab", max_size=6), max_size=5), AFFIX, AFFIX)
def test_as_in_plain_python(texts: list[str | None], prefix: str, suffix: str) -> None:
    if not prefix and not suffix:
        return
    data = records({"t": "x"}, *({"t": text} for text in texts))
    expected = [text and text.removeprefix(prefix).removesuffix(suffix) for text in texts]
    assert column(data.strip_affix("t", prefix=prefix, suffix=suffix), "t") == ["x", *expected]


def test_is_counted_and_explained() -> None:
    plan = records({"t": "a\n"}, {"t": "b"}).strip_affix("t", suffix="\n")
    assert r'STRIP_AFFIX  t; prefix=""; suffix="\n"  [map]' in plan.explain()


@pytest.mark.parametrize(
    ("build", "code", "says"),
    [
        (lambda: records({"a": "b"}).strip_affix("a"), "bad_option", "both `prefix` and `suffix` are empty"),
        (lambda: records({"a": "b"}).strip_affix([], prefix="x"), "bad_option", "`columns` is empty"),
        (lambda: records({"a": "b"}).strip_affix("a", prefix=3), "bad_option", "`prefix` must be"),
        (lambda: pairs(("a", "b")).format(PAIR).strip_affix("completion", suffix="\n"), "bad_chain", "after format"),
    ],
)
def test_what_cannot_be_is_refused(build: Any, code: str, says: str) -> None:
    with refused(fp.PlanError, code, says):
        build()
