"""The functions that `pl.col(…).fastprep` adds to expressions: computed by the core, row-wise over a column of text."""

from __future__ import annotations

import contextlib
import json
import threading
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import WeakValueDictionary

from fastprep import option_checks
from fastprep._fastprep import TextFunction
from fastprep.exceptions import ColumnError, FastprepError
from fastprep.tokenizer import Tokenizer, unpickled_tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import polars as pl

WITH_TOKENIZER: Final = ("tokenize", "count_tokens")
NAMES: Final = ("contains_any", "hash", "normalize", *WITH_TOKENIZER)
"""The functions."""

_calls: WeakValueDictionary[str, TextCall] = WeakValueDictionary()
"""The calls of all expressions in memory, by key."""

_pickling = threading.local()


def text_call(name: str, options: dict[str, Any], tokenizer: Tokenizer | None = None) -> TextCall:
    """The call of a function with these options. While an equal one is in memory, that one.

    Args:
        name: one of `NAMES`.
        options: as in the JSON of a plan. Those of a function of tokens name the tokenizer.
        tokenizer: of a function of tokens.

    Raises:
        PlanError: an option is wrong.
    """
    form = json.dumps([name, options], sort_keys=True, ensure_ascii=False)
    import hashlib

    key = hashlib.blake2b(form.encode(), digest_size=16).hexdigest()
    call = _calls.get(key)
    if call is None:
        call = _calls.setdefault(key, TextCall(key, name, options, _function(name, options, tokenizer)))
    return call


def unpickled(key: str, name: str, options: dict[str, Any], tokenizer: tuple[Any, ...] | None) -> TextCall:
    """The call that was pickled; the tokenizer is loaded only if no equal call is in memory."""
    call = _calls.get(key)
    if call is None:
        call = text_call(name, options, None if tokenizer is None else unpickled_tokenizer(*tokenizer))
    return call


def unpickled_by_key(key: str) -> TextCall:
    """The call that was pickled within `by_key`.

    Raises:
        KeyError: it is no longer in memory.
    """
    return _calls[key]


class TextCall:
    """A function with its options, as polars calls it with a column of text. Null stays null.

    Expressions contain it as a Python function. It is pickled with all that it needs, or within `by_key` by its key
    alone. An expression that polars has read holds the pickle, and unpickles it for each use.
    """

    def __init__(self, key: str, name: str, options: dict[str, Any], function: Function) -> None:
        """`text_call` makes calls."""
        self.key = key
        self.name = name
        self.options = options
        self._function = function

    def __call__(self, columns: Sequence[pl.Series]) -> pl.Series:
        """The results for the texts of the one column."""
        [texts] = columns
        try:
            return self._results(texts)
        except FastprepError as e:
            raise _as_polars_raises(e) from e.__cause__

    def _results(self, texts: pl.Series) -> pl.Series:
        import polars as pl

        if isinstance(texts.dtype, pl.BaseExtension):
            raise ColumnError.new(
                f"{self.name}: column `{texts.name}` is json; the function takes text",
                code="wrong_column_type",
                column=texts.name,
                help=f'use its JSON text: pl.col("{texts.name}").ext.storage()',
            )
        if texts.dtype == pl.Null:
            texts = texts.cast(pl.String)
        return pl.Series(texts.name, self._function.apply(texts), dtype=self._dtype())

    def __reduce__(self) -> tuple[Any, ...]:
        if getattr(_pickling, "by_key", False):
            return unpickled_by_key, (self.key,)
        tokenizer = self._function.tokenizer
        parts = None if tokenizer is None else tokenizer.__reduce__()[1]
        return unpickled, (self.key, self.name, self.options, parts)

    def on(self, texts: pl.Expr) -> pl.Expr:
        """The expression that calls it with these texts."""
        import polars as pl

        return pl.map_batches([texts], self, return_dtype=self._dtype(), is_elementwise=True)

    def _dtype(self) -> pl.DataType:
        import polars as pl

        match self.name:
            case "contains_any":
                return pl.Boolean()
            case "hash":
                return pl.UInt64()
            case "normalize":
                return pl.String()
            case "count_tokens":
                return pl.Int32()
        return pl.List(pl.Int32)


def as_written(name: str, options: dict[str, Any]) -> str:
    """A call as it is written in Python, after `pl.col(…)`; a tokenizer by its name."""
    values = {option: value["name"] if option == "tokenizer" else value for option, value in options.items()}
    return f".fastprep.{name}({', '.join(f'{option}={value!r}' for option, value in values.items())})"


def _as_polars_raises(error: FastprepError) -> FastprepError:
    """The error with a class of its own that needs only a message: polars adds the expression to the message, and
    makes the error again from its class and the message. Without the row, which is counted from the start of a batch.
    """

    def init(self: FastprepError, message: str) -> None:
        type(error).__init__(self, message, **parts)

    def reduce(_self: FastprepError) -> tuple[Any, ...]:
        return partial(type(error), **parts), (str(_self),)

    row = "" if error.row is None else f"\n  at row {error.row + 1}"
    names = ("code", "path", "line", "column", "help", "reason")
    parts = {name: getattr(error, name) for name in names}
    body = {"__init__": init, "__reduce__": reduce, "__module__": type(error).__module__}
    made: FastprepError = type(type(error).__name__, (type(error),), body)(str(error).replace(row, "", 1))
    return made


@contextlib.contextmanager
def by_key() -> Iterator[None]:
    """Calls are pickled by their keys alone, in this thread: the JSON of an expression then has no tokenizer."""
    before = getattr(_pickling, "by_key", False)
    _pickling.by_key = True
    try:
        yield
    finally:
        _pickling.by_key = before


def tokenizer_form(tokenizer: Tokenizer) -> dict[str, str]:
    """A tokenizer as the JSON of a plan names it."""
    path, *_, label = tokenizer._source
    return {"name": label if path is None else PurePath(path).name, "digest": tokenizer._core.digest}


class Function(NamedTuple):
    """What computes a column, and the tokenizer that it needs."""

    apply: Callable[[Any], Any]
    tokenizer: Tokenizer | None


def _function(name: str, options: dict[str, Any], tokenizer: Tokenizer | None) -> Function:
    if name not in WITH_TOKENIZER:
        return Function(TextFunction(name, json.dumps({name: options})).apply, None)
    if tokenizer is None or options.keys() != {"tokenizer", "add_special_tokens", "special_tokens"}:
        what = f"{name}: the options must be tokenizer, add_special_tokens and special_tokens"
        raise option_checks.bad_option(what)
    option_checks.boolean(name, "add_special_tokens", options["add_special_tokens"])
    option_checks.text(name, "special_tokens", options["special_tokens"])
    work = partial(
        tokenizer.encode_batch if name == "tokenize" else tokenizer.count_tokens,
        add_special_tokens=options["add_special_tokens"],
        special_tokens=options["special_tokens"],
    )
    # Checks the word of `special_tokens`.
    work([])
    return Function(work, tokenizer)
