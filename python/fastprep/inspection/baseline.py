"""Compares an inspection with an earlier one: a gate for continuous integration."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastprep import option_checks
from fastprep.exceptions import PlanError, SourceError
from fastprep.inspection.silence import heard

if TYPE_CHECKING:
    import os

VERSION = 1


@dataclass(frozen=True)
class Baseline:
    """The findings of earlier data: the share of each, by its code."""

    before: dict[str, float]
    """Those of the rows before steps."""
    after: dict[str, float]
    """Those of the rows after steps."""
    is_of_sink: bool
    """Whether a sink wrote it, so that the two differ."""


def read_baseline(path: str | os.PathLike[str]) -> Baseline:
    """The findings in a report that `Inspection.to_json` wrote, or a sink with `report=True`.

    Raises:
        SourceError: `cannot_read`: the file cannot be read.
        PlanError: `bad_baseline`: it is neither of these reports, or the sink has looked at no rows.
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
        if "after" not in data:
            shares = _shares(data)
            return Baseline(shares, shares, is_of_sink=False)
        if data["before"] is not None and data["after"] is not None:
            return Baseline(_shares(data["before"]), _shares(data["after"]), is_of_sink=True)
    except (ValueError, KeyError, TypeError) as e:
        raise _bad(file, "is no report of inspect") from e
    raise _bad(file, "is the report of a sink that has looked at no rows, since their source can be read only once")


def _shares(data: dict[str, Any]) -> dict[str, float]:
    return {finding["code"]: float(finding["share"]) for finding in data["findings"]}


def _bad(file: Path, what: str) -> PlanError:
    return PlanError.new(
        f"inspect: the baseline {str(file)!r} {what}",
        code="bad_baseline",
        help="write one with Inspection.to_json(), or with fastprep inspect --json",
    )


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


def compare(data: dict[str, Any], baseline: Baseline, tolerance: float, *, has_steps: bool) -> dict[str, Any]:
    """What an inspection says of a baseline: the findings whose share is above that of the baseline by more than the
    tolerance, hints included and silenced ones not, and the part of a sink's report that it was compared with.

    Args:
        data: the inspection.
        baseline: the baseline.
        tolerance: how much a share may rise.
        has_steps: whether steps have changed the rows. They are compared with the rows after the steps of a sink, as
            those of a prepared folder are, and others with those before.
    """
    part = "after" if has_steps or data["prepared"] else "before"
    before = baseline.after if part == "after" else baseline.before
    risen = [
        {"code": finding["code"], "before": before.get(finding["code"], 0.0), "now": finding["share"]}
        for finding in heard(data)
        if finding["share"] > before.get(finding["code"], 0.0) + tolerance
    ]
    return {"risen": risen, "baseline": part if baseline.is_of_sink else None}
