"""A plan is data: its JSON is read again without running anything, and names all that decides the output."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pyarrow as pa
import pytest
from common import data_files
from hypothesis import given
from hypothesis import strategies as st
from test_pickle import DATA, VERBS, byte_level, shout
from tiny import PAIR, column, jsonl, records, refused, rows

import fastprep as fp
from fastprep.sources.registry import SOURCES

TABLE = pa.Table.from_pylist(DATA)
EXAMPLES = Path(__file__).parents[2] / "examples"


def again(pipeline: fp.Pipeline, **supplied: Any) -> fp.Pipeline:
    return fp.Pipeline.from_json(pipeline.to_json(), **supplied)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_comes_back(verb: str) -> None:
    pipeline = VERBS[verb]()
    text = pipeline.to_json()
    supplied: dict[str, Any] = {}
    if "map_batches" in text:
        supplied["functions"] = {"shout": shout}
    if "tokenize" in text:
        supplied["tokenizers"] = {"Tokenizer": byte_level()}
    inputs: Any = {"from_arrow": TABLE, "from_datasets": datasets.Dataset.from_list(DATA)}.get(verb, DATA)
    if verb == "concat":
        inputs = {json.loads(text)["source"]["plans"][0]["source"]["digest"]: DATA}
    made = fp.Pipeline.from_json(text, inputs=inputs, **supplied)
    assert made.to_json() == text
    assert made.explain() == pipeline.explain()
    assert made.collect().equals(pipeline.collect())


def test_another_process_publishes_the_same_bytes(tmp_path: Path) -> None:
    jsonl(tmp_path / "rows.jsonl", DATA)
    plan = fp.scan_jsonl(tmp_path / "rows.jsonl").filter(pl.col("n") * 0.1 < 3.3).format(PAIR).dedup()
    plan = plan.split(valid=0.3).tokenize(EXAMPLES / "tokenizer").shuffle(seed=2)
    (tmp_path / "plan.json").write_text(plan.to_json(), "utf-8")
    code = "import fastprep as fp, sys; fp.Pipeline.from_json(open(sys.argv[1]).read()).sink_arrow(sys.argv[2])"
    subprocess.run([sys.executable, "-c", code, tmp_path / "plan.json", tmp_path / "there"], check=True)
    plan.sink_arrow(tmp_path / "here")
    assert data_files(tmp_path / "there") == data_files(tmp_path / "here")
    assert fp.load(tmp_path / "there").manifest == fp.load(tmp_path / "here").manifest


def published(plan: fp.Pipeline, out: Path) -> dict[str, Any]:
    plan.sink_arrow(out, overwrite=True)
    manifest: dict[str, Any] = fp.load(out).manifest
    return manifest


def test_a_published_plan_names_no_folder_of_the_machine_and_is_bound_again(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    jsonl(tmp_path / "raw" / "a.jsonl", DATA[:20])
    jsonl(tmp_path / "raw" / "b.jsonl", DATA[10:])
    earlier = tmp_path / "earlier"
    records(*DATA[:5]).format(PAIR).dedup().sink_arrow(earlier)
    plan = fp.scan_jsonl(tmp_path / "raw").format(PAIR).dedup(against=earlier).tokenize(EXAMPLES / "tokenizer")
    manifest = published(plan, tmp_path / "out")
    text = json.dumps(manifest["plan"])
    assert str(tmp_path) not in json.dumps(manifest)
    assert manifest["plan"]["source"]["inputs"] == [entry["name"] for entry in manifest["inputs"]]
    tokenizer = manifest["plan"]["steps"][2]["tokenizer"]
    assert tokenizer == {"name": "tokenizer", "digest": manifest["tokenizer"]["digest"]}
    inputs = {f"{name}.jsonl": tmp_path / "raw" / f"{name}.jsonl" for name in "ab"} | {"earlier": earlier}
    bound = fp.Pipeline.from_json(text, inputs=inputs, tokenizers={"tokenizer": EXAMPLES / "tokenizer"})
    assert published(bound, tmp_path / "again") == manifest
    # Of one source, the path alone.
    earlier.rename(tmp_path / "moved")
    with refused(fp.PlanError, "not_supplied", "the tokenizer `tokenizer` was in memory and is not supplied"):
        fp.Pipeline.from_json(text, inputs=tmp_path / "raw")


def counted(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(k=pl.lit(1))


def recounted(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(k=pl.lit(2))


class F:
    __slots__ = ("n",)

    def __init__(self, n: int) -> None:
        self.n = n

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        return self.call(frame)

    def call(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(k=pl.lit(self.n))


def closing(n: int) -> Callable[[pl.DataFrame], pl.DataFrame]:
    def inner(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(k=pl.lit(n))

    def outer(frame: pl.DataFrame) -> pl.DataFrame:
        return inner(frame)

    return outer


def test_the_fingerprint_is_of_what_decides_the_output(tmp_path: Path) -> None:
    def fingerprint(plan: fp.Pipeline) -> str:
        return str(published(plan, tmp_path / "out")["fingerprint"])

    def of(function: Callable[..., Any], version: str | None = None) -> str:
        return fingerprint(records(*DATA).map_batches(function, name="f", version=version))

    def on_another_line(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(k=pl.lit(1))

    path = jsonl(tmp_path / "rows.jsonl", DATA)
    base = fingerprint(fp.scan_jsonl(path).filter(pl.col("n") > 3))
    (tmp_path / "elsewhere").mkdir()
    moved = jsonl(tmp_path / "elsewhere" / "rows.jsonl", DATA)
    assert fingerprint(fp.scan_jsonl(moved).filter(pl.col("n") > 3)) == base
    assert fingerprint(fp.scan_jsonl(str(path)[:-5] + "*l").filter(pl.col("n") > 3)) == base
    assert fingerprint(fp.scan_jsonl(path).filter(pl.col("n") > 4)) != base
    jsonl(path, [*DATA, {}])
    assert fingerprint(fp.scan_jsonl(path).filter(pl.col("n") > 3)) != base

    assert of(counted) == of(on_another_line) != of(recounted)
    assert of(counted, "1") == of(recounted, "1") != of(counted, "2")
    assert len({of(F(n)) for n in (1, 2)} | {of(F(n).call) for n in (1, 2)} | {of(closing(n)) for n in (1, 2)}) == 6
    held: list[Any] = []
    held.append(held)
    assert of(lambda frame, _held=held: frame) == of(lambda frame, _held=held: frame)
    add = lambda n, frame: frame.with_columns(k=pl.lit(n))  # noqa: E731
    assert of(functools.partial(add, 1)) != of(functools.partial(add, 2))

    # What polars prints in the same way, and what its JSON does not tell apart.
    many = [pl.col("n").is_in([*range(50), last]) for last in (60, 61)]
    assert len({fingerprint(records(*DATA).filter(predicate)) for predicate in many}) == 2
    odd = [pl.col("n") < pl.lit(value) for value in (float("nan"), float("inf"), 1e300)]
    assert len({fingerprint(records(*DATA, {"n": 1}).filter(predicate | True)) for predicate in odd}) == 3


def test_data_in_memory_are_named_by_their_content(tmp_path: Path) -> None:
    def of(plan: fp.Pipeline) -> tuple[str, str]:
        return json.loads(plan.to_json())["source"]["digest"], published(plan, tmp_path / "out")["fingerprint"]

    cut = pa.Table.from_batches(list(TABLE.to_reader(max_chunksize=7)))
    assert of(fp.from_arrow(TABLE)) == of(fp.from_arrow(cut)) == of(fp.from_arrow(pl.DataFrame(DATA)))
    assert of(fp.from_arrow(TABLE)) != of(fp.from_arrow(TABLE.slice(1)))
    assert of(fp.from_records(DATA)) == of(fp.from_records(list(DATA))) != of(fp.from_records(DATA[1:]))
    # A head reads only a part; the data are the same.
    prints = {published(fp.from_records(DATA).head(n), tmp_path / "out")["fingerprint"] for n in (3, 3, 39)}
    assert len(prints) == 2

    # Rows count without columns, and types without rows.
    counts = [fp.from_arrow(pa.table({"x": [1] * n})).with_row_index("i").select("i") for n in (3, 4)]
    assert of(counts[0])[1] != of(counts[1])[1]
    empty = [fp.from_arrow(pa.table({"x": pa.array([], t)})).to_json() for t in (pa.int64(), pa.string())]
    assert empty[0] != empty[1]
    # A head ends its own source alone.
    other = [
        fp.concat([records({"x": 1}).head(1), fp.from_records(iter([{"x": i + by} for i in range(3)]), name="g")])
        for by in (0, 9)
    ]
    assert len({published(plan, tmp_path / "out")["fingerprint"] for plan in other}) == 2

    by_digest = json.loads(fp.from_arrow(TABLE).to_json())["source"]["digest"]
    plan = fp.from_arrow(TABLE, name="rows").head(2)
    for inputs in (cut, {by_digest: cut}, {"rows": cut}):
        assert again(plan, inputs=inputs).collect().equals(plan.collect())
    assert column(again(plan, inputs={"rows": TABLE.slice(5)}), "completion") == ["c5", "c6"]
    with refused(fp.PlanError, "other_content", f"for {by_digest} has another digest"):
        again(plan, inputs={by_digest: TABLE.slice(5)})


def test_rows_of_a_published_folder_come_back_with_their_splits(tmp_path: Path) -> None:
    records(*DATA).split(valid=0.4).sink_jsonl(tmp_path / "pub")
    folder = published(fp.scan_jsonl(tmp_path / "pub"), tmp_path / "a")
    files = published(fp.scan_jsonl(tmp_path / "pub" / "data" / "*" / "*-of-*.jsonl"), tmp_path / "b")
    assert len(folder["splits"]) == 2
    assert folder["fingerprint"] != files["fingerprint"]
    text = json.dumps(folder["plan"])
    with refused(fp.PlanError, "not_supplied", "the source is a prepared folder"):
        fp.Pipeline.from_json(text)
    assert published(fp.Pipeline.from_json(text, inputs=tmp_path / "pub"), tmp_path / "c") == folder


def test_two_sources_of_one_name_are_told_apart(tmp_path: Path) -> None:
    plan = fp.concat([fp.from_records([{"x": 1}]), fp.from_records([{"x": 2}]), fp.from_records([{"x": 1}])])
    plan.dedup(on="x").sink_jsonl(tmp_path / "out")
    manifest = fp.load(tmp_path / "out").manifest
    names = ["<records>", "<records> (2)", "<records> (3)"]
    assert [entry["name"] for entry in manifest["inputs"]] == names
    inputs = {name: [{"x": i}] for i, name in enumerate(names)}
    assert column(fp.Pipeline.from_json(json.dumps(manifest["plan"]), inputs=inputs), "x") == [0, 1, 2]
    with refused(fp.PlanError, "bad_plan", "two sources have the name `<records>`"):
        again(plan, inputs={"<records>": [{"x": 9}]})


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({"verb": "tokenize", "tokenizer": {"name": [1]}}, "the tokenizer needs `name`, a JSON string"),
        ({"verb": "dedup", "against": ["\ud800"]}, "lone surrogates"),
        ({"verb": "filter", "expression": '{"Literal":{"Scalar":{"Date":2147483647}}}'}, ""),
    ],
)
def test_odd_values_are_refused_or_read(step: dict[str, Any], says: str) -> None:
    text = json.dumps({"plan_version": 1, "source": {"scan": "parquet", "inputs": ["a"]}, "steps": [step]})
    if says:
        with refused(fp.PlanError, "bad_option" if "dedup" in text else "bad_plan", says):
            fp.Pipeline.from_json(text)
    else:
        assert fp.Pipeline.from_json(text).to_json()


def test_a_source_that_can_be_read_once_has_no_digest() -> None:
    plan = fp.from_records(iter(DATA), name="once").head(2)
    assert json.loads(plan.to_json())["source"] == {"scan": "records", "name": "once"}
    assert len(rows(plan)) == 2
    assert json.loads(fp.scan_jsonl("-").to_json())["source"]["inputs"] == ["-"]


PLAN = records(*DATA).map_batches(shout, name="shout", version="1").format(PAIR).tokenize(byte_level())


@pytest.mark.parametrize(
    ("supplied", "code", "says"),
    [
        ({"tokenizers": {"Tokenizer": byte_level()}, "inputs": DATA}, "not_supplied", "the function `shout`"),
        ({"functions": {"shout": shout}, "inputs": DATA}, "not_supplied", "the tokenizer `Tokenizer`"),
        ({"functions": {"shout": shout}}, "not_supplied", "the source `data` was in memory"),
        ({"inputs": {"dat": DATA}}, "not_supplied", "the source `data` was in memory"),
        ({"functions": {"shuot": shout}, "inputs": DATA}, "not_supplied", "the function `shout`"),
    ],
)
def test_what_is_missing_is_named(supplied: dict[str, Any], code: str, says: str) -> None:
    with refused(fp.PlanError, code, says):
        again(PLAN, **supplied)


def test_a_name_that_the_plan_has_not_is_an_error() -> None:
    for supplied in ({"functions": {"f": shout}}, {"tokenizers": {"t": "t"}}, {"inputs": {"a.jsonl": "b.jsonl"}}):
        with refused(fp.PlanError, "not_used", f"`{next(iter(supplied))}` contains "):
            again(fp.scan_jsonl("raw.jsonl"), **supplied)


def test_two_functions_of_one_name_are_refused() -> None:
    plan = records(*DATA).map_batches(counted, name="f").map_batches(recounted, name="f")
    with refused(fp.PlanError, "bad_plan", "two functions have the name `f`"):
        again(plan, functions={"f": counted}, inputs=DATA)


def test_a_number_that_polars_has_no_json_for_is_refused_not_rounded() -> None:
    plan = fp.scan_jsonl("raw.jsonl").filter(pl.col("n") < float("nan"))
    with refused(fp.PlanError, "not_supplied", "as exact JSON") as raised:
        again(plan)
    assert "cast(pl.Float64)" in str(raised.value)


WHOLE = json.loads(
    fp.scan_jsonl(["a.jsonl", "b*"]).with_row_index().filter(pl.col("n") > 1).with_columns(m=pl.col("n") + 1)
    .rename({"a": "b"}).validate(required="b", max_chars={"b": 3}).format(PAIR).dedup(against="out")
    .split(valid=0.5, seed=3).tokenize("tok", max_length=9).pack().to_json()
)  # fmt: skip
WORDS = st.sampled_from(["arrow", "concat"])
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | WORDS,
    lambda of: st.lists(of, max_size=3) | st.dictionaries(st.sampled_from(["verb", "scan", "x"]), of, max_size=3),
    max_leaves=5,
)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every value within a JSON value."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else []
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


@given(st.data())
def test_a_changed_plan_is_read_or_refused(data: st.DataObject) -> None:
    plan = json.loads(json.dumps(WHOLE))
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from([place for place in places(plan) if place]))
        holder = plan
        for key in path[:-1]:
            holder = holder[key]
        if data.draw(st.booleans()):
            del holder[path[-1]]
        else:
            holder[path[-1]] = data.draw(ODD)
    try:
        made = fp.Pipeline.from_json(json.dumps(plan))
    except fp.FastprepError:
        return
    assert again(made).to_json() == made.to_json()


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda b: b.decode("latin-1")) | ODD.map(json.dumps))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(fp.PlanError):
        fp.Pipeline.from_json(text)


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"plan_version": 2}, "newer_plan", "version 2, but this fastprep reads versions up to 1"),
        ({"plan_version": True}, "bad_plan", "plan_version"),
        ({"steps": [{"verb": "head", "n": 1}], "x": 1}, "bad_plan", "got `x`"),
        ({"more": 1}, "bad_plan", "each key must be one of plan_version, source, steps; got `more`"),
        ({"source": {"scan": "xml"}}, "bad_plan", "source.scan must be one of"),
        ({"source": {"scan": "jsonl", "inputs": ["a"]}}, "bad_plan", "max_line_bytes"),
        ({"source": {"scan": "jsonl", "inputs": [1], "max_line_bytes": 1}}, "bad_plan", "1 is not a path"),
        ({"source": {"scan": "parquet", "input": []}}, "bad_plan", "did you mean `inputs`"),
        ({"steps": {}}, "bad_plan", "the plan needs `steps`, a JSON array"),
        ({"steps": [{"n": 1}]}, "bad_plan", "step 1 must be an object with a verb"),
        ({"steps": [{"verb": "haed", "n": 1}]}, "bad_plan", "did you mean `head`"),
        ({"steps": [{"verb": "head", "n": "1"}]}, "bad_option", "head: `n`: invalid type"),
        ({"steps": [{"verb": "head"}]}, "bad_option", "head: missing field `n`"),
        ({"steps": [{"verb": "filter", "columns": ["a"], "expression": "{}"}]}, "not_row_wise", "filter"),
    ],
)
def test_mistakes(change: dict[str, Any], code: str, says: str) -> None:
    plan = {"plan_version": 1, "source": {"scan": "parquet", "inputs": ["a"]}, "steps": []}
    assert fp.Pipeline.from_json(json.dumps(plan)).to_json() == json.dumps(plan, separators=(",", ":"))
    with refused(fp.PlanError, code, says):
        fp.Pipeline.from_json(json.dumps(plan | change))


def test_plans_find_every_function_that_starts_a_pipeline() -> None:
    assert set(SOURCES) == {name for name in fp.__all__ if name.startswith(("scan", "from_")) or name == "concat"}
