"""`pl.col("text").fastprep`, `df.fastprep` and `lf.fastprep`: fastprep's expressions and verbs in polars.

Importing fastprep does not import polars, which takes three times as long: the namespaces are registered once both are
imported.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING, Any, cast

from fastprep import option_checks
from fastprep.expressions.text_call import text_call, tokenizer_form
from fastprep.pipeline import Pipeline
from fastprep.scan import from_arrow
from fastprep.tokenizer import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    import polars as pl

    from fastprep.words import Normalize, WrittenTokens


class TextExpressions:
    """The expressions of `pl.col(…).fastprep`, over a column of text. Null stays null.

    They are row-wise, so that `Pipeline.filter` and `Pipeline.with_columns` take them too.
    """

    def __init__(self, expression: pl.Expr) -> None:
        self._expression = expression

    def contains_any(self, patterns: Sequence[str]) -> pl.Expr:
        """Whether each text contains at least one of these strings, byte for byte: `Boolean`.

        Args:
            patterns: strings, none of them empty. They are searched for in one pass, however many there are.
        """
        patterns = option_checks.texts("contains_any", "patterns", patterns)
        return text_call("contains_any", {"patterns": patterns}).on(self._expression)

    def hash(self, seed: int = 0) -> pl.Expr:
        """The hash of each text: `UInt64`. It is XXH3 with 64 bits of the UTF-8 bytes, and never changes.

        Args:
            seed: with another seed, each text has another hash.
        """
        seed = option_checks.whole_number("hash", "seed", seed, 0, 1 << 64)
        return text_call("hash", {"seed": seed}).on(self._expression)

    def normalize(self, form: Normalize | Sequence[Normalize]) -> pl.Expr:
        """Each text as `dedup(normalize=)` compares it: `String`.

        Args:
            form: which differences do not count: `"unicode"` (NFKC), `"case"`, `"whitespace"`, or several of them.
        """
        words = sorted(set(option_checks.texts("normalize", "form", form)))
        return text_call("normalize", {"form": words}).on(self._expression)

    def tokenize(
        self, tokenizer: Any, *, add_special_tokens: bool = False, special_tokens: WrittenTokens = "as_token"
    ) -> pl.Expr:
        """The ids of each text: `List(Int32)`.

        Args:
            tokenizer: a `fastprep.Tokenizer`, or what its constructor takes, which is then loaded here, once.
            add_special_tokens: as for `Tokenizer.encode_batch`.
            special_tokens: as for `Tokenizer.encode_batch`.
        """
        return self._of_tokens("tokenize", tokenizer, add_special_tokens, special_tokens)

    def count_tokens(
        self, tokenizer: Any, *, add_special_tokens: bool = False, special_tokens: WrittenTokens = "as_token"
    ) -> pl.Expr:
        """How many ids each text has: `Int32`. Arguments as `tokenize`."""
        return self._of_tokens("count_tokens", tokenizer, add_special_tokens, special_tokens)

    def _of_tokens(self, name: str, tokenizer: Any, add_special_tokens: bool, special_tokens: str) -> pl.Expr:
        loaded = tokenizer if isinstance(tokenizer, Tokenizer) else Tokenizer(tokenizer)
        options = {
            "tokenizer": tokenizer_form(loaded),
            "add_special_tokens": add_special_tokens,
            "special_tokens": special_tokens,
        }
        return text_call(name, options, loaded).on(self._expression)


class FramePipeline(Pipeline):
    """`df.fastprep` and `lf.fastprep`: the pipeline that `fastprep.from_arrow` starts over the frame."""

    __slots__ = ()

    def __init__(self, frame: pl.DataFrame | pl.LazyFrame) -> None:
        # polars keeps this object with the frame. A clone, which copies no rows, leaves no circle of references: the
        # rows are freed with the frame.
        pipeline = from_arrow(frame.clone())
        super().__init__(pipeline._source, pipeline._steps, pipeline._plan)


def register() -> None:
    """Registers the namespaces, now or as soon as polars is imported."""
    if "polars" in sys.modules:
        _register(sys.modules["polars"])
    else:
        sys.meta_path.insert(0, _PolarsFinder())


def _register(polars: ModuleType) -> None:
    polars.api.register_expr_namespace("fastprep")(TextExpressions)
    polars.api.register_dataframe_namespace("fastprep")(FramePipeline)
    polars.api.register_lazyframe_namespace("fastprep")(FramePipeline)


class _PolarsFinder:
    """Finds polars as the other finders do, with a loader that registers the namespaces after the import.

    It stays in `sys.meta_path` until polars is imported: libraries may look for polars without importing it. It is no
    subclass of `importlib.abc.MetaPathFinder`, whose module takes as long to import as all of fastprep's expressions.
    """

    _is_looking = False

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != "polars" or self._is_looking:
            return None
        self._is_looking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._is_looking = False
        if spec is not None and spec.loader is not None:
            spec.loader = cast("Loader", _RegisteringLoader(spec.loader, self))
        return spec


class _RegisteringLoader:
    """Imports polars with its own loader, then registers the namespaces."""

    def __init__(self, loader: Loader, finder: _PolarsFinder) -> None:
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
