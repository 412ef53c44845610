"""The sources: each function starts a pipeline and reads nothing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fastprep import option_checks
from fastprep._fastprep import MAX_LINE_BYTES, SPLIT, STDIN
from fastprep.exceptions import PlanError
from fastprep.expressions.batch_callbacks import without_null_type
from fastprep.pipeline import Pipeline, concatenated
from fastprep.sources.datasets_source import DatasetDictSource, DatasetSource, IterableDatasetSource, is_dataset
from fastprep.sources.lazy_frame_source import LazyFrameSource
from fastprep.sources.pyarrow_source import PyarrowSource
from fastprep.sources.record_source import RecordSource
from fastprep.sources.registry import source_function

if TYPE_CHECKING:
    from collections.abc import Sequence

    StrPath = str | os.PathLike[str]


def _paths(verb: str, source: StrPath | Sequence[StrPath]) -> list[str]:
    if isinstance(source, (str, os.PathLike)):
        source = [source]
    many = list(source) if isinstance(source, Iterable) else []
    if not many or not all(isinstance(path, (str, os.PathLike)) for path in many):
        raise option_checks.bad_option(
            f"{verb}: `source` must be a path or several; got {_shown(source)}", _way_to_scan(source)
        )
    paths = [option_checks.path(verb, "source", path) for path in many]
    if STDIN in paths and (len(paths) > 1 or verb not in ("scan", "scan_jsonl")):
        raise option_checks.bad_option(
            f"{verb}: {STDIN} is standard input, which only scan_jsonl reads, as its only input",
            f"write scan_jsonl({STDIN!r})",
        )
    return paths


def _shown(source: Any) -> str:
    """What was passed: a small value itself, of anything else its type."""
    return repr(source) if source is None or isinstance(source, (int, float, bytes)) else type(source).__name__


def _way_to_scan(source: Any) -> str:
    """What to write for data that is no path."""
    import polars as pl

    if is_dataset(source):
        return "pass it to fastprep.from_datasets"
    if isinstance(source, pl.LazyFrame) or hasattr(source, "__arrow_c_stream__"):
        return "pass data in memory to fastprep.from_arrow"
    if isinstance(source, (list, tuple)) and source and all(isinstance(row, Mapping) for row in source):
        return "pass rows to fastprep.from_records"
    return "pass a path, a glob, a folder, or a list of these"


def _scan_files(verb: str, format: str, source: StrPath | Sequence[StrPath], **options: Any) -> Pipeline:
    """A pipeline over files of a format; `options` are those of the format in the JSON of plans."""
    return Pipeline._scan("scan_files", format, _paths(verb, source), json.dumps(options))


@source_function
def scan(source: StrPath | Sequence[StrPath]) -> Pipeline:
    """Start a pipeline that reads files of any format, recognised by their content.

    The formats are those of the functions `scan_*`; `explain()` names the one that was found, and the manifest keeps
    it. Compressed files are read where the format's own function reads them. `Pipeline.dialect`
    says what the rows mean.

    Args:
        source: a path, a glob (`raw/**/*`), a folder, several of these, or `"-"` for JSON lines from standard input.
            A folder is searched for the file names of all formats. A folder that fastprep published is read from its
            shards.

    Raises:
        PlanError: `source` is not a path.
        SourceError: at `explain()` or the sink: no format is recognised, or the files have several formats.
    """
    paths = _paths("scan", source)
    if paths == [STDIN]:
        return scan_jsonl(STDIN)
    return _scan_files("scan", "any", paths)


@source_function
def scan_jsonl(source: StrPath | Sequence[StrPath], *, max_line_bytes: int = MAX_LINE_BYTES) -> Pipeline:
    """Start a pipeline that reads JSON lines.

    Args:
        source: a path, a glob (`raw/**/*.jsonl.gz`), a folder, several of these, or `"-"` for standard input.
            gzip and zstd are recognised by their first bytes. Files are read in bytewise order of their names.
        max_line_bytes: a longer line is rejected as `line_too_long`, and never fully in memory. Default: 64 MiB.

    Raises:
        PlanError: an option is out of range. Missing files are reported by `explain()` or the sink.
    """
    max_line_bytes = option_checks.whole_number("scan_jsonl", "max_line_bytes", max_line_bytes, 1)
    if source == STDIN or source == [STDIN]:
        return Pipeline._scan("scan_stdin", max_line_bytes)
    return _scan_files("scan_jsonl", "jsonl", source, max_line_bytes=max_line_bytes)


#: The words for the types of columns in plans, by the names of polars and of Python.
_CSV_TYPES = {"String": "str", "Utf8": "str", "Int64": "int64", "Float64": "float64", "Boolean": "bool"}
_CSV_TYPES |= {"str": "str", "int": "int64", "float": "float64", "bool": "bool", "int64": "int64", "float64": "float64"}


def _csv_type(column: Any, type_: Any) -> str:
    word = type_ if isinstance(type_, str) else getattr(type_, "__name__", str(type_))
    if not isinstance(column, str) or word not in _CSV_TYPES:
        raise option_checks.bad_option(
            f"scan_csv: `schema` must map names of columns to types; got {column!r}: {type_!r}",
            'the types are "str", "int64", "float64", "bool", or those of polars, such as pl.Int64; '
            "convert others with with_columns(pl.col(…).cast(…))",
        )
    return _CSV_TYPES[word]


@source_function
def scan_csv(
    source: StrPath | Sequence[StrPath],
    *,
    separator: str | None = None,
    quote_char: str | None = '"',
    has_header: bool = True,
    schema: Mapping[str, Any] | None = None,
    max_line_bytes: int = MAX_LINE_BYTES,
) -> Pipeline:
    """Start a pipeline that reads CSV and TSV.

    All columns are text, unless `schema` gives them another type. A field without any character is null; a pair of
    quotes without text is the empty text.

    Args:
        source: a path, a glob (`raw/**/*.csv.gz`), a folder, or several of these. gzip, zstd, and the byte order marks
            of UTF-8, UTF-16 and UTF-32 are recognised by the first bytes.
        separator: the character between two fields. Default: a tab in files with names in `.tsv` and `.tab`; in others
            the one of `,`, tab, `;` and `|` that divides the first records into equally many fields.
        quote_char: the character around fields that hold separators or line ends; `None`, or `""`, if quotes are
            ordinary text.
        has_header: whether the first record has the names of the columns. If not, they are `column_1`, `column_2`, ….
        schema: types of columns that are not text: `"int64"`, `"float64"`, `"bool"`, or types of polars. A row with
            another value is rejected as `wrong_type`.
        max_line_bytes: a longer record is rejected as `line_too_long`, and never fully in memory. Default: 64 MiB.

    Raises:
        PlanError: an option is not allowed.
        SourceError: at `explain()` or the sink: files are missing, or their header or separator is unclear; at the
            sink: a quoted field does not end.
        ColumnError: at `explain()` or the sink: two columns have one name, or `schema` names a column that is missing.
    """
    option_checks.boolean("scan_csv", "has_header", has_header)
    if schema is not None and not isinstance(schema, Mapping):
        raise option_checks.bad_option(f"scan_csv: `schema` must be a dict of names and types; got {schema!r}")
    quote_char = quote_char or None
    for option, value in (("separator", separator), ("quote_char", quote_char)):
        if value is not None and (not isinstance(value, str) or len(value) != 1):
            raise option_checks.bad_option(
                f"scan_csv: `{option}` must be one character; got {value!r}", 'pass a character such as "," or "\\t"'
            )
    return _scan_files(
        "scan_csv",
        "csv",
        source,
        separator=separator,
        quote_char=quote_char,
        has_header=has_header,
        schema={name: _csv_type(name, type_) for name, type_ in (schema or {}).items()},
        max_line_bytes=option_checks.whole_number("scan_csv", "max_line_bytes", max_line_bytes, 1),
    )


@source_function
def scan_json(source: StrPath | Sequence[StrPath], *, max_line_bytes: int = MAX_LINE_BYTES) -> Pipeline:
    """Start a pipeline that reads JSON arrays: each file is one array, and its elements are the rows.

    A file is read in pieces, and is never in memory as a whole.

    Args:
        source: a path, a glob (`raw/**/*.json.gz`), a folder, or several of these. gzip and zstd are recognised by
            their first bytes. Files are read in bytewise order of their names.
        max_line_bytes: a longer element is rejected as `line_too_long`, and never fully in memory. Default: 64 MiB.

    Raises:
        PlanError: an option is out of range. Missing files are reported by `explain()` or the sink.
        SourceError: at `explain()` or the sink: a file is not one array, or is damaged.
    """
    max_line_bytes = option_checks.whole_number("scan_json", "max_line_bytes", max_line_bytes, 1)
    return _scan_files("scan_json", "json", source, max_line_bytes=max_line_bytes)


@source_function
def scan_parquet(source: StrPath | Sequence[StrPath]) -> Pipeline:
    """Start a pipeline that reads Parquet: a path, a glob, a folder, or several of these.

    Only the columns that the plan needs are read.
    """
    return _scan_files("scan_parquet", "parquet", source)


@source_function
def scan_ipc(source: StrPath | Sequence[StrPath]) -> Pipeline:
    """Start a pipeline that reads Arrow IPC files and streams: a path, a glob, a folder, or several of these.

    Files and streams are recognised by their content, also compressed with gzip or zstd, and with buffers that are
    compressed with LZ4 or zstd. `datasets` writes streams.

    Raises:
        SourceError: at `explain()` or the sink: a file is damaged or was cut off.
    """
    return _scan_files("scan_ipc", "ipc", source)


@source_function
def from_arrow(data: Any, *, name: str = "<arrow>") -> Pipeline:
    """Start a pipeline over any object with `__arrow_c_stream__` (pyarrow, polars, duckdb, pandas 3), or a LazyFrame.

    Args:
        data: a table, frame or record batch reader. A reader can be read once; a second run raises an error. The
            query of a polars LazyFrame is run in streaming mode for each run of the plan, and is never collected.
        name: the name of the data in the places of rows.

    Raises:
        PlanError: the object has no Arrow stream.
    """
    import polars as pl

    option_checks.text("from_arrow", "name", name)
    if isinstance(data, pl.LazyFrame):
        return _from_stream(name, LazyFrameSource(data))
    if is_dataset(data) or not hasattr(data, "__arrow_c_stream__"):
        raise option_checks.bad_option(
            f"from_arrow: `data` must have an Arrow stream; got {type(data).__name__}", _way_in(data)
        )
    if isinstance(data, pl.DataFrame):
        data = without_null_type(data)
    # A reader has one stream; a table makes a new one each time.
    once = hasattr(data, "read_next_batch") or hasattr(data, "read_all")
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None and isinstance(data, (pyarrow.Table, pyarrow.RecordBatch, pyarrow.RecordBatchReader)):
        data = PyarrowSource(data, name)
    return _from_stream(name, data, once=once, same=not once)


def _from_stream(
    name: str, stream: Any, *, once: bool = False, same: bool = True, splits: Sequence[str] = ()
) -> Pipeline:
    """A pipeline over an Arrow stream.

    `once` says that it can be opened only once; `same` that it has the same rows each time; `splits` names the values
    of its column of splits.
    """
    return Pipeline._scan("from_arrow", name, stream, once, same, list(splits))


def _way_in(data: Any) -> str:
    """What to write for data that `from_arrow` cannot read."""
    if is_dataset(data):
        return "pass it to fastprep.from_datasets"
    if isinstance(data, (str, os.PathLike)):
        return "to read files, write fastprep.scan(path)"
    if isinstance(data, Mapping):
        return "for columns in a dict, pass pyarrow.table(data); for one row, write fastprep.from_records([data])"
    if isinstance(data, Iterable) and not hasattr(data, "columns"):
        return "for dicts, write fastprep.from_records(data)"
    return (
        "pass a pyarrow.Table, a polars frame, or anything with __arrow_c_stream__; convert other frames with "
        "pyarrow.Table.from_pandas or polars.from_pandas"
    )


@source_function
def from_datasets(data: Any, *, name: str = "<datasets>") -> Pipeline:
    """Start a pipeline over a data set of the package `datasets`, in batches: its rows are never all in memory.

    Args:
        data: a `Dataset`, with the order that `select`, `shuffle` and `sort` gave it; a `DatasetDict`, whose splits are
            kept in a column `split`; or an `IterableDataset`, which each run of the plan iterates from its start.
            Formats and transforms (`set_format`, `set_transform`) are ignored.
        name: the name of the data in the places of rows.

    Raises:
        PlanError: `data` is not a data set, or the splits of a `DatasetDict` have different columns.
    """
    option_checks.text("from_datasets", "name", name)
    if is_dataset(data):
        import datasets

        if isinstance(data, datasets.Dataset):
            return _from_stream(name, DatasetSource(data))
        if isinstance(data, datasets.IterableDataset):
            return _from_stream(name, IterableDatasetSource(data), same=False)
        if isinstance(data, datasets.DatasetDict) and data:
            return _from_stream(name, DatasetDictSource(data, SPLIT), splits=list(data))
    given = f"{data!r:.40} of type {type(data).__name__}"
    raise option_checks.bad_option(
        f"from_datasets: `data` must be a Dataset, a DatasetDict with a split, or an IterableDataset; got {given}",
        "pass one split: from_datasets(data[…])"
        if is_dataset(data)
        else "for frames and tables, write "
        "fastprep.from_arrow(data); for a folder of save_to_disk, fastprep.scan(folder)",
    )


@source_function
def from_records(records: Iterable[Mapping[str, Any]], *, name: str = "<records>") -> Pipeline:
    """Start a pipeline over dicts, read one by one; JSON must be able to represent their values.

    A list can be read many times, a generator once; a second run then raises an error.
    """
    if not isinstance(records, Iterable) or isinstance(records, (str, bytes, Mapping)):
        raise option_checks.bad_option(
            f"from_records: `records` must be an iterable of dicts; got {type(records).__name__}",
            "pass a list or a generator of dicts; for frames and tables use fastprep.from_arrow",
        )
    can_restart = iter(records) is not records
    option_checks.text("from_records", "name", name)
    return Pipeline._scan("from_reader", name, RecordSource(records, name), can_restart)


@source_function
def concat(plans: Mapping[str, Pipeline] | Sequence[Pipeline], *, column: str = "source") -> Pipeline:
    """Start a pipeline over the rows of several pipelines, one after another.

    Each may have its own steps: `select`, `drop`, `rename`, `filter`, `with_columns`, `map_batches`, `with_row_index`,
    `head` and `validate`. Steps that treat all rows alike (`format`, `dedup`, `split`, `tokenize`, `shuffle`, …) come
    after. The result has the columns of all pipelines, in order of first appearance, with null where a pipeline lacks
    one.

    Args:
        plans: the pipelines by name, or a list of them, with the names `"0"`, `"1"`, ….
        column: a text column with the name of each row's pipeline, after the others.

    Raises:
        PlanError: there is no pipeline, or one is a concat itself or has a step that belongs after the concat.
        ColumnError: at `explain()` or the sink: a column has two types, or a pipeline already has `column`.
    """
    named: dict[Any, Any]
    if isinstance(plans, Mapping):
        for name in plans:
            if not isinstance(name, str):
                raise option_checks.bad_option(f"concat: the keys of `plans` must be strings; got {name!r}")
        named = {option_checks.valid_unicode("concat", "plans", name): plan for name, plan in plans.items()}
    elif isinstance(plans, Iterable) and not isinstance(plans, (str, bytes)):
        named = {str(number): plan for number, plan in enumerate(plans)}
    else:
        raise _not_pipelines(plans)
    for plan in named.values():
        if not isinstance(plan, Pipeline):
            raise _not_pipelines(plan)
    _check_single_use(named)
    return concatenated(list(named), list(named.values()), option_checks.text("concat", "column", column))


def _check_single_use(named: Mapping[str, Pipeline]) -> None:
    """Fail for two plans over one stream: the second would find no rows."""
    names: dict[int, str] = {}
    for name, plan in named.items():
        stream = plan._single_use_stream()
        other = names.setdefault(id(stream), name) if stream is not None else name
        if other != name:
            raise option_checks.bad_option(
                f"concat: `{other}` and `{name}` read the same stream, which can be read only once",
                "scan a file, or pass a table or a list",
            )


def _not_pipelines(value: Any) -> PlanError:
    return option_checks.bad_option(
        f"concat: `plans` must be several pipelines; got {value!r:.80} of type {type(value).__name__}",
        'write concat([fp.scan_jsonl("a.jsonl"), fp.scan_parquet("b.parquet")])',
    )
