"""Runs the cases of a bench that works within one process, over a small and a large input."""

import argparse
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import cli
from harness import Result, marginal
from whole import SMALL_SHARE

import record

# Read when the libraries are imported, which is why the cases import them.
THREAD_SETTINGS = ("FASTPREP_THREADS", "POLARS_MAX_THREADS")


def parser(doc: str | None, cases: Iterable[str]) -> argparse.ArgumentParser:
    """Options of a bench with these cases."""
    p = cli.parser(doc, megabytes=1_000, runs=11)
    p.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of every side")
    p.add_argument("--only", nargs="+", choices=cases, default=list(cases), help="default: all")
    return p


def run(kind: str, args: argparse.Namespace, bench: Callable[[str, Path, argparse.Namespace], Result]) -> None:
    """Runs the cases asked for; records are named by the kind of bench and the case."""
    os.environ |= dict.fromkeys(THREAD_SETTINGS, str(args.threads))
    # Seams are ours alone to look at, so the inputs have collisions within columns only.
    sources = [cli.source(args, args.mb * share, seams=False) for share in (SMALL_SHARE, 1)]
    for name in args.only:
        before = record.environment()
        results = [bench(name, source, args) for source in sources]
        results[1].notes["marginal"] = lines = marginal(*results)
        for side, line in lines.items():
            print(f"  {side:<22} start-up {line['startup_s']:.3f} s, then {line['mb_per_s']:,.1f} MB/s")
        if args.record:
            record.save(f"{kind}-{name}", cli.recorded(args), before, results)
