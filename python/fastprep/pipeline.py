"""The chain: every verb returns a new pipeline and does no I/O."""

from __future__ import annotations

import json
import os
import warnings
from typing import TYPE_CHECKING, Any

from fastprep import options
from fastprep._fastprep import STDIN, Plan
from fastprep.code_digest import code_digest
from fastprep.exceptions import PlanError
from fastprep.expressions import batch_callbacks, checks, json_form
from fastprep.plan_json import Reader
from fastprep.report.preview import show
from fastprep.report.run_report import Report
from fastprep.row_format import RowFormat
from fastprep.sink_options import sink_options
from fastprep.tokenizer import tokenizer_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import polars as pl
    import pyarrow as pa

    from fastprep.prompt_format import PromptFormat
    from fastprep.words import (
        Compression,
        Existing,
        Format,
        Normalize,
        OnCollision,
        OnOverflow,
        Policy,
        SpecialTokens,
    )

    StrPath = str | os.PathLike[str]

Start = tuple[str, tuple[Any, ...]]
"""A source of the core's plan, and what it was given."""

Step = tuple[dict[str, Any], Any]
"""A step as the core reads it, and what JSON cannot hold: a function, or a tokenizer in memory."""


class Pipeline:
    """A plan: a source and steps. Immutable; nothing is read until a sink, `collect` or `preview`.

    Start one with `scan_jsonl`, `scan_parquet`, `from_arrow` or `from_records`.
    """

    __slots__ = ("_plan", "_start", "_steps")

    def __init__(self, start: Start, steps: tuple[Step, ...], plan: Plan) -> None:
        """The source and the steps, and the core's plan that was made of them."""
        self._start = start
        self._steps = steps
        self._plan = plan

    @staticmethod
    def _scan(verb: str, *args: Any) -> Pipeline:
        return Pipeline((verb, args), (), getattr(Plan, verb)(*args))

    def _push(self, verb: str, given: Any = None, /, **settings: Any) -> Pipeline:
        step = {"verb": verb, **settings}
        try:
            plan = self._plan.push(json.dumps(step, ensure_ascii=False), given)
        except UnicodeEncodeError as e:
            raise options.bad(f"{verb}: a name or a text is not valid Unicode: {e}") from None
        return Pipeline(self._start, (*self._steps, (step, given)), plan)

    def _with_progress(self, tell: Callable[[str, int, int | None], None]) -> Pipeline:
        """The same, whose sinks call `tell` with phase, stored bytes read, and all of them where they are known."""
        return Pipeline(self._start, self._steps, self._plan.with_progress(tell))

    def to_json(self) -> str:
        """The plan as JSON: what the chain says, for another process, a file, or a look.

        Paths are as they were given. An expression is polars' own JSON. Functions, tokenizers and data in memory are
        not in it, only their names; data in memory that can be read again are read once, for the digest of their
        content. `from_json` makes a pipeline of it again.
        """
        return self._plan.to_json()

    @staticmethod
    def from_json(
        text: str,
        *,
        functions: Mapping[str, Callable[[pl.DataFrame], pl.DataFrame]] | None = None,
        tokenizers: Mapping[str, Any] | None = None,
        inputs: Any = None,
    ) -> Pipeline:
        """The pipeline of a plan's JSON: what `to_json` gave, or the `plan` of a manifest.

        Runs nothing and reads no file: expressions are proven row-wise before polars reads them, and functions come
        from you alone.

        Args:
            text: the JSON.
            functions: for each name that `map_batches` has in the plan, the function.
            tokenizers: for names and paths of tokenizers in the plan, what `tokenize` takes. A name needs one.
            inputs: what is read in place of what the plan names. A mapping from paths in the plan (of files, and of the
                folders of `dedup(against=)`) to yours, and from the name or the digest of data in memory to the data;
                under its digest only the same data are taken. For a plan of one source also the path, the paths, or the
                data themselves.

        Raises:
            PlanError: `bad_plan`: the text is no plan. `newer_plan`. `not_supplied`: a function, a tokenizer or data
                in memory are missing. `not_used`: a name that the plan has not. `other_content`: other data than the
                digest says. `not_row_wise`, and what the verbs raise.
        """
        return Reader(functions, tokenizers, inputs).read(text)

    def __reduce__(self) -> tuple[Any, ...]:
        """Source and steps: what was said, not what was found. Files are looked for where the chain runs."""
        if self._read_once() is not None:
            verb, _ = self._start
            raise PlanError.new(
                f"{verb}: this source can be read once, and cannot be pickled",
                code="cannot_pickle",
                help="scan a file, or give a table or a list",
            )
        return _unpickled, (self._start, *self._steps)

    def _read_once(self) -> Any:
        """The stream that it reads, where that can be read only once."""
        verb, args = self._start
        if verb == "concat":
            return None
        if not {"from_reader": not args[-1], "from_arrow": args[-1]}.get(verb, args[0] == [STDIN]):
            return None
        return STDIN if args[0] == [STDIN] else getattr(args[1], "data", args[1])

    def __repr__(self) -> str:
        return f"Pipeline[{' > '.join(self._plan.verbs())}]"

    # -- columns and rows ------------------------------------------------------------------------------

    def select(self, *columns: str | Sequence[str]) -> Pipeline:
        """Keep these columns, in this order; only they are read."""
        if not columns:
            raise options.bad("select: there is no column", 'name them: select("prompt", "completion")')
        names = [name for column in columns for name in options.columns("select", "columns", column)]
        return self._push("select", columns=names)

    def drop(self, *columns: str | Sequence[str]) -> Pipeline:
        """Leave these columns out; those that no other step needs are not read."""
        if not columns:
            raise options.bad("drop: there is no column", 'name them: drop("source", "meta")')
        names = [name for column in columns for name in options.columns("drop", "columns", column)]
        return self._push("drop", columns=names)

    def with_row_index(self, name: str = "index", offset: int = 0) -> Pipeline:
        """Number the rows that reach this step, in input order, in a column before all others (int64).

        Args:
            name: the column.
            offset: the number of the first row.
        """
        offset = options.whole("with_row_index", "offset", offset, 0, 1 << 63)
        return self._push("with_row_index", name=options.text("with_row_index", "name", name), offset=offset)

    def rename(self, mapping: Mapping[str, str]) -> Pipeline:
        """Rename columns: `{"old": "new"}`."""
        pairs = options.mapping("rename", "mapping", mapping)
        options.texts("rename", "mapping", list(pairs.values()))
        return self._push("rename", mapping=pairs)

    def filter(self, *predicates: pl.Expr) -> Pipeline:
        """Keep the rows for which all predicates are true; null is not true.

        Args:
            predicates: polars expressions, row-wise: each row's answer must come from that row alone.

        Raises:
            PlanError: names the sub-expression that is not row-wise, such as `x.mean()`.
        """
        if not predicates:
            raise options.bad("filter: there is no predicate")
        whole = predicates[0]
        columns = checks.columns_read("filter", predicates)
        for predicate in predicates:
            checks.check_row_wise("filter", predicate)
        for predicate in predicates[1:]:
            whole = whole & predicate
        given = batch_callbacks.Mask(whole), checks.shown(whole)
        return self._push("filter", given, columns=columns, expression=json_form.to_form(whole))

    def with_columns(self, *exprs: pl.Expr, **named: pl.Expr) -> Pipeline:
        """Add columns, or replace those of the same name, by row-wise polars expressions.

        Raises:
            PlanError: for an expression that is not row-wise, or that would change the proven `prompt` and
                `completion` after `format`.
        """
        columns = checks.columns_read("with_columns", [*exprs, *named.values()])
        all_exprs = [*exprs, *(e.alias(n) for n, e in named.items())]
        if not all_exprs:
            raise options.bad("with_columns: there is no expression")
        for expression in all_exprs:
            checks.check_row_wise("with_columns", expression)
        names = [e.meta.output_name() for e in all_exprs]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise options.bad(f"with_columns: two expressions make `{twice}`", 'name them apart: .alias("…")')
        label = ", ".join(checks.shown(e) for e in all_exprs)
        forms = [json_form.to_form(e) for e in all_exprs]
        given = batch_callbacks.Columns(all_exprs), label
        return self._push("with_columns", given, columns=columns, names=names, expressions=forms)

    def map_batches(
        self, function: Callable[[pl.DataFrame], pl.DataFrame], *, name: str, version: str | None = None
    ) -> Pipeline:
        """Apply a row-wise Python function of a polars frame with all columns.

        It is called with no rows first, to learn its columns, then from several threads with frames of any
        size. It must return as many rows as it got.

        Args:
            function: takes and returns a `polars.DataFrame`.
            name: what `explain` and errors call it.
            version: change it when the function changes. Without one, the fingerprint of the run sees the function's
                code alone, not what that calls.
        """
        if not callable(function):
            raise options.bad(f"map_batches: {function!r} is not a function")
        options.text("map_batches", "name", name)
        if version is not None:
            options.text("map_batches", "version", version)
        code = code_digest(function) if version is None else None
        shown = f"{name}, {'no version' if version is None else f'version {version}'}"
        given = batch_callbacks.BatchFunction(function, name), shown
        return self._push("map_batches", given, name=name, version=version, code=code)

    def head(self, n: int = 5) -> Pipeline:
        """Keep the first `n` rows in input order; for the run the input ends with the last of them."""
        return self._push("head", n=options.whole("head", "n", n, 1))

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
        verb = "validate"
        rules: dict[str, Any] = {
            "required": options.texts(verb, "required", required),
            "not_blank": options.texts(verb, "not_blank", not_blank),
        }
        for option, given in (("min_chars", min_chars), ("max_chars", max_chars)):
            lengths = options.mapping(verb, option, given or {})
            rules[option] = {c: options.whole(verb, f"{option}[{c!r}]", n, 0) for c, n in lengths.items()}
        values = options.mapping(verb, "allowed", allowed or {})
        rules["allowed"] = {c: options.texts(verb, f"allowed[{c!r}]", known) for c, known in values.items()}
        if not any(rules.values()):
            help = "give required=, not_blank=, min_chars=, max_chars= or allowed="
            raise options.bad("validate: there is no rule", help)
        return self._push(verb, **rules, on_invalid=options.text(verb, "on_invalid", on_invalid))

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
        if not isinstance(prompt_format, RowFormat):
            raise options.bad(
                f"format: {prompt_format!r} is a {type(prompt_format).__name__}, not a PromptFormat",
                'write format(fastprep.PromptFormat("{instruction}", completion="{output}"))',
            )
        return self._push(
            "format",
            format=json.loads(prompt_format.to_json()),
            on_collision=options.text("format", "on_collision", on_collision),
            rendered_by=None,
        )

    def dedup(
        self,
        on: str | Sequence[str] | None = None,
        *,
        normalize: Normalize | Sequence[Normalize] = (),
        verify: bool = False,
        keepers: bool = True,
        against: StrPath | Sequence[StrPath] = (),
    ) -> Pipeline:
        """Take out exact duplicates: the first row in the order that reaches the step stays.

        Args:
            on: key columns. Default: the rendered prompt and completion; before `format`, all columns.
            normalize: what is levelled before comparing: `"unicode"` (NFKC), `"case"`, `"whitespace"`.
            verify: keep and compare the bytes where 128-bit hashes match (memory grows with the text).
            keepers: name the kept row for each dropped one in `duplicates.jsonl` (24 instead of 16 bytes a
                row in the index, before the table's own overhead).
            against: earlier prepared folders whose rows count as seen, by their `keys.arrow`.
        """
        return self._push(
            "dedup",
            on=None if on is None else options.columns("dedup", "on", on),
            normalize=options.texts("dedup", "normalize", normalize),
            verify=options.flag("dedup", "verify", verify),
            keepers=options.flag("dedup", "keepers", keepers),
            against=[options.path_form(path) for path in options.paths("dedup", "against", against)],
        )

    def split(
        self,
        *,
        seed: int = 0,
        by: str | Sequence[str] | None = None,
        report_by: str | None = None,
        existing: Existing | None = None,
        **shares: float | str,
    ) -> Pipeline:
        """Give each row a split: `split(valid=0.02, test=0.01, seed=7)`; `train` gets the rest.

        A keyed hash of the rendered prompt decides (of the completion where the prompt is empty), here or in a
        later `format`: equal prompts stay together, and a row keeps its side when data are added. The shares are
        reached on average; the report says which were.

        Args:
            seed: another seed, other sides.
            by: the columns that decide instead, such as a conversation or user id.
            report_by: a column of few values whose shares by split are reported.
            existing: for rows of a prepared folder, which are in splits already: `"replace"` draws all rows,
                `"keep"` those of `train` alone. Without `split`, all rows stay in theirs.
            shares: name and share of each split beside `train`, each in (0, 1) or as `"2%"`, together below 1.
        """
        columns = None if by is None else options.columns("split", "by", by)
        given = {name: options.split_share(name, share) for name, share in shares.items()}
        decimals = {name: repr(float(share)) for name, share in given.items()}
        seed = options.whole("split", "seed", seed, 0, 1 << 64)
        if report_by is not None:
            options.text("split", "report_by", report_by)
        if existing is not None:
            options.text("split", "existing", existing)
        return self._push("split", shares=decimals, seed=seed, by=columns, report_by=report_by, existing=existing)

    def tokenize(
        self,
        tokenizer: Any,
        *,
        max_length: int | None = None,
        on_overflow: OnOverflow = "reject",
        special_tokens: SpecialTokens = "reject",
        keep_text: bool = True,
        add_bos: bool = True,
        verify: int | None = None,
    ) -> Pipeline:
        """Make `input_ids` and `labels`: the ids of the prompt, then those of the completion.

        Args:
            tokenizer: a `tokenizer.json`, a folder that holds one, a file of ranks (`.tiktoken`), a
                `tokenizers.Tokenizer`, or a fast transformers tokenizer.
            max_length: most tokens a row may have, BOS and EOS counted. Default: no limit.
            on_overflow: what happens to a longer row. A row never loses its last trained token, and a cut
                completion never gets a stop that is not its own.
            special_tokens: what happens to control tokens written out in the data, such as `<|endoftext|>`.
            keep_text: keep `prompt` and `completion` beside the ids, so that another base model needs no
                new run over the raw data.
            add_bos: put what the tokenizer puts before a text (BOS), once a row.
            verify: encode every so many rows with the `tokenizers` library too, and end with an error at the
                first whose ids differ. Default: never; the fast way was checked when the tokenizer was loaded.
        """
        # A token is trained only behind another.
        max_length = options.optional("tokenize", "max_length", max_length, 2)
        verify = options.optional("tokenize", "verify", verify, 1)
        path, *in_memory = tokenizer_source("tokenize", tokenizer)
        named = {"name": in_memory[-1]} if path is None else {"path": options.path_form(path)}
        return self._push(
            "tokenize",
            tuple(in_memory) if path is None else None,
            tokenizer=named,
            max_length=max_length,
            on_overflow=options.text("tokenize", "on_overflow", on_overflow),
            special_tokens=options.text("tokenize", "special_tokens", special_tokens),
            keep_text=options.flag("tokenize", "keep_text", keep_text),
            add_bos=options.flag("tokenize", "add_bos", add_bos),
            verify=verify,
        )

    def shuffle(self, *, seed: int = 0) -> Pipeline:
        """Shuffle all rows, in bounded memory. Steps after it see the rows in their new order.

        The order depends on the seed and, for each row, on where it came from: rows that are added or taken out move no
        other row past another. As the last step, it makes shards of equal numbers of rows, give or take one.

        Args:
            seed: decides the order.
        """
        return self._push("shuffle", seed=options.whole("shuffle", "seed", seed, 0, 1 << 64))

    def pack(self, *, max_length: int | None = None, seed: int = 0) -> Pipeline:
        """Join rows to packs of nearly `max_length` tokens, so that a trainer pads nothing; no row is cut.

        The longest row first, each into the fullest pack that has room for it (best fit decreasing), over all rows of a
        split. Packs hold token columns and `seq_lengths`, the tokens of each row; other columns are left out. Packs are
        shuffled as they are made. `filter`, `head` and `shuffle` alone may follow.

        Args:
            max_length: most tokens of a pack. Default: that of `tokenize`, which must have one, not above this.
            seed: decides the order of the packs.
        """
        max_length = options.optional("pack", "max_length", max_length, 2)
        return self._push("pack", max_length=max_length, seed=options.whole("pack", "seed", seed, 0, 1 << 64))

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
        """Print the first `n` rows as the model sees them, trained tokens in colour, and what was taken out.

        Looks at the first 1,000 rows of the input, or the first `n` where that is more.

        Raises:
            DataError: none of these rows is left; the error names the commonest reason and its fix.
        """
        show(self._plan, options.whole("preview", "n", n, 1))

    # -- running ---------------------------------------------------------------------------------------

    def sink_arrow(
        self,
        path: StrPath,
        *,
        overwrite: bool = False,
        max_rejects: float | str | None = None,
        shard_bytes: int | None = None,
        threads: int | None = None,
    ) -> Report:
        """Run, and publish the rows as Arrow IPC shards: the folder appears whole or not at all.

        Args:
            path: the folder. An existing one is refused unless `overwrite`.
            overwrite: replace the data set of ours that is there.
            max_rejects: publish nothing where more rows are rejected: a number (int), or a share of the rows
                read (float up to 1, or a text such as `"1%"`).
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
        max_rejects: float | str | None = None,
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
        max_rejects: float | str | None = None,
        shard_bytes: int | None = None,
        threads: int | None = None,
    ) -> Report:
        """Run once, and publish the rows in several formats, in one folder under one manifest."""
        given = sink_options(path, formats=formats, compression=compression, overwrite=overwrite,
                             max_rejects=max_rejects, shard_bytes=shard_bytes, threads=threads)
        return Report(json.loads(self._plan.sink(*given)))

    def collect(self, *, threads: int | None = None) -> pa.Table:
        """Run, and give the rows as a `pyarrow.Table`; splits come as a column `split`.

        Warns:
            UserWarning: rows were rejected and none is left; it says why, and what to do.
        """
        import pyarrow as pa

        return pa.table(self._rows("collect", threads))

    def to_polars(self, *, threads: int | None = None) -> pl.DataFrame:
        """Run, and give the rows as a `polars.DataFrame`; splits come as a column `split`. Warns as `collect`."""
        import polars as pl

        return pl.DataFrame(self._rows("to_polars", threads))

    def _rows(self, verb: str, threads: int | None) -> Any:
        """The rows as an Arrow stream; a warning where none is left and some were rejected."""
        made, report, nothing_left = self._plan.collect(options.optional(verb, "threads", threads, 1))
        if nothing_left is not None and json.loads(report)["rows"]["rejected"]:
            warnings.warn(f"{verb}: {nothing_left}", stacklevel=3)
        return made


def of_several(names: list[str], pipelines: list[Pipeline], column: str) -> Pipeline:
    """Pipelines one after another, as `fastprep.concat` checked them."""
    plan = Plan.concat(names, [pipeline._plan for pipeline in pipelines], column)
    return Pipeline(("concat", (names, pipelines, column)), (), plan)


def _unpickled(start: Start, *steps: Step) -> Pipeline:
    verb, args = start
    pipeline = of_several(*args) if verb == "concat" else Pipeline._scan(verb, *args)
    for step, given in steps:
        pipeline = pipeline._push(step["verb"], given, **{name: step[name] for name in step if name != "verb"})
    return pipeline
