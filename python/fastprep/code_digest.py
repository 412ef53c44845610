"""The digest of a function's code: what tells two states of it apart where it has no version."""

from __future__ import annotations

import functools
import hashlib
import inspect
from types import CodeType, FunctionType, MethodType
from typing import Any


def code_digest(function: Any) -> str | None:
    """32 hexadecimal digits; None for a function that is not written in Python.

    Of the code, its constants, names, defaults and the plain values that it closes over or holds as an object; not of
    the file, the lines, or the functions that it calls. Another version of Python may compile other code.
    """
    parts = _parts(function)
    if parts is None:
        return None
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _parts(function: Any) -> tuple[Any, ...] | None:
    if isinstance(function, functools.partial):
        inner = _parts(function.func)
        plain = (*map(_plain, function.args), *((name, _plain(value)) for name, value in function.keywords.items()))
        return None if inner is None else ("partial", inner, plain)
    if isinstance(function, MethodType):
        return _parts(function.__func__)
    if not isinstance(function, FunctionType):
        call = inspect.getattr_static(type(function), "__call__", None)
        held = getattr(function, "__dict__", {})
        return ("instance", _parts(call), _plain(held)) if isinstance(call, FunctionType) else None
    defaults = (*map(_plain, function.__defaults__ or ()), *map(_plain, (function.__kwdefaults__ or {}).items()))
    closed = tuple(_cell(cell) for cell in function.__closure__ or ())
    return _code(function.__code__), defaults, closed


def _code(code: CodeType) -> tuple[Any, ...]:
    constants = tuple(_code(c) if isinstance(c, CodeType) else _plain(c) for c in code.co_consts)
    return code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars


def _cell(cell: Any) -> Any:
    try:
        return _plain(cell.cell_contents)
    except ValueError:
        # Not set yet.
        return None


def _plain(value: Any) -> Any:
    """A value whose text is the same in every process; of any other its type."""
    if isinstance(value, (str, bytes, int, float, complex, bool, type(None), type(...))):
        return value
    if isinstance(value, (tuple, list)):
        return tuple(map(_plain, value))
    if isinstance(value, (set, frozenset)):
        return ("set", *sorted(map(repr, map(_plain, value))))
    if isinstance(value, dict):
        return tuple((_plain(key), _plain(item)) for key, item in value.items())
    if isinstance(value, FunctionType):
        return _parts(value) if value.__closure__ is None else f"function {value.__qualname__}"
    return f"{type(value).__module__}.{type(value).__qualname__}"
