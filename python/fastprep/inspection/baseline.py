"""Compares an inspection with an earlier one: a gate for continuous integration."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastprep import option_checks
from fastprep.exceptions import PlanError, SourceError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

VERSION = 1


def read_baseline(path: str | os.PathLike[str]) -> dict[str, float]:
    """The share of each finding in a report that `Inspection.to_json` wrote.

    Raises:
        SourceError: `cannot_read`: the file cannot be read.
        PlanError: `bad_baseline`: it is no report of `inspect`.
    """
    file = Path(option_checks.path("inspect", "baseline", path))
    try:
        text = file.read_text("utf-8")
    except OSError as e:
        message = f"inspect: the baseline cannot be read: {e.strerror}"
        raise SourceError.new(message, code="cannot_read", path=file) from e
    try:
        data = json.loads(text)
        if data["version"] != VERSION:
            raise ValueError
        return {finding["code"]: float(finding["share"]) for finding in data["findings"]}
    except (ValueError, KeyError, TypeError) as e:
        raise PlanError.new(
            f"inspect: the baseline {str(file)!r} is no report of inspect",
            code="bad_baseline",
            help="write one with Inspection.to_json(), or with fastprep inspect --json",
        ) from e


def allowed_rise(value: float | str) -> float:
    """The option `tolerance`: a share."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            return option_checks.share(value)
    elif not isinstance(value, bool) and isinstance(value, (int, float)) and 0 <= value <= 1:
        return float(value)
    raise option_checks.bad_option(
        f"inspect: `tolerance` must be a share between 0 and 1; got {value!r}",
        'write a share as in inspect(tolerance=0.001) or inspect(tolerance="0.1%")',
    )


def risen(data: dict[str, Any], before: Mapping[str, float], tolerance: float) -> list[dict[str, Any]]:
    """The findings whose share is above that of the baseline by more than the tolerance, hints included."""
    return [
        {"code": finding["code"], "before": before.get(finding["code"], 0.0), "now": finding["share"]}
        for finding in data["findings"]
        if finding["share"] > before.get(finding["code"], 0.0) + tolerance
    ]
