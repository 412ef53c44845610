"""The option `silence`: findings that count for nothing, each with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastprep import option_checks
from fastprep._fastprep import inspect_findings

if TYPE_CHECKING:
    from collections.abc import Iterable


def read_silence(value: Any, rules: Iterable[str]) -> dict[str, str]:
    """The reasons by the code of the finding, which may be the name of one of these rules.

    Raises:
        PlanError: `bad_option`: there is no such finding, or no reason.
    """
    given = option_checks.mapping("inspect", "silence", value)
    known = [*rules, *(code for code, *_ in inspect_findings())]
    for code, reason in given.items():
        if code not in known:
            raise option_checks.bad_option(
                f"inspect: there is no finding {code!r} to silence{option_checks.did_you_mean(str(code), known)}; "
                f"there are {', '.join(known)}",
                "name a finding by its code, or a rule by its name",
            )
        if not isinstance(reason, str) or not reason.strip():
            raise option_checks.bad_option(
                f"inspect: `silence` of {code!r} needs a reason; got {reason!r}",
                f'say why it is no problem: silence={{{code!r}: "they are meant"}}',
            )
    return dict(given)


def heard(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The findings that count: those that are not silenced."""
    return [finding for finding in data["findings"] if finding["silenced"] is None]


def silenced(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The findings that are silenced."""
    return [finding for finding in data["findings"] if finding["silenced"] is not None]
