"""The functions that start a pipeline, by name: `scan.py` registers them, `plan_from_json.py` looks them up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from fastprep.pipeline import Pipeline

F = TypeVar("F", bound=Callable[..., Any])

SOURCES: dict[str, Callable[..., Pipeline]] = {}
"""`scan_jsonl`, `from_arrow`, `concat` and so on."""


def source_function(function: F) -> F:
    """Register a function that starts a pipeline, under its name."""
    SOURCES[function.__name__] = function
    return function


def file_sources() -> dict[str, Callable[..., Pipeline]]:
    """The functions that scan files, by the word in plans: `jsonl` for `scan_jsonl`, `any` for `scan`."""
    formats = {name.removeprefix("scan_"): scan for name, scan in SOURCES.items() if name.startswith("scan_")}
    return formats | {"any": SOURCES["scan"]}
