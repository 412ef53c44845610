"""`Tokenizer`: text to ids and back by itself, from Arrow to Arrow."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import refused

import fastprep as fp

tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
TEXTS = ["what is the capital of france", None, "", "paris\n###\n", "<s>naïve 日本", "what is the capital of france"]


@pytest.fixture(scope="module")
def reference(tokenizer_folder: Path) -> Any:
    return tokenizers.Tokenizer.from_file(str(tokenizer_folder / "tokenizer.json"))


@pytest.fixture(scope="module")
def tokenizer(tokenizer_folder: Path) -> fp.Tokenizer:
    return fp.Tokenizer(tokenizer_folder)


def wanted(reference: Any, texts: list[str | None], special: bool = False) -> list[list[int] | None]:
    return [None if t is None else reference.encode(t, add_special_tokens=special).ids for t in texts]


def sliced(texts: list[str | None]) -> pa.Array:
    return pa.array(["before", None, *texts, "behind"]).slice(2, len(texts))


def unused_values(texts: list[str | None]) -> pa.Array:
    """A dictionary with a null among its values, one that occurs, and values that do not."""
    values = ["never", *dict.fromkeys(t for t in texts if t is not None), None]
    keys = [len(values) - 1 if t is None else values.index(t) for t in texts]
    return pa.DictionaryArray.from_arrays(pa.array(keys, pa.int8()), pa.array(values, pa.large_string()))


class OnlyArray:
    """An object with `__arrow_c_array__` and nothing else."""

    def __init__(self, array: pa.Array) -> None:
        self._array = array

    def __arrow_c_array__(self, requested: Any = None) -> Any:
        return self._array.__arrow_c_array__(requested)


FORMS: dict[str, Callable[[list[str | None]], Any]] = {
    "list": list,
    "tuple": tuple,
    "string": pa.array,
    "large_string": lambda t: pa.array(t, pa.large_string()),
    "string_view": lambda t: pa.array(t, pa.string_view()),
    "sliced": sliced,
    "chunked": lambda t: pa.chunked_array([pa.array(t[:2]), pa.array([], pa.string()), pa.array(t[2:])]),
    "dictionary": lambda t: pa.array(t).dictionary_encode(),
    "dictionary, sliced": lambda t: sliced(t).dictionary_encode(),
    "dictionary, unused values": unused_values,
    "dictionaries": lambda t: pa.chunked_array([unused_values(t[:3]), unused_values(t[3:])]),
    "array protocol": lambda t: OnlyArray(pa.array(t)),
    "polars": pl.Series,
    "polars, categorical": lambda t: pl.Series(t, dtype=pl.Categorical),
    "polars, two chunks": lambda t: pl.concat([pl.Series(t[:3], dtype=pl.String), pl.Series(t[3:])], rechunk=False),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("special", [False, True])
def test_texts_come_in_any_form(form: str, special: bool, tokenizer: fp.Tokenizer, reference: Any) -> None:
    ids = wanted(reference, TEXTS, special)
    made = tokenizer.encode_batch(FORMS[form](TEXTS), add_special_tokens=special)
    assert isinstance(made, pa.ChunkedArray)
    assert made.type == pa.list_(pa.field("item", pa.int32(), nullable=False))
    assert made.to_pylist() == ids
    made.validate(full=True)
    counts = tokenizer.count_tokens(FORMS[form](TEXTS), add_special_tokens=special)
    assert isinstance(counts, pa.Array)
    assert counts.type == pa.int32()
    assert counts.to_pylist() == [None if i is None else len(i) for i in ids]
    assert [None if t is None else tokenizer.encode(t, add_special_tokens=special) for t in TEXTS] == ids


@pytest.mark.parametrize(
    "given",
    [
        [],
        [None],
        pa.array([]),
        pa.chunked_array([], pa.string()),
        pa.nulls(3),
        pa.array([], pa.string()).dictionary_encode(),
        pl.Series([None, None]),
    ],
    ids=str,
)
def test_nothing_gives_nothing(given: Any, tokenizer: fp.Tokenizer) -> None:
    rows: list[None] = [None] * len(given)
    assert tokenizer.encode_batch(given).to_pylist() == tokenizer.count_tokens(given).to_pylist() == rows
    assert tokenizer.encode_batch(given).type == tokenizer.encode_batch(["a"]).type


@given(st.lists(st.none() | st.text(alphabet="what is\né😀<s>", max_size=12), max_size=30), st.integers(1, 4))
def test_rows_stay_in_their_order_in_any_batches(texts: list[str | None], threads: int) -> None:
    tokenizer = fp.Tokenizer(Path(__file__).parents[2] / "examples" / "tokenizer")
    one_by_one = [None if t is None else tokenizer.encode(t) for t in texts]
    assert tokenizer.encode_batch(texts, threads=threads).to_pylist() == one_by_one
    assert tokenizer.encode_batch(pl.Series(texts, dtype=pl.Categorical), threads=threads).to_pylist() == one_by_one


def test_threads_and_small_batches_change_no_id(
    tokenizer: fp.Tokenizer, reference: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[str | None] = [f"what {i} is " * (i % 40) if i % 7 else None for i in range(500)]
    ids = wanted(reference, texts)
    whole = tokenizer.encode_batch(texts)
    monkeypatch.setenv("FASTPREP_BATCH_BYTES", "1000")
    for threads in (1, 2, 5):
        made = tokenizer.encode_batch(texts, threads=threads)
        assert made.to_pylist() == whole.to_pylist() == ids
        assert made.num_chunks > 50
        assert tokenizer.encode_batch(pa.array(texts).dictionary_encode(), threads=threads).to_pylist() == ids
        assert tokenizer.decode_batch(made, threads=threads).to_pylist() == texts


LISTS = [[3, 4], None, [], [0, 5]]


@pytest.mark.parametrize("lists", [
    LISTS,
    pa.array(LISTS, pa.list_(pa.int32())),
    pa.array(LISTS, pa.list_(pa.uint32())),
    pa.array(LISTS, pa.large_list(pa.int64())),
    pa.chunked_array([pa.array([[9], *LISTS], pa.list_(pa.int16())).slice(1)]),
    pl.Series(LISTS),
], ids=lambda lists: str(getattr(lists, "type", getattr(lists, "dtype", "list"))))  # fmt: skip
@pytest.mark.parametrize("skip", [False, True])
def test_lists_of_ids_come_in_any_form(lists: Any, skip: bool, tokenizer: fp.Tokenizer, reference: Any) -> None:
    texts = [None if i is None else reference.decode(i, skip_special_tokens=skip) for i in LISTS]
    made = tokenizer.decode_batch(lists, skip_special_tokens=skip)
    assert (made.type, made.to_pylist()) == (pa.string(), texts)
    assert [None if i is None else tokenizer.decode(i, skip_special_tokens=skip) for i in LISTS] == texts


def test_what_is_no_text_is_refused(tokenizer: fp.Tokenizer) -> None:
    with refused(fp.ColumnError, "wrong_column_type", "must be text; got Int64"):
        tokenizer.encode_batch(pa.array([1]))
    with refused(fp.ColumnError, "wrong_column_type", "must be text; got"):
        tokenizer.count_tokens(pl.DataFrame({"a": ["b"]}))
    with refused(fp.ColumnError, "wrong_column_type", "must be text; got"):
        tokenizer.encode_batch(pa.array([1, 1]).dictionary_encode())
    for texts in ("text", 7, {"a": 1}):
        with refused(fp.PlanError, "bad_option", "encode_batch: expected texts; got"):
            tokenizer.encode_batch(texts)
    with refused(fp.PlanError, "bad_option", "`texts` must contain only str and None"):
        tokenizer.encode_batch(["a", 1])
    with refused(fp.PlanError, "bad_option", "`text` must be a str"):
        tokenizer.encode(["a"])  # type: ignore[arg-type]
    for act in (tokenizer.encode, lambda text: tokenizer.encode_batch([text])):
        with refused(fp.PlanError, "bad_option", "not valid Unicode"):
            act("a\ud800")
    with refused(fp.PlanError, "bad_option", "`threads` must be at least 1; got 0"):
        tokenizer.encode_batch(["a"], threads=0)
    with refused(fp.PlanError, "bad_option", "`tokenizer` must be a tokenizer that fastprep can use"):
        fp.Tokenizer(7)


def test_what_is_no_list_of_ids_is_refused(tokenizer: fp.Tokenizer) -> None:
    with refused(fp.ColumnError, "wrong_column_type", "must be lists of integers; got"):
        tokenizer.decode_batch(pa.array([["a"]]))
    with refused(fp.ColumnError, "wrong_column_type", "beyond int32"):
        tokenizer.decode_batch(pa.array([[1 << 31]]))
    with refused(fp.DataError, "null_id", "a list of ids holds a null") as e:
        tokenizer.decode_batch([[1], [2, None]])
    assert e.value.row == 1


def test_a_tokenizer_comes_in_any_form(tokenizer_folder: Path, reference: Any) -> None:
    for form in (tokenizer_folder, str(tokenizer_folder), tokenizer_folder / "tokenizer.json", reference):
        assert fp.Tokenizer(form).encode("<s>paris") == reference.encode("<s>paris", add_special_tokens=False).ids
    assert "tokenizers 0.23" in fp.Tokenizer(reference).engine


INTERRUPTED = """
import os, signal, sys, threading
import pyarrow as pa
import fastprep as fp

