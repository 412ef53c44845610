"""Sources: each starts a chain and reads nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fastprep import options
from fastprep._fastprep import MAX_LINE_BYTES, STDIN
from fastprep.exceptions import PlanError
from fastprep.expressions.batch_callbacks import without_null_type
from fastprep.pipeline import Pipeline, of_several
from fastprep.sources.arrow_source import PyarrowSource
from fastprep.sources.record_source import RecordSource
from fastprep.sources.registry import source_function

if TYPE_CHECKING:
    from collections.abc import Sequence

    StrPath = str | os.PathLike[str]

def _paths(verb: str, source: StrPath | Sequence[StrPath]) -> list[str]:
    many = [source] if isinstance(source, (str, os.PathLike)) else list(source) if isinstance(source, Iterable) else []
    if not many or not all(isinstance(path, (str, os.PathLike)) for path in many):
        raise options.bad(f"{verb}: {source!r} names no input", "give a path, a glob, a folder, or several of these")
    paths = [options.path(verb, "source", path) for path in many]
    if STDIN in paths and (len(paths) > 1 or verb != "scan_jsonl"):
        raise options.bad(f"{verb}: {STDIN} is standard input, which is read as JSON lines and alone")
    return paths


@source_function
def scan_jsonl(source: StrPath | Sequence[StrPath], *, max_line_bytes: int = MAX_LINE_BYTES) -> Pipeline:
    """Start a chain that reads JSON lines.

    Args:
        source: a path, a glob (`raw/**/*.jsonl.gz`), a folder, several of these, or `"-"` for standard input.
            gzip and zstd are recognised by their first bytes. Files are read in bytewise order of their names.
        max_line_bytes: a longer line is rejected as `line_too_long`, without being held whole. Default 64 MiB.

    Raises:
        PlanError: for a limit that makes no sense. Missing files are told at `explain()` or the sink.
    """
    max_line_bytes = options.whole("scan_jsonl", "max_line_bytes", max_line_bytes, 1)
    return Pipeline._scan("scan_jsonl", _paths("scan_jsonl", source), max_line_bytes)


@source_function
def scan_parquet(source: StrPath | Sequence[StrPath]) -> Pipeline:
    """Start a chain that reads Parquet: a path, a glob, a folder, or several of these.

    Only the columns that the plan needs are read.
    """
    return Pipeline._scan("scan_parquet", _paths("scan_parquet", source))


@source_function
def from_arrow(data: Any, *, name: str = "<arrow>") -> Pipeline:
    """Start a chain over any object with `__arrow_c_stream__`: pyarrow, polars, duckdb, pandas 3.

    Args:
        data: a table, frame or record batch reader. A reader can be read once: a second run says so.
        name: how places call it.

    Raises:
        PlanError: for an object that gives no Arrow stream.
    """
    if not hasattr(data, "__arrow_c_stream__"):
        raise options.bad(
            f"from_arrow: {type(data).__name__} gives no Arrow stream",
            "give a pyarrow.Table, a polars.DataFrame, or anything with __arrow_c_stream__; "
            "for dicts use fastprep.from_records",
        )
    import polars as pl

    if isinstance(data, pl.DataFrame):
        data = without_null_type(data)
    # A reader gives its stream once; a table gives one as often as it is asked.
    once = hasattr(data, "read_next_batch") or hasattr(data, "read_all")
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None and isinstance(data, (pyarrow.Table, pyarrow.RecordBatch, pyarrow.RecordBatchReader)):
        data = PyarrowSource(data, name)
    return Pipeline._scan("from_arrow", name, data, once)


@source_function
def from_records(records: Iterable[Mapping[str, Any]], *, name: str = "<records>") -> Pipeline:
    """Start a chain over dicts, taken one by one; their values must be what JSON can hold.

    A list can be read again; a generator can be read once, and a second run says so.
    """
    if not isinstance(records, Iterable) or isinstance(records, (str, bytes, Mapping)):
        raise options.bad(
            f"from_records: {type(records).__name__} is no iterable of dicts",
            "give a list or a generator of dicts; for frames and tables use fastprep.from_arrow",
        )
    again = iter(records) is not records
    options.text("from_records", "name", name)
    return Pipeline._scan("from_reader", name, RecordSource(records, name), again)


@source_function
def concat(plans: Mapping[str, Pipeline] | Sequence[Pipeline], *, column: str = "source") -> Pipeline:
    """Start a chain over the rows of several pipelines, one after another.

    Each keeps its own steps: `select`, `drop`, `rename`, `filter`, `with_columns`, `map_batches`, `with_row_index`,
    `head` and `validate`. What treats all rows alike (`format`, `dedup`, `split`, `tokenize`, `shuffle`, …) comes
    after.
    The columns are those of all pipelines, in the order in which they are met; null where a pipeline has none.

    Args:
        plans: the pipelines by name, or a list of them, whose names are `"0"`, `"1"`, ….
        column: a text column that names the pipeline of each row, after the others.

    Raises:
        PlanError: there is no pipeline, or one is a concat itself or has a step that belongs after it.
        ColumnError: at `explain()` or the sink, where a column has two types, or a pipeline has the column `column`.
    """
    named: dict[Any, Any]
    if isinstance(plans, Mapping):
        named = {options.text("concat", "the name of a plan", name): plan for name, plan in plans.items()}
    elif isinstance(plans, Iterable) and not isinstance(plans, (str, bytes)):
        named = {str(number): plan for number, plan in enumerate(plans)}
    else:
        raise _no_plans(plans)
    for plan in named.values():
        if not isinstance(plan, Pipeline):
            raise _no_plans(plan)
    _check_read_once(named)
    return of_several(list(named), list(named.values()), options.text("concat", "column", column))


def _check_read_once(named: Mapping[str, Pipeline]) -> None:
    """Fails for two plans over one stream, of which the second would find no row."""
    met: dict[int, str] = {}
    for name, plan in named.items():
        stream = plan._read_once()
        other = met.setdefault(id(stream), name) if stream is not None else name
        if other != name:
            raise options.bad(
                f"concat: `{other}` and `{name}` read the same stream, which can be read once",
                "scan a file, or give a table or a list",
            )


def _no_plans(given: Any) -> PlanError:
    return options.bad(
        f"concat: {given!r:.80} is a {type(given).__name__}, and several pipelines are needed",
        'write concat([fp.scan_jsonl("a.jsonl"), fp.scan_parquet("b.parquet")])',
    )
