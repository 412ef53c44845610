"""Readers within one process: files of two text columns into memory, rows in order, against duckdb and polars.

Each case writes the same rows as a file of its format. All sides read that file from the page cache, with as many
threads. The first side of each case is ours.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cases
from harness import Result, interleave, kernel, settled, table
from whole import agree

NAMES = ("prompt", "completion")
Reader = Callable[[], Any]


def _written(source: Path, ending: str, write: Callable[[Any, Path], Any]) -> Path:
    """The rows of the input in another format, beside it."""
    import with_polars

    path = source.with_suffix(ending)
    if not path.exists() or path.stat().st_mtime < source.stat().st_mtime:
        write(with_polars.parse_eager(source), path)
    return path


def csv(source: Path, threads: int) -> tuple[Path, dict[str, Reader]]:
    """CSV: all columns are text."""
    import polars as pl
    import with_duckdb

    import fastprep as fp

    path = _written(source, ".csv", lambda rows, path: rows.write_csv(path))
    database = with_duckdb.connect(threads)
    read = f"FROM read_csv('{path}', all_varchar = true, allow_quoted_nulls = false)"
    return path, {
        "fastprep": lambda: fp.scan_csv(path).collect(),
        "duckdb arrow": lambda: database.sql(read).to_arrow_table(),
        "duckdb table": lambda: with_duckdb.table(database, read),
        "polars eager": lambda: pl.read_csv(path, infer_schema=False),
        "polars streaming": lambda: pl.scan_csv(path, infer_schema=False).collect(engine="streaming"),
    }


def json(source: Path, threads: int) -> tuple[Path, dict[str, Reader]]:
    """One JSON array, as polars writes it."""
    import polars as pl
    import with_duckdb

    import fastprep as fp

    path = _written(source, ".json", lambda rows, path: rows.write_json(path))
    database = with_duckdb.connect(threads)
    types = ", ".join(f"{name}: 'VARCHAR'" for name in NAMES)
    read = f"FROM read_json('{path}', format = 'array', columns = {{{types}}})"
    return path, {
        "fastprep": lambda: fp.scan_json(path).collect(),
        "duckdb arrow": lambda: database.sql(read).to_arrow_table(),
        "duckdb table": lambda: with_duckdb.table(database, read),
        "polars eager": lambda: pl.read_json(path, schema=dict.fromkeys(NAMES, pl.String)),
    }


def parquet(source: Path, threads: int) -> tuple[Path, dict[str, Reader]]:
    """Parquet, as polars writes it."""
    import polars as pl
    import with_duckdb

    import fastprep as fp

    path = _written(source, ".parquet", lambda rows, path: rows.write_parquet(path))
    database = with_duckdb.connect(threads)
    read = f"FROM read_parquet('{path}')"
    return path, {
        "fastprep": lambda: fp.scan_parquet(path).collect(),
        "duckdb arrow": lambda: database.sql(read).to_arrow_table(),
        "duckdb table": lambda: with_duckdb.table(database, read),
        "polars eager": lambda: pl.read_parquet(path),
        "polars streaming": lambda: pl.scan_parquet(path).collect(engine="streaming"),
    }


CASES = {"csv": csv, "json": json, "parquet": parquet}


def _digest(rows: Any) -> dict[str, Any]:
    """Rows, and digests of both columns, of whatever gives Arrow."""
    import answers
    import pyarrow as pa

    table = rows.to_arrow_table() if hasattr(rows, "to_arrow_table") else pa.table(rows)
    return answers.in_order([table.select(NAMES)])


def bench(name: str, source: Path, args: argparse.Namespace) -> Result:
    """Compares what the sides of a case read, then times them."""
    path, readers = CASES[name](source, args.threads)
    size = path.stat().st_size
    found = agree({side: _digest(read()) for side, read in readers.items()})
    print(f"{len(readers)} answers agree on {size / 1e6:,.1f} MB: {found}", flush=True)
    sides = [settled(kernel(side, read)) for side, read in readers.items()]
    runs = interleave(sides, args.runs, warm=True)
    result = Result(name, size, runs, {"answer": found})
    print(table(result), flush=True)
    return result


def main() -> None:
    """Runs the cases asked for."""
    parser = cases.parser(__doc__, CASES)
    cases.run("reader", parser.parse_args(), bench)


if __name__ == "__main__":
    main()
