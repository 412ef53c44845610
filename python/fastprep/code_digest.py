"""The digest of a function's code: what tells two states of it apart where it has no version."""

from __future__ import annotations

import functools
import hashlib
import inspect
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

PLAIN = (str, bytes, int, float, complex, bool, type(None), type(...))


def code_digest(function: Any) -> str | None:
    """32 hexadecimal digits; None for a function that is not written in Python.

    Of the code, its constants, names and defaults, of the plain values, lists, dicts and functions that it closes over,
    and of those that its object holds; not of the file, the lines, what it finds by a global name, or the content of
    other objects. Another version of Python may compile other code.
    """
    if isinstance(function, BuiltinFunctionType) or not _is_python(function):
        return None
    try:
        parts = repr(_Parts().of(function, opened=True))
    except RecursionError:
        return None
    return hashlib.blake2b(parts.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _is_python(function: Any) -> bool:
    if isinstance(function, functools.partial):
        return _is_python(function.func)
    call = inspect.getattr_static(type(function), "__call__", None)
    return isinstance(function, (FunctionType, MethodType)) or isinstance(call, FunctionType)


class _Parts:
    """Values as nested tuples whose text is the same in every process."""

    def __init__(self) -> None:
        # What is being taken apart: a value that holds itself is named by its depth.
        self._within: list[int] = []

    def of(self, value: Any, opened: bool = False) -> Any:
        """The parts of a value; of an object its class, and what it holds where it is `opened`."""
        if isinstance(value, PLAIN):
            return value
        if id(value) in self._within:
            return ("again", self._within.index(id(value)))
        self._within.append(id(value))
        try:
            return self._of(value, opened)
        finally:
            self._within.pop()

    def _of(self, value: Any, opened: bool) -> Any:
        match value:
            case CodeType():
                names = value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars
                return ("code", value.co_code, tuple(map(self.of, value.co_consts)), *names)
            case FunctionType():
                closed = tuple(self._cell(cell) for cell in value.__closure__ or ())
                defaults = self.of(value.__defaults__), self.of(value.__kwdefaults__)
                return ("function", self.of(value.__code__), *defaults, closed)
            case MethodType():
                return ("method", self.of(value.__func__), self.of(value.__self__, opened=True))
            case functools.partial():
                return ("partial", self.of(value.func, opened), self.of(value.args), self.of(value.keywords))
            case tuple() | list():
                return ("list", *map(self.of, value))
            case set() | frozenset():
                return ("set", *sorted(repr(self.of(item)) for item in value))
            case dict():
                return ("dict", *((self.of(key), self.of(item)) for key, item in value.items()))
        return self._object(value, opened)

    def _object(self, value: Any, opened: bool) -> Any:
        kind = value if isinstance(value, type) else type(value)
        name = f"{kind.__module__}.{kind.__qualname__}"
        if not opened or isinstance(value, (type, ModuleType)):
            return name
        call = inspect.getattr_static(kind, "__call__", None)
        parts = self.of(call) if isinstance(call, FunctionType) else None
        slots = [slot for base in kind.__mro__ for slot in _slots(base)]
        held = {slot: getattr(value, slot) for slot in slots if hasattr(value, slot)}
        return (name, parts, self.of(held | getattr(value, "__dict__", {})))

    def _cell(self, cell: Any) -> Any:
        try:
            return self.of(cell.cell_contents)
        except ValueError:
            # Not set yet.
            return None


def _slots(kind: type) -> list[str]:
    slots = vars(kind).get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(slots)
    return [name for name in names if name not in ("__dict__", "__weakref__") and not name.startswith("__")]
