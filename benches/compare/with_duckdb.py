"""The peer of the parser: duckdb, with its types given, so that it need not sniff."""

from pathlib import Path

import duckdb
import pyarrow as pa

_COLUMNS = "columns = {prompt: 'VARCHAR', completion: 'VARCHAR'}"


def connect(threads: int) -> duckdb.DuckDBPyConnection:
    """A database in memory with so many threads; text leaves it as views, without a copy into one buffer."""
    connection = duckdb.connect(":memory:", config={"threads": threads})
    connection.execute("SET produce_arrow_string_view = true")
    connection.execute("SET arrow_output_version = '1.4'")
    return connection


def to_arrow(connection: duckdb.DuckDBPyConnection, source: Path) -> pa.Table:
    """A JSONL file as an Arrow table."""
    return connection.sql(f"FROM read_ndjson('{source}', {_COLUMNS})").to_arrow_table()


def to_table(connection: duckdb.DuckDBPyConnection, source: Path) -> duckdb.DuckDBPyRelation:
    """A JSONL file as a table of its own."""
    return table(connection, f"FROM read_ndjson('{source}', {_COLUMNS})")


def table(connection: duckdb.DuckDBPyConnection, query: str) -> duckdb.DuckDBPyRelation:
    """The rows of a query as a table of its own."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE rows AS {query}")
    return connection.table("rows")
