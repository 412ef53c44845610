"""The tables of a plan file, as read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastprep as fp


@dataclass
class Table:
    """A table of a plan file: what errors call it; its verb, `source` or `sink`; and its options."""

    where: str
    verb: str
    options: dict[str, Any]


@dataclass(frozen=True)
class PlanFile:
    """What a plan file says."""

    path: Path
    source: Table
    steps: list[Table]
    sink: Table
    pipeline: fp.Pipeline | None = None
    """Of a plan in JSON: sources and steps."""
