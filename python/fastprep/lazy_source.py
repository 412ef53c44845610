"""`Pipeline.to_lazyframe`: a plan as a source of polars, which takes the rows batch by batch."""

from __future__ import annotations

import atexit
import json
import warnings
from typing import TYPE_CHECKING, Any

from fastprep.exceptions import FastprepError
from fastprep.expressions.polars_frame import polars_frame
from fastprep.report.run_report import place

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from fastprep._fastprep import Rows
    from fastprep.pipeline import Pipeline


def lazy_frame(pipeline: Pipeline, threads: int | None) -> pl.LazyFrame:
    """A lazy frame whose source is the plan. Each collect runs the plan."""
    from polars.io.plugins import register_io_source

    schema = _schema(pipeline)

    def source(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        return _frames(pipeline, schema, threads, with_columns, predicate, n_rows)

    return register_io_source(
        source,
        schema=schema,
        validate_schema=True,
        # Equal plans give equal rows, so that polars may run a plan once where a query has it twice.
        is_pure=True,
        explain_name="fastprep",
        explain_detail=repr(pipeline),
    )


def _schema(pipeline: Pipeline) -> pl.Schema:
    """The columns of the rows, with the types of `to_polars`."""
    return polars_frame(pipeline._plan.no_rows()).schema


def _frames(
    pipeline: Pipeline,
    schema: pl.Schema,
    threads: int | None,
    columns: list[str] | None,
    predicate: pl.Expr | None,
    n_rows: int | None,
) -> Iterator[pl.DataFrame]:
    """The rows of a run: of the first `n_rows` those for which the predicate is true, in these columns.

    Polars passes both for a limit that comes before a condition. Where the condition comes first, it passes no limit.
    """
    if n_rows == 0:
        return
    if columns is not None:
        pipeline = _projected(pipeline, schema, columns)
    if n_rows is not None:
        pipeline = _limited(pipeline, n_rows)
    rows = pipeline._plan.rows(threads)
    # A thread of the run must not call Python while the interpreter ends.
    atexit.register(rows.stop)
    try:
        while (table := rows.next()) is not None:
            frame = polars_frame(table)
            if n_rows is not None:
                frame = frame.head(n_rows)
                n_rows -= frame.height
            if predicate is not None:
                frame = frame.filter(predicate)
            yield frame if columns is None else frame.select(columns)
            if n_rows == 0:
                break
    finally:
        rows.stop()
        atexit.unregister(rows.stop)
        _warn_of_rejects(rows)


def _limited(pipeline: Pipeline, n_rows: int) -> Pipeline:
    """The plan that ends after so many rows, where its last step allows that."""
    limited = pipeline.head(n_rows)
    try:
        limited._plan.no_rows()
    except FastprepError:
        # Nothing may follow `write_as`.
        return pipeline
    return limited


def _projected(pipeline: Pipeline, schema: pl.Schema, columns: list[str]) -> Pipeline:
    """The plan without the columns that are not named, where its last step allows that and no type changes.

    The column `split` of rows with splits is not one of the plan's: it is added after the last step.
    """
    own = dict(pipeline._plan.schema())
    named = [name for name in columns if name in own] or [*own][:1]
    try:
        selected = pipeline.select(*named)
        types = _schema(selected)
    except FastprepError:
        # After `pack`, for example, no column may be removed.
        return pipeline
    return selected if all(types[name] == schema[name] for name in named) else pipeline


def _warn_of_rejects(rows: Rows) -> None:
    """Warn if rows were rejected: how many for each reason, and where the first is."""
    rejects: dict[str, dict[str, Any]] = json.loads(rows.rejects())
    total = sum(entry["count"] for entry in rejects.values())
    if not total:
        return
    reasons = ", ".join(
        f"{entry['count']:,} {code} (first: {place(entry['first'])})" for code, entry in rejects.items()
    )
    rows_were = "1 row was" if total == 1 else f"{total:,} rows were"
    warnings.warn(f"to_lazyframe: {rows_were} rejected: {reasons}", stacklevel=2)
