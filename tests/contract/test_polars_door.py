"""Frames of polars enter a chain by `df.fastprep`, and expressions have functions of fastprep."""

from __future__ import annotations

import gc
import inspect
import json
import pickle
import subprocess
import sys
import unicodedata
import weakref
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars_methods import TOKENIZER
from tiny import PAIR, refused
from xxhash import xxh3_64_intdigest

import fastprep as fp
from fastprep.expressions import text_call

TEXT = pl.col("text").fastprep
FRAME = pl.DataFrame({"text": ["Ab  c", None, "x Ａ", "b", ""], "n": [1, 2, 3, 4, 5]})
FOLDER = Path(__file__).resolve().parents[2] / "examples" / "tokenizer"

WORDS = st.sampled_from(["unicode", "case", "whitespace"])
TEXTS = st.lists(st.none() | st.text() | st.text("aAß Ａﬁ\u0130\u00a0\n", max_size=8), max_size=30)


def column(expression: pl.Expr, texts: list[str | None]) -> list[Any]:
    """The results in polars, which are the same in each engine and in a chain."""
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    made = frame.with_columns(made=expression)
    for engine in ("in-memory", "streaming"):
        assert frame.lazy().with_columns(made=expression).collect(engine=engine).equals(made)  # type: ignore[call-overload]
    plan = frame.fastprep.with_columns(made=expression)
    assert plan.to_polars().equals(made)
    read = fp.Pipeline.from_json(plan.to_json(), inputs=frame, **tokenizers(plan))
    assert read.to_json() == plan.to_json()
    assert read.to_polars().equals(made)
    return made["made"].to_list()


def tokenizers(plan: fp.Pipeline) -> dict[str, Any]:
    return {"tokenizers": {"tokenizer": TOKENIZER}} if '"tokenizer' in plan.to_json() else {}


# --- frames


def test_the_namespace_of_a_frame_is_a_pipeline_over_it() -> None:
    frame = pl.DataFrame({"prompt": ["a", "b", "a"], "completion": ["x", "y", "x"]})
    assert isinstance(frame.fastprep, fp.Pipeline)
    plan = frame.fastprep.format(PAIR).dedup()
    assert plan.to_polars().equals(fp.from_arrow(frame).format(PAIR).dedup().to_polars())
    assert frame.fastprep.filter(pl.col("prompt") == "b").collect().num_rows == 1
    assert frame.fastprep.schema == {"prompt": "str", "completion": "str"}
    assert plan.to_json() == fp.from_arrow(frame).format(PAIR).dedup().to_json()
    assert pickle.loads(pickle.dumps(plan)).to_json() == plan.to_json()


def test_the_namespace_of_a_lazy_frame_reads_its_rows_when_it_runs() -> None:
    lazy = pl.LazyFrame({"prompt": ["a", "b", "a"], "completion": ["x", "y", "x"]}).filter(pl.col("prompt") != "b")
    plan = lazy.fastprep.format(PAIR)
    assert isinstance(lazy.fastprep, fp.Pipeline)
    assert plan.to_polars().equals(fp.from_arrow(lazy.collect()).format(PAIR).to_polars())
    # Into polars and back.
    again = plan.to_lazyframe().with_columns(n=pl.col("prompt").str.len_chars()).fastprep.dedup().drop("completion")
    assert again.to_lazyframe().collect().to_dicts() == [{"prompt": "a\n##\n", "n": 5}]


def test_every_verb_is_reachable_and_documented() -> None:
    for name, verb in inspect.getmembers(fp.Pipeline):
        if not name.startswith("_"):
            assert getattr(type(FRAME.fastprep), name) is verb
    assert "Args:" in (inspect.getdoc(FRAME.fastprep.tokenize) or "")
    assert "max_length" in inspect.signature(FRAME.fastprep.tokenize).parameters


def test_the_rows_are_freed_with_the_frame() -> None:
    gc.disable()
    try:
        frame = pl.DataFrame({"a": ["x"]})
        assert frame.fastprep.collect().num_rows == 1
        alive = weakref.ref(frame)
        del frame
        assert alive() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("code", ["import fastprep, polars", "import polars, fastprep"])
