"""Options as Python gives them: loose types made precise, with an error that names the verb and the way out."""

from __future__ import annotations

import contextlib
import difflib
import math
import operator
import os
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from fastprep.exceptions import PlanError

PERCENT = re.compile(r"\d+(\.\d*)?\s*%")
URL = re.compile("[A-Za-z][A-Za-z0-9+.-]+:/")
"""How a URL begins; one slash is left of two where it passed through `pathlib`."""


def bad(message: str, help: str | None = None) -> PlanError:
    """The error for an option that makes no sense."""
    return PlanError.new(message, code="bad_option", help=help)


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the known one that was probably meant, or nothing."""
    near = difflib.get_close_matches(given, known, 1, 0.7)
    return f"; did you mean `{near[0]}`?" if near and near[0] != given else ""


def share(given: str) -> float:
    """A percentage such as `1%` as a share, 0.01; ValueError for any other text."""
    number = given.strip().removesuffix("%").strip()
    if not PERCENT.fullmatch(given.strip()):
        raise ValueError(f"{given!r} is not a percentage such as 1%")
    # In decimal: 0.29 / 100 as floats is not 0.0029.
    return float(Decimal(number) / 100)


def split_share(name: str, given: Any) -> float:
    """The share of a split; what is none may be a misspelt option."""
    if isinstance(given, str):
        with contextlib.suppress(ValueError):
            number = share(given)
            if math.isfinite(number):
                return number
    elif isinstance(given, (int, float)) and not isinstance(given, bool):
        # A whole number may be too large for a float.
        with contextlib.suppress(OverflowError):
            if math.isfinite(given):
                return given
    meant = did_you_mean(name, ("seed", "by", "report_by", "existing"))
    raise bad(
        f"split: {name}={given!r} is not a share{meant}", 'give one as in split(valid=0.02) or split(valid="2%")'
    )


def whole(verb: str, option: str, given: Any, least: int, below: int = 1 << 63) -> int:
    """A whole number in [least, below)."""
    try:
        number = operator.index(given)
    except TypeError:
        raise bad(f"{verb}: {option}={given!r} is not a whole number") from None
    if isinstance(given, bool):
        raise bad(f"{verb}: {option}={given!r} is of type bool, and must be a whole number")
    if not least <= number < below:
        limit = f"must be at least {least}" if number < least else f"is too large: the limit is {below - 1}"
        raise bad(f"{verb}: {option}={number} {limit}")
    return number


def optional(verb: str, option: str, given: Any, least: int) -> int | None:
    """A whole number, or None for the default."""
    return None if given is None else whole(verb, option, given, least)


def number(verb: str, option: str, given: Any) -> float:
    """A number that is finite."""
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise bad(f"{verb}: {option}={given!r} is of type {type(given).__name__}, and must be a number")
    if not math.isfinite(given):
        raise bad(f"{verb}: {option}={given} must be finite")
    return given


def flag(verb: str, option: str, given: Any) -> bool:
    """True or false, and nothing that only counts as such."""
    if not isinstance(given, bool):
        raise bad(f"{verb}: {option}={given!r} is of type {type(given).__name__}, and must be true or false")
    return given


def text(verb: str, option: str, given: Any) -> str:
    """A string."""
    if not isinstance(given, str):
        raise bad(f"{verb}: {option}={given!r} is of type {type(given).__name__}, and must be a string")
    return unicode(verb, option, given)


def unicode(verb: str, option: str, given: str) -> str:
    """A string without lone surrogates, which have no bytes."""
    try:
        given.encode()
    except UnicodeEncodeError:
        raise bad(f"{verb}: {option}={given!r} is not valid Unicode: it holds lone surrogates") from None
    return given


def path(verb: str, option: str, given: Any) -> str:
    """A path; `~` at its start is the home folder, as in a shell."""
    if not isinstance(given, (str, os.PathLike)):
        raise bad(f"{verb}: {option}={given!r} is of type {type(given).__name__}, and must be a path")
    text = os.fsdecode(given)
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        raise bad(f"{verb}: {option}={given!r} is no path: it holds lone surrogates") from None
    if URL.match(text):
        raise PlanError.new(
            f"{verb}: {text!r} is a URL, and only files and folders of this machine are read and written",
            code="remote_path",
            help="copy with the tool of that storage: before the run what it reads, after it what it wrote",
        )
    return os.path.expanduser(text)


def paths(verb: str, option: str, given: Any) -> list[str]:
    """A path, or several."""
    one = isinstance(given, (str, os.PathLike)) or not isinstance(given, Iterable)
    return [path(verb, option, each) for each in ([given] if one else given)]


def path_form(path: str) -> str | dict[str, list[int]]:
    """A path as the core's JSON has it: text, or the bytes of one that is not UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return {"bytes": list(os.fsencode(path))}
    return path


def texts(verb: str, option: str, given: Any) -> list[str]:
    """A string, or several; a string alone is one, not its characters."""
    listed = [given] if isinstance(given, str) else list(given) if isinstance(given, Iterable) else None
    if listed is None or not all(isinstance(text, str) for text in listed):
        raise bad(f"{verb}: {option}={given!r} must be a string, or several")
    return [unicode(verb, option, text) for text in listed]


def columns(verb: str, option: str, given: Any) -> list[str]:
    """One column name or more."""
    names = texts(verb, option, given)
    if not names:
        raise bad(f"{verb}: {option} names no column", "name at least one, or leave it out")
    return names


def mapping(verb: str, option: str, given: Any) -> dict[str, Any]:
    """A mapping from column names."""
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise bad(f"{verb}: {option}={given!r} is not a mapping from column names", f'write {option}={{"column": …}}')
    return dict(given)
