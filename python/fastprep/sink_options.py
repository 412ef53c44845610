"""Checks of the options of sinks."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fastprep import option_checks

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from fastprep.words import Compression, Format


CheckedSinkOptions = tuple[str, list[str], str | None, bool, int | None, float | None, int | None, int | None]
"""In the order of the core's arguments."""


def sink_options(
    path: str | os.PathLike[str],
    *,
    formats: Sequence[Format],
    compression: Compression | None = None,
    overwrite: bool = False,
    max_rejects: float | str | None = None,
    shard_bytes: int | None = None,
    threads: int | None = None,
    report: bool = False,
) -> CheckedSinkOptions:
    """The options of `Pipeline.sink`, checked."""
    option_checks.boolean("sink", "report", report)
    count, share = reject_limit(max_rejects)
    return (
        option_checks.path("sink", "path", path),
        option_checks.texts("sink", "formats", formats),
        None if compression is None else option_checks.text("sink", "compression", compression),
        option_checks.boolean("sink", "overwrite", overwrite),
        count,
        share,
        option_checks.optional_whole_number("sink", "shard_bytes", shard_bytes, 1),
        option_checks.optional_whole_number("sink", "threads", threads, 1),
    )


def reject_limit(value: float | str | None) -> tuple[int | None, float | None]:
    """The option `max_rejects` of sinks: a number of rows, or a share of them."""
    if value is None:
        return None, None
    if isinstance(value, float) and 0 <= value <= 1:
        return None, value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63:
        return value, None
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            share = option_checks.share(value)
            if share <= 1:
                return None, share
    raise option_checks.bad_option(
        f"sink: `max_rejects` must be a number of rows or a share; got {value!r}",
        'pass an int such as 100, a float up to 1.0 such as 0.01 for one row in a hundred, or a text such as "1%"',
    )
