"""`PromptFormat.suggest` and `PromptFormat.check`: which separator and stop occur in the data."""

from __future__ import annotations

import json
import os
import warnings
from typing import TYPE_CHECKING, Any

from fastprep._fastprep import SEPARATOR_COLLISION, STOP_COLLISION
from fastprep.exceptions import DataError, PlanError
from fastprep.pipeline import Pipeline
from fastprep.scan import from_arrow, from_records
from fastprep.separators_and_stops import PAIRS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fastprep.prompt_format import PromptFormat

SAMPLE_ROWS = 10_000
"""Completions whose stops are tokenized: enough to see how texts end."""


def pipeline_of(data: Any) -> Pipeline:
    """A pipeline over the data: a pipeline as it is, anything with `__arrow_c_stream__`, or dicts."""
    if isinstance(data, Pipeline):
        return data
    if hasattr(data, "__arrow_c_stream__"):
        return from_arrow(data)
    if isinstance(data, (str, os.PathLike)) or not hasattr(data, "__iter__"):
        raise PlanError.new(
            f"`data` must contain rows; got {type(data).__name__}",
            code="bad_option",
            help="pass fp.scan_jsonl(path) or another pipeline, a table or frame, or a list of dicts",
        )
    return from_records(data)


def check(prompt_format: PromptFormat, data: Any) -> dict[str, int]:
    """How many rows are read, and how many the format would reject, by reason code."""
    rows = pipeline_of(data).format(prompt_format)
    report = json.loads(rows._plan.check())
    counts = {"rows": report["rows"]["read"], SEPARATOR_COLLISION: 0, STOP_COLLISION: 0}
    return counts | {code: entry["count"] for code, entry in report["reasons"].items()}


def suggest(data: Any, make: Callable[[str, str], PromptFormat], prompt: str, tokenizer: Any) -> PromptFormat:
    """The format whose separator and stop occur in no row, from the first such pair of `PAIRS`.

    With a tokenizer: the first whose stop has the same ids after every completion, else the most stable one.

    Args:
        data: what `PromptFormat.suggest` takes.
        make: makes the format with a separator and a stop.
        prompt: the template of the prompt.
        tokenizer: None, or as for `Pipeline.tokenize`.
    """
    rows = pipeline_of(data)
    tried: list[str] = []
    best: tuple[float, PromptFormat] | None = None
    for candidate in _candidates(make, prompt):
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
            f"suggest: each of these pairs of separator and stop occurs in the data: {', '.join(tried)}",
            code="no_pair",
            help="choose a separator and a stop yourself, and test them with PromptFormat(…).check(data)",
        )
    share, candidate = best
    # At the caller of `PromptFormat.suggest`.
    warnings.warn(
        f"only {share:.1%} of the completions end in the token ids of the stop {candidate.stop!r} encoded alone: "
        "end generation at the text of the stop, not at its ids",
        stacklevel=3,
    )
    return candidate


def _candidates(make: Callable[[str, str], PromptFormat], prompt: str) -> Iterator[PromptFormat]:
    """Formats with each pair, but for those that the template's own text holds."""
    any_valid = False
    refused: PlanError | None = None
    for separator, stop in PAIRS:
        if stop in prompt:
            # Allowed, for templates of chat models; a stop that occurs nowhere else is better.
            continue
        try:
            yield make(separator, stop)
            any_valid = True
        except PlanError as e:
            # The template's text holds this pair, or the template is invalid with every pair.
            refused = e
    if not any_valid and refused is not None:
        raise refused


def _stable_share(rows: Pipeline, candidate: PromptFormat, tokenizer: Any) -> float:
    sample = rows.select(*candidate.columns).head(SAMPLE_ROWS).format(candidate)
    report = json.loads(sample.tokenize(tokenizer, special_tokens="as_text")._plan.check())
    share = report["tokens"]["stop_stable_share"]
    return 1.0 if share is None else float(share)
