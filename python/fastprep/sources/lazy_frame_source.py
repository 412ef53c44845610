"""A polars LazyFrame as a stream of Arrow data: its query runs while the core reads, and is never collected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastprep.expressions.batch_callbacks import without_null_type
from fastprep.expressions.forked_process import check_polars_threads

if TYPE_CHECKING:
    import polars as pl


class LazyFrameSource:
    """Runs the query of a LazyFrame in polars' streaming engine, once for each stream."""

    def __init__(self, frame: pl.LazyFrame) -> None:
        self.data = frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        check_polars_threads("from_arrow")
        frame = without_null_type(self.data)
        batches = frame.collect_batches(maintain_order=True, lazy=True)
        return batches.__arrow_c_stream__(requested_schema)
