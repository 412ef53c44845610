"""Dicts as the core reads them: a stream of JSON lines."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fastprep.exceptions import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 0.1
"""Seconds between two looks at whether the run was interrupted."""


class RecordSource:
    """Makes a stream of dicts, as often as they can be read."""

    def __init__(self, records: Iterable[Mapping[str, Any]], name: str) -> None:
        self.data = records
        self._name = name

    def __call__(self) -> JsonLines:
        """A stream from the first record on, or from where the iterator is."""
        return JsonLines(self.data, self._name)


class JsonLines:
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
