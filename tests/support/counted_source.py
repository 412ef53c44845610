"""A source of Arrow data that counts how far it is read."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa


class Counted:
    """Record batches of 1,000 rows, made one by one: how many were asked for, and how many rows came out."""

    def __init__(self, batches: int, then: BaseException | None = None) -> None:
        self.batches = batches
        self.made = 0
        self.then = then

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        schema = pa.schema({"n": pa.int64(), "text": pa.string()})
        return pa.RecordBatchReader.from_batches(schema, self._make(schema)).__arrow_c_stream__()

    def _make(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        self.made = 0
        for number in range(self.batches):
            first = number * 1000
            numbers = range(first, first + 1000)
            self.made += 1
            yield pa.record_batch([pa.array(numbers), pa.array([f"text {n}" for n in numbers])], schema=schema)
        if self.then is not None:
            raise self.then
