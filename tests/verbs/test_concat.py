"""`concat`: several sources, each with steps of its own."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from common import data_files, json_lines, steps_add_up, verify
from hypothesis import given
from hypothesis import strategies as st
from tiny import PAIR, column, jsonl, records, refused, rejects, rows

import fastprep as fp

CELL = st.sampled_from(["a", "b", "c", None])
ROWS = st.lists(st.fixed_dictionaries({"t": CELL}, optional={"n": st.integers(0, 9)}), max_size=12)


def typed(rows: list[dict[str, Any]], kind: str, name: str) -> fp.Pipeline:
    """Rows with a text `t` and a number `n`, from a table or from dicts."""
    if kind == "arrow":
        table = pa.Table.from_pylist(rows, pa.schema([("t", pa.string()), ("n", pa.int64())]))
        return fp.from_arrow(table, name=name)
    # The first row says what the columns are.
    plan = fp.from_records([{"t": "a", "n": 0}, *rows], name=name)
    return plan.with_row_index("i").filter(pl.col("i") > 0).drop("i")


@given(st.lists(st.tuples(ROWS, st.sampled_from(["arrow", "records"]), st.integers(1, 8)), min_size=1, max_size=4),
       st.integers(1, 20), st.booleans())  # fmt: skip
def test_it_is_the_rows_of_each_one_after_another(
    parts: list[tuple[list[dict[str, Any]], str, int]], n: int, once: bool
) -> None:
    plans, expected = {}, []
    for number, (given_rows, kind, first) in enumerate(parts):
        plan = typed(given_rows, kind, f"p{number}").filter(pl.col("n") != 5).head(first)
        plans[f"p{number}"] = plan
        kept = [row for row in given_rows if row.get("n") is not None and row["n"] != 5][:first]
        expected += [{"t": row["t"], "n": row["n"], "source": f"p{number}"} for row in kept]
    plan = fp.concat(plans).filter(pl.col("n") < 9)
    expected = [row for row in expected if row["n"] < 9]
    if once:
        plan = plan.dedup(on=["t", "n"])
        seen: dict[Any, dict[str, Any]] = {}
        for row in expected:
            seen.setdefault((row["t"], row["n"]), row)
        expected = list(seen.values())
    plan = plan.head(n).with_row_index("i", 1)
    made, report, _ = plan._plan.collect(None)
    assert pa.table(made).to_pylist() == [{"i": i, **row} for i, row in enumerate(expected[:n], 1)]
    steps_add_up(json.loads(report))


def test_columns_that_a_plan_lacks_are_null() -> None:
    plan = fp.concat([records({"a": "x"}), records({"b": "y"}).with_columns(c=pl.lit(1))], column="from")
    assert rows(plan) == [
        {"a": "x", "b": None, "c": None, "from": "0"},
        {"a": None, "b": "y", "c": 1, "from": "1"},
    ]
    assert plan.schema == {"a": "str", "b": "str", "c": "int32", "from": "str"}


def test_what_is_json_in_one_plan_is_json_in_all() -> None:
    plan = fp.concat([records({"m": "x"}, {"m": None}), records({"m": {"k": 1}}), records({"m": True}, {"m": 2})])
    assert column(plan, "m") == ['"x"', None, '{"k": 1}', "true", "2"]
    assert plan.schema["m"] == "json"


def test_json_is_never_taken_for_text() -> None:
    """Text beside JSON is text for a step that needs text; JSON made by a step before is refused there."""
    mixed = records({"prompt": 7, "completion": "c"}, {"prompt": "p", "completion": "c"})
    plain = records({"prompt": "q", "completion": "d"})
    assert column(fp.concat([plain, mixed]).format(PAIR), "prompt") == ["q\n##\n", "p\n##\n"]
    made = mixed.with_columns(prompt=pl.col("prompt"))
    with refused(fp.ColumnError, "wrong_type", "format: column `prompt` must be text; the steps before make it json"):
        fp.concat([plain, made]).format(PAIR).explain()


@pytest.mark.parametrize("first", ["old", "new"])
def test_json_of_one_table_is_not_taken_for_text_of_another(first: str) -> None:
    tables = {
        "old": records({"p": "yes", "c": "1"}, {"p": 3, "c": "2"}).collect(),
        "new": pa.table({"p": ["hello"], "c": ["x"]}),
    }
    names = [first, *({"old", "new"} - {first})]
    plan = fp.concat({name: fp.from_arrow(tables[name], name=name) for name in names})
    assert sorted(column(plan, "p")) == ['"hello"', '"yes"', "3"]
    with refused(fp.ColumnError, "wrong_type", "`p` must be text; the steps before make it json"):
        plan.format(fp.PromptFormat("{p}", completion="{c}")).explain()


def test_types_that_differ_in_layout_alone_are_one() -> None:
    nested = pa.list_(pa.field("element", pa.int64(), nullable=False))
    tables = [
        pa.table({"x": pa.array([[1]], nested), "b": pa.array([b"a"], pa.binary())}),
        pa.table({"x": pa.array([[2]], pa.large_list(pa.int64())), "b": pa.array([b"b"], pa.large_binary())}),
        pl.DataFrame({"x": [[3], None], "b": [b"c", None]}),
        pa.table(
            [[[4]], [b"d"]],
            pa.schema([pa.field("x", pa.list_(pa.int64()), metadata={"k": "v"}), pa.field("b", pa.binary())]),
        ),
    ]
    made = rows(fp.concat([fp.from_arrow(table) for table in tables]))
    assert [row["x"] for row in made] == [[1], [2], [3], None, [4]]
    assert [row["b"] for row in made] == [b"a", b"b", b"c", None, b"d"]


def test_two_plans_over_one_stream_are_refused() -> None:
    stream = iter([{"x": 1}])
    reader = pa.table({"x": [1]}).to_reader()
    for one, two in (
        (fp.from_records(stream), fp.from_records(stream, name="b")),
        (fp.from_arrow(reader), fp.from_arrow(reader)),
        (fp.scan_jsonl("-"), fp.scan_jsonl("-").head(1)),
    ):
        with refused(fp.PlanError, "bad_option", "`a` and `b` read the same stream"):
            fp.concat({"a": one, "b": two})
    listed = [{"x": 1}]
    assert len(rows(fp.concat([fp.from_records(listed), fp.from_records(listed)]))) == 2


def test_only_columns_that_are_needed_are_read() -> None:
    plan = fp.concat([records({"a": "x", "b": "y"}), records({"a": "z", "c": {}})]).select("a", "source")
    assert [line.strip() for line in plan.explain().splitlines() if "reads" in line] == [
        "reads 1 of 2 columns: a str",
        "reads 1 of 2 columns: a str",
    ]
    assert rows(plan) == [{"a": "x", "source": "0"}, {"a": "z", "source": "1"}]


def test_places_name_the_file_of_each_source(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        jsonl(tmp_path / name / "rows.jsonl", [{"prompt": "p", "completion": name}, {"prompt": "p"}, {}])
    plans = {name: fp.scan_jsonl(tmp_path / name).validate(required="prompt") for name in ("one", "two")}
    memory = records({"prompt": "p", "completion": "two"})
    plan = fp.concat({**plans, "memory": memory}).format(PAIR).dedup()
    report = plan.sink_jsonl(tmp_path / "out")
    assert report.rows == {"read": 7, "written": 2, "rejected": 4, "duplicate": 1, "filtered": 0, "dropped": 0}
    steps_add_up(report.to_dict())
    assert [(r["file"], r["line"]) for r in rejects(tmp_path / "out")] == [
        ("one/rows.jsonl", 2),
        ("one/rows.jsonl", 3),
        ("two/rows.jsonl", 2),
        ("two/rows.jsonl", 3),
    ]
    manifest = fp.load(tmp_path / "out").manifest
    [duplicate] = json_lines(tmp_path / "out" / manifest["data"] / "duplicates.jsonl")
    assert (duplicate["file"], duplicate["kept"]) == ("data", {"file": "two/rows.jsonl", "row": 0, "line": 1})
    assert [file["name"] for file in manifest["inputs"]] == ["one/rows.jsonl", "two/rows.jsonl", "data"]
    assert not verify(tmp_path / "out")["problems"]


def test_an_error_names_the_file_of_its_source(tmp_path: Path) -> None:
    good, bad = jsonl(tmp_path / "good.jsonl", [{"a": "x"}]), tmp_path / "bad.jsonl.gz"
    # Long enough that the columns, which are learnt from the head, are found.
    bad.write_bytes(gzip.compress("".join(f'{{"a": "{i * i}"}}\n' for i in range(400_000)).encode())[:-500])
    plan = fp.concat([fp.scan_jsonl(good), fp.scan_jsonl(bad)])
    with refused(fp.SourceError, "corrupt_gzip", "truncated") as raised:
        plan.collect()
    assert str(raised.value.path).endswith("bad.jsonl.gz")
    # Where the rows before are enough, it is not read to there.
    assert rows(plan.head(1)) == [{"a": "x", "source": "0"}]


@pytest.mark.parametrize("shuffled", [False, True])
def test_bytes_do_not_depend_on_threads_or_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shuffled: bool
) -> None:
    for name in ("a", "b", "c"):
        made = [{"prompt": f"{name}{i % 20}", "completion": "x" * (i % 7)} for i in range(60)]
        jsonl(tmp_path / f"{name}.jsonl", made)
    plans = {name: fp.scan_jsonl(tmp_path / f"{name}.jsonl").head(50) for name in ("a", "b", "c")}
    plan = fp.concat(plans).format(PAIR).dedup().split(valid=0.2, report_by="source")
    plan = plan.shuffle(seed=3) if shuffled else plan
    found = []
    for threads, batch_rows in (("1", "65536"), ("3", "1"), ("2", "7")):
        monkeypatch.setenv("FASTPREP_BATCH_ROWS", batch_rows)
        plan.sink_arrow(tmp_path / "out", overwrite=True, threads=int(threads))
        found.append((data_files(tmp_path / "out"), fp.load(tmp_path / "out").manifest))
    assert found[0] == found[1] == found[2]


def test_rows_of_a_published_folder(tmp_path: Path) -> None:
    records({"t": "a"}, {"t": "b"}).split(by="t", valid=0.5).sink_jsonl(tmp_path / "out")
    published = fp.scan_jsonl(tmp_path / "out")
    with refused(fp.PlanError, "in_splits", "the rows of `0` are already in splits"):
        fp.concat([published, records({"t": "c"})]).explain()
    assert sorted(column(fp.concat([published.drop("split"), records({"t": "c"})]), "t")) == ["a", "b", "c"]
    kept = fp.concat([records({"t": "c"}), published.rename({"split": "was"})])
    assert {row["was"] for row in rows(kept) if row["source"] == "1"} <= {"train", "valid"}


MORE = records({"a": "x"})


@pytest.mark.parametrize(
    ("make", "kind", "code", "says"),
    [
        (lambda: fp.concat([]), fp.PlanError, "bad_option", "`plans` must not be empty"),
        (lambda: fp.concat([MORE, 1]), fp.PlanError, "bad_option", "got 1 of type int"),
        (lambda: fp.concat(MORE), fp.PlanError, "bad_option", "must be several pipelines; got .* of type Pipeline"),
        (lambda: fp.concat("ab"), fp.PlanError, "bad_option", "got 'ab' of type str"),
        (lambda: fp.concat({1: MORE}), fp.PlanError, "bad_option", "the keys of `plans` must be strings; got 1"),
        (lambda: fp.concat([MORE], column=1), fp.PlanError, "bad_option", "`column` must be a string; got 1"),
        (lambda: fp.concat([fp.concat([MORE])]), fp.PlanError, "bad_chain", "`0` is already a concat"),
        (lambda: fp.concat([MORE, MORE.shuffle()]), fp.PlanError, "bad_chain", "`1` has the step shuffle"),
        (lambda: fp.concat({"x": MORE.dedup()}), fp.PlanError, "bad_chain", "`x` has the step dedup"),
        (lambda: fp.concat([MORE], column="__fastprep_s"), fp.ColumnError, "reserved_column", "are reserved"),
        (lambda: fp.concat([MORE], column="a").explain(), fp.ColumnError, "duplicate_column", "already has a column"),
        (lambda: fp.concat([MORE]).select("b").explain(), fp.ColumnError, "missing_column", "`b`"),
        (lambda: fp.concat([MORE.select("b")]).explain(), fp.ColumnError, "missing_column", "`b`"),
        (
            lambda: fp.concat([MORE, MORE.with_columns(a=pl.lit(1))]).explain(),
            fp.ColumnError,
            "wrong_type",
            "`a` is str in `0` and int32 in `1`",
        ),
    ],
)
def test_mistakes(make: Any, kind: type[fp.FastprepError], code: str, says: str) -> None:
    with refused(kind, code, says):
        make()
