"""Refuses polars in a process that was forked after polars had started its threads: a fork does not copy threads."""

from __future__ import annotations

import os
import re
from pathlib import Path

from fastprep.exceptions import PlanError

_polars_had_threads = False
_threads_are_lost = False


def _before_fork() -> None:
    global _polars_had_threads
    names = []
    for task in Path("/proc/self/task").glob("*/comm"):
        try:
            names.append(task.read_text())
        except OSError:
            # The thread ended after it was listed.
            continue
    # polars starts its pool when it is first used, with the names polars-0, polars-1 and so on.
    _polars_had_threads = any(re.match(r"polars-\d", name) for name in names)


def _after_fork_in_child() -> None:
    global _threads_are_lost
    _threads_are_lost = _threads_are_lost or _polars_had_threads


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)


def check_polars_threads(verb: str) -> None:
    """Raises in a process without the threads that polars would wait for.

    Raises:
        PlanError: `forked`.
    """
    if _threads_are_lost:
        raise PlanError.new(
            f"{verb}: this process was forked after polars had started its threads; they do not exist here, and polars "
            "would wait for them forever",
            code="forked",
            help='start processes with multiprocessing.get_context("spawn") or "forkserver"',
        )
