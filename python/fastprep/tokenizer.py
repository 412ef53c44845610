"""A tokenizer by itself: text to ids and back, from Arrow to Arrow."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from fastprep import _fastprep, options
from fastprep.exceptions import TokenizerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from fastprep.words import WrittenTokens

Source = tuple[str | None, str | None, dict[str, str | None], bool, str]
"""A path; or the JSON of a tokenizer in memory, the names of its special tokens, whether it takes special tokens for
plain text, and a label.
"""


class Tokenizer:
    """What `Pipeline.tokenize` works with, by itself. Its ids are those of `tokenizers` 0.23.

    It can be pickled: a tokenizer that was made from a path is read from that path again, and must not have changed.

    Args:
        tokenizer: a `tokenizer.json`, a folder that holds one, a file of ranks (`.tiktoken`), a
            `tokenizers.Tokenizer`, or a fast transformers tokenizer. Padding and truncation that it asks for are off.

    Raises:
        TokenizerError: it cannot be found, read or used.
        PlanError: for an object that is no tokenizer.
    """

    __slots__ = ("_core", "_source")

    def __init__(self, tokenizer: Any) -> None:
        self._source = tokenizer_source("Tokenizer", tokenizer)
        self._core = _fastprep.Tokenizer(*self._source)

    def __reduce__(self) -> tuple[Any, ...]:
        path, *rest = self._source
        return _unpickled, (None if path is None else os.path.abspath(path), *rest, self._core.digest)

    def __repr__(self) -> str:
        return f"Tokenizer[{self.vocab_size} ids; {self.engine}]"

    @property
    def vocab_size(self) -> int:
        """Number of tokens, added ones included."""
        return self._core.vocab_size

    @property
    def engine(self) -> str:
        """Which way text becomes ids, and why; `explain` prints it too."""
        return self._core.engine

    def encode(
        self, text: str, *, add_special_tokens: bool = False, special_tokens: WrittenTokens = "as_token"
    ) -> list[int]:
        """The ids of one text.

        Args:
            text: the text.
            add_special_tokens: put around it what the tokenizer puts around a text, such as BOS.
            special_tokens: what becomes of a control token that the text writes, such as `<|endoftext|>`.
                `"as_token"`, the default: the control token, as in `tokenizers`. `"as_text"`: the plain characters
                that it is. `"raise"`: an error.

        Raises:
            TokenizerError: the tokenizer has no id for a part of the text.
            DataError: `special_token_in_text`: the text writes a control token, and `special_tokens="raise"`.
            PlanError: the text holds lone surrogates, which have no bytes.
        """
        if not isinstance(text, str):
            raise options.bad(f"encode: {type(text).__name__} is no text", "give a str; for many use encode_batch")
        try:
            return self._core.encode(text, add_special_tokens, special_tokens)
        except UnicodeEncodeError as e:
            raise options.bad(f"encode: the text is not valid Unicode: {e}", _SURROGATE) from None

    def encode_batch(
        self,
        texts: Any,
        *,
        add_special_tokens: bool = False,
        special_tokens: WrittenTokens = "as_token",
        threads: int | None = None,
    ) -> pa.ChunkedArray:
        """The ids of many texts: `list<int32>`, as many rows as texts, null where a text is null.

        The strings of an Arrow array are read where they are. What comes back is in pieces of about a megabyte of
        text, which are never gathered into one.

        Args:
            texts: a pyarrow `Array` or `ChunkedArray`, a polars `Series`, anything else with `__arrow_c_array__`
                or `__arrow_c_stream__`, or a list of `str` and `None`. Each value of a dictionary
                (`Categorical`) is encoded once.
            add_special_tokens: put around each text what the tokenizer puts around it, such as BOS.
            special_tokens: as for `encode`.
            threads: worker threads. Default: `FASTPREP_THREADS`, else one a core. Never changes an id.

        Raises:
            TokenizerError: the tokenizer has no id for a part of a text; `row` says which.
            DataError: as for `encode`; `row` says which text.
            ColumnError: the array holds no text.
        """
        import pyarrow as pa

        work = self._core.encode_batch
        return pa.chunked_array(_of_texts("encode_batch", work, texts, add_special_tokens, special_tokens, threads))

    def count_tokens(
        self,
        texts: Any,
        *,
        add_special_tokens: bool = False,
        special_tokens: WrittenTokens = "as_token",
        threads: int | None = None,
    ) -> pa.Array:
        """How many ids each text has: `int32`, null where a text is null. Arguments and errors as `encode_batch`."""
        import pyarrow as pa

        work = self._core.count_tokens
        counts = _of_texts("count_tokens", work, texts, add_special_tokens, special_tokens, threads)
        return pa.chunked_array(counts).combine_chunks()

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool = False) -> str:
        """The text of these ids.

        Args:
            ids: token ids.
            skip_special_tokens: leave control tokens out.

        Raises:
            TokenizerError: the tokenizer's decoder refuses.
        """
        return self._core.decode(ids, skip_special_tokens)

    def decode_batch(
        self, lists: Any, *, skip_special_tokens: bool = False, threads: int | None = None
    ) -> pa.ChunkedArray:
        """The text of many lists of ids: `string`, null where a list is null.

        Args:
            lists: Arrow lists of any integer type, as `encode_batch` takes texts, or a list of lists of `int`.
            skip_special_tokens: leave control tokens out.
            threads: as for `encode_batch`.

        Raises:
            TokenizerError: the tokenizer's decoder refuses; `row` says which list.
            ColumnError: the array holds no lists of ids.
            DataError: a list holds null among its ids.
        """
        import pyarrow as pa

        threads = options.optional("decode_batch", "threads", threads, 1)
        lists = _readable("decode_batch", lists, "lists of token ids")
        if isinstance(lists, list):
            try:
                lists = pa.array(lists, pa.list_(pa.int32()))
            except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as e:
                raise options.bad(f"decode_batch: the list does not hold lists of token ids only: {e}") from None
        return pa.chunked_array(self._core.decode_batch(lists, skip_special_tokens, threads))

    def token_texts(self, ids: Sequence[int]) -> list[str]:
        """The text of each token; joined, they are what `decode` gives, control tokens included. A character that
        several tokens make is the last one's, the others are empty.
        """
        return self._core.token_texts(ids)


def _unpickled(*pickled: Any) -> Tokenizer:
    *source, digest = pickled
    made = Tokenizer.__new__(Tokenizer)
    made._source = (source[0], source[1], source[2], source[3], source[4])
    made._core = _fastprep.Tokenizer(*made._source)
    if made._core.digest != digest:
        raise TokenizerError.new(
            "the tokenizer is not the one that was pickled: its files have changed since",
            code="tokenizer_changed",
            path=source[0],
            help="pickle it again",
        )
    return made


def tokenizer_source(verb: str, tokenizer: Any) -> Source:
    """What the core makes a tokenizer of."""
    if isinstance(tokenizer, (str, os.PathLike)):
        return options.path(verb, "tokenizer", tokenizer), None, {}, False, ""
    if isinstance(tokenizer, Tokenizer):
        raise options.bad(f"{verb}: a fastprep.Tokenizer works by itself", "give the path that it was made from")
    backend = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if not hasattr(backend, "to_str"):
        raise options.bad(
            f"{verb}: {type(tokenizer).__name__} is no tokenizer that fastprep can use",
            "give a tokenizer.json, a folder that holds one, a tokenizers.Tokenizer, or a fast transformers tokenizer",
        )
    if getattr(getattr(backend, "model", None), "alpha", None):
        raise TokenizerError.new(
            f"{verb}: the tokenizer's model chooses among pieces at random (alpha): its ids are not stable",
            code="tokenizer_random",
            help="set tokenizer.model.alpha to None",
        )
    names = {name: getattr(tokenizer, f"{name}_token", None) for name in ("bos", "eos", "pad")}
    label = getattr(tokenizer, "name_or_path", "") or type(tokenizer).__name__
    # Not in the JSON.
    as_text = bool(getattr(backend, "encode_special_tokens", False))
    return None, _json(verb, backend), names, as_text, str(label).rstrip("/").rsplit("/", 1)[-1]


def _json(verb: str, backend: Any) -> str:
    try:
        return str(backend.to_str())
    except Exception as e:
        raise TokenizerError.new(
            f"{verb}: the tokenizer cannot be written as JSON: {e}",
            code="tokenizer_broken",
            help="parts written in Python have no JSON: give it parts of the package tokenizers",
        ) from e


def _of_texts(
    verb: str,
    work: Callable[[Any, bool, str, int | None], Any],
    texts: Any,
    add_special_tokens: bool,
    special_tokens: str,
    threads: int | None,
) -> Any:
    threads = options.optional(verb, "threads", threads, 1)
    texts = _readable(verb, texts, "texts")
    try:
        return work(texts, add_special_tokens, special_tokens, threads)
    except UnicodeEncodeError as e:
        raise options.bad(f"{verb}: a text is not valid Unicode: {e}", _SURROGATE) from None
    except TypeError as e:
        raise options.bad(f"{verb}: the list does not hold texts only: {e}") from None


def _readable(verb: str, values: Any, wanted: str) -> Any:
    """What gives Arrow, or a list."""
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(values, polars.Series) and values.dtype == polars.Null:
        # polars gives null columns a buffer that Arrow's type does not have.
        return [None] * len(values)
    if hasattr(values, "__arrow_c_array__") or hasattr(values, "__arrow_c_stream__"):
        return values
    if isinstance(values, (list, tuple)):
        return list(values)
    raise options.bad(
        f"{verb}: {type(values).__name__} holds no {wanted} that fastprep can read",
        "give a pyarrow array, a polars Series, anything with __arrow_c_array__ or __arrow_c_stream__, or a list",
    )


_SURROGATE = 'lone surrogates have no bytes: text.encode(errors="replace").decode() takes them out'
