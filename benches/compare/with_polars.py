"""The peer of everything but tokens: polars, in the fastest form that was found."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

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


TOKENS = [
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>",
    "<|start_header_id|>", "<|end_header_id|>", "<start_of_turn>", "<end_of_turn>", "[INST]", "[/INST]",
]  # fmt: skip
"""Control tokens of some families."""
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u{80}-\u{84}\u{86}-\u{9f}]"
INVISIBLE = r"[\u{ad}\u{180e}\u{200b}\u{202a}-\u{202e}\u{2060}\u{2066}-\u{2069}\u{feff}\u{e0001}\u{e007f}]"
PERCENTILES = {"p5": 0.05, "p50": 0.5, "p95": 0.95, "p99": 0.99}


def _flaws() -> dict[str, pl.Expr]:
    """Exact conditions of a row, by the code of the finding."""

    def either(condition: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
        return condition(PROMPT) | condition(COMPLETION)

    def padded(column: pl.Expr) -> pl.Expr:
        bare = column.str.strip_chars()
        return (bare.str.len_bytes() < column.str.len_bytes()) & (bare.str.len_bytes() > 0)

    return {
        "empty_answers": COMPLETION.str.strip_chars() == "",
        "empty_prompts": PROMPT.str.strip_chars() == "",
        "control_characters": either(lambda c: c.str.contains(CONTROL)),
        "invisible_characters": either(lambda c: c.str.contains(INVISIBLE)),
        "replacement_characters": either(lambda c: c.str.contains("\ufffd", literal=True)),
        "carriage_returns": either(lambda c: c.str.contains("\r", literal=True)),
        "outer_white_space": either(padded),
        "not_nfc": either(lambda c: c.str.normalize("NFC") != c),
        "control_tokens": either(lambda c: c.str.contains_any(TOKENS)),
    }


COUNTED = ["rows", *_flaws(), "duplicate_rows", "conflicting_answers", "conflicting_prompts"]


def inspected(rows: pl.DataFrame | pl.LazyFrame, engine: str = "in-memory") -> dict[str, Any]:
    """The part of `inspect` that expressions can compute, of two text columns."""
    lazy = rows.lazy()
    lengths = [
        column.str.len_chars().quantile(share, "higher").alias(f"{name} {point}")
        for name, column in (("prompt", PROMPT), ("answer", COMPLETION))
        for point, share in PERCENTILES.items()
    ]
    sums = [condition.sum().alias(code) for code, condition in _flaws().items()]
    whole = lazy.select(pl.len().alias("rows"), pl.struct("prompt", "completion").n_unique().alias("different"))
    prompts = lazy.group_by("prompt").agg(COMPLETION.n_unique().alias("answers"), pl.len().alias("rows"))
    several = prompts.filter(pl.col("answers") > 1)
    conflicts = several.select(pl.len().alias("conflicting_prompts"), pl.col("rows").sum().alias("conflicting_answers"))
    made = pl.collect_all([lazy.select(*sums, *lengths), whole, conflicts], engine=engine)
    found = {name: frame.item(0, name) for frame in made for name in frame.columns}
    found["duplicate_rows"] = found["rows"] - found.pop("different")
    names = [expr.meta.output_name() for expr in lengths]
    return {"counts": {code: found[code] for code in COUNTED}, "lengths": {name: int(found[name]) for name in names}}


def inspected_lazily(source: Path) -> dict[str, Any]:
    """As `inspected`, from the file, by the streaming engine."""
    return inspected(pl.scan_ndjson(source, schema=SCHEMA), "streaming")


def _file(out: Path) -> Path:
    out.mkdir()
    return out / "rows.arrow"
