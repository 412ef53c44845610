"""The report that a sink publishes with its data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from fastprep.inspection.sink_markdown import sink_markdown
from fastprep.inspection.sink_page import sink_page

if TYPE_CHECKING:
    from fastprep.inspection.inspection import Inspection

VERSION = 1
"""The version of `report.json`."""


class Rows(Protocol):
    """Rows that can be looked at: a pipeline."""

    def inspect(self, *, threads: int | None) -> Inspection:
        """Look at all rows."""


@dataclass(frozen=True)
class SinkReport:
    """Makes the report once the core has written all rows, and before it publishes them."""

    before: Rows
    """The source."""
    after: Rows
    """The rows after the steps, before they are packed; the same object if no step changes them."""
    read_once: str | None
    """The source that can be read only once, so that its rows are not looked at."""
    threads: int | None

    def __call__(self, run: str) -> tuple[str, str, str]:
        """The texts of `report.json`, `report.md` and `report.html`.

        Args:
            run: what the run did, as JSON: `inputs`, `plan`, `report` and `splits`.
        """
        did = json.loads(run)
        before = after = None
        if self.read_once is None:
            before = self.before.inspect(threads=self.threads).to_dict()
            after = before if self.after is self.before else self.after.inspect(threads=self.threads).to_dict()
        data: dict[str, Any] = {
            "version": VERSION,
            "verdict": after["verdict"] if after else self._unknown(),
            "inputs": did["inputs"],
            "report": did["report"],
            "splits": did["splits"],
            "plan": did["plan"],
            "before": before,
            "after": after,
        }
        text = json.dumps(data, ensure_ascii=False, indent=1) + "\n"
        return text, sink_markdown(data), sink_page(data)

    def _unknown(self) -> dict[str, str]:
        why = f"{self.read_once} can be read only once"
        return {"level": "unknown", "text": f"what the rows hold was not looked at, since {why}"}
