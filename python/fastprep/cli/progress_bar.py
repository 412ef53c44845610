"""A progress bar, shown only on a terminal."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fastprep._fastprep import READ
from fastprep.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def shown(pipeline: Pipeline) -> Iterator[Pipeline]:
    """The pipeline with a progress bar for its sinks, if standard error is a terminal."""
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

        def update(phase: str, read: int, total: int | None) -> None:
            name, end = bar_state(phase, read, total)
            # `bar.update(total=None)` would keep the old end.
            bar.tasks[0].total = end
            bar.update(task, description=f"{name:<7}", completed=read)

        yield pipeline._with_progress(update)


def bar_state(phase: str, read: int, total: int | None) -> tuple[str, int | None]:
    """The name of the phase and the end of the bar; None if the end is unknown, for a bar that only moves."""
    if phase == READ and total is not None and read >= total:
        return "write", None
    return phase, total if phase == READ else None
