"""Calls of fastprep's functions in the JSON of expressions: polars' node has a Python object, ours name and options."""

from __future__ import annotations

import io
import json
import pickle
from typing import TYPE_CHECKING, Any, Final

from fastprep.expressions import text_call
from fastprep.expressions.text_call import TextCall, as_written

if TYPE_CHECKING:
    from collections.abc import Callable

Node = Any
"""Parsed JSON."""

PYTHON: Final = "AnonymousFunction"
"""The kind of node that stands for a Python function."""

CALL: Final = "Fastprep"
"""The kind of node that stands for a call: `{"Fastprep": {"function": "hash", "options": {"seed": 0}, "input": …}}`."""

NEW_END: Final = 6
"""How many bytes are written after the type of the results of a new expression: that it was not used, and flags."""

PICKLE: Final = (b"\x80\x04\x95", b"\x80\x05\x95")
"""How a pickle begins, by its protocol. In polars' node other bytes come first."""


def named(tree: Node) -> Node:
    """The tree that polars wrote, with calls by name and options."""
    if isinstance(tree, list):
        return [named(part) if isinstance(part, (dict, list)) else part for part in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.keys() == {PYTHON} and (call := _call(tree[PYTHON])) is not None:
        [texts] = tree[PYTHON]["input"]
        return {CALL: {"function": call.name, "options": call.options, "input": named(texts)}}
    return {name: named(part) for name, part in tree.items()}


def as_python(tree: Node, call_of: Callable[[str, dict[str, Any]], TextCall]) -> Node:
    """The tree as polars reads it: calls with the pickles of the calls that `call_of` gives."""
    if isinstance(tree, list):
        return [as_python(part, call_of) if isinstance(part, (dict, list)) else part for part in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.keys() == {CALL}:
        node = tree[CALL]
        call = call_of(node["function"], node["options"])
        return {PYTHON: {**_node(call), "input": [as_python(node["input"], call_of)]}}
    return {name: as_python(part, call_of) for name, part in tree.items()}


def written(tree: Node) -> list[str]:
    """The calls in a tree of `named` as they are written in Python, each after those in its texts."""
    if isinstance(tree, list):
        return [call for part in tree for call in written(part)]
    if not isinstance(tree, dict):
        return []
    if tree.keys() == {CALL}:
        node = tree[CALL]
        return [*written(node["input"]), as_written(node["function"], node["options"])]
    return written(list(tree.values()))


def calls(tree: Node) -> list[TextCall]:
    """The calls in a tree that polars wrote."""
    if isinstance(tree, list):
        return [call for part in tree if isinstance(part, (dict, list)) for call in calls(part)]
    if not isinstance(tree, dict):
        return []
    if tree.keys() == {PYTHON}:
        call = _call(tree[PYTHON])
        return [*([] if call is None else [call]), *calls(tree[PYTHON]["input"])]
    return calls(list(tree.values()))


def _node(call: TextCall) -> dict[str, Any]:
    """What polars writes for the call."""
    import polars as pl

    node: dict[str, Any] = json.loads(call.on(pl.col("")).meta.serialize(format="json"))[PYTHON]
    return node


def _call(node: dict[str, Any]) -> TextCall | None:
    """The call that a Python function of polars' tree is; None for any other function."""
    head, function = _parts(node)
    call = getattr(function, "function", None)
    if not isinstance(call, TextCall):
        return None
    expected = _node(call)
    rest = {name: part for name, part in node.items() if name not in ("function", "input")}
    same = {**expected, **rest} == expected and len(node) == len(expected)
    # The type of the results comes first. Then, once the expression was used, the name and the type of a column.
    new, _ = _parts(expected)
    same = same and head.startswith(new[:-NEW_END]) and head.endswith(new[1 - NEW_END :])
    return call if same and not function.returns_scalar else None


def _parts(node: dict[str, Any]) -> tuple[bytes, Any]:
    """The function of a node, and what polars writes before its pickle; None for a function of other code."""
    raw = bytes(node["function"])
    start = max(map(raw.find, PICKLE))
    try:
        return raw[:start], _Unpickler(io.BytesIO(raw[start:])).load()
    except pickle.UnpicklingError:
        return raw, None


class _Unpickler(pickle.Unpickler):
    """Loads calls in the wrapper that polars puts around functions, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        known = (module == "polars.functions.lazy" and name == "_map_batches_wrapper") or (
            module == text_call.__name__ and name in ("unpickled", "unpickled_by_key")
        )
        if not known:
            raise pickle.UnpicklingError(f"{module}.{name} is not a call")
        return super().find_class(module, name)
