"""The digest of a function's code: it changes with the code, and stands in for a version."""

from __future__ import annotations

import functools
import inspect
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

PLAIN = (str, bytes, int, float, complex, bool, type(None), type(...))


def code_digest(function: Any) -> str | None:
    """32 hexadecimal digits; None for a function that is not written in Python.

    The digest covers the code, its constants, names and defaults, the plain values, lists, dicts and functions that it
    closes over, and those that its object holds. It does not cover the file, line numbers, what the code finds by a
    global name, or the content of other objects. Another version of Python may compile the function differently.
    """
    if isinstance(function, BuiltinFunctionType) or not _is_python(function):
        return None
    try:
        parts = repr(_Parts().parts_of(function, opened=True))
    except RecursionError:
        return None
    import hashlib

    return hashlib.blake2b(parts.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _is_python(function: Any) -> bool:
    if isinstance(function, functools.partial):
        return _is_python(function.func)
    call = inspect.getattr_static(type(function), "__call__", None)
    return isinstance(function, (FunctionType, MethodType)) or isinstance(call, FunctionType)


class _Parts:
    """Turns values into nested tuples whose text is the same in every process."""

    def __init__(self) -> None:
        # The values around the current one: a value that contains itself is named by its depth.
        self._within: list[int] = []

    def parts_of(self, value: Any, opened: bool = False) -> Any:
        """The parts of a value. Of an object: its class, and its attributes if `opened`."""
        if isinstance(value, PLAIN):
            return value
        if id(value) in self._within:
            return ("again", self._within.index(id(value)))
        self._within.append(id(value))
        try:
            return self._parts_of_kind(value, opened)
        finally:
            self._within.pop()

    def _parts_of_kind(self, value: Any, opened: bool) -> Any:
        match value:
            case CodeType():
                names = value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars
                return ("code", value.co_code, tuple(map(self.parts_of, value.co_consts)), *names)
            case FunctionType():
                closed = tuple(self._cell(cell) for cell in value.__closure__ or ())
                defaults = self.parts_of(value.__defaults__), self.parts_of(value.__kwdefaults__)
                return ("function", self.parts_of(value.__code__), *defaults, closed)
            case MethodType():
                owner = self.parts_of(value.__self__, opened=True)
                return ("method", self.parts_of(value.__func__), owner)
            case functools.partial():
                arguments = self.parts_of(value.args), self.parts_of(value.keywords)
                return ("partial", self.parts_of(value.func, opened), *arguments)
            case tuple() | list():
                return ("list", *map(self.parts_of, value))
            case set() | frozenset():
                return ("set", *sorted(repr(self.parts_of(item)) for item in value))
            case dict():
                return ("dict", *((self.parts_of(key), self.parts_of(item)) for key, item in value.items()))
        return self._object(value, opened)

    def _object(self, value: Any, opened: bool) -> Any:
        kind = value if isinstance(value, type) else type(value)
        name = f"{kind.__module__}.{kind.__qualname__}"
        if not opened or isinstance(value, (type, ModuleType)):
            return name
        call = inspect.getattr_static(kind, "__call__", None)
        parts = self.parts_of(call) if isinstance(call, FunctionType) else None
        slots = [slot for base in kind.__mro__ for slot in _slots(base)]
        attributes = {slot: getattr(value, slot) for slot in slots if hasattr(value, slot)}
        return (name, parts, self.parts_of(attributes | getattr(value, "__dict__", {})))

    def _cell(self, cell: Any) -> Any:
        try:
            return self.parts_of(cell.cell_contents)
        except ValueError:
            # The cell is not set yet.
            return None


def _slots(kind: type) -> list[str]:
    slots = vars(kind).get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(slots)
    return [name for name in names if name not in ("__dict__", "__weakref__") and not name.startswith("__")]