def test_the_namespaces_are_there_in_any_order_of_imports(code: str) -> None:
    code += (
        "; assert all('fastprep' in kind._accessors for kind in (polars.DataFrame, polars.LazyFrame, polars.Expr))"
        "; print(polars.DataFrame({'a': [1]}).fastprep)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "Pipeline[from_arrow]\n"


# --- expressions against plain Python


@given(TEXTS, st.lists(st.text(min_size=1, max_size=3) | st.sampled_from(["a", "A", " "]), min_size=1))
def test_contains_any(texts: list[str | None], patterns: list[str]) -> None:
    expected = [None if text is None else any(pattern in text for pattern in patterns) for text in texts]
    assert column(TEXT.contains_any(patterns), texts) == expected


@given(TEXTS, st.integers(0, 2**64 - 1))
def test_hash(texts: list[str | None], seed: int) -> None:
    expected = [None if text is None else xxh3_64_intdigest(text.encode(), seed) for text in texts]
    assert column(TEXT.hash(seed), texts) == expected


def test_hashes_never_change() -> None:
    assert column(TEXT.hash(), ["", "prompt"]) == [3_244_421_341_483_603_138, 17_232_826_208_693_816_601]
    assert column(TEXT.hash(seed=7), ["prompt"]) == [381_963_309_665_844_481]


@given(TEXTS, st.lists(WORDS, min_size=1))
def test_normalize(texts: list[str | None], form: list[str]) -> None:
    def normal(text: str) -> str:
        if "unicode" in form:
            text = unicodedata.normalize("NFKC", text)
        if "case" in form:
            text = text.lower()
            text = unicodedata.normalize("NFKC", text) if "unicode" in form else text
        # Python also splits at U+001C to U+001F, which Unicode does not call white space.
        return " ".join(text.split()) if "whitespace" in form else text

    texts = [text for text in texts if text is None or text.isascii() or assigned(text)]
    texts = [text for text in texts if text is None or not set("\x1c\x1d\x1e\x1f") & set(text)]
    expected = [None if text is None else normal(text) for text in texts]
    assert column(TEXT.normalize(form), texts) == expected  # type: ignore[arg-type]


def assigned(text: str) -> bool:
    """Whether all characters are as old as the Unicode tables of Python."""
    return all(unicodedata.category(c) != "Cn" for c in text)


@given(st.lists(st.text("abA c", max_size=4), max_size=20), st.lists(WORDS, min_size=1))
def test_texts_that_normalize_makes_equal_are_duplicates(texts: list[str], form: list[str]) -> None:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    keys = frame.select(TEXT.normalize(form))["text"]  # type: ignore[arg-type]
    assert frame.fastprep.dedup("text", normalize=form).collect().num_rows == keys.n_unique()  # type: ignore[arg-type]


@given(TEXTS, st.booleans())
def test_tokenize_and_count_tokens(texts: list[str | None], add: bool) -> None:
    expected = [None if text is None else TOKENIZER.encode(text, add_special_tokens=add) for text in texts]
    assert column(TEXT.tokenize(TOKENIZER, add_special_tokens=add), texts) == expected
    lengths = [None if ids is None else len(ids) for ids in expected]
    assert column(TEXT.count_tokens(TOKENIZER, add_special_tokens=add), texts) == lengths


CALLS = [
    TEXT.contains_any(["a"]),
    TEXT.hash(),
    TEXT.normalize("case"),
    TEXT.tokenize(TOKENIZER),
    TEXT.count_tokens(TOKENIZER),
]


@pytest.mark.parametrize("call", CALLS)
def test_types_of_columns(call: pl.Expr) -> None:
    plain = FRAME.select(call)
    assert FRAME.head(0).select(call).schema == plain.schema
    assert FRAME.with_columns(pl.col("text").cast(pl.Categorical)).select(call).equals(plain)
    nulls = FRAME.with_columns(text=pl.lit(None)).select(call)
    assert nulls.schema == plain.schema
    assert nulls["text"].null_count() == nulls.height == FRAME.height
    with pytest.raises(fp.ColumnError, match="must be text; got Int64", check=lambda e: e.code == "wrong_column_type"):
        FRAME.select(text=pl.col("n")).select(call)
    with pytest.raises(fp.ColumnError, match="must be text; got Int64") as caught:
        FRAME.fastprep.select("n").rename({"n": "text"}).with_columns(x=call).explain()
    assert caught.value.code == "wrong_column_type"
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), again.code, str(again)) == (fp.ColumnError, caught.value.code, str(caught.value))


