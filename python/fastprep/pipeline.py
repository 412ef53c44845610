"""`Pipeline`: a lazy plan. Each verb returns a new pipeline and does no I/O."""

from __future__ import annotations

import json
import os
import warnings
from typing import TYPE_CHECKING, Any

from fastprep import option_checks
from fastprep._fastprep import STDIN, Plan
from fastprep.balance_verbs import BalanceVerbs
from fastprep.code_digest import code_digest
from fastprep.dialect import Dialect
from fastprep.exceptions import PlanError
from fastprep.expressions import batch_callbacks, checks, json_form
from fastprep.expressions.polars_frame import polars_frame
from fastprep.format_verb import FormatVerb
from fastprep.inspection import charts
from fastprep.inspection.all_rows import all_rows
from fastprep.inspection.baseline import allowed_rise, read_baseline
from fastprep.inspection.expectation import Expectation, read_expected
from fastprep.inspection.inspection import Inspection
from fastprep.inspection.rules import Rule, read_rules
from fastprep.inspection.silence import read_silence
from fastprep.inspection.sink_report import SinkReport
from fastprep.lazy_source import lazy_frame
from fastprep.plan_from_json import Reader
from fastprep.repair_verbs import RepairVerbs, roles
from fastprep.report.preview import show
from fastprep.report.preview_page import write_page
from fastprep.report.run_report import Report, some_rejected
from fastprep.sinks import Sinks
from fastprep.sources.registry import SOURCES
from fastprep.target_verbs import TargetVerbs
from fastprep.tokenizer import tokenizer_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import polars as pl
    import pyarrow as pa

    from fastprep.sink_options import CheckedSinkOptions
    from fastprep.words import (
        Boundary,
        Existing,
        Normalize,
        OnOverflow,
        Policy,
        Role,
        SpecialTokens,
    )

    StrPath = str | os.PathLike[str]

Source = tuple[str, tuple[Any, ...]]
"""The method of the core's plan that reads a source, and its arguments."""

Step = tuple[dict[str, Any], Any]
"""A step as the core reads it, and what JSON cannot represent: a function, or a tokenizer in memory."""


NAMING = ("read_as", "rename", "select", "drop", "with_row_index", "head")
"""Verbs that say what the rows of a source are, and change none of their texts."""
RESHAPING = ("pack", "write_as")
"""Verbs that give rows another shape, whose texts are those that they had."""


