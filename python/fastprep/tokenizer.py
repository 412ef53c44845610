"""`Tokenizer`: encodes text to ids and decodes ids to text, outside a pipeline."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from fastprep import _fastprep, option_checks
from fastprep.exceptions import TokenizerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from fastprep.words import WrittenTokens

Source = tuple[str | None, str | None, dict[str, str | None], bool, str]
"""A path; or the JSON of a tokenizer in memory, the names of its special tokens, whether it encodes special tokens as
plain text, and a label.
"""


class Tokenizer:
    """The tokenizer that `Pipeline.tokenize` uses, without a pipeline. Its ids equal those of `tokenizers` 0.23.

    It can be pickled. A tokenizer from a path is then read from that path again, and must not have changed.

    Args:
        tokenizer: a `tokenizer.json`, a folder that holds one, a file of ranks (`.tiktoken`), a
            `tokenizers.Tokenizer`, or a fast transformers tokenizer. Settings for padding and truncation are ignored.

    Raises:
        TokenizerError: it cannot be found, read or used.
        PlanError: the object is not a tokenizer.
    """

    __slots__ = ("_core", "_source")

    def __init__(self, tokenizer: Any) -> None:
        self._source = tokenizer_source("Tokenizer", tokenizer)
        self._core = _fastprep.Tokenizer(*self._source)

    def __reduce__(self) -> tuple[Any, ...]:
        path, *rest = self._source
        return unpickled_tokenizer, (None if path is None else os.path.abspath(path), *rest, self._core.digest)

    def __repr__(self) -> str:
        return f"Tokenizer[{self.vocab_size} ids; {self.engine}]"

    @property
    def vocab_size(self) -> int:
        """The number of tokens, including added ones."""
        return self._core.vocab_size

    @property
    def engine(self) -> str:
        """Which encoder turns text into ids, and why. `explain` prints it too."""
        return self._core.engine

    def encode(
        self, text: str, *, add_special_tokens: bool = False, special_tokens: WrittenTokens = "as_token"
    ) -> list[int]:
        """The ids of one text.

        Args:
            text: the text.
            add_special_tokens: add the tokens that the tokenizer puts around a text, such as BOS.
            special_tokens: what a control token written in the text, such as `<|endoftext|>`, becomes. `"as_token"`,
                the default: the control token, as in `tokenizers`. `"as_text"`: its characters as plain text.
                `"raise"`: an error.

        Raises:
            TokenizerError: the tokenizer has no id for a part of the text.
            DataError: `special_token_in_text`: the text contains a control token, and `special_tokens="raise"`.
            PlanError: the text contains lone surrogates, which UTF-8 cannot encode.
        """
        if not isinstance(text, str):
            message = f"encode: `text` must be a str; got {type(text).__name__}"
            raise option_checks.bad_option(message, "for many texts use encode_batch")
        try:
            return self._core.encode(text, add_special_tokens, special_tokens)
        except UnicodeEncodeError as e:
            raise option_checks.bad_option(f"encode: the text is not valid Unicode: {e}", _SURROGATE) from None

    def encode_batch(
        self,
        texts: Any,
        *,
        add_special_tokens: bool = False,
        special_tokens: WrittenTokens = "as_token",
        threads: int | None = None,
    ) -> pa.ChunkedArray:
        """The ids of many texts: `list<int32>`, as many rows as texts, null where a text is null.

        The strings of an Arrow array are read without a copy. The result has a chunk for about each megabyte of text.

        Args:
            texts: a pyarrow `Array` or `ChunkedArray`, a polars `Series`, anything else with `__arrow_c_array__`
                or `__arrow_c_stream__`, or a list of `str` and `None`. Each value of a dictionary
                (`Categorical`) is encoded once.
            add_special_tokens: add the tokens that the tokenizer puts around each text, such as BOS.
            special_tokens: as for `encode`.
            threads: worker threads. Default: `FASTPREP_THREADS`, else one for each core. Never changes an id.

        Raises:
            TokenizerError: the tokenizer has no id for a part of a text; `row` is the text's index.
            DataError: as for `encode`; `row` is the text's index.
            ColumnError: the array does not hold text.
        """
        import pyarrow as pa

        work = self._core.encode_batch
        return pa.chunked_array(_per_text("encode_batch", work, texts, add_special_tokens, special_tokens, threads))

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
        counts = _per_text("count_tokens", work, texts, add_special_tokens, special_tokens, threads)
        return pa.chunked_array(counts).combine_chunks()

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool = False) -> str:
        """The text of these ids.

        Args:
            ids: token ids.
            skip_special_tokens: leave control tokens out.

        Raises:
            TokenizerError: the tokenizer's decoder fails.
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
            TokenizerError: the tokenizer's decoder fails; `row` is the list's index.
            ColumnError: the array does not hold lists of ids.
            DataError: a list of ids contains null.
        """
        import pyarrow as pa

        threads = option_checks.optional_whole_number("decode_batch", "threads", threads, 1)
        lists = _readable("decode_batch", lists, "lists of token ids")
        if isinstance(lists, list):
            try:
                lists = pa.array(lists, pa.list_(pa.int32()))
            except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as e:
                what = f"decode_batch: `lists` must contain only lists of token ids: {e}"
                raise option_checks.bad_option(what) from None
        return pa.chunked_array(self._core.decode_batch(lists, skip_special_tokens, threads))

    def token_texts(self, ids: Sequence[int]) -> list[str]:
        """The text of each token. Joined, they equal `decode`, control tokens included.

        A character made by several tokens belongs to the last of them; the others are empty.
        """
        return self._core.token_texts(ids)


def as_tokenizer(tokenizer: Any) -> Tokenizer:
    """The tokenizer itself, or one made of what `Tokenizer` takes."""
    return tokenizer if isinstance(tokenizer, Tokenizer) else Tokenizer(tokenizer)


def unpickled_tokenizer(*pickled: Any) -> Tokenizer:
    """The tokenizer with this source, whose digest must be the last argument."""
    *source, digest = pickled
    tokenizer = Tokenizer.__new__(Tokenizer)
    tokenizer._source = (source[0], source[1], source[2], source[3], source[4])
    tokenizer._core = _fastprep.Tokenizer(*tokenizer._source)
    if tokenizer._core.digest != digest:
        raise TokenizerError.new(
            "the tokenizer's files have changed since it was pickled",
            code="tokenizer_changed",
            path=source[0],
            help="pickle it again",
        )
    return tokenizer


def tokenizer_source(verb: str, tokenizer: Any) -> Source:
    """The arguments from which the core makes a tokenizer."""
    if isinstance(tokenizer, (str, os.PathLike)):
        return option_checks.path(verb, "tokenizer", tokenizer), None, {}, False, ""
    if isinstance(tokenizer, Tokenizer):
        raise option_checks.bad_option(
            f"{verb}: `tokenizer` must not be a fastprep.Tokenizer", "pass the path or the object that it was made from"
        )
    backend = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if not hasattr(backend, "to_str"):
        raise option_checks.bad_option(
            f"{verb}: `tokenizer` must be a tokenizer that fastprep can use; got {type(tokenizer).__name__}",
            "pass a tokenizer.json, a folder that holds one, a tokenizers.Tokenizer, or a fast transformers tokenizer",
        )
    if getattr(getattr(backend, "model", None), "alpha", None):
        raise TokenizerError.new(
            f"{verb}: the tokenizer's model samples at random (alpha is set), so the ids of a text are not stable",
            code="tokenizer_random",
            help="set tokenizer.model.alpha to None",
        )
    names = {name: getattr(tokenizer, f"{name}_token", None) for name in ("bos", "eos", "pad")}
    label = getattr(tokenizer, "name_or_path", "") or type(tokenizer).__name__
    # The JSON does not have this setting.
    as_text = bool(getattr(backend, "encode_special_tokens", False))
    return None, _json(verb, backend), names, as_text, str(label).rstrip("/").rsplit("/", 1)[-1]


def _json(verb: str, backend: Any) -> str:
    try:
        return str(backend.to_str())
    except Exception as e:
        raise TokenizerError.new(
            f"{verb}: the tokenizer cannot be written as JSON: {e}",
            code="tokenizer_broken",
            help="build it only from parts of the package tokenizers: parts written in Python have no JSON",
        ) from e


def _per_text(
    verb: str,
    work: Callable[[Any, bool, str, int | None], Any],
    texts: Any,
    add_special_tokens: bool,
    special_tokens: str,
    threads: int | None,
) -> Any:
    threads = option_checks.optional_whole_number(verb, "threads", threads, 1)
    texts = _readable(verb, texts, "texts")
    try:
        return work(texts, add_special_tokens, special_tokens, threads)
    except UnicodeEncodeError as e:
        raise option_checks.bad_option(f"{verb}: a text is not valid Unicode: {e}", _SURROGATE) from None
    except TypeError as e:
        raise option_checks.bad_option(f"{verb}: `texts` must contain only str and None: {e}") from None


def _readable(verb: str, values: Any, contents: str) -> Any:
    """The values as an object with Arrow's interface, or as a list."""
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(values, polars.Series) and values.dtype == polars.Null:
        # polars exports null columns with a buffer that Arrow's type does not have.
        return [None] * len(values)
    if hasattr(values, "__arrow_c_array__") or hasattr(values, "__arrow_c_stream__"):
        return values
    if isinstance(values, (list, tuple)):
        return list(values)
    raise option_checks.bad_option(
        f"{verb}: expected {contents}; got {type(values).__name__}",
        "pass a pyarrow array, a polars Series, anything with __arrow_c_array__ or __arrow_c_stream__, or a list",
    )


_SURROGATE = 'remove lone surrogates, which UTF-8 cannot encode: text.encode(errors="replace").decode()'
