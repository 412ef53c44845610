"""The proof that a polars expression is row-wise: one value for each row, from that row only.

It walks the tree that polars writes as JSON. Whatever `row_wise_table.py` does not list is refused.
"""

from __future__ import annotations

from typing import Any, Final

from fastprep.expressions.call_nodes import CALL, PYTHON
from fastprep.expressions.row_wise_table import (
    AGGREGATIONS,
    FUNCTIONS,
    NEEDS_COLUMN,
    OPERATORS,
    RENAMES,
    SCALARS,
    TABLE_ARGUMENTS,
    TYPES,
    TYPES_WITH_OPTIONS,
)
from fastprep.expressions.text_call import NAMES as CALLS

Node = Any
"""An expression as parsed JSON: `{"Column": "x"}`, `{"Agg": {"Sum": …}}`; a kind without parts is a string, `"Len"`."""

# The leaves that an expression may have, by where it is evaluated.
ROW_LEAVES: Final = frozenset(["Column"])
FIELD_LEAVES: Final = frozenset(["Column", "Field"])
ITEM_LEAVES: Final = frozenset(["Element"])
LIST_LEAVES: Final = frozenset(["Agg"])
NO_LEAVES: Final = frozenset[str]()

WITHOUT_PYTHON: Final = "write it without a Python function, or use map_batches(fn, name=, version=)"
LITERAL_ONLY: Final = "pass a literal there: of a column, polars would take all values of one batch"
CATEGORICAL: Final = "use pl.String or pl.Enum: the codes of a Categorical depend on other rows"
COLUMN_FIRST: Final = "call it on a column: on a constant, polars takes the other arguments from one row only"
FORMAT: Final = "pass the format: without one, polars guesses it from the first value of a batch"


class NotRowWiseError(Exception):
    """Some part of an expression is not known to be row-wise.

    Attributes:
        node: The smallest such part.
        help: What to do, if known.
    """

    def __init__(self, node: Node, help: str | None = None) -> None:
        super().__init__(named(node))
        self.node = node
        self.help = help


def prove(node: Node, leaves: frozenset[str] = ROW_LEAVES) -> None:
    """Prove that the expression gives one value for each row, from that row only.

    Args:
        node: the expression.
        leaves: the kinds of leaves that it may have where it is evaluated.

    Raises:
        NotRowWiseError: some part of it is in none of the tables, or not shaped as polars writes it.
    """
    kind, value = _kind(node)
    if kind in leaves:
        _prove_leaf(node, kind, value)
    elif kind == "Literal":
        _prove_literal(node, value)
    elif kind == "Alias" and isinstance(value, list) and len(value) == 2 and isinstance(value[1], str):
        prove(value[0], leaves)
    elif kind == "KeepName":
        prove(value, leaves)
    elif kind == "RenameAlias":
        renamed, child = _parts(node, "function", "expr")
        prove(child, leaves)
        _prove_listed(node, renamed, RENAMES)
    elif kind == "BinaryExpr":
        left, operator, right = _parts(node, "left", "op", "right")
        prove(left, leaves)
        prove(right, leaves)
        _require(node, isinstance(operator, str) and operator in OPERATORS)
    elif kind == "Cast":
        child, dtype, options = _parts(node, "expr", "dtype", "options")
        prove(child, leaves)
        _prove_cast(node, dtype, options)
    elif kind == "Ternary":
        for child in _parts(node, "predicate", "truthy", "falsy"):
            prove(child, leaves)
    elif kind == "Function":
        _prove_function(node, leaves)
    elif kind == "Eval":
        _prove_list_evaluation(node, leaves)
    elif kind == "StructEval" and "Column" in leaves:
        child, evaluation, variant = _parts(node, "expr", "evaluation", "variant")
        prove(child, leaves)
        _require(node, isinstance(evaluation, list) and variant in ("WithFields", "Select"))
        for field in evaluation:
            prove(field, FIELD_LEAVES)
    elif kind == CALL and leaves is not LIST_LEAVES:
        name, call_options, texts = _parts(node, "function", "options", "input")
        prove(texts, leaves)
        _require(node, name in CALLS and isinstance(call_options, dict))
    elif kind == PYTHON:
        raise NotRowWiseError(node, WITHOUT_PYTHON)
    else:
        _prove_children(value, leaves)
        raise NotRowWiseError(node)


def columns(node: Node) -> set[str]:
    """The columns that an expression names. Expressions on the items of lists name none."""
    if isinstance(node, list):
        return set().union(*map(columns, node))
    if not isinstance(node, dict):
        return set()
    if isinstance(node.get("Column"), str):
        return {node["Column"]}
    if "Literal" in node:
        return set()
    if "Eval" in node:
        return columns(node["Eval"]["expr"])
    if CALL in node:
        return columns(node[CALL]["input"])
    return columns(list(node.values()))


