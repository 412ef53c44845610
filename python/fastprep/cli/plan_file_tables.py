"""The contents of a plan file, before they become a pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastprep as fp


@dataclass
class Table:
    """A table of a plan file.

    Attributes:
        where: The name of the table in errors.
        verb: The verb, or `source` or `sink`.
        options: The options.
    """

    where: str
    verb: str
    options: dict[str, Any]


@dataclass(frozen=True)
class PlanFile:
    """A plan file: its path and its tables."""

    path: Path
    source: Table
    steps: list[Table]
    sink: Table
    pipeline: fp.Pipeline | None = None
    """The sources and steps, if the plan is JSON."""
