"""Our side of every bench: all calls of fastprep are here. Imported only where our side runs."""

from pathlib import Path

import pyarrow as pa
from job import SEPARATOR, STOP

import fastprep as fp

FORMAT = fp.PromptFormat("{prompt}", completion="{completion}", separator=SEPARATOR, stop=STOP)
NO_LIMIT = 1 << 20  # tokens: the peer has no limit either


def end_to_end(source: Path, out: Path, tokenizer: Path) -> None:
    """JSONL to proven, deduplicated, split, tokenized, labelled shards."""
    plan = fp.scan_jsonl(str(source)).format(FORMAT).dedup().split(valid=0.02, seed=7)
    plan.tokenize(str(tokenizer), max_length=NO_LIMIT, on_overflow="reject").sink_arrow(str(out))


def no_tokenize(source: Path, out: Path) -> None:
    """JSONL to proven, deduplicated shards of text."""
    fp.scan_jsonl(str(source)).format(FORMAT).dedup().sink_arrow(str(out))


def collisions(table: pa.Table) -> int:
    """Rows in which separator or stop occurs where the format did not put it."""
    counts = FORMAT.check(table)
    return counts["separator_collision"] + counts["stop_collision"]


def unique(table: pa.Table) -> pa.Table:
    """The first of every group of equal rows, in order."""
    return fp.from_arrow(table).dedup(on=["prompt", "completion"], keepers=False).collect()


def parse(source: Path) -> pa.Table:
    """The two text columns of a JSONL file."""
    return fp.scan_jsonl(str(source)).select("prompt", "completion").collect()