def test_json_columns_are_refused() -> None:
    plan = fp.from_records([{"text": {"a": 1}}, {"text": "b"}])
    with refused(fp.ColumnError, "wrong_column_type", "column `text` is json"):
        plan.with_columns(x=TEXT.hash()).explain()
    hashes = plan.select(x := "text").with_columns(x=pl.col(x).ext.storage().fastprep.hash())
    assert hashes.collect()["x"].to_pylist() == [xxh3_64_intdigest(text) for text in (b'{"a": 1}', b'"b"')]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TEXT.contains_any([]), "contains_any: `patterns` must be one string or more"),
        (lambda: TEXT.contains_any(["a", ""]), "none of them empty"),
        (lambda: TEXT.contains_any(5), "`patterns` must be a string or a list of strings"),  # type: ignore[arg-type]
        (lambda: TEXT.contains_any(["\ud800"]), "lone surrogates"),
        (lambda: TEXT.hash(-1), "`seed` must be at least 0"),
        (lambda: TEXT.hash(1 << 64), "`seed` must be at most"),
        (lambda: TEXT.normalize("upper"), "must be one of unicode, case, whitespace"),  # type: ignore[arg-type]
        (lambda: TEXT.normalize([]), "`form` must be one word or more"),
        (lambda: TEXT.tokenize(TOKENIZER, special_tokens="no"), "`special_tokens` must be one of"),  # type: ignore[arg-type]
        (lambda: TEXT.tokenize(TOKENIZER, add_special_tokens=1), "`add_special_tokens` must be true"),  # type: ignore[arg-type]
    ],
)
def test_wrong_options_are_refused(make: Any, message: str) -> None:
    with refused(fp.PlanError, "bad_option", message):
        make()


def test_an_error_of_a_text_keeps_its_code() -> None:
    frame = pl.DataFrame({"text": ["a", "<|endoftext|>"]})
    call = TEXT.tokenize(TOKENIZER, special_tokens="raise")
    for run in (lambda: frame.select(call), lambda: frame.fastprep.with_columns(ids=call).collect()):
        with pytest.raises(fp.DataError, match="holds the control token") as caught:
            run()
        assert (caught.value.code, caught.value.row) == ("special_token_in_text", None)
        # It would be counted from the start of a batch.
        assert "at row" not in str(caught.value)


# --- expressions in plans


def test_the_json_of_a_plan_has_the_options() -> None:
    plan = FRAME.fastprep.filter(TEXT.contains_any(["b"]) & (pl.col("n") > 0)).with_columns(
        h=TEXT.normalize(["whitespace", "case"]).fastprep.hash(seed=2**64 - 1), n=TEXT.count_tokens(FOLDER)
    )
    found, made = json.loads(plan.to_json())["steps"]
    text = {"Column": "text"}
    contains = {"function": "contains_any", "options": {"patterns": ["b"]}, "input": text}
    assert json.loads(found["expression"])["BinaryExpr"]["left"] == {"Fastprep": contains}
    normal = {"Fastprep": {"function": "normalize", "options": {"form": ["case", "whitespace"]}, "input": text}}
    hashed = {"Fastprep": {"function": "hash", "options": {"seed": 2**64 - 1}, "input": normal}}
    options = {
        "tokenizer": {"name": "tokenizer", "digest": TOKENIZER._core.digest},
        "add_special_tokens": False,
        "special_tokens": "as_token",
    }
    counted = {"Fastprep": {"function": "count_tokens", "options": options, "input": text}}
    assert [json.loads(expression) for expression in made["expressions"]] == [
        {"Alias": [hashed, "h"]}, {"Alias": [counted, "n"]},
    ]  # fmt: skip
    assert str(FOLDER) not in plan.to_json()
    shown = plan.explain()
    assert "col(\"text\").fastprep.contains_any(patterns=['b'])" in shown
    assert "fastprep.normalize(form=['case', 'whitespace']).fastprep.hash(seed=18446744073709551615)" in shown
    assert "fastprep.count_tokens(tokenizer='tokenizer', " in shown


def test_the_json_does_not_depend_on_whether_the_expression_was_used() -> None:
    call = TEXT.hash(5)
    before = FRAME.fastprep.with_columns(h=call).to_json()
    FRAME.select(call)
    FRAME.lazy().select(pl.col("n").cast(pl.String).alias("text")).select(call).collect()
    assert FRAME.fastprep.with_columns(h=call).to_json() == before


