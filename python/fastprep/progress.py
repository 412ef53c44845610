"""A progress bar on a terminal, and nothing elsewhere."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fastprep.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def shown(pipeline: Pipeline) -> Iterator[Pipeline]:
    """The pipeline; its sinks show on standard error, where that is a terminal, how much of the input has been read."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TransferSpeedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield pipeline
        return
    columns = [TextColumn("read"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeElapsedColumn()]
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("read", total=None)

        def tell(read: int, total: int | None) -> None:
            bar.update(task, completed=read, total=total)

        yield Pipeline(pipeline._plan.with_progress(tell))
