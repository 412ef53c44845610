"""Our side of every bench: all calls of fastprep are here. Imported only where our side runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialogues import NOW, TEMPLATE
from job import SEPARATOR, STOP

import fastprep as fp

if TYPE_CHECKING:  # whole processes need neither
    import polars as pl
    import pyarrow as pa

FORMAT = fp.PromptFormat("{prompt}", completion="{completion}", separator=SEPARATOR, stop=STOP, eos=False)
NO_LIMIT = 1 << 20  # tokens: the peer has no limit either


def end_to_end(source: Path, out: Path, tokenizer: Path) -> None:
    """JSONL to proven, deduplicated, split, tokenized, labelled shards."""
    plan = fp.scan_jsonl(str(source)).format(FORMAT).dedup().split(valid=0.02, seed=7)
    plan.tokenize(str(tokenizer), max_length=NO_LIMIT, on_overflow="reject").sink_arrow(str(out))


def no_tokenize(source: Path, out: Path) -> None:
    """JSONL to proven, deduplicated shards of text."""
    fp.scan_jsonl(str(source)).format(FORMAT).dedup().sink_arrow(str(out))


def parse(source: Path) -> pa.Table:
    """The two text columns of a JSONL file."""
    return fp.scan_jsonl(str(source)).select("prompt", "completion").collect()


def publish(source: Path, out: Path) -> None:
    """The rows of a file of any format, as JSON lines."""
    fp.scan(str(source)).sink_jsonl(str(out))


def publish_query(source: Path, out: Path) -> None:
    """The rows of a query of polars over a Parquet file, as JSON lines."""
    import polars as pl

    fp.from_arrow(pl.scan_parquet(source)).sink_jsonl(str(out))


def inspected(source: Path) -> dict[str, Any]:
    """The counts of all findings, and the percentiles of the lengths."""
    found = fp.scan_jsonl(str(source)).inspect().to_dict()
    findings = {finding["code"]: finding for finding in found["findings"]}
    prompts = findings["conflicting_answers"]["detail"] if "conflicting_answers" in findings else "0"
    counts = {code: finding["count"] for code, finding in findings.items()}
    counts |= {"rows": found["rows"]["inspected"], "conflicting_prompts": int(prompts.split()[0].replace(",", ""))}
    points = ("p5", "p50", "p95", "p99")
    lengths = {f"{name} {point}": of[point] for name, of in found["characters"].items() for point in points}
    return {"counts": counts, "lengths": lengths}


def unique(rows: pl.DataFrame) -> pl.DataFrame:
    """The first of every group of equal rows, in order."""
    return fp.from_arrow(rows).dedup(on=["prompt", "completion"]).to_polars()


def render_and_prove(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with separator and stop appended, without those that held one: the scan and the writing of all text."""
    return fp.from_arrow(rows).format(FORMAT).to_polars()


def rendered_rows(source: Path, template: str) -> pa.Table:
    """The text of dialogues, and the spans that say what trains."""
    format = fp.ChatFormat.from_text(template, special_tokens={"bos_token": "<s>", "eos_token": "</s>"}, now=NOW)
    return fp.scan_jsonl(str(source)).format(format).collect()


def rendered(source: Path, template: str) -> list[str]:
    """The text of each dialogue."""
    return rendered_rows(source, template)["text"].to_pylist()


def prepared_dialogues(source: Path, out: Path, tokenizer: Path) -> None:
    """JSONL of dialogues to ids and labels in shards."""
    plan = fp.scan_jsonl(str(source)).format(fp.ChatFormat.from_text(TEMPLATE))
    plan.tokenize(str(tokenizer), max_length=NO_LIMIT, on_overflow="reject").sink_arrow(str(out))


def ids_of_dialogues(source: Path, out: Path, tokenizer: Path) -> None:
    """The same without the text and its spans, which the peer does not keep."""
    plan = fp.scan_jsonl(str(source)).format(fp.ChatFormat.from_text(TEMPLATE))
    options = {"max_length": NO_LIMIT, "on_overflow": "reject", "keep_text": False}
    plan.tokenize(str(tokenizer), **options).sink_arrow(str(out))
