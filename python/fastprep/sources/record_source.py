"""Turns the dicts that `from_records` gets into a stream of JSON lines, which the core reads."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fastprep.exceptions import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterator

PAUSE = 0.1
"""Seconds after which `read` returns what it has, so that Ctrl-C is noticed in time."""


class RecordSource:
    """Makes a new stream of the dicts for each run."""

    def __init__(self, records: Iterable[Mapping[str, Any]], name: str) -> None:
        self.data = records
        self._name = name

    def __call__(self) -> JsonLines:
        """A stream that starts at the first record; of an iterator, at the next."""
        return JsonLines(self.data, self._name)


class JsonLines:
    """Dicts as a stream of JSON lines, so that the rules for files hold for them too."""

    def __init__(self, records: Iterable[Mapping[str, Any]], name: str) -> None:
        self._records: Iterator[Mapping[str, Any]] = iter(records)
        self._name = name
        self._row = 0

    def read(self, size: int) -> bytes:
        """Complete lines of about `size` bytes, fewer if the records come slowly; empty at the end."""
        lines: list[str] = []
        size_so_far = 0
        deadline = time.monotonic() + PAUSE
        for record in self._records:
            try:
                line = self._line(record, ensure_ascii=False)
                line.encode()
            except UnicodeEncodeError:
                line = self._line(record, ensure_ascii=True)
            self._row += 1
            lines.append(line)
            size_so_far += len(line)
            if size_so_far >= size or time.monotonic() > deadline:
                break
        return "".join(line + "\n" for line in lines).encode()

    def _line(self, record: Mapping[str, Any], ensure_ascii: bool) -> str:
        try:
            if not isinstance(record, Mapping):
                raise TypeError(f"expected a dict, got {type(record).__name__}")
            # JSON has no NaN; written anyway, it would make the row a reject.
            return json.dumps(dict(record), ensure_ascii=ensure_ascii, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as e:
            raise PlanError.new(
                f"from_records: row {self._row + 1} cannot be written as JSON: {e}",
                code="bad_record",
                row=self._row,
                help="pass dicts of str, int, float (not NaN), bool, None, list and dict",
            ) from e
