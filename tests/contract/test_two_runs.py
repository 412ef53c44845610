"""Runs in two threads at once: what stops the one leaves the other alone."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import fastprep as fp

LONG = {"prompt": "x" * 1000}
"""2,000 such rows are more than is read to learn the columns."""


def rows_around(wait: Callable[[], object], before: int) -> Iterator[dict[str, str]]:
    """Rows, of which one comes only once `wait` has returned."""
    yield from itertools.repeat(LONG, before)
    wait()
    yield from itertools.repeat(LONG, 3)


@pytest.mark.parametrize("before", [1, 2000], ids=["the columns", "the rows"])
@pytest.mark.parametrize("raised", [KeyboardInterrupt, ValueError])
def test_a_run_that_is_stopped_leaves_another_alone(before: int, raised: type[BaseException], tmp_path: Path) -> None:
    waits, stopped = threading.Event(), threading.Event()

    def wait() -> None:
        waits.set()
        assert stopped.wait(60)

    def stop(*_: Any) -> None:
        raise raised("stop")

    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(fp.from_records(rows_around(wait, before)).collect)
        assert waits.wait(60)
        endless = fp.from_records(itertools.repeat(LONG))
        with pytest.raises(raised, match="stop"):
            endless._with_progress(stop).sink_arrow(tmp_path / "out")
        stopped.set()
        assert len(other.result(60)) == before + 3


class InTurn:
    """Rows that are others each time they are read."""

    def __init__(self, *readings: Iterator[dict[str, str]]) -> None:
        self._readings = iter(readings)

    def __iter__(self) -> Iterator[dict[str, str]]:
        yield from next(self._readings)


def test_of_two_runs_of_one_pipeline_each_is_stopped_alone(tmp_path: Path) -> None:
    waits, stopped = threading.Event(), threading.Event()

    def wait() -> None:
        waits.set()
        assert stopped.wait(60)

    def stop(*_: Any) -> None:
        raise ValueError("stop")

    pipeline = fp.from_records(InTurn(rows_around(wait, 2000), itertools.repeat(LONG)))
    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(pipeline.collect)
        assert waits.wait(60)
        with pytest.raises(ValueError, match="stop"):
            pipeline._with_progress(stop).sink_arrow(tmp_path / "out")
        stopped.set()
        assert len(other.result(60)) == 2003
