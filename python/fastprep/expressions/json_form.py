"""Expressions as JSON in a plan, and back, without running anything that the text contains."""

from __future__ import annotations

import contextlib
import json
import warnings
from typing import TYPE_CHECKING, Any, NoReturn

from fastprep.exceptions import PlanError
from fastprep.expressions import call_nodes, row_wise
from fastprep.expressions.checks import columns_read, json_text, not_row_wise, polars_json
from fastprep.expressions.text_call import WITH_TOKENIZER, by_key, text_call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

    from fastprep.expressions.text_call import TextCall
    from fastprep.tokenizer import Tokenizer

MAX_CHARS = 16 << 20
"""The length of the longest text that is read: a set of some hundred thousand numbers."""

MAX_DEPTH = 128
"""How deeply polars reads nested JSON."""

ARROW_KEYS = ("Series", "List", "Array", "Breaks", "categories", "strings")
"""Keys whose values polars writes as bytes in Arrow's format."""

EXACT_FORM_HELP = (
    "polars' JSON rounds some numbers, and has no NaN and no infinity; "
    'write such a number as text: pl.lit("0.1234").cast(pl.Float64)'
)
"""The help for an expression that has no exact text."""


def to_form(expression: pl.Expr) -> str | dict[str, str]:
    """A row-wise expression as polars' JSON if that reads back as the same expression, else its digest.

    polars' JSON rounds some floats, has neither NaN nor infinity, and is read to a limited depth.
    """
    import polars as pl

    serialized = _serialized(expression)
    with contextlib.suppress(pl.exceptions.PolarsError, pl.exceptions.PanicException):
        text = json_text(expression)
        read = polars_json(expression)
        if read != text:
            # Python has read and written the numbers too.
            read = json.dumps(json.loads(read))
        if len(text) <= MAX_CHARS and _serialized(_read(read)) == serialized:
            return text
    import hashlib

    return {"digest": hashlib.blake2b(serialized, digest_size=16).hexdigest()}


def from_form(verb: str, text: str, tokenizer: Callable[[dict[str, Any]], Tokenizer] | None = None) -> pl.Expr:
    """The expression that `to_form` wrote.

    The text is proven row-wise before polars reads it, so that a function in it is never loaded, except fastprep's
    own, which are made here.

    Args:
        verb: the step, for errors.
        text: the text.
        tokenizer: gives the tokenizer that the options of a function name. Without it, such functions are refused.

    Raises:
        PlanError: `bad_plan` if it is not such a text, `not_row_wise` if the expression is not known to be row-wise;
            what `tokenizer` raises.
    """
    tree = _parsed(verb, text)
    try:
        row_wise.prove(tree)
    except row_wise.NotRowWiseError as e:
        raise not_row_wise(verb, str(e), e.help) from None
    _check_arrow(verb, tree)
    import polars as pl

    def call_of(name: str, options: dict[str, Any]) -> TextCall:
        return text_call(name, options, tokenizer(options) if tokenizer and name in WITH_TOKENIZER else None)

    try:
        has_calls = f'"{call_nodes.CALL}"' in text
        expression = _read(json.dumps(call_nodes.as_python(tree, call_of)) if has_calls else text)
        same = _canonical(json.loads(json_text(expression))) == _canonical(tree)
        columns_read(verb, [expression])
    except PlanError:
        raise
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, TypeError, OverflowError) as e:
        _refuse(verb, f"polars cannot read the expression: {str(e).splitlines()[0] if str(e) else type(e).__name__}", e)
    if not same:
        _refuse(verb, "polars reads the expression as a different one")
    return expression


def _read(text: str) -> pl.Expr:
    """The expression of polars' JSON. It must be proven row-wise: polars would load functions in it."""
    import polars as pl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pl.Expr.deserialize(text.encode(), format="json")


def _serialized(expression: pl.Expr) -> bytes:
    """What polars writes for the expression, which is all of it."""
    with by_key():
        return expression.meta.serialize()


def _refuse(verb: str, what: str, cause: BaseException | None = None) -> NoReturn:
    help = "pass the text from Pipeline.to_json() unchanged"
    raise PlanError.new(f"{verb}: {what}", code="bad_plan", help=help) from cause


def _parsed(verb: str, text: str) -> Any:
    if not isinstance(text, str):
        _refuse(verb, f"the expression must be text; got {type(text).__name__}")
    if len(text) > MAX_CHARS:
        _refuse(verb, f"the expression has {len(text)} characters; the limit is {MAX_CHARS}")
    try:
        tree = json.loads(text, object_pairs_hook=_object_with_unique_keys, parse_constant=_refuse_constant)
        deep = any(depth > MAX_DEPTH for depth in _depths(tree))
        # Raises for lone surrogates.
        _canonical(tree).encode()
    except (ValueError, RecursionError) as e:
        _refuse(verb, f"the expression is not JSON: {e}", e)
    if deep:
        _refuse(verb, f"the expression is nested more than {MAX_DEPTH} levels deep")
    return tree


def _canonical(tree: Any) -> str:
    return json.dumps(tree, sort_keys=True, ensure_ascii=False)


def _object_with_unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object. A key that comes twice is refused: readers differ in which of its values they take."""
    node = dict(pairs)
    if len(node) < len(pairs):
        raise ValueError("an object has a key twice")
    return node


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _depths(node: Any, depth: int = 1) -> Iterator[int]:
    yield depth
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        if isinstance(part, (dict, list)):
            yield from _depths(part, depth + 1)


def _check_arrow(verb: str, node: Any) -> None:
    """Check data in Arrow's format with Arrow's own reader, which validates everything."""
    import pyarrow as pa

    if isinstance(node, dict):
        for name, part in node.items():
            # An Array is `[bytes, width]`. Where List names a type, it has no bytes.
            data = part[0] if name == "Array" and isinstance(part, list) and part else part
            if name in ARROW_KEYS and isinstance(data, list):
                try:
                    with pa.ipc.open_stream(bytes(data)) as stream:
                        stream.read_all().validate(full=True)
                except (ValueError, TypeError, LookupError, OSError, MemoryError, pa.ArrowException) as e:
                    _refuse(verb, f"a list of the expression is not in Arrow's format: {e}", e)
            else:
                _check_arrow(verb, part)
    elif isinstance(node, list) and any(isinstance(part, (dict, list)) for part in node):
        for part in node:
            _check_arrow(verb, part)
