"""What the data is worth: `inspect` against dropoutt, as whole processes, and against polars, within one.

The rows have flaws at a known rate, so the counts of all sides can be compared with what was planted. polars computes
only a part of what ours does: the counts of exact conditions, the copies, the conflicts and the lengths.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import cases
import cli
import flaws
from harness import Result, Run, Side, interleave, kernel, process, table
from whole import SMALL_SHARE, WORKER, agree, ask

import record


def planted(source: Path) -> dict[str, int]:
    """What our side must count, which it does or the bench ends."""
    expected = flaws.expected(source)
    found = ask("ours", "inspected", source)["counts"]
    return agree({"planted": expected, "fastprep": {code: found.get(code, 0) for code in expected}})


def against_dropoutt(source: Path, args: argparse.Namespace) -> Result:
    """Whole processes. All its checks are tier 1, the comparable ones without near duplicates tier 0."""
    import with_dropoutt

    out = args.work / "dropoutt-out"

    def peer(tier: int) -> Run:
        return process("dropoutt", with_dropoutt.command(args.dropoutt, source, out, tier=tier, threads=args.threads))

    sides = [
        Side("fastprep", lambda: process("fastprep", [sys.executable, WORKER, "ours", "inspected", source])),
        Side("dropoutt tier 0", lambda: peer(0)),
        Side("dropoutt", lambda: peer(1)),
    ]
    runs = interleave(sides, args.peer_runs, warm=True)
    theirs = with_dropoutt.counts(out)
    found = ask("ours", "inspected", source)["counts"]
    counted = {code: {"fastprep": found.get(code, 0), "dropoutt": count} for code, count in theirs.items()}
    for code, count in counted.items():
        print(f"  {code:<22} {'  '.join(f'{name} {n:,}' for name, n in count.items())}", flush=True)
    return Result("inspect-dropoutt", source.stat().st_size, runs, {"counts": counted})


def against_polars(source: Path, args: argparse.Namespace) -> Result:
    """Within one process, as many threads: all findings of ours against the part that polars computes."""
    import ours
    import with_polars

    def part(found: dict[str, Any]) -> dict[str, Any]:
        return {name: found["lengths"][name] for name in found["lengths"]} | {
            code: found["counts"].get(code, 0) for code in with_polars.COUNTED
        }

    readers = {
        "fastprep": lambda: ours.inspected(source),
        "polars eager": lambda: with_polars.inspected(with_polars.parse_eager(source)),
        "polars streaming": lambda: with_polars.inspected_lazily(source),
    }
    answer = agree({name: part(read()) for name, read in readers.items()})
    runs = interleave([kernel(name, read) for name, read in readers.items()], args.runs, warm=True)
    return Result("inspect-polars", source.stat().st_size, runs, {"answer": answer})


def main() -> None:
    """Compares counts, then times both peers, over a tenth of the input and over all of it."""
    parser = cli.parser(__doc__, megabytes=50, runs=7)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of every side")
    parser.add_argument("--dropoutt", type=Path, help="the command dropoutt, of an environment of its own")
    parser.add_argument("--peer-runs", type=int, default=1, help="timed rounds with dropoutt")
    args = parser.parse_args()
    os.environ |= dict.fromkeys(cases.THREAD_SETTINGS, str(args.threads))
    before, results = record.environment(), []
    sources = [flaws.write(cli.source(args, args.mb * share, seams=False)) for share in (SMALL_SHARE, 1)]
    if not args.data:
        for source in sources:
            print(f"counts are as planted: {json.dumps(planted(source))}", flush=True)
    # Whole processes first: the peak of a child is never below that of this process.
    benches = [against_dropoutt] if args.dropoutt else []
    for bench in [*benches, against_polars]:
        for source in sources:
            results.append(bench(source, args))
            print(table(results[-1]), flush=True)
    if args.record:
        record.save("inspection", cli.recorded(args), before, results)


if __name__ == "__main__":
    main()
