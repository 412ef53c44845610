"""The error in which `prepare` would end, from the report of `check`."""

from __future__ import annotations

from typing import Any

from fastprep._fastprep import DUPLICATE, DUPLICATE_AGAINST, FILTERED, SPECIAL_TOKEN_IN_TEXT
from fastprep.exceptions import DataError
from fastprep.sink_options import reject_limit

NOT_REJECTS = (FILTERED, DUPLICATE, DUPLICATE_AGAINST)
"""Reasons for rows that are removed but not rejected."""


def acceptance_error(report: dict[str, Any], max_rejects: float | None) -> DataError | None:
    """The error in which a run with this report would end; None if it would publish."""
    rows = report["rows"]
    read, rejected = rows["read"], rows["rejected"]
    count, share = reject_limit(max_rejects)
    if (count is not None and rejected > count) or (share is not None and rejected > share * read):
        message = f"{rejected:,} of {read:,} rows would be rejected, more than --max-rejects allows"
        faults = [code for code in report["reasons"] if code not in NOT_REJECTS]
        return _error("too_many_rejects", message, report, faults)
    if read and not rows["written"]:
        return _error("no_rows", f"none of the {read:,} rows read would be left", report, list(report["reasons"]))
    return None


def _error(code: str, message: str, report: dict[str, Any], reasons: list[str]) -> DataError:
    """The error, with the most common of the reasons, which decides its help."""
    most_common = max(reasons, key=lambda reason: report["reasons"][reason]["count"], default=None)
    if most_common is None:
        return DataError(message, code=code)
    named = _named(most_common, report)
    return DataError(message, code=code, reason=f"{most_common}:{named}" if named else most_common)


def _named(reason: str, report: dict[str, Any]) -> str | None:
    """The control token or the column that most rows with the reason name."""
    if reason == SPECIAL_TOKEN_IN_TEXT:
        found = {name: entry["count"] for name, entry in report["findings"].items() if name.startswith(f"{reason}:")}
        return max(found, key=lambda name: found[name]).removeprefix(f"{reason}:") if found else None
    columns: dict[str, int] = report["reasons"][reason].get("columns", {})
    return max(columns, key=lambda column: columns[column], default=None)
