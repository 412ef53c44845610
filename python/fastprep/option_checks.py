"""Checks of options: each returns the value in its exact type, or raises an error that names the verb and the fix."""

from __future__ import annotations

import contextlib
import math
import operator
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from fastprep.exceptions import PlanError

PERCENT = re.compile(r"\d+(\.\d*)?\s*%")
URL = re.compile("[A-Za-z][A-Za-z0-9+.-]+:/")
"""How a URL begins. `pathlib` leaves one slash of two."""


def bad_option(message: str, help: str | None = None) -> PlanError:
    """The error for a wrong option."""
    return PlanError.new(message, code="bad_option", help=help)


def _wrong_type(verb: str, option: str, value: Any, expected: str) -> PlanError:
    return bad_option(f"{verb}: `{option}` must be {expected}; got {value!r} of type {type(value).__name__}")


def did_you_mean(value: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the known name that is most like it, or nothing."""
    import difflib

    similar = difflib.get_close_matches(value, known, 1, 0.7)
    return f"; did you mean `{similar[0]}`?" if similar and similar[0] != value else ""


def share(value: str) -> float:
    """The share that a percentage stands for: 0.01 for `1%`. ValueError for any other text."""
    number = value.strip().removesuffix("%").strip()
    if not PERCENT.fullmatch(value.strip()):
        raise ValueError(f"{value!r} is not a percentage such as 1%")
    # As decimals: with floats, 0.29 / 100 is not 0.0029.
    from decimal import Decimal

    return float(Decimal(number) / 100)


def split_share(name: str, value: Any) -> float:
    """The share of a split. Any other value may belong to a misspelt option, which the error then names."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            number = share(value)
            if math.isfinite(number):
                return number
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        # An int may be too large for a float.
        with contextlib.suppress(OverflowError):
            if math.isfinite(value):
                return value
    hint = did_you_mean(name, ("seed", "by", "report_by", "existing"))
    raise bad_option(
        f"split: `{name}` must be a share between 0 and 1; got {value!r}{hint}",
        'write a share as in split(valid=0.02) or split(valid="2%")',
    )


def sample_share(value: Any) -> float:
    """The share of a sample: a number, or a text such as `10%`."""
    number = value
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            number = share(value)
    is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
    if is_number and 0 < number <= 1:
        return float(number)
    raise bad_option(
        f"sample: `share` must be above 0 and at most 1; got {value!r}",
        'write sample(share=0.1) or sample(share="10%")',
    )


def whole_number(verb: str, option: str, value: Any, least: int, below: int = 1 << 63) -> int:
    """A whole number in [least, below)."""
    try:
        number = operator.index(value)
    except TypeError:
        raise _wrong_type(verb, option, value, "a whole number") from None
    if isinstance(value, bool):
        raise _wrong_type(verb, option, value, "a whole number")
    if not least <= number < below:
        limit = f"at least {least}" if number < least else f"at most {below - 1}"
        raise bad_option(f"{verb}: `{option}` must be {limit}; got {number}")
    return number


def optional_whole_number(verb: str, option: str, value: Any, least: int) -> int | None:
    """A whole number, or None for the default."""
    return None if value is None else whole_number(verb, option, value, least)


def number(verb: str, option: str, value: Any) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong_type(verb, option, value, "a number")
    try:
        is_finite = math.isfinite(value)
    except OverflowError:
        raise bad_option(f"{verb}: `{option}` is larger than any 64-bit float") from None
    if not is_finite:
        raise bad_option(f"{verb}: `{option}` must be finite; got {value}")
    return value


def boolean(verb: str, option: str, value: Any) -> bool:
    """True or False; not 1, 0 or None."""
    if not isinstance(value, bool):
        raise _wrong_type(verb, option, value, "true or false")
    return value


def text(verb: str, option: str, value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise _wrong_type(verb, option, value, "a string")
    return valid_unicode(verb, option, value)


def valid_unicode(verb: str, option: str, value: str) -> str:
    """A string without lone surrogates, which UTF-8 cannot encode."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise bad_option(f"{verb}: `{option}` is not valid Unicode: {value!r} contains lone surrogates") from None
    return value


def path(verb: str, option: str, value: Any) -> str:
    """A path; `~` at its start is the home folder, as in a shell."""
    if not isinstance(value, (str, os.PathLike)):
        raise _wrong_type(verb, option, value, "a path")
    text = os.fsdecode(value)
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        raise bad_option(f"{verb}: `{option}` is not a valid path: {value!r} contains lone surrogates") from None
    if URL.match(text):
        raise PlanError.new(
            f"{verb}: {text!r} is a URL; fastprep reads and writes local files only",
            code="remote_path",
            help="copy the input to this machine before the run, or the output to the remote storage after it",
        )
    return os.path.expanduser(text)


def paths(verb: str, option: str, value: Any) -> list[str]:
    """One path or several."""
    one = isinstance(value, (str, os.PathLike)) or not isinstance(value, Iterable)
    return [path(verb, option, each) for each in ([value] if one else value)]


def path_form(path: str) -> str | dict[str, list[int]]:
    """A path as JSON for the core: text, or its bytes where they are not UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return {"bytes": list(os.fsencode(path))}
    return path


def texts(verb: str, option: str, value: Any) -> list[str]:
    """One string or several. A single string is not split into characters."""
    listed = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else None
    if listed is None or not all(isinstance(text, str) for text in listed):
        raise bad_option(f"{verb}: `{option}` must be a string or a list of strings; got {value!r}")
    return [valid_unicode(verb, option, text) for text in listed]


def columns(verb: str, option: str, value: Any) -> list[str]:
    """One column name or more."""
    names = texts(verb, option, value)
    if not names:
        raise bad_option(f"{verb}: `{option}` is empty", f"name at least one column, or leave {option} out")
    return names


def mapping(verb: str, option: str, value: Any) -> dict[str, Any]:
    """A mapping from column names."""
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise bad_option(
            f"{verb}: `{option}` must be a mapping from column names; got {value!r}", f'write {option}={{"column": …}}'
        )
    return dict(value)
