"""`PromptFormat.check` and `PromptFormat.suggest`: which separator and stop suit the data."""

from __future__ import annotations

import json
import os
import warnings
from typing import TYPE_CHECKING, Any

from fastprep._fastprep import SEPARATOR_COLLISION, STOP_COLLISION
from fastprep.exceptions import DataError, PlanError
from fastprep.pipeline import Pipeline
from fastprep.prompt_format import SEPARATOR, STOP, PromptFormat
from fastprep.scan import from_arrow, from_records

if TYPE_CHECKING:
    from collections.abc import Iterator

KNOWN = [
    (SEPARATOR, STOP),
    ("\n\n###\n\n", " END"),
    ("\n\n===\n\n", "\n\n***\n\n"),
    ("\n\n--->\n\n", "\n\n<---\n\n"),
    ("\n<<answer>>\n", "\n<<end>>\n"),
]
NUMBERED = 16  # further pairs: "\n#1\n" with "\n#2\n", "\n#3\n" with "\n#4\n", …
SAMPLE_ROWS = 10_000  # enough to meet how texts end


def pipeline_of(data: Any) -> Pipeline:
    """The rows of a pipeline, of anything with `__arrow_c_stream__`, or of dicts."""
    if isinstance(data, Pipeline):
        return data
    if hasattr(data, "__arrow_c_stream__"):
        return from_arrow(data)
    if isinstance(data, (str, os.PathLike)) or not hasattr(data, "__iter__"):
        raise PlanError.new(
            f"data is a {type(data).__name__}, and rows are needed",
            code="bad_option",
            help="give fp.scan_jsonl(path), another pipeline, a table or frame, or a list of dicts",
        )
    return from_records(data)


def check(prompt_format: PromptFormat, data: Any) -> dict[str, int]:
    """Rows read, and how many the format would reject, by reason code."""
    rows = pipeline_of(data).format(prompt_format)
    report = json.loads(rows._plan.check())
    counts = {"rows": report["rows"]["read"], SEPARATOR_COLLISION: 0, STOP_COLLISION: 0}
    return counts | {code: entry["count"] for code, entry in report["reasons"].items()}


def suggest(data: Any, prompt: str, completion: str, tokenizer: Any, eos: bool | None) -> PromptFormat:
    """The first pair without a collision whose stop is stable in ids; else the most stable one."""
    rows = pipeline_of(data)
    tried: list[str] = []
    best: tuple[float, PromptFormat] | None = None
    for candidate in _candidates(prompt, completion, eos):
        try:
            # The first collision ends the trial.
            rows.select(*candidate.columns).format(candidate, on_collision="raise")._plan.check()
        except DataError as e:
            if e.code not in (SEPARATOR_COLLISION, STOP_COLLISION):
                raise
            tried.append(f"{candidate.separator!r} with {candidate.stop!r}")
            continue
        if tokenizer is None:
            return candidate
        stable = _stable_share(rows, candidate, tokenizer)
        if stable == 1:
            return candidate
        if best is None or stable > best[0]:
            best = stable, candidate
    if best is None:
        raise DataError.new(
            f"suggest: every pair of separator and stop occurs in the data: {', '.join(tried)}",
            code="no_pair",
            help="make up a separator and a stop, and prove them with PromptFormat(…).check(data)",
        )
    share, candidate = best
    warnings.warn(
        f"stop {candidate.stop!r} has ids of its own behind {share:.1%} of the completions: match it as a string, "
        "not by ids",
        stacklevel=2,
    )
    return candidate


def _candidates(prompt: str, completion: str, eos: bool | None) -> Iterator[PromptFormat]:
    numbered = [(f"\n#{2 * i - 1}\n", f"\n#{2 * i}\n") for i in range(1, NUMBERED + 1)]
    fits = False
    refused: PlanError | None = None
    for separator, stop in KNOWN + numbered:
        if stop in prompt:
            # Allowed, for templates of chat models; a stop that stands nowhere else is better.
            continue
        try:
            yield PromptFormat(prompt, completion=completion, separator=separator, stop=stop, eos=eos)
            fits = True
        except PlanError as e:
            # The template's own text holds this pair, or is no template with any pair.
            refused = e
    if not fits and refused is not None:
        raise refused


def _stable_share(rows: Pipeline, candidate: PromptFormat, tokenizer: Any) -> float:
    sample = rows.select(*candidate.columns).head(SAMPLE_ROWS).format(candidate)
    report = json.loads(sample.tokenize(tokenizer, special_tokens="as_text")._plan.check())
    share = report["tokens"]["stop_stable_share"]
    return 1.0 if share is None else float(share)
