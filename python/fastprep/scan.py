"""Sources: each starts a chain and reads nothing."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fastprep import options
from fastprep._fastprep import MAX_LINE_BYTES, STDIN
from fastprep.arrow_source import PyarrowSource
from fastprep.exceptions import PlanError
from fastprep.expressions import without_null_type
from fastprep.pipeline import Pipeline, of_several

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    StrPath = str | os.PathLike[str]

PATIENCE = 0.1
"""Seconds between two looks at whether the run was interrupted."""


def _paths(verb: str, source: StrPath | Sequence[StrPath]) -> list[str]:
    many = [source] if isinstance(source, (str, os.PathLike)) else list(source) if isinstance(source, Iterable) else []
    if not many or not all(isinstance(path, (str, os.PathLike)) for path in many):
        raise options.bad(f"{verb}: {source!r} names no input", "give a path, a glob, a folder, or several of these")
    paths = [options.path(verb, "source", path) for path in many]
    if STDIN in paths and (len(paths) > 1 or verb != "scan_jsonl"):
        raise options.bad(f"{verb}: {STDIN} is standard input, which is read as JSON lines and alone")
    return paths


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


def scan_parquet(source: StrPath | Sequence[StrPath]) -> Pipeline:
    """Start a chain that reads Parquet: a path, a glob, a folder, or several of these.

    Only the columns that the plan needs are read.
    """
    return Pipeline._scan("scan_parquet", _paths("scan_parquet", source))


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
    return Pipeline._scan("from_reader", name, _Reader(records, name), again)


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


class _Reader:
    """Makes a stream of dicts, as often as they can be read."""

    def __init__(self, records: Iterable[Mapping[str, Any]], name: str) -> None:
        self.data = records
        self._name = name

    def __call__(self) -> _Lines:
        return _Lines(self.data, self._name)


class _Lines:
    """Dicts as a stream of JSON lines: they take the same way as files, with the same rules."""

    def __init__(self, records: Iterable[Mapping[str, Any]], name: str) -> None:
        self._records: Iterator[Mapping[str, Any]] = iter(records)
        self._name = name
        self._row = 0

    def read(self, size: int) -> bytes:
        """About `size` bytes of whole lines, fewer where they come slowly, to hear Ctrl-C; empty at the end."""
        lines: list[str] = []
        held = 0
        until = time.monotonic() + PATIENCE
        for record in self._records:
            try:
                line = self._line(record, ensure_ascii=False)
                line.encode()
            except UnicodeEncodeError:
                line = self._line(record, ensure_ascii=True)
            self._row += 1
            lines.append(line)
            held += len(line)
            if held >= size or time.monotonic() > until:
                break
        return "".join(line + "\n" for line in lines).encode()

    def _line(self, record: Mapping[str, Any], ensure_ascii: bool) -> str:
        try:
            if not isinstance(record, Mapping):
                raise TypeError(f"it is of type {type(record).__name__}, not a dict")
            # JSON has no NaN; written all the same, it would make the row a reject.
            return json.dumps(dict(record), ensure_ascii=ensure_ascii, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as e:
            raise PlanError.new(
                f"from_records: row {self._row + 1} cannot be written as JSON: {e}",
                code="bad_record",
                row=self._row,
                help="give dicts of str, int, float (no NaN), bool, None, list and dict",
            ) from e
