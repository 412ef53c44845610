"""`expect`: what texts are expected to be, for `inspect`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastprep import option_checks
from fastprep.exceptions import PlanError, SourceError

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

OPTIONS = ("length", "script", "pattern")


@dataclass(frozen=True)
class Expectation:
    """What texts are expected to be; `expect` makes one."""

    length: tuple[int, int | None] | None = None
    """The fewest and the most characters, both included; None for no most."""
    script: tuple[str, ...] = ()
    """The scripts of which one has most of the letters; any if empty."""
    pattern: str | None = None
    """A regular expression that is found somewhere in the text."""


def expect(
    *,
    length: tuple[int, int | None] | None = None,
    script: str | Sequence[str] | None = None,
    pattern: str | None = None,
) -> Expectation:
    """What the texts of a column or of a role are expected to be, for `inspect(expect=…)`.

    Args:
        length: the fewest and the most characters, both included, such as `(1, 4_000)`; `(1, None)` has no most.
        script: the script that most of the letters are of, such as `"Latin"`, or several, of which one is enough. A
            text without letters is of any script.
        pattern: a regular expression that is found somewhere in the text, in the syntax of the crate `regex`; `^` and
            `$` stand for the ends of the text.

    Raises:
        PlanError: `bad_option`: nothing is expected, or a value is of another form.
    """
    if length is None and script is None and pattern is None:
        raise option_checks.bad_option("expect: nothing is expected", "give length=, script= or pattern=")
    if length is not None:
        length = _length(length)
    scripts = () if script is None else tuple(option_checks.texts("expect", "script", script))
    if pattern is not None:
        option_checks.text("expect", "pattern", pattern)
    return Expectation(length, scripts, pattern)


def _length(value: Any) -> tuple[int, int | None]:
    if isinstance(value, (tuple, list)) and len(value) == 2:
        least = option_checks.whole_number("expect", "length", value[0], 0)
        most = option_checks.optional_whole_number("expect", "length", value[1], least)
        return least, most
    raise option_checks.bad_option(
        f"expect: `length` must be the fewest and the most characters; got {value!r}", "write length=(1, 4_000)"
    )


def read_expected(value: Any) -> list[dict[str, Any]]:
    """The option `expect` as the core takes it."""
    given = option_checks.mapping("inspect", "expect", value)
    for on, each in given.items():
        if not isinstance(each, Expectation):
            raise option_checks.bad_option(
                f"inspect: `expect` of {on!r} must be what fastprep.expect(…) gives; got {each!r}",
                'write expect={"completion": fp.expect(length=(1, 4_000))}',
            )
    return [
        {"on": on, "length": each.length, "scripts": list(each.script), "pattern": each.pattern}
        for on, each in given.items()
    ]


def read_expect_file(path: str | os.PathLike[str]) -> dict[str, Expectation]:
    """What a TOML file expects: a table for each column or role, with the options of `expect`.

    Raises:
        SourceError: `cannot_read`: the file cannot be read.
        PlanError: `bad_option`: it is not TOML, or holds something else.
    """
    import tomllib

    file = Path(option_checks.path("inspect", "expect", path))
    try:
        tables = tomllib.loads(file.read_text("utf-8"))
    except OSError as e:
        message = f"inspect: the file of --expect cannot be read: {e.strerror}"
        raise SourceError.new(message, code="cannot_read", path=file) from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise _bad_file(file, f"the file of --expect is not valid TOML: {e}") from e
    if not tables:
        raise _bad_file(file, "the file of --expect expects nothing")
    return {on: _table(file, on, table) for on, table in tables.items()}


def _table(file: Path, on: str, table: Any) -> Expectation:
    if not isinstance(table, dict):
        raise _bad_file(file, f"`{on}` is no table")
    for option in table:
        if option not in OPTIONS:
            raise _bad_file(file, f"[{on}] has the unknown key `{option}`{option_checks.did_you_mean(option, OPTIONS)}")
    try:
        return expect(**table)
    except PlanError as e:
        what = str(e).split("\n  ")[0].removeprefix("expect: ")
        raise _bad_file(file, f"[{on}]: {what}") from e


def _bad_file(file: Path, what: str) -> PlanError:
    help = "write a table for each column or role, such as [completion], with length = [1, 4000], script or pattern"
    return PlanError.new(f"inspect: {what}", code="bad_option", path=file, help=help)