def named(node: Node) -> str:
    """The kind of a node, with the function's name."""
    if not isinstance(node, (dict, str)):
        return type(node).__name__
    kind, value = (node, None) if isinstance(node, str) else next(iter(node.items()), ("", None))
    if kind == "Function" and isinstance(value, dict):
        kind = _function_name(value.get("function"))[0] or kind
    if kind == CALL and isinstance(value, dict):
        kind = f"fastprep.{value.get('function')}"
    if kind == "Agg" and isinstance(value, dict) and value:
        kind = f"Agg.{next(iter(value))}"
    return kind[:80]


def _kind(node: Node) -> tuple[str, Any]:
    if isinstance(node, str):
        return node, None
    if not isinstance(node, dict) or len(node) != 1:
        raise NotRowWiseError(node)
    return next(iter(node.items()))


def _parts(node: Node, *names: str) -> list[Any]:
    parts = _kind(node)[1]
    _require(node, isinstance(parts, dict) and parts.keys() == set(names))
    return [parts[name] for name in names]


def _require(node: Node, holds: bool, help: str | None = None) -> None:
    if not holds:
        raise NotRowWiseError(node, help)


def _prove_leaf(node: Node, kind: str, value: Any) -> None:
    if kind == "Column":
        _require(node, isinstance(value, str))
    elif kind == "Field":
        _require(node, isinstance(value, list) and len(value) == 1 and isinstance(value[0], str))
    elif kind == "Element":
        _require(node, value is None)
    else:
        _prove_aggregation(node, value)


def _prove_aggregation(node: Node, value: Any) -> None:
    """An aggregation of the items of one list."""
    _require(node, isinstance(value, dict) and len(value) == 1)
    name, parts = next(iter(value.items()))
    _require(node, name in AGGREGATIONS)
    # `{"Sum": child}`, `{"Std": [child, 1]}`, `{"Max": {"input": child, "propagate_nans": false}}`.
    options: Any = {}
    if isinstance(parts, list) and parts:
        parts, *options = parts
    elif isinstance(parts, dict) and "input" in parts:
        options = {name: part for name, part in parts.items() if name != "input"}
        parts = parts["input"]
    prove(parts, ITEM_LEAVES)
    _prove_options(node, options)


