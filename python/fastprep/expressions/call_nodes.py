"""Calls of fastprep's functions in the JSON of expressions: polars' node has a Python object, ours name and options."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from fastprep.expressions.text_call import TextCall, as_written, call_in_memory

if TYPE_CHECKING:
    from collections.abc import Callable

Node = Any
"""Parsed JSON."""

PYTHON: Final = "AnonymousFunction"
"""The kind of node that stands for a Python function."""

CALL: Final = "Fastprep"
"""The kind of node that stands for a call: `{"Fastprep": {"function": "hash", "options": {"seed": 0}, "input": …}}`."""

KEY: Final = re.compile(rb"[0-9a-f]{32}")
"""How the key of a call looks in the pickle of its function."""


def named(tree: Node) -> Node:
    """The tree that polars wrote within `by_key`, with calls by name and options."""
    if isinstance(tree, list):
        return [named(part) if isinstance(part, (dict, list)) else part for part in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.keys() == {PYTHON} and (call := _call(tree[PYTHON])) is not None:
        [texts] = tree[PYTHON]["input"]
        return {CALL: {"function": call.name, "options": call.options, "input": named(texts)}}
    return {name: named(part) for name, part in tree.items()}


def _call(node: dict[str, Any]) -> TextCall | None:
    """The call that a Python function of polars' tree is; None for any other function."""
    rest = {name: part for name, part in node.items() if name != "input"}
    calls = (call_in_memory(key.decode()) for key in KEY.findall(bytes(node["function"])))
    return next((call for call in calls if call is not None and call.node == rest), None)


def as_python(tree: Node, call_of: Callable[[str, dict[str, Any]], TextCall], calls: list[TextCall]) -> Node:
    """The tree as polars reads it; `calls` gets the calls in it, which must stay in memory meanwhile."""
    if isinstance(tree, list):
        return [as_python(part, call_of, calls) if isinstance(part, (dict, list)) else part for part in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.keys() == {CALL}:
        node = tree[CALL]
        call = call_of(node["function"], node["options"])
        calls.append(call)
        return {PYTHON: {"input": [as_python(node["input"], call_of, calls)], **call.node}}
    return {name: as_python(part, call_of, calls) for name, part in tree.items()}


def calls(tree: Node) -> list[str]:
    """The calls in a tree of `named` as they are written in Python, each after those in its texts."""
    if isinstance(tree, list):
        return [call for part in tree for call in calls(part)]
    if not isinstance(tree, dict):
        return []
    if tree.keys() == {CALL}:
        node = tree[CALL]
        return [*calls(node["input"]), as_written(node["function"], node["options"])]
    return calls(list(tree.values()))
