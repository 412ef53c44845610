"""The chain: every verb returns a new pipeline and does no I/O."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Literal

from fastprep import expressions
from fastprep.exceptions import PlanError
from fastprep.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import polars as pl
    import pyarrow as pa

    from fastprep._fastprep import Plan, PromptFormat

    StrPath = str | os.PathLike[str]

Policy = Literal["reject", "drop", "raise"]
OnCollision = Literal["reject", "drop", "raise", "insert_space"]
OnOverflow = Literal["reject", "drop", "raise", "truncate_prompt_left", "truncate_completion"]
SpecialTokens = Literal["reject", "drop", "raise", "strip", "as_text", "as_token"]
Normalize = Literal["unicode", "case", "whitespace"]
Format = Literal["arrow", "jsonl"]
Compression = Literal["gzip", "zstd"]


class Pipeline:
    """A plan: a source and steps. Immutable; nothing is read until a sink, `collect` or `preview`.

    Start one with `scan_jsonl`, `scan_parquet`, `from_arrow` or `from_records`.
    """

    __slots__ = ("_plan",)

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def __repr__(self) -> str:
        return f"Pipeline[{' > '.join(self._plan.verbs())}]"

    # -- columns and rows ------------------------------------------------------------------------------

    def select(self, *columns: str | Sequence[str]) -> Pipeline:
        """Keep these columns, in this order; only they are read."""
        return Pipeline(self._plan.select(_names("select", columns)))

    def rename(self, mapping: Mapping[str, str]) -> Pipeline:
        """Rename columns: `{"old": "new"}`."""
        return Pipeline(self._plan.rename(list(mapping.items())))

    def filter(self, *predicates: pl.Expr) -> Pipeline:
        """Keep the rows for which all predicates are true; null is not true.

        Args:
            predicates: polars expressions, row-wise: each row's answer must come from that row alone.

        Raises:
            PlanError: names the sub-expression that is not row-wise, such as `x.mean()`.
        """
        if not predicates:
            raise PlanError("filter: there is no predicate", code="bad_option")
        whole = predicates[0]
        for predicate in predicates:
            _expect_expression("filter", predicate)
            expressions.check_row_wise("filter", predicate)
        for predicate in predicates[1:]:
            whole = whole & predicate
        columns = expressions.columns_read("filter", predicates)
        return Pipeline(self._plan.filter(columns, str(whole), expressions.mask_function(whole)))

    def with_columns(self, *exprs: pl.Expr, **named: pl.Expr) -> Pipeline:
        """Add columns, or replace those of the same name, by row-wise polars expressions.

        Raises:
            PlanError: for an expression that is not row-wise, or that would change the proven `prompt` and
                `completion` after `format`.
        """
        all_exprs = [*exprs, *(_expect_expression("with_columns", e).alias(n) for n, e in named.items())]
        if not all_exprs:
            raise PlanError("with_columns: there is no expression", code="bad_option")
        for expression in all_exprs:
            _expect_expression("with_columns", expression)
            expressions.check_row_wise("with_columns", expression)
        columns = expressions.columns_read("with_columns", all_exprs)
        names = [e.meta.output_name() for e in all_exprs]
        label = ", ".join(str(e) for e in all_exprs)
        return Pipeline(self._plan.with_columns(columns, names, label, expressions.columns_function(all_exprs)))

    def map_batches(
        self, function: Callable[[pl.DataFrame], pl.DataFrame], *, name: str, version: str | None = None
    ) -> Pipeline:
        """Apply a row-wise Python function of a polars frame with all columns.

        It is called with no rows once, to learn its columns, then from several threads with frames of any
        size. It must return as many rows as it got.

        Args:
            function: takes and returns a `polars.DataFrame`.
            name: what `explain` and errors call it.
            version: change it when the function changes; without one, two runs cannot be told apart.
        """
        wrapped = expressions.batch_function(function, name)
        return Pipeline(self._plan.map_batches(name, version, wrapped))

    def head(self, n: int = 5) -> Pipeline:
        """Keep the first `n` rows in input order; reading stops soon after."""
        if n < 1:
            raise PlanError(f"head: {n} rows are no data set", code="bad_option", help="give a number above 0")
        return Pipeline(self._plan.head(n))

    def pipe(self, function: Callable[..., Pipeline], *args: Any, **kwargs: Any) -> Pipeline:
        """Call `function(self, *args, **kwargs)`: for your own combinations of verbs."""
        return function(self, *args, **kwargs)

    def validate(
        self,
        *,
        required: str | Sequence[str] = (),
        not_blank: str | Sequence[str] = (),
        min_chars: Mapping[str, int] | None = None,
        max_chars: Mapping[str, int] | None = None,
        allowed: Mapping[str, Iterable[str]] | None = None,
        on_invalid: Policy = "reject",
    ) -> Pipeline:
        """Take out rows that break a rule; the first broken rule is the reason.

        Args:
            required: columns that must not be absent or null (`missing_field`).
            not_blank: text columns that must not be empty or white space only (`blank_field`).
            min_chars: least number of characters (Unicode code points) by column (`too_short`).
            max_chars: most characters by column (`too_many_chars`).
            allowed: the values a text column may have (`value_not_allowed`); null is let through, see `required`.
            on_invalid: what happens to such rows.
        """
        rules: list[tuple[str, str, Any]] = [(c, "required", None) for c in _as_list(required)]
        rules += [(c, "not_blank", None) for c in _as_list(not_blank)]
        rules += [(c, "min_chars", n) for c, n in (min_chars or {}).items()]
        rules += [(c, "max_chars", n) for c, n in (max_chars or {}).items()]
        rules += [(c, "allowed", list(values)) for c, values in (allowed or {}).items()]
        if not rules:
            raise PlanError(
                "validate: there is no rule",
                code="bad_option",
                help="give required=, not_blank=, min_chars=, max_chars= or allowed=",
            )
        return Pipeline(self._plan.validate(rules, on_invalid))

    # -- the way to training rows ----------------------------------------------------------------------

    def format(self, prompt_format: PromptFormat, *, on_collision: OnCollision = "reject") -> Pipeline:
        """Render `prompt` and `completion`, and prove that separator and stop stand only where they belong.

        From here on `prompt` ends in the separator and `completion` in the stop. The template's columns are
        used up; all others pass through.

        Args:
            prompt_format: the templates, separator and stop.
            on_collision: what happens to a row that holds separator or stop elsewhere, seams included.
                `"insert_space"` breaks each occurrence in a field by a space, then proves the row again.
        """
        return Pipeline(self._plan.format(prompt_format, on_collision))

    def dedup(
        self,
        on: str | Sequence[str] | None = None,
        *,
        normalize: Sequence[Normalize] = (),
        verify: bool = False,
        keepers: bool = True,
        against: StrPath | Sequence[StrPath] = (),
    ) -> Pipeline:
        """Take out exact duplicates: the first row in input order stays.

        Args:
            on: key columns. Default: the rendered prompt and completion; before `format`, all columns.
            normalize: what is levelled before comparing: `"unicode"` (NFKC), `"case"`, `"whitespace"`.
            verify: keep and compare the bytes where 128-bit hashes match (memory grows with the text).
            keepers: name the kept row for each dropped one in `duplicates.jsonl` (24 instead of 16 bytes a
                row in the index, before the table's own overhead).
            against: earlier prepared folders whose rows count as seen, by their `keys.arrow`.
        """
        folders = [against] if isinstance(against, (str, os.PathLike)) else list(against)
        return Pipeline(
            self._plan.dedup(
                None if on is None else _as_list(on),
                list(normalize),
                verify,
                keepers,
                [os.fspath(folder) for folder in folders],
            )
        )

    def split(
        self,
        *,
        seed: int = 0,
        by: str | Sequence[str] | None = None,
        report_by: str | None = None,
        **shares: float,
    ) -> Pipeline:
        """Give each row a split: `split(valid=0.02, test=0.01, seed=7)`; `train` gets the rest.

        A keyed hash of the raw prompt columns decides (of the completion where the prompt is empty): equal
        prompts stay together, and a row keeps its side when data are added. The shares are reached on
        average; the report says which were.

        Args:
            seed: another seed, other sides.
            by: the columns that decide instead, such as a conversation or user id.
            report_by: a column of few values whose shares by split are reported.
            shares: name and share of each split beside `train`, each in (0, 1), together below 1.
        """
        columns = None if by is None else _as_list(by)
        return Pipeline(self._plan.split(list(shares.items()), _seed("split", seed), columns, report_by))

    def tokenize(
        self,
        tokenizer: Any,
        *,
        max_length: int | None = None,
        on_overflow: OnOverflow = "reject",
        special_tokens: SpecialTokens = "reject",
        keep_text: bool = True,
        add_bos: bool = True,
    ) -> Pipeline:
        """Make `input_ids` and `labels`: the ids of the prompt, then those of the completion.

        Args:
            tokenizer: a `tokenizer.json`, a folder that holds one, a `tokenizers.Tokenizer`, or a fast
                transformers tokenizer.
            max_length: most tokens a row may have, BOS and EOS counted. Default: no limit.
            on_overflow: what happens to a longer row. A row never loses its last trained token, and a cut
                completion never gets a stop that is not its own.
            special_tokens: what happens to control tokens written out in the data, such as `<|endoftext|>`.
            keep_text: keep `prompt` and `completion` beside the ids, so that another base model needs no
                new run over the raw data.
            add_bos: put what the tokenizer puts before a text (BOS), once a row.
        """
        if max_length is not None and max_length < 2:
            raise PlanError(
                f"tokenize: max_length={max_length} leaves no room for a trained token", code="bad_option"
            )
        path, text, names, label = _tokenizer(tokenizer)
        return Pipeline(
            self._plan.tokenize(
                path, text, names, label, max_length, on_overflow, special_tokens, keep_text, add_bos
            )
        )

    def shuffle(self, *, seed: int = 0) -> Pipeline:
        """Shuffle all rows, in bounded memory; shards then hold equal numbers of rows, give or take one."""
        return Pipeline(self._plan.shuffle(_seed("shuffle", seed)))

    # -- looking ---------------------------------------------------------------------------------------

    def explain(self) -> str:
        """The plan, a line a step, every default decided. Reads the heads of the files for their columns.

        Raises:
            ColumnError: a step names a column that is not there.
            SourceError: a file that is not there or cannot be read.
            TokenizerError: a tokenizer that cannot be loaded.
        """
        return self._plan.explain()

    @property
    def schema(self) -> dict[str, str]:
        """Column names and types that a sink would write."""
        return dict(self._plan.schema())

    def preview(self, n: int = 3) -> None:
        """Print the first `n` rows as the model sees them, trained tokens in colour, and what was rejected."""
        from fastprep.preview import show

        show(self._plan, n)

    # -- running ---------------------------------------------------------------------------------------

    def sink_arrow(
        self,
        path: StrPath,
        *,
        overwrite: bool = False,
        max_rejects: float | None = None,
        shard_bytes: int | None = None,
        threads: int | None = None,
    ) -> Report:
        """Run, and publish the rows as Arrow IPC shards: the folder appears whole or not at all.

        Args:
            path: the folder. An existing one is refused unless `overwrite`.
            overwrite: replace the data set of ours that is there.
            max_rejects: publish nothing where more rows are rejected: a number (int), or a share of the rows
                read (float below 1).
            shard_bytes: bytes a shard aims at. Default 256 MiB.
            threads: worker threads. Default: `FASTPREP_THREADS`, else one a core. Never changes a byte.

        Raises:
            DataError: too many rejects, or no row left; the rejects are kept, the error names the file.
            PublishError: the folder exists, the disk is full, ….
        """
        return self.sink(path, formats=("arrow",), overwrite=overwrite, max_rejects=max_rejects,
                         shard_bytes=shard_bytes, threads=threads)

    def sink_jsonl(
        self,
        path: StrPath,
        *,
        compression: Compression | None = None,
        overwrite: bool = False,
        max_rejects: float | None = None,
        shard_bytes: int | None = None,
        threads: int | None = None,
    ) -> Report:
        """Run, and publish the rows as JSON lines. Arguments as for `sink_arrow`; `compression` is gzip or zstd."""
        return self.sink(path, formats=("jsonl",), compression=compression, overwrite=overwrite,
                         max_rejects=max_rejects, shard_bytes=shard_bytes, threads=threads)

    def sink(
        self,
        path: StrPath,
        *,
        formats: Sequence[Format],
        compression: Compression | None = None,
        overwrite: bool = False,
        max_rejects: float | None = None,
        shard_bytes: int | None = None,
        threads: int | None = None,
    ) -> Report:
        """Run once, and publish the rows in several formats, in one folder under one manifest."""
        if max_rejects is not None and (max_rejects < 0 or (isinstance(max_rejects, float) and max_rejects > 1)):
            raise PlanError(
                f"sink: max_rejects={max_rejects} is neither a number of rows nor a share",
                code="bad_option",
                help="give an int such as 100, or a float up to 1.0 such as 0.01 for one row in a hundred",
            )
        share = float(max_rejects) if isinstance(max_rejects, float) else None
        count = int(max_rejects) if max_rejects is not None and share is None else None
        text = self._plan.sink(
            os.fspath(path), list(formats), compression, overwrite, count, share, shard_bytes, threads
        )
        return Report(json.loads(text))

    def collect(self, *, threads: int | None = None) -> pa.Table:
        """Run, and give the rows as a `pyarrow.Table`; splits come as a column `split`."""
        import pyarrow as pa

        return pa.table(self._plan.collect(threads)[0])

    def to_polars(self, *, threads: int | None = None) -> pl.DataFrame:
        """Run, and give the rows as a `polars.DataFrame`; splits come as a column `split`."""
        import polars as pl

        return pl.DataFrame(self._plan.collect(threads)[0])


def _as_list(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _names(verb: str, columns: Sequence[str | Sequence[str]]) -> list[str]:
    names = [name for column in columns for name in _as_list(column)]
    if not names or not all(isinstance(name, str) for name in names):
        raise PlanError(f"{verb}: give column names", code="bad_option", help=f'{verb}("prompt", "completion")')
    return names


def _expect_expression(verb: str, expression: Any) -> Any:
    import polars as pl

    if not isinstance(expression, pl.Expr):
        raise PlanError(
            f"{verb}: {expression!r} is a {type(expression).__name__}, not a polars expression",
            code="bad_option",
            help='write it as pl.col("…") == …, or pl.lit(…) for a constant',
        )
    return expression


def _seed(verb: str, seed: int) -> int:
    if not 0 <= seed < 1 << 64:
        raise PlanError(f"{verb}: seed={seed} is not in [0, 2**64)", code="bad_option")
    return seed


def _tokenizer(given: Any) -> tuple[str | None, str | None, dict[str, str | None], str]:
    """A path, or the JSON of a tokenizer in memory with the names of its special tokens, and a label."""
    if isinstance(given, (str, os.PathLike)):
        return os.fspath(given), None, {}, ""
    backend = getattr(given, "backend_tokenizer", given)
    if not hasattr(backend, "to_str"):
        raise PlanError(
            f"tokenize: a {type(given).__name__} is no tokenizer that fastprep can use",
            code="bad_option",
            help="give a tokenizer.json, a folder that holds one, a tokenizers.Tokenizer, or a fast transformers "
            "tokenizer",
        )
    names = {name: getattr(given, f"{name}_token", None) for name in ("bos", "eos", "pad")}
    label = getattr(given, "name_or_path", "") or type(given).__name__
    return None, backend.to_str(), names, str(label).rstrip("/").rsplit("/", 1)[-1]
