"""A progress bar on a terminal, and nothing elsewhere."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fastprep._fastprep import READ
from fastprep.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def shown(pipeline: Pipeline) -> Iterator[Pipeline]:
    """The pipeline; its sinks show on standard error, where that is a terminal, what they do and how much is read."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TransferSpeedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield pipeline
        return
    phase = TextColumn("{task.description}")
    columns = [phase, BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeElapsedColumn()]
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(READ, total=None)

        def tell(phase: str, read: int, total: int | None) -> None:
            name, end = bar_of(phase, read, total)
            # `update(total=None)` would leave the old end.
            bar.tasks[0].total = end
            bar.update(task, description=f"{name:<7}", completed=read)

        yield pipeline._with_progress(tell)


def bar_of(phase: str, read: int, total: int | None) -> tuple[str, int | None]:
    """The name of the phase, and what the bar ends at: None where that is not known, and the bar only moves."""
    if phase == READ and total is not None and read >= total:
        return "write", None
    return phase, total if phase == READ else None
