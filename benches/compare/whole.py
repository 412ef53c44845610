"""A bench of whole processes: answers compared, then two sizes timed, so that start-up shows apart."""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cli
from harness import Result, Run, Side, interleave, marginal, process, table

import record

WORKER = Path(__file__).parent / "worker.py"
SMALL_SHARE = 0.1


def ask(*call: str | Path) -> dict[str, Any]:
    """The answer of a function, run in a process of its own."""
    done = subprocess.run([sys.executable, WORKER, *call], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def clear(out: Path) -> None:
    """Removes what a run wrote."""
    for path in (out, out.with_suffix(".cache")):
        shutil.rmtree(path, ignore_errors=True)


def agree(answers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The answer that all have in common; ends the bench where they differ."""
    first, *others = answers.values()
    if any(other != first for other in others):
        shown = "\n".join(f"  {name}: {answer}" for name, answer in answers.items())
        raise SystemExit(f"the sides disagree, nothing was timed:\n{shown}")
    return first


def bench(
    name: str,
    args: argparse.Namespace,
    sides: dict[str, tuple[str, str]],
    answer: str,
    *extra: Path,
    pick: Callable[[dict[str, Run]], list[str]] | None = None,
) -> None:
    """Compares and times `sides` (name to module and function, called with input, output and `extra`).

    `answer` names the digest in `answers`; `oracle_…` is the naive one, asked for the small input only.
    `pick` may choose among the sides after one run of each over the large input.
    """
    before = record.environment()
    out = args.work / f"{name}-out"
    sources = [cli.source(args, args.mb * share, seams=True) for share in (SMALL_SHARE, 1)]

    def once(side: str, source: Path) -> Run:
        clear(out)
        return process(side, [sys.executable, WORKER, *sides[side], source, out, *extra])

    first: dict[str, Run] = {}
    for source in sources:
        answers = {}
        for side in sides:
            first[side] = once(side, source)
            answers[side] = ask("answers", answer, out)
        if source is sources[0]:
            answers["oracle"] = ask("answers", f"oracle_{answer}", source, *extra)
        found = agree(answers)
        print(f"{len(answers)} answers agree on {source.stat().st_size / 1e6:,.1f} MB: {found}")
    chosen = pick(first) if pick else list(sides)
    results = []
    for source in sources:
        timed = [Side(side, lambda side=side, source=source: once(side, source)) for side in chosen]
        result = Result(name, source.stat().st_size, interleave(timed, args.runs, warm=True))
        print(table(result))
        results.append(result)
    clear(out)
    lines = marginal(*results)
    results[1].notes |= {"answer": found, "marginal": lines, "first_runs_s": {s: r.wall for s, r in first.items()}}
    for side, line in lines.items():
        print(f"  {side:<22} start-up {line['startup_s']:.2f} s, then {line['mb_per_s']:,.1f} MB/s")
    if args.record:
        record.save(name, cli.recorded(args), before, results)
