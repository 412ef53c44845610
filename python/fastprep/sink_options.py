"""The options of sinks, checked."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fastprep import options

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from fastprep.words import Compression, Format


def sink_options(
    path: str | os.PathLike[str],
    *,
    formats: Sequence[Format],
    compression: Compression | None = None,
    overwrite: bool = False,
    max_rejects: float | str | None = None,
    shard_bytes: int | None = None,
    threads: int | None = None,
) -> tuple[str, list[str], str | None, bool, int | None, float | None, int | None, int | None]:
    """The options of `Pipeline.sink`, checked, as the core takes them."""
    count, share = reject_limit(max_rejects)
    return (
        options.path("sink", "path", path),
        options.texts("sink", "formats", formats),
        None if compression is None else options.text("sink", "compression", compression),
        options.flag("sink", "overwrite", overwrite),
        count,
        share,
        options.optional("sink", "shard_bytes", shard_bytes, 1),
        options.optional("sink", "threads", threads, 1),
    )


def reject_limit(given: float | str | None) -> tuple[int | None, float | None]:
    """The option `max_rejects` of sinks: a number of rows, or a share of them."""
    if given is None:
        return None, None
    if isinstance(given, float) and 0 <= given <= 1:
        return None, given
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given < 1 << 63:
        return given, None
    if isinstance(given, str):
        with contextlib.suppress(ValueError):
            share = options.share(given)
            if share <= 1:
                return None, share
    raise options.bad(
        f"sink: max_rejects={given!r} is neither a number of rows nor a share",
        'give an int such as 100, a float up to 1.0 such as 0.01 for one row in a hundred, or a text such as "1%"',
    )
