"""`pl.col("text").fastprep`: tokens as polars expressions.

Importing fastprep does not import polars, which takes three times as long: the namespace is registered once both are
imported.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.abc import Loader, MetaPathFinder
from typing import TYPE_CHECKING, Any

from fastprep.tokenizer import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    import polars as pl

    from fastprep.words import WrittenTokens


class TokenExpressions:
    """The expressions of `pl.col(…).fastprep`: row-wise over a column of text, with all of fastprep's threads."""

    def __init__(self, expression: pl.Expr) -> None:
        self._expression = expression

    def tokenize(
        self, tokenizer: Any, *, add_special_tokens: bool = False, special_tokens: WrittenTokens = "as_token"
    ) -> pl.Expr:
        """The ids of each text: `List(Int32)`, null where the text is null.

        Args:
            tokenizer: a `fastprep.Tokenizer`, or what its constructor takes, which is then loaded here, once.
            add_special_tokens: as for `Tokenizer.encode_batch`.
            special_tokens: as for `Tokenizer.encode_batch`.
        """
        import polars as pl

        loaded = _loaded(tokenizer)

        def ids(texts: pl.Series) -> pl.Series:
            lists = loaded.encode_batch(
                texts, add_special_tokens=add_special_tokens, special_tokens=special_tokens
            )
            return pl.Series(texts.name, lists, dtype=pl.List(pl.Int32))

        return self._expression.map_batches(ids, return_dtype=pl.List(pl.Int32), is_elementwise=True)

    def count_tokens(
        self, tokenizer: Any, *, add_special_tokens: bool = False, special_tokens: WrittenTokens = "as_token"
    ) -> pl.Expr:
        """How many ids each text has: `Int32`, null where the text is null. Arguments as `tokenize`."""
        import polars as pl

        loaded = _loaded(tokenizer)

        def counts(texts: pl.Series) -> pl.Series:
            numbers = loaded.count_tokens(
                texts, add_special_tokens=add_special_tokens, special_tokens=special_tokens
            )
            return pl.Series(texts.name, numbers, dtype=pl.Int32)

        return self._expression.map_batches(counts, return_dtype=pl.Int32, is_elementwise=True)


def _loaded(tokenizer: Any) -> Tokenizer:
    return tokenizer if isinstance(tokenizer, Tokenizer) else Tokenizer(tokenizer)


def register() -> None:
    """Registers the namespace, now or as soon as polars is imported."""
    if "polars" in sys.modules:
        _register(sys.modules["polars"])
    else:
        sys.meta_path.insert(0, _PolarsFinder())


def _register(polars: ModuleType) -> None:
    polars.api.register_expr_namespace("fastprep")(TokenExpressions)


class _PolarsFinder(MetaPathFinder):
    """Finds polars as the other finders do, with a loader that registers the namespace after the import.

    It stays in `sys.meta_path` until polars is imported: libraries may look for polars without importing it.
    """

    _is_looking = False

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "polars" or self._is_looking:
            return None
        self._is_looking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._is_looking = False
        if spec is not None and spec.loader is not None:
            spec.loader = _RegisteringLoader(spec.loader, self)
        return spec


class _RegisteringLoader(Loader):
    """Imports polars with its own loader, then registers the namespace."""

    def __init__(self, loader: Loader, finder: MetaPathFinder) -> None:
        self._loader = loader
        self._finder = finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _register(module)
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
