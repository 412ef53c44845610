"""Whether `prepare` would accept what a check has counted."""

from __future__ import annotations

from typing import Any

from fastprep._fastprep import DUPLICATE, DUPLICATE_AGAINST, FILTERED, SPECIAL_TOKEN_IN_TEXT
from fastprep.exceptions import DataError
from fastprep.sink_options import reject_limit

NO_REJECTS = (FILTERED, DUPLICATE, DUPLICATE_AGAINST)
"""Reasons that are no fault of a row."""


def verdict(report: dict[str, Any], max_rejects: float | None) -> DataError | None:
    """The error that a run with this report ends in; None where it would publish."""
    rows = report["rows"]
    read, rejected = rows["read"], rows["rejected"]
    count, share = reject_limit(max_rejects)
    if (count is not None and rejected > count) or (share is not None and rejected > share * read):
        what = f"{rejected:,} of {read:,} rows would be rejected, more than --max-rejects allows"
        faults = [code for code in report["reasons"] if code not in NO_REJECTS]
        return _error("too_many_rejects", what, report, faults)
    if read and not rows["written"]:
        return _error("no_rows", f"no row would be left of the {read:,} read", report, list(report["reasons"]))
    return None


def _error(code: str, what: str, report: dict[str, Any], reasons: list[str]) -> DataError:
    """The error, with the commonest of the reasons, which decides its help."""
    commonest = max(reasons, key=lambda reason: report["reasons"][reason]["count"], default=None)
    if commonest is None:
        return DataError(what, code=code)
    named = _named(commonest, report)
    return DataError(what, code=code, reason=f"{commonest}:{named}" if named else commonest)


def _named(reason: str, report: dict[str, Any]) -> str | None:
    """What most rows of the reason name: the control token, else the column."""
    if reason == SPECIAL_TOKEN_IN_TEXT:
        found = {name: entry["count"] for name, entry in report["findings"].items() if name.startswith(f"{reason}:")}
        return max(found, key=lambda name: found[name]).removeprefix(f"{reason}:") if found else None
    columns: dict[str, int] = report["reasons"][reason].get("columns", {})
    return max(columns, key=lambda column: columns[column], default=None)