class Pipeline(FormatVerb, RepairVerbs, BalanceVerbs, TargetVerbs, Sinks):
    """A plan: a source and steps. Immutable. Nothing is read until a sink, `collect` or `preview` runs it.

    Start one with `scan`, `from_arrow` or `from_records`.
    """

    __slots__ = ("_plan", "_source", "_steps")

    def __init__(self, source: Source, steps: tuple[Step, ...], plan: Plan) -> None:
        """The source, the steps, and the core's plan of both."""
        self._source = source
        self._steps = steps
        self._plan = plan

    @staticmethod
    def _scan(verb: str, *args: Any) -> Pipeline:
        return Pipeline((verb, args), (), getattr(Plan, verb)(*args))

    def _push(self, verb: str, in_memory: Any = None, /, **settings: Any) -> Pipeline:
        """The pipeline with one more step; `in_memory` is what JSON cannot represent."""
        step = {"verb": verb, **settings}
        try:
            plan = self._plan.push(json.dumps(step, ensure_ascii=False), in_memory)
        except UnicodeEncodeError as e:
            message = f"{verb}: an option is not valid Unicode: {e}"
            raise option_checks.bad_option(message, "remove the lone surrogates") from None
        return Pipeline(self._source, (*self._steps, (step, in_memory)), plan)

    def _verbs(self) -> list[str]:
        """The verbs of the source and the steps."""
        return self._plan.verbs()

    def _with_progress(self, callback: Callable[[str, int, int | None], None]) -> Pipeline:
        """The same pipeline, whose sinks report progress.

        Args:
            callback: called with the phase, the stored bytes read so far, and the bytes in total where known.
        """
        return Pipeline(self._source, self._steps, self._plan.with_progress(callback))

    def to_json(self) -> str:
        """The plan as JSON, to keep in a file or send to another process. `from_json` turns it back into a pipeline.

        Paths stay as they were given. Expressions are polars' own JSON. Functions, tokenizers and data in memory are
        not included, only their names. Data in memory that can be read more than once is read here once, to record a
        digest of its content.
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
        """The pipeline of a plan as JSON: the text from `to_json`, or the `plan` of a manifest.

        Runs nothing and reads no file. Expressions are proven row-wise before polars reads them, and functions are
        only those that you supply.

        Args:
            text: the JSON.
            functions: the function for each name that `map_batches` has in the plan.
            tokenizers: what `tokenize` takes, by the tokenizer's name or path in the plan. Required for names.
            inputs: what to read instead of what the plan names: a mapping from paths in the plan (of files, and of the
                folders of `dedup(against=)`) to your paths, and from the name or the digest of data in memory to the
                data. Data under a digest must have that digest. For a plan with one source, the path, the paths or the
                data alone will do.

        Raises:
            PlanError: `bad_plan`: the text is not a plan. `newer_plan`: it needs a newer fastprep. `not_supplied`: a
                function, a tokenizer or data in memory is missing. `not_used`: a name is not in the plan.
                `other_content`: the data does not have the digest. `not_row_wise`, and what the verbs raise.
        """
        return Reader(functions, tokenizers, inputs).read(text)

    def __reduce__(self) -> tuple[Any, ...]:
        """Source and steps as they were given. Files are looked up where the unpickled pipeline runs."""
        if self._single_use_stream() is not None:
            raise PlanError.new(
                f"{self._plan.verbs()[0]}: a source that can be read only once cannot be pickled",
                code="cannot_pickle",
                help="scan a file, or pass a table or a list",
            )
        return _unpickled, (self._source, *self._steps)

    def _single_use_stream(self) -> Any:
        """The stream of the source if it can be read only once, else None."""
        verb, args = self._source
        if verb == "concat":
            return None
        is_once = verb == "scan_stdin" or (verb == "from_arrow" and args[2]) or (verb == "from_reader" and not args[2])
        if not is_once:
            return None
        return STDIN if verb == "scan_stdin" else getattr(args[1], "data", args[1])

    def __repr__(self) -> str:
        return f"Pipeline[{' > '.join(self._plan.verbs())}]"

    # -- columns and rows ------------------------------------------------------------------------------

    def select(self, *columns: str | Sequence[str]) -> Pipeline:
        """Keep only these columns, in this order. No others are read."""
        if not columns:
            fix = 'name the columns: select("prompt", "completion")'
            raise option_checks.bad_option("select: no column is named", fix)
        names = [name for column in columns for name in option_checks.columns("select", "columns", column)]
        return self._push("select", columns=names)

    def drop(self, *columns: str | Sequence[str]) -> Pipeline:
        """Remove these columns. Those that no other step needs are not read."""
        if not columns:
            raise option_checks.bad_option("drop: no column is named", 'name the columns: drop("source", "meta")')
        names = [name for column in columns for name in option_checks.columns("drop", "columns", column)]
        return self._push("drop", columns=names)

    def with_row_index(self, name: str = "index", offset: int = 0) -> Pipeline:
        """Number the rows that reach this step, in input order, in a column before all others (int64).

        Args:
            name: the column.
            offset: the number of the first row.
        """
        offset = option_checks.whole_number("with_row_index", "offset", offset, 0, 1 << 63)
        return self._push("with_row_index", name=option_checks.text("with_row_index", "name", name), offset=offset)

    def rename(self, mapping: Mapping[str, str]) -> Pipeline:
        """Rename columns: `{"old": "new"}`."""
        pairs = option_checks.mapping("rename", "mapping", mapping)
        option_checks.texts("rename", "mapping", list(pairs.values()))
        return self._push("rename", mapping=pairs)

    def filter(self, *predicates: pl.Expr) -> Pipeline:
        """Keep the rows for which all predicates are true. Null counts as false.

        Args:
            predicates: row-wise polars expressions: the value for a row may depend on that row only.

        Raises:
            PlanError: names the sub-expression that is not row-wise, such as `x.mean()`.
        """
        if not predicates:
            raise option_checks.bad_option("filter: no predicate is given", 'write one: filter(pl.col("n") > 0)')
        condition = predicates[0]
        columns = checks.columns_read("filter", predicates)
        for predicate in predicates:
            checks.check_row_wise("filter", predicate)
        for predicate in predicates[1:]:
            condition = condition & predicate
        callback = batch_callbacks.Mask(condition), checks.shown(condition)
        return self._push("filter", callback, columns=columns, expression=json_form.to_form(condition))

    def with_columns(self, *exprs: pl.Expr, **named: pl.Expr) -> Pipeline:
        """Add columns, or replace those of the same name, by row-wise polars expressions.

        Raises:
            PlanError: for an expression that is not row-wise, or that would change the proven `prompt` and
                `completion` after `format`.
        """
        columns = checks.columns_read("with_columns", [*exprs, *named.values()])
        all_exprs = [*exprs, *(e.alias(n) for n, e in named.items())]
        if not all_exprs:
            raise option_checks.bad_option(
                "with_columns: no expression is given", 'write one: with_columns(pl.col("a").alias("b"))'
            )
        for expression in all_exprs:
            checks.check_row_wise("with_columns", expression)
        names = [e.meta.output_name() for e in all_exprs]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            what = f"with_columns: two expressions are named `{twice}`"
            raise option_checks.bad_option(what, 'rename one: .alias("…")')
        label = ", ".join(checks.shown(e) for e in all_exprs)
        forms = [json_form.to_form(e) for e in all_exprs]
        callback = batch_callbacks.Columns(all_exprs), label
        return self._push("with_columns", callback, columns=columns, names=names, expressions=forms)

    def map_batches(
        self, function: Callable[[pl.DataFrame], pl.DataFrame], *, name: str, version: str | None = None
    ) -> Pipeline:
        """Apply a row-wise Python function of a polars frame with all columns.

        It is called first with a frame without rows, to learn its columns, then from several threads with frames of any
        size. It must return as many rows as it receives.

        Args:
            function: takes and returns a `polars.DataFrame`.
            name: the function's name in `explain` and errors.
            version: change it when the function changes. Without one, the fingerprint of the run covers the function's
                own code, but not the code that it calls.
        """
        if not callable(function):
            raise option_checks.bad_option(f"map_batches: `function` must be callable; got {function!r}")
        option_checks.text("map_batches", "name", name)
        if version is not None:
            option_checks.text("map_batches", "version", version)
        code = code_digest(function) if version is None else None
        shown = f"{name}, {'no version' if version is None else f'version {version}'}"
        callback = batch_callbacks.BatchFunction(function, name), shown
        return self._push("map_batches", callback, name=name, version=version, code=code)

    def head(self, n: int = 5) -> Pipeline:
        """Keep the first `n` rows in the order that reaches this step.

        Reading stops after the last of them, unless an earlier step needs all rows.
        """
        return self._push("head", n=option_checks.whole_number("head", "n", n, 1))

    def sample(
        self,
        n: int | None = None,
        *,
        share: float | str | None = None,
        by: str | Sequence[str] | None = None,
        seed: int = 0,
    ) -> Pipeline:
        """Keep a random sample of exactly so many rows, in their order. It needs all rows, which spill to disk.

        A row's rank is a hash of the seed and its place, as in `shuffle`; the rows with the smallest ranks are the
        sample. So when rows are added, only as many rows leave the sample as new ones enter it.

        Args:
            n: the number of rows; all rows if there are fewer. With `by`, of each group.
            share: instead, the share of the rows, above 0 and at most 1, or as `"10%"`; rounded to a whole number of
                rows. With `by`, of each group.
            by: columns; rows with the same values are a group.
            seed: with another seed, other rows are in the sample.

        Raises:
            PlanError: `bad_option`: not exactly one of `n` and `share` is given.
        """
        return self._push(
            "sample",
            n=option_checks.optional_whole_number("sample", "n", n, 1),
            share=None if share is None else repr(option_checks.sample_share(share)),
            by=None if by is None else option_checks.columns("sample", "by", by),
            seed=option_checks.whole_number("sample", "seed", seed, 0, 1 << 64),
        )

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
        on: Role | Sequence[Role] | None = None,
        on_invalid: Policy = "reject",
    ) -> Pipeline:
        """Reject rows that break a rule. The first broken rule is the reason.

        Args:
            required: columns that must not be absent or null (`missing_field`).
            not_blank: text columns that must hold more than white space (`blank_field`).
            min_chars: the least number of characters (Unicode code points), by column (`too_short`).
            max_chars: the greatest number of characters, by column (`too_many_chars`).
            allowed: the values that a text column may have (`value_not_allowed`). Null passes; see `required`.
            on: the roles of messages whose texts the rules of text check, instead of whole columns: `"assistant"`, or
                several. The columns then hold messages as JSON; where they do not, the reason is `wrong_type`. A
                message of calls alone has no text.
            on_invalid: what happens to rows that break a rule.
        """
        verb = "validate"
        rules: dict[str, Any] = {
            "required": option_checks.texts(verb, "required", required),
            "not_blank": option_checks.texts(verb, "not_blank", not_blank),
        }
        for option, given in (("min_chars", min_chars), ("max_chars", max_chars)):
            lengths = option_checks.mapping(verb, option, given or {})
            rules[option] = {c: option_checks.whole_number(verb, f"{option}[{c!r}]", n, 0) for c, n in lengths.items()}
        values = option_checks.mapping(verb, "allowed", allowed or {})
        rules["allowed"] = {c: option_checks.texts(verb, f"allowed[{c!r}]", known) for c, known in values.items()}
        if not any(rules.values()):
            help = "give at least one of required=, not_blank=, min_chars=, max_chars= and allowed="
            raise option_checks.bad_option("validate: no rule is given", help)
        within = {} if on is None else {"on": roles(verb, on)}
        return self._push(verb, **rules, **within, on_invalid=option_checks.text(verb, "on_invalid", on_invalid))

    def read_as(self, dialect: str = "auto", *, columns: Mapping[str, str | None] | None = None) -> Pipeline:
        """Say what the rows mean, and reject rows that mean something else as `not_in_dialect`. Changes no row.

        With `"auto"`, the first rows of each file decide when the plan is resolved. `explain()` and the manifest hold
        what was decided, so that a run of the published plan does not decide again. Where no dialect is recognised,
        all rows pass. It replaces an earlier `read_as("auto")`.

        Args:
            dialect: a dialect by its name, `"auto"`, or `"none"`, with which all rows pass.
            columns: the column of each part of the dialect, None for a part without one. Columns of parts that are not
                named are found by their usual names.

        Raises:
            PlanError: `bad_option`: there is no such dialect or part. `dialect_refused`: it is recognised only.
            ColumnError: at `explain()` or the sink: a part has no column.
        """
        verb = "read_as"
        named = None if columns is None else option_checks.mapping(verb, "columns", columns)
        for part, column in (named or {}).items():
            if column is not None:
                option_checks.text(verb, f"columns[{part!r}]", column)
        return self._read_as(dialect=option_checks.text(verb, "dialect", dialect), columns=named)

    def _read_as(self, **settings: Any) -> Pipeline:
        """The pipeline with this step `read_as`, in place of an earlier one that is not decided."""
        steps = [step for step in self._steps if step[0]["verb"] != "read_as" or step[0].get("dialect") != "auto"]
        before = self if len(steps) == len(self._steps) else _unpickled(self._source, *steps)
        return before._push("read_as", **settings)

    @property
    def dialect(self) -> Dialect:
        """What the rows mean: the dialect, why, and two rows as they are read. Reads the first rows of each file.

        Rows are looked at as they reach the step `read_as`, or else the first step that renders or orders them.

        Raises:
            SourceError: `read_twice`: the source can be read only once.
        """
        return Dialect._from_json(self._plan.dialect())

    # -- training rows ---------------------------------------------------------------------------------

    def dedup(
        self,
        on: str | Sequence[str] | None = None,
        *,
        normalize: Normalize | Sequence[Normalize] = (),
        verify: bool = False,
        keepers: bool = True,
        against: StrPath | Sequence[StrPath] = (),
    ) -> Pipeline:
        """Remove exact duplicates. The first row in the order that reaches the step stays.

        Args:
            on: key columns. Default: the rendered prompt and completion, the text of conversations, or prompt and
                answers of rows with preferences; before `format`, all columns.
            normalize: which differences do not count: `"unicode"` (NFKC), `"case"`, `"whitespace"`.
            verify: keep the text and compare it where 128-bit hashes match. Memory then grows with the text.
            keepers: name the kept row for each removed one in `duplicates.jsonl`. The index then takes 24 instead of 16
                bytes a row, before the hash table's overhead.
            against: earlier prepared folders, whose rows count as seen. Their `keys.arrow` is read.
        """
        return self._push(
            "dedup",
            on=None if on is None else option_checks.columns("dedup", "on", on),
            normalize=option_checks.texts("dedup", "normalize", normalize),
            verify=option_checks.boolean("dedup", "verify", verify),
            keepers=option_checks.boolean("dedup", "keepers", keepers),
            against=[option_checks.path_form(path) for path in option_checks.paths("dedup", "against", against)],
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

        A keyed hash of the rendered prompt decides (of the completion where the prompt is empty), also where `format`
        comes later. Of conversations the messages before the first answer decide, so that all rows of a dialogue are on
        one side; `split` comes after `format` there. Equal prompts go to the same split, and a row stays in its split
        when data is added. The shares are reached on average; the report has the actual ones.

        Args:
            seed: with another seed, rows go to other splits.
            by: the columns that decide instead, such as a conversation or user id.
            report_by: a column with few values; the report has the shares of each value by split.
            existing: for rows of a prepared folder, which are in splits already. `"replace"` assigns all rows again,
                `"keep"` only those of `train`. Without the step `split`, all rows stay in their splits.
            shares: name and share of each split other than `train`, each in (0, 1) or as `"2%"`, together below 1.
        """
        columns = None if by is None else option_checks.columns("split", "by", by)
        numbers = {name: option_checks.split_share(name, share) for name, share in shares.items()}
        decimals = {name: repr(float(share)) for name, share in numbers.items()}
        seed = option_checks.whole_number("split", "seed", seed, 0, 1 << 64)
        if report_by is not None:
            option_checks.text("split", "report_by", report_by)
        if existing is not None:
            option_checks.text("split", "existing", existing)
        return self._push("split", shares=decimals, seed=seed, by=columns, report_by=report_by, existing=existing)

    def tokenize(
        self,
        tokenizer: Any,
        *,
        max_length: int | None = None,
        on_overflow: OnOverflow = "reject",
        boundary: Boundary = "part",
        special_tokens: SpecialTokens | None = None,
        keep_text: bool = True,
        add_bos: bool | None = None,
        verify: int | None = None,
    ) -> Pipeline:
        """Make `input_ids` and `labels`: the ids of the prompt, then those of the completion. Of conversations each
        trained part of the text is encoded by itself, so that the ids before it are those of the prompt at inference.

        Args:
            tokenizer: a `tokenizer.json`, a folder that holds one, a file of ranks (`.tiktoken`), a
                `tokenizers.Tokenizer`, or a fast transformers tokenizer.
            max_length: the greatest number of tokens of a row, including BOS and EOS. Default: no limit.
            on_overflow: what happens to a longer row. A row never loses its last trained token, and no stop is added
                to a completion that was cut.
            boundary: where encodings begin within a conversation. `"part"`: each part that trains is encoded by itself.
                `"whole"`: the text is encoded at once, as by transformers' `apply_chat_template`; a token that is on
                both sides of the boundary of a part does not train.
            special_tokens: what happens to control tokens written out in the data, such as `<|endoftext|>`. Default:
                `"reject"`; for conversations `"as_text"`.
            keep_text: also keep `prompt` and `completion`, so that rows can be tokenized for another base model
                without the raw data; of conversations, `text` and `spans`.
            add_bos: add what the tokenizer puts before a text (BOS), once a row. Default: yes; for conversations no,
                since the template writes it.
            verify: encode one row in this many with the `tokenizers` library too, and fail at the first whose ids
                differ. Default: never, since the fast encoder was checked when the tokenizer was loaded.
        """
        # The first token of a row is never trained.
        max_length = option_checks.optional_whole_number("tokenize", "max_length", max_length, 2)
        verify = option_checks.optional_whole_number("tokenize", "verify", verify, 1)
        is_chat = any(step["verb"] == "format_chat" for step, _ in self._steps)
        if special_tokens is None:
            special_tokens = "as_text" if is_chat else "reject"
        add_bos = not is_chat if add_bos is None else add_bos
        path, *in_memory = tokenizer_source("tokenize", tokenizer)
        named = {"name": in_memory[-1]} if path is None else {"path": option_checks.path_form(path)}
        return self._push(
            "tokenize",
            tuple(in_memory) if path is None else None,
            tokenizer=named,
            max_length=max_length,
            on_overflow=option_checks.text("tokenize", "on_overflow", on_overflow),
            **({} if boundary == "part" else {"boundary": option_checks.text("tokenize", "boundary", boundary)}),
            special_tokens=option_checks.text("tokenize", "special_tokens", special_tokens),
            keep_text=option_checks.boolean("tokenize", "keep_text", keep_text),
            add_bos=option_checks.boolean("tokenize", "add_bos", add_bos),
            verify=verify,
        )

    def shuffle(self, *, seed: int = 0) -> Pipeline:
        """Shuffle all rows, in bounded memory. Steps after it see the rows in their new order.

        The place of a row depends on the seed and on where the row came from: adding or removing rows does not change
        the order of the others. As the last step, it makes shards whose numbers of rows differ by one at most.

        Args:
            seed: decides the order.
        """
        return self._push("shuffle", seed=option_checks.whole_number("shuffle", "seed", seed, 0, 1 << 64))

    def pack(self, *, max_length: int | None = None, seed: int = 0) -> Pipeline:
        """Join rows into packs of nearly `max_length` tokens, so that a trainer needs no padding. No row is cut.

        Over all rows of a split, longest first, each row goes into the fullest pack that has room for it (best fit
        decreasing). Packs hold the token columns and `seq_lengths`, the tokens of each row; other columns are removed.
        Packs come out shuffled. Only `filter`, `head` and `shuffle` may follow.

        Args:
            max_length: the greatest number of tokens of a pack. Default: the `max_length` of `tokenize`, which must
                have one, not above this.
            seed: decides the order of the packs.
        """
        max_length = option_checks.optional_whole_number("pack", "max_length", max_length, 2)
        seed = option_checks.whole_number("pack", "seed", seed, 0, 1 << 64)
        return self._push("pack", max_length=max_length, seed=seed)

    # -- inspecting ------------------------------------------------------------------------------------

    def explain(self) -> str:
        """The plan, one line for each step, with every default decided. Reads the start of the files for their columns.

        Raises:
            ColumnError: a step names a column that does not exist.
            SourceError: a file does not exist or cannot be read.
            TokenizerError: a tokenizer cannot be loaded.
        """
        return self._plan.explain()

    @property
    def schema(self) -> dict[str, str]:
        """The names and types of the columns that a sink would write."""
        return dict(self._plan.schema())

    def inspect(
        self,
        *,
        by: str | Sequence[str] | None = None,
        against: StrPath | Sequence[StrPath] | Pipeline | None = None,
        rules: Mapping[str, pl.Expr | Callable[[dict[str, Any]], bool] | Rule] | None = None,
        expect: Mapping[str, Expectation] | None = None,
        rows: StrPath | None = None,
        baseline: StrPath | None = None,
        tolerance: float | str = 0.0,
        tokenizer: Any = None,
        context: int | None = None,
        silence: Mapping[str, str] | None = None,
        threads: int | None = None,
    ) -> Inspection:
        """Look at all rows: what is wrong with them, in how many, and what repairs it. Removes and changes no row.

        Rows are looked at as they leave the last step: raw rows as their dialect reads them, rendered rows as prompt
        and completion. Conversations are looked at as they are before `format(ChatFormat(…))`; what the template does
        to them is found too, and `format` must be the last step, but for `tokenize`. The dialect is that of `read_as`,
        or is recognised from the first rows of each file. Where it is unknown, only what can be seen in the texts alone
        is checked.

        Memory grows by an index of the prompts: 48 bytes for each different one, times 1.1 to 2.3.

        Args:
            by: columns with few values, such as a source or a class: what the rows of each value are like. Default: the
                splits, or the files where several are read.
            against: another set, such as that of the validation: which of these rows it has as well. `scan` reads
                paths; for anything else pass a pipeline. It is read first. Default: rows of a prepared folder that are
                not in `train` are compared with those that are.
            rules: findings of yours by name: each a row-wise polars expression, or a function of a row as a dictionary,
                that is true in the rows to be found. A `Rule` also says why it matters and what repairs it.
            expect: what texts are expected to be, by column, or by role for rows with turns (`"system"`, `"user"`,
                `"assistant"`, `"tool"`): each is what `fastprep.expect` gives.
            rows: a file for all rows of the findings, as JSON lines in input order. It is replaced once it is complete.
            baseline: a report of earlier data, which `Inspection.to_json` wrote: `Inspection.risen` then lists the
                findings whose share has risen. Or the `report.json` of a sink: rows of a prepared folder, and those of
                a plan with steps, are compared with the rows after its steps, other rows with those before.
            tolerance: how much a share may rise, such as 0.001 or `"0.1%"`.
            tokenizer: counts tokens of prompts, answers, rows and classes; what `tokenize` accepts.
            context: the most tokens of a row: longer rows are a finding. Needs `tokenizer`, or rows that are tokenized.
            silence: findings that count neither for the verdict nor for the baseline: a reason for each, by its code or
                by the name of a rule. They are counted and listed all the same, with the reason.
            threads: worker threads; all cores by default. They do not change the result.

        Raises:
            PlanError: `bad_chain`: the rows are packed, or other steps are after the `format` of conversations.
                `bad_option`: only one of the two sets has a dialect, or there is a context, and neither a tokenizer nor
                tokens, or a rule is none, or a finding that is silenced does not exist or has no reason.
                `not_row_wise`: the expression of a
                rule may depend on other rows. `bad_pattern`: an expected pattern is no regular expression.
                `bad_baseline`: the baseline is no report of `inspect`.
            ColumnError: `missing_column`: there is no such column of `by`, of a rule or of what is expected.
                `wrong_type`: text is expected in a column of another type.
            CallbackError: `callback_failed`: the function of a rule failed.
            TokenizerError: the tokenizer cannot be loaded.
            SourceError: `cannot_read`: the baseline cannot be read.
            PublishError: `cannot_write`: the file of `rows` cannot be written.
        """
        allowed = allowed_rise(tolerance)
        before = None if baseline is None else read_baseline(baseline)
        other = None if against is None else _opened(against)._plan
        options = {
            "by": [] if by is None else option_checks.columns("inspect", "by", by),
            "tokenizer": None if tokenizer is None else tokenizer_source("inspect", tokenizer),
            "rules": [] if rules is None else read_rules(rules),
            "expect": [] if expect is None else read_expected(expect),
            "silence": {} if silence is None else read_silence(silence, rules or {}),
            "context": option_checks.optional_whole_number("inspect", "context", context, 1),
            "threads": option_checks.optional_whole_number("inspect", "threads", threads, 1),
        }
        with all_rows(rows) as file:
            found = self._plan.inspect(other, {**options, "rows": file})
        has_steps = any(step["verb"] not in NAMING for step, _ in self._steps)
        return Inspection(found, before, allowed, has_steps=has_steps)

    def preview(self, n: int = 3, *, html: StrPath | None = None) -> None:
        """Print the first `n` rows as the model sees them, trained tokens in colour, and which rows were removed.

        Reads the first 1,000 rows of the input, or the first `n` if that is more.

        Args:
            n: the number of rows; of a plan with `pack`, of packs.
            html: a file for a page with the rows, in place of printing them. It is replaced.

        Raises:
            DataError: none of these rows is left. The error names the most common reason and its fix.
            PublishError: `cannot_write`: the file of `html` cannot be written.
        """
        n = option_checks.whole_number("preview", "n", n, 1)
        if html is None:
            show(self._plan, n)
        else:
            write_page(self._plan, n, option_checks.path("preview", "html", html))

    # -- running ---------------------------------------------------------------------------------------

    def _publish(self, options: CheckedSinkOptions, threads: int | None, report: bool) -> Report:
        return Report(json.loads(self._plan.sink(*options, self._sink_report(threads) if report else None)))

    def _sink_report(self, threads: int | None) -> SinkReport:
        """What makes the report of a sink. It compares the source, as read and named, with the rows before `pack`."""
        charts.check_packages()
        verbs = [step["verb"] for step, _ in self._steps]
        named = next((i for i, verb in enumerate(verbs) if verb not in NAMING), len(verbs))
        end = next((i for i, verb in enumerate(verbs) if verb in RESHAPING), len(verbs))
        before, after = (self if i == len(verbs) else _unpickled(self._source, *self._steps[:i]) for i in (named, end))
        return SinkReport(before, before if named == end else after, self._read_once(), threads)

    def _read_once(self) -> str | None:
        """The source that can be read only once, if there is one, by the name of its verb."""
        verb, args = self._source
        if verb == "concat":
            return next(filter(None, (pipeline._read_once() for pipeline in args[1])), None)
        return None if self._single_use_stream() is None else f"the source of {self._plan.verbs()[0]}"

    def collect(self, *, threads: int | None = None) -> pa.Table:
        """Run, and return the rows as a `pyarrow.Table`, with the split of each in a column `split`.

        Warns:
            UserWarning: rows were rejected. The warning says how many, why, and where the first is.
        """
        import pyarrow as pa

        return pa.table(self._rows("collect", threads))

    def to_polars(self, *, threads: int | None = None) -> pl.DataFrame:
        """Run, and return the rows as a `polars.DataFrame`. Splits and warnings as for `collect`.

        Raises:
            ColumnError: as `explain`; a column has a type that polars cannot import.
        """
        return polars_frame(self._rows("to_polars", threads))

    def to_lazyframe(self, *, threads: int | None = None) -> pl.LazyFrame:
        """The rows as a `polars.LazyFrame`: polars runs the plan when it collects, and takes the rows batch by batch.

        Columns that neither the query nor a step uses are not read where the steps allow that, and a row limit of the
        query becomes a `head`. Types and the column `split` are as in `to_polars`. Each collect runs the plan again.
        The columns are decided here, so that the start of the files is read, as for `explain`.

        Args:
            threads: worker threads. Default: `FASTPREP_THREADS`, else one for each core. Never changes the rows.

        Warns:
            UserWarning: when rows were rejected, at the end of each collect: how many for each reason, and where the
                first is. If polars stops early, among the rows that it took.

        Raises:
            ColumnError: as `explain`; so do SourceError and TokenizerError. Errors of a run are raised by polars'
                `collect`.
        """
        return lazy_frame(self, option_checks.optional_whole_number("to_lazyframe", "threads", threads, 1))

    def _rows(self, verb: str, threads: int | None) -> Any:
        """The rows as an Arrow stream. Warns if some were rejected."""
        threads = option_checks.optional_whole_number(verb, "threads", threads, 1)
        rows, report, nothing_left = self._plan.collect(threads)
        counts = json.loads(report)
        if counts["rows"]["rejected"]:
            warnings.warn(f"{verb}: {some_rejected(counts) if nothing_left is None else nothing_left}", stacklevel=3)
        return rows


def concatenated(names: list[str], pipelines: list[Pipeline], column: str) -> Pipeline:
    """The rows of several pipelines, one after another; `fastprep.concat` has checked the arguments."""
    plan = Plan.concat(names, [pipeline._plan for pipeline in pipelines], column)
    return Pipeline(("concat", (names, pipelines, column)), (), plan)


def _unpickled(source: Source, *steps: Step) -> Pipeline:
    verb, args = source
    pipeline = concatenated(*args) if verb == "concat" else Pipeline._scan(verb, *args)
    for step, in_memory in steps:
        pipeline = pipeline._push(step["verb"], in_memory, **{name: step[name] for name in step if name != "verb"})
    return pipeline


def _opened(rows: StrPath | Sequence[StrPath] | Pipeline) -> Pipeline:
    """A pipeline over the files, where it is none yet."""
    return rows if isinstance(rows, Pipeline) else SOURCES["scan"](rows)