tokenizer = fp.Tokenizer(sys.argv[1])
# Gigabytes of text in one megabyte of memory.
texts = pa.chunked_array([pa.array(["what is the capital of france " * 40] * 900)] * 20_000)
threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    tokenizer.count_tokens(texts)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_stops_a_batch_and_other_python_threads_go_on(tokenizer_folder: Path) -> None:
    # In a process of its own: Python drops an interruption that meets a callback of the garbage collector, and other
    # libraries of the tests have some.
    command = [sys.executable, "-c", INTERRUPTED, str(tokenizer_folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("interrupted\n", "")


def test_expressions_of_polars(tokenizer: fp.Tokenizer, tokenizer_folder: Path, reference: Any) -> None:
    frame = pl.DataFrame({"text": TEXTS, "other": range(len(TEXTS))})
    ids = wanted(reference, TEXTS)
    text: Any = pl.col("text")
    made = frame.with_columns(ids=text.fastprep.tokenize(tokenizer), n=text.fastprep.count_tokens(tokenizer_folder))
    assert made.schema == {"text": pl.String, "other": pl.Int64, "ids": pl.List(pl.Int32), "n": pl.Int32}
    assert made["ids"].to_list() == ids
    assert made["n"].to_list() == [None if i is None else len(i) for i in ids]
    lazy = frame.lazy().select(text.fastprep.tokenize(tokenizer, add_special_tokens=True))
    assert lazy.collect_schema() == {"text": pl.List(pl.Int32)}
    assert lazy.collect(engine="streaming")["text"].to_list() == wanted(reference, TEXTS, special=True)
    assert frame.head(0).select(text.fastprep.tokenize(tokenizer)).schema == {"text": pl.List(pl.Int32)}


@pytest.mark.parametrize("first", ["fastprep", "polars"])
def test_the_namespace_is_there_whichever_is_imported_first(first: str) -> None:
    second = "polars" if first == "fastprep" else "fastprep"
    code = f"import sys, {first}; light = 'polars' not in sys.modules; import {second}\n"
    code += "import polars; assert polars.col('a').fastprep.tokenize, 1; assert 'fastprep' in polars.Expr._accessors\n"
    code += "print(light, polars.__spec__.loader is not None)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(first == "fastprep"), "True"]


def test_the_namespace_outlasts_a_look_at_whether_polars_is_there() -> None:
    code = "import fastprep, importlib.util as u; assert u.find_spec('polars') and u.find_spec('polars')\n"
    code += "import polars, sys; assert polars.col('a').fastprep.tokenize, 1\n"
    code += "print([f for f in sys.meta_path if 'fastprep' in type(f).__module__])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