def test_a_plan_goes_to_another_process() -> None:
    plan = FRAME.fastprep.with_columns(h=TEXT.hash(3), n=TEXT.count_tokens(FOLDER)).filter(TEXT.contains_any(["b"]))
    read = fp.Pipeline.from_json(plan.to_json(), inputs=FRAME, tokenizers={"tokenizer": FOLDER})
    code = "import pickle, sys; plan = pickle.load(sys.stdin.buffer); print(plan.to_json()); print(plan.to_polars())"
    for one in (plan, read, pickle.loads(pickle.dumps(read))):
        done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(one), capture_output=True, check=True)
        assert done.stdout.decode() == f"{plan.to_json()}\n{plan.to_polars()}\n"


def test_a_plan_that_was_read_keeps_its_functions() -> None:
    text = FRAME.fastprep.with_columns(h=TEXT.hash(12345), n=TEXT.count_tokens(FOLDER)).to_json()
    plan = fp.Pipeline.from_json(text, inputs=FRAME, tokenizers={"tokenizer": FOLDER})
    gc.collect()
    held = [call for call in text_call._calls.values() if call.options.get("seed") == 12345]
    assert len(held) == 1
    assert plan.to_polars()["h"].to_list()[3] == xxh3_64_intdigest(b"b", 12345)


def test_tokenizers_are_supplied_by_name_or_digest(tokenizer_folder: Path) -> None:
    digest = TOKENIZER._core.digest
    text = FRAME.fastprep.with_columns(n=TEXT.count_tokens(FOLDER), m=TEXT.tokenize(FOLDER).list.len()).to_json()
    read = fp.Pipeline.from_json
    for supplied in ({"tokenizer": FOLDER}, {digest: FOLDER}, {"tokenizer": TOKENIZER}, {digest: str(FOLDER)}):
        assert read(text, inputs=FRAME, tokenizers=supplied).to_json() == text
    with refused(fp.PlanError, "not_supplied", "with_columns needs the tokenizer `tokenizer`"):
        read(text, inputs=FRAME)
    with refused(fp.PlanError, "other_content", f"the plan has {digest}"):
        read(text, inputs=FRAME, tokenizers={"tokenizer": tokenizer_folder})
    with refused(fp.PlanError, "not_used", "'other'"):
        read(text, inputs=FRAME, tokenizers={"tokenizer": FOLDER, "other": FOLDER})


def changed(expression: dict[str, Any]) -> str:
    """A plan with this expression in place of one that was written."""
    plan = json.loads(FRAME.fastprep.filter(pl.col("n") > 0).to_json())
    plan["steps"][0].update(columns=["text"], expression=json.dumps(expression))
    return json.dumps(plan)


HASH = {"function": "hash", "options": {"seed": 0}, "input": {"Column": "text"}}


@pytest.mark.parametrize(
    ("node", "code", "message"),
    [
        ({**HASH, "function": "md5"}, "not_row_wise", "`fastprep.md5` is not known"),
        ({**HASH, "options": 5}, "not_row_wise", "`fastprep.hash` is not known"),
        ({**HASH, "more": 1}, "not_row_wise", "`fastprep.hash` is not known"),
        ({**HASH, "input": {"Agg": {"Max": {"input": {"Column": "text"}}}}}, "not_row_wise", "`Agg.Max` is not known"),
        ({**HASH, "options": {"seed": -1}}, "bad_option", "hash: invalid value"),
        ({**HASH, "options": {"seed": 0, "x": 1}}, "bad_option", "hash: unknown field `x`"),
        ({**HASH, "function": "tokenize"}, "bad_plan", "needs `tokenizer`"),
        (
            {**HASH, "function": "tokenize", "options": {"tokenizer": {"name": "tokenizer", "digest": "0"}}},
            "other_content",
            "the plan has 0",
        ),
    ],
)
def test_changed_nodes_are_refused(node: dict[str, Any], code: str, message: str) -> None:
    with refused(fp.PlanError, code, message):
        supplied = {"tokenizer": TOKENIZER} if code == "other_content" else {}
        fp.Pipeline.from_json(changed({"Fastprep": node}), inputs=FRAME, tokenizers=supplied)


def test_python_functions_are_still_refused() -> None:
    for other in (
        pl.col("text").map_elements(len, return_dtype=pl.Int64),
        pl.map_batches([pl.col("text")], str.upper, return_dtype=pl.String, is_elementwise=True),
    ):
        with refused(fp.PlanError, "not_row_wise", "python_udf"):
            FRAME.fastprep.with_columns(x=other, h=TEXT.hash())
