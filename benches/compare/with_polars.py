"""The peer of everything but tokens: polars, in the fastest form that was found."""

from pathlib import Path

import polars as pl
from job import SEAM_HEADS, SEPARATOR, STOP

SCHEMA = {"prompt": pl.String, "completion": pl.String}
PROMPT, COMPLETION = pl.col("prompt"), pl.col("completion")


def rendered() -> list[pl.Expr]:
    """The columns with separator and stop appended."""
    return [PROMPT + pl.lit(SEPARATOR), COMPLETION + pl.lit(STOP)]


def proven() -> pl.Expr:
    """Over rendered columns: both occur once, at the end of their column, and none across the seam."""
    prompt = (PROMPT.str.find(SEPARATOR, literal=True) == PROMPT.str.len_bytes() - len(SEPARATOR)) & (
        ~PROMPT.str.contains(STOP, literal=True)
    )
    completion = (COMPLETION.str.find(STOP, literal=True) == COMPLETION.str.len_bytes() - len(STOP)) & (
        ~COMPLETION.str.contains(SEPARATOR, literal=True)
    )
    seam = pl.any_horizontal([COMPLETION.str.starts_with(head) for head in SEAM_HEADS])
    return prompt & completion & ~seam


def proven_raw() -> pl.Expr:
    """The same over the columns as read: nothing within, and no end or head that a seam would complete."""
    both = [SEPARATOR, STOP]
    tails = sorted({s[:k] for s in both for end in both for k in range(1, len(s)) if (s[:k] + end).startswith(s)})
    within = PROMPT.str.contains_any(both) | COMPLETION.str.contains_any(both)
    ends = [c.str.ends_with(t) for c in (PROMPT, COMPLETION) for t in tails]
    heads = [(COMPLETION + pl.lit(STOP)).str.starts_with(h) for h in SEAM_HEADS]
    return ~pl.any_horizontal([within, *ends, *heads])


def eager(source: Path, out: Path) -> None:
    """Column by column, in memory."""
    rows = pl.read_ndjson(source, schema=SCHEMA).with_columns(rendered()).filter(proven())
    rows.unique(["prompt", "completion"], keep="first", maintain_order=True).write_ipc(_file(out))


def eager_raw(source: Path, out: Path) -> None:
    """As `eager`, but checked before rendering."""
    rows = pl.read_ndjson(source, schema=SCHEMA).filter(proven_raw())
    rows = rows.unique(["prompt", "completion"], keep="first", maintain_order=True)
    rows.with_columns(rendered()).write_ipc(_file(out))


def _lazy(source: Path) -> pl.LazyFrame:
    rows = pl.scan_ndjson(source, schema=SCHEMA).filter(proven_raw())
    rows = rows.unique(["prompt", "completion"], keep="first", maintain_order=True)
    return rows.with_columns(rendered())


def lazy(source: Path, out: Path) -> None:
    """One plan, in-memory engine."""
    _lazy(source).collect(engine="in-memory").write_ipc(_file(out))


def streaming(source: Path, out: Path) -> None:
    """One plan, streaming engine, straight to the file."""
    _lazy(source).sink_ipc(_file(out), engine="streaming")


def parse_eager(source: Path) -> pl.DataFrame:
    """A JSONL file, read at once."""
    return pl.read_ndjson(source, schema=SCHEMA)


def parse_streaming(source: Path) -> pl.DataFrame:
    """A JSONL file, by the streaming engine."""
    return pl.scan_ndjson(source, schema=SCHEMA).collect(engine="streaming")


def unique(rows: pl.DataFrame) -> pl.DataFrame:
    """The first of every group of equal rows, in order."""
    return rows.unique(["prompt", "completion"], keep="first", maintain_order=True)


def absent() -> pl.Expr:
    """Neither separator nor stop within a column; seams are not looked at."""
    both = [SEPARATOR, STOP]
    return ~(PROMPT.str.contains_any(both) | COMPLETION.str.contains_any(both))


def scan_eager(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows in which neither occurs: the scan alone, no text is written."""
    return rows.filter(absent())


def scan_lazy(rows: pl.DataFrame) -> pl.DataFrame:
    """As `scan_eager`, as a plan."""
    return rows.lazy().filter(absent()).collect()


def scan_and_render(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows with separator and stop appended."""
    return rows.lazy().filter(absent()).with_columns(rendered()).collect()


def _file(out: Path) -> Path:
    out.mkdir()
    return out / "rows.arrow"
