"""Random chains of verbs against a naive interpreter: rows, columns, counts, reasons and places."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import chains
import naive
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from common import json_lines, steps_add_up, table_rows
from hypothesis import given, settings
from hypothesis import strategies as st

import fastprep as fp

ARROW = {"text": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
ARROW |= {"object": pa.struct([("k", pa.int64())]), "list": pa.list_(pa.string())}

# What the file of each source is called in a shuffle.
FILES = {"from_records": "", "scan_jsonl": "rows.jsonl", "from_arrow": "", "scan_parquet": "rows.parquet"}


def table(columns: Sequence[str], rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, pa.schema([(name, ARROW[chains.SOURCE[name]]) for name in columns]))


def source(kind: str, columns: Sequence[str], lines: list[Any], folder: Path) -> tuple[fp.Pipeline, list[Any]]:
    """A source of these lines, and those of them that it can hold."""
    rows = [line for line in lines if isinstance(line, dict)]
    match kind:
        case "from_records":
            return fp.from_records(rows, name="rows"), rows
        case "scan_jsonl":
            text = {id(naive.BAD): '{"q": "cut', id(naive.BLANK): " "}
            written = [text.get(id(line)) or json.dumps(line, ensure_ascii=False) for line in lines]
            (folder / "rows.jsonl").write_text("\n".join(written), "utf-8")
            return fp.scan_jsonl(folder / "rows.jsonl"), lines
        case "from_arrow":
            pieces = table(columns, rows).to_reader(max_chunksize=3)
            return fp.from_arrow(pa.Table.from_batches(list(pieces)), name="rows"), rows
        case "scan_parquet":
            pq.write_table(table(columns, rows), folder / "rows.parquet", row_group_size=4)
            return fp.scan_parquet(folder / "rows.parquet"), rows
    raise AssertionError(kind)


def read_again(pipeline: fp.Pipeline, lines: list[Any]) -> fp.Pipeline:
    """The pipeline of its JSON, with the functions and the data that it had in memory."""
    functions = {step["name"]: given[0]._function for step, given in pipeline._steps if step["verb"] == "map_batches"}
    verb, args = pipeline._source
    inputs = lines if verb == "from_reader" else args[1] if verb == "from_arrow" else None
    again = fp.Pipeline.from_json(pipeline.to_json(), functions=functions, inputs=inputs)
    assert again.to_json() == pipeline.to_json()
    return again


def counted(report: dict[str, Any]) -> list[naive.Account]:
    """The steps of a report."""
    return [
        naive.Account(
            step["rows_in"],
            step["rows_out"],
            {code: (removed["count"], removed["first"]["row"]) for code, removed in step["removed"].items()},
            step.get("repeated", 0),
        )
        for step in report["steps"]
    ]


def check(pipeline: fp.Pipeline, expected: naive.Outcome, verbs: list[str]) -> Any:
    """Runs a chain in memory, and compares all but the rejects; gives the rows, with their splits."""
    made, text, _ = pipeline._plan.collect(None)
    report = json.loads(text)
    steps_add_up(report)
    assert counted(report) == expected.accounts
    assert report["rows"]["rejected"] == len(expected.rejects)
    assert report["rows"]["duplicate"] == len(expected.duplicates)
    assert report["rows"]["dropped"] == expected.dropped
    assert {
        code: reason["columns"] for code, reason in report["reasons"].items() if "columns" in reason
    } == expected.blamed
    whole = pa.table(made)
    rows = table_rows(whole)
    splits = whole["split"].to_pylist() if "split" in verbs else []
    without = [{name: value for name, value in row.items() if name != "split"} for row in rows]
    wanted = [row.values for row in expected.rows]
    if wanted:
        assert [name for name in whole.column_names if name != "split"] == list(wanted[0])
    assert without == wanted
    sides = {(row.side, split) for row, split in zip(expected.rows, splits or [None] * len(rows), strict=True)}
    assert len(sides) == len({side for side, _ in sides})
    assert set(splits) <= {"train", "valid", "test"}
    return rows


def check_files(pipeline: fp.Pipeline, expected: naive.Outcome, verbs: list[str], out: Path) -> None:
    """Publishes a chain, and compares what was taken out, row by row."""
    pipeline.sink_jsonl(out)
    data = out / fp.load(out).manifest["data"]
    rejects = [(reject["code"], reject["row"]) for reject in json_lines(out / "rejects.jsonl")]
    duplicates = json_lines(data / "duplicates.jsonl") if expected.duplicates else []
    assert rejects == expected.rejects
    assert [(entry["row"], entry["kept"]["row"]) for entry in duplicates] == expected.duplicates
    if "split" not in verbs:
        [shard] = data.glob("train-*.jsonl")
        assert json_lines(shard) == [row.values for row in expected.rows]


@settings(max_examples=150)
@given(
    st.sampled_from(["from_records", "scan_jsonl", "from_arrow", "scan_parquet"]),
    chains.inputs(),
    st.data(),
)
def test_a_chain_does_what_each_verb_does_to_one_row_after_the_other(
    kind: str, given_lines: tuple[list[str], list[Any]], data: st.DataObject
) -> None:
    first, lines = given_lines
    columns = first if kind in ("from_arrow", "scan_parquet") else list(lines[0])
    chain = data.draw(chains.chains(columns))
    verbs = [verb.said.partition("(")[0] for verb in chain]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        pipeline, held = source(kind, columns, lines, Path(folder))
        for verb in chain:
            pipeline = verb.push(pipeline)
        expected = naive.interpret(held, columns, [verb.step() for verb in chain], FILES[kind])
        found = []
        for made, threads, rows in ((pipeline, "1", "65536"), (read_again(pipeline, held), "2", "1")):
            patch.setenv("FASTPREP_THREADS", threads)
            patch.setenv("FASTPREP_BATCH_ROWS", rows)
            found.append(check(made, expected, verbs))
        assert found[0] == found[1]
        if expected.rows:
            for rows in ("1", "65536"):
                patch.setenv("FASTPREP_BATCH_ROWS", rows)
                check_files(pipeline, expected, verbs, Path(folder) / f"out{rows}")
