"""Interleaved runs of several sides, medians, ratios pair by pair, and a table of them.

Knows nothing of what it times. The first side is ours; ratios are peer time over our time, so more than
one means that we are faster.
"""

import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Run:
    """One run: seconds on the clock and of the processors; for a whole process also peak memory in bytes."""

    wall: float
    cpu: float | None = None
    peak: int | None = None


@dataclass(frozen=True)
class Side:
    """One side of a bench: its name and what to do for a run."""

    name: str
    run: Callable[[], Run]


def kernel(name: str, work: Callable[[], Any]) -> Side:
    """A side that is timed within this process; its result is freed outside the time."""

    def run() -> Run:
        start, busy = time.perf_counter(), time.process_time()
        result = work()
        wall, cpu = time.perf_counter() - start, time.process_time() - busy
        del result
        return Run(wall, cpu)

    return Side(name, run)


def settled(side: Side) -> Side:
    """The same side; each of its runs follows an untimed one.

    For sides that share an allocator: the second would find pages that the first has just freed, while another library
    finds pages that the kernel must zero.
    """

    def run() -> Run:
        side.run()
        return side.run()

    return Side(side.name, run)


def process(name: str, command: Sequence[str | Path], env: dict[str, str] | None = None) -> Run:
    """Runs a command to its end: time, processor time with children, peak memory of its largest process."""
    start = time.perf_counter()
    child = subprocess.Popen(command, env=os.environ | (env or {}), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{name}: the process ended with exit code {child.returncode}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * MAXRSS_UNIT)


def interleave(sides: Sequence[Side], runs: int, *, warm: bool = False) -> dict[str, list[Run]]:
    """A B A B …: every side once untimed, unless all have run before, then `runs` rounds of all sides in turn."""
    for side in [] if warm else sides:
        side.run()
    taken: dict[str, list[Run]] = {side.name: [] for side in sides}
    for _ in range(runs):
        for side in sides:
            taken[side.name].append(side.run())
    return taken


@dataclass(frozen=True)
class Interval:
    """The median of ratios with an interval for the true median, and how sure that interval is."""

    median: float
    low: float
    high: float
    coverage: float

    def verdict(self) -> str:
        """Ahead, at or above (the lower end is at least 0.95), or below."""
        return "ahead" if self.low > 1 else "at or above" if self.low >= 0.95 else "below"


def interval(ratios: Sequence[float], confidence: float = 0.95) -> Interval:
    """Order statistics: the k-th smallest and largest of n enclose the median with probability
    1 − 2·P(Binomial(n, ½) < k), whatever the distribution; the largest such k that reaches `confidence`,
    or the extremes where n is too small (n < 6 for 95 %).
    """
    ordered, n = sorted(ratios), len(ratios)
    tails = [sum(math.comb(n, i) for i in range(k)) / 2**n for k in range(1, n // 2 + 1)] or [0.5]
    k = max((k for k, tail in enumerate(tails, 1) if 1 - 2 * tail >= confidence), default=1)
    return Interval(statistics.median(ordered), ordered[k - 1], ordered[n - k], 1 - 2 * tails[k - 1])


@dataclass
class Result:
    """What one bench found over an input of `size` bytes."""

    name: str
    size: int
    runs: dict[str, list[Run]]
    notes: dict[str, Any] = field(default_factory=dict)

    def ratios(self) -> dict[str, Interval]:
        """For every peer, its time over ours, round by round."""
        ours, *peers = self.runs
        return {
            peer: interval([b.wall / a.wall for a, b in zip(self.runs[ours], self.runs[peer], strict=True)])
            for peer in peers
        }

    def medians(self) -> dict[str, float]:
        """Median seconds of each side."""
        return {name: statistics.median(run.wall for run in runs) for name, runs in self.runs.items()}

    def to_dict(self) -> dict[str, Any]:
        """What the record holds."""
        sides = {
            name: {"median_s": median, "mb_per_s": self.size / 1e6 / median, "median_cpu_s": _cpu(self.runs[name])}
            | {"runs": [asdict(run) for run in self.runs[name]]}
            for name, median in self.medians().items()
        }
        ratios = {peer: asdict(i) | {"verdict": i.verdict()} for peer, i in self.ratios().items()}
        return {"name": self.name, "bytes": self.size, "sides": sides, "ratios": ratios, "notes": self.notes}


def _cpu(runs: Sequence[Run]) -> float | None:
    """Median processor seconds: what a run took of a machine that others used too."""
    return None if runs[0].cpu is None else statistics.median(run.cpu or 0 for run in runs)


def marginal(small: Result, large: Result) -> dict[str, dict[str, float]]:
    """Start-up and rate apart: the line through the medians of two sizes."""
    lines = {}
    for name, time_large in large.medians().items():
        slope = (time_large - small.medians()[name]) / (large.size - small.size)
        rate = 1 / slope / 1e6 if slope > 0 else math.inf
        lines[name] = {"startup_s": small.medians()[name] - slope * small.size, "mb_per_s": rate}
    return lines


def table(result: Result) -> str:
    """A line a side, and a ratio for every peer."""
    lines = [f"{result.name}: {result.size / 1e6:,.1f} MB, {len(next(iter(result.runs.values())))} runs"]
    ratios = result.ratios()
    for name, median in result.medians().items():
        runs = result.runs[name]
        text = f"  {name:<22} {median:9.4f} s {result.size / 1e6 / median:10,.1f} MB/s"
        if (cpu := _cpu(runs)) is not None:
            text += f"  cpu {cpu:7.2f} s"
        if runs[0].peak is not None:
            text += f"  peak {statistics.median(r.peak or 0 for r in runs) / 1e6:7,.0f} MB"
        if name in ratios:
            r = ratios[name]
            text += f"  ratio {r.median:.2f} [{r.low:.2f}, {r.high:.2f}] {r.coverage:.0%} {r.verdict()}"
        lines.append(text)
    return "\n".join(lines)