def _prove_children(value: Any, leaves: frozenset[str]) -> None:
    """Refuse a part of an unknown node, where one is not row-wise: the error then names the smaller part."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    for part in parts:
        if isinstance(part, dict) and len(part) == 1 and next(iter(part)) in ("Agg", "Function", "BinaryExpr", "Over"):
            prove(part, leaves)
        elif isinstance(part, (dict, list)):
            _prove_children(part, leaves)


def _prove_literal(node: Node, value: Any) -> None:
    kind, literal = _kind(value)
    if kind == "Scalar":
        _prove_scalar(node, literal)
    else:
        _require(node, kind == "Dyn" and isinstance(literal, dict) and literal.keys() <= {"Int", "Float"})
        _prove_options(node, literal.get("Int", literal.get("Float")))


def _prove_scalar(node: Node, scalar: Any) -> None:
    kind, value = _kind(scalar)
    if kind == "Struct":
        _require(node, isinstance(value, list))
        for field in value:
            _require(node, isinstance(field, list) and len(field) == 2 and isinstance(field[0], str))
            _prove_scalar(node, field[1])
    else:
        _require(node, kind in SCALARS)
        _prove_options(node, value)


def _prove_listed(node: Node, function: Any, listed: frozenset[str]) -> None:
    name, options = _kind(function)
    _require(node, name in listed)
    _prove_options(node, options)


def _prove_cast(node: Node, dtype: Any, options: Any) -> None:
    _require(node, _is_literal(dtype))
    _prove_type(node, dtype["Literal"])
    _prove_options(node, options)


def _prove_options(node: Node, options: Any) -> None:
    """Options are plain values. Names of their fields are in lower case; others would be expressions or types."""
    if isinstance(options, list):
        for option in options:
            if isinstance(option, (dict, list)):
                _prove_options(node, option)
    elif isinstance(options, dict):
        for name, option in options.items():
            if (name == "Literal" and len(options) == 1) or (name == "dtype" and not _is_literal(option)):
                _prove_type(node, option)
            else:
                _require(node, name.islower())
                _prove_options(node, option)


def _is_literal(dtype: Any) -> bool:
    return isinstance(dtype, dict) and dtype.keys() == {"Literal"}


def _prove_type(node: Node, dtype: Any) -> None:
    kind, value = _kind(dtype)
    if kind == "List":
        _prove_type(node, value)
    elif kind == "Array":
        _require(node, isinstance(value, list) and len(value) == 2 and isinstance(value[1], int))
        _prove_type(node, value[0])
    elif kind == "Struct":
        _require(node, isinstance(value, list))
        for field in value:
            _require(node, isinstance(field, dict) and field.keys() == {"name", "dtype"})
            _prove_type(node, field["dtype"])
    elif kind in TYPES_WITH_OPTIONS:
        _prove_options(node, value)
    else:
        _require(node, kind in TYPES and value is None, CATEGORICAL if kind == "Categorical" else None)


def _function_name(function: Any) -> tuple[str, Any]:
    """`Abs` or `StringExpr.Contains`, and its options; an empty name if it is neither."""
    try:
        name, options = _kind(function)
        if name in FUNCTIONS:
            group = name
            name, options = _kind(options)
            name = f"{group}.{name}"
    except NotRowWiseError:
        return "", None
    return name, options


def _prove_function(node: Node, leaves: frozenset[str]) -> None:
    arguments, function = _parts(node, "input", "function")
    _require(node, isinstance(arguments, list) and bool(arguments))
    name, options = _function_name(function)
    aggregates = leaves is LIST_LEAVES and name in ("Boolean.All", "Boolean.Any")
    tables = range(len(arguments))[TABLE_ARGUMENTS.get(name, slice(0))]
    for i, argument in enumerate(arguments):
        if i not in tables:
            prove(argument, ITEM_LEAVES if aggregates else leaves)
    group, _, function = name.rpartition(".")
    _require(node, aggregates or function in FUNCTIONS.get(group, ()))
    _prove_options(node, _without_breaks(options) if name == "Bin" else options)
    try:
        for i in tables:
            _prove_table(arguments[i])
    except NotRowWiseError:
        raise NotRowWiseError(node, LITERAL_ONLY) from None
    if name in NEEDS_COLUMN and _is_constant(arguments[0]):
        _require(node, not tables and all(map(_is_constant, arguments)), COLUMN_FIRST)
    if name == "StringExpr.Strptime":
        shaped = isinstance(options, list) and len(options) == 2 and isinstance(options[1], dict)
        _require(node, shaped and isinstance(options[1].get("format"), str), FORMAT)


def _without_breaks(options: Any) -> Any:
    """The options of `bin_intervals` without its breaks, which it must have: else the data decides the intervals."""
    match options:
        case {"method": {"Intervals": {"spec": {"Breaks": list()}, "right_closed": _}}, **others}:
            return others
    return options


def _prove_table(node: Node) -> None:
    """Prove that the argument is a literal that is one set or table for all rows."""
    kind, value = _kind(node)
    if kind == "Cast":
        child, dtype, options = _parts(node, "expr", "dtype", "options")
        _prove_cast(node, dtype, options)
        _prove_table(child)
    elif kind == "Agg":
        aggregation, implode = _kind(value)
        _require(node, aggregation == "Implode" and isinstance(implode, dict))
        _require(node, _kind(implode.get("input"))[0] == "Literal")
        _prove_table(implode["input"])
    elif kind == "Literal" and isinstance(value, dict) and value.keys() == {"Series"}:
        _require(node, _is_set(value["Series"]))
    else:
        prove(node, NO_LEAVES)


def _is_set(data: Any) -> bool:
    """Whether a Series in Arrow's format is one set: values, or one list of values.

    Several lists would be the sets of the rows at the same places in the batch.
    """
    import pyarrow as pa

    try:
        with pa.ipc.open_stream(bytes(data)) as stream:
            column = stream.read_all().column(0)
    except (TypeError, ValueError, LookupError, OSError, MemoryError, pa.ArrowException):
        return False
    return len(column) == 1 or not pa.types.is_nested(column.type)


def _prove_list_evaluation(node: Node, leaves: frozenset[str]) -> None:
    """`list.eval`, `list.agg` and methods that polars writes as one of them: each list belongs to one row."""
    lists, evaluation, variant = _parts(node, "expr", "evaluation", "variant")
    prove(lists, leaves)
    if variant in ("ListAgg", "ArrayAgg"):
        prove(evaluation, LIST_LEAVES)
    else:
        name, options = _kind(variant)
        _require(node, name in ("List", "Array"))
        _prove_options(node, options)
        _prove_items(evaluation)
    # A constant does not have the length of the list.
    _require(node, not _is_constant(evaluation))


def _prove_items(node: Node) -> None:
    """What `list.eval` may return for the items of a list: a value for each, some of them, or all in another order."""
    match node:
        case {"Filter": {"input": {"Column": ""} | "Element", "by": condition, **more}} if len(node) == 1 and not more:
            prove(condition, ITEM_LEAVES)
        case {"Function": {"input": [items], "function": "Reverse" | {"Unique": True}, **more}} if (
            len(node) == 1 and not more
        ):
            prove(items, ITEM_LEAVES)
        case _:
            prove(node, ITEM_LEAVES)


def _is_constant(node: Node) -> bool:
    try:
        prove(node, NO_LEAVES)
    except NotRowWiseError:
        return False
    return True
