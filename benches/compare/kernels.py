"""Single kernels within one process: parse against duckdb and polars, dedup and scan against polars.

Every side runs in the same process, with as many threads, over the same input: the parsers read one file that
is in the page cache, the others take one polars frame in memory.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cli
from harness import Result, Side, interleave, kernel, marginal, table
from whole import SMALL_SHARE, agree

import record

THREAD_SETTINGS = ("FASTPREP_THREADS", "POLARS_MAX_THREADS")
Sides = dict[str, Callable[[], Any]]
Digest = dict[str, Any]


def parse(source: Path, threads: int) -> tuple[Sides, Callable[[Any], Digest]]:
    """Two text columns of JSON lines, into memory, rows in order."""
    import answers
    import ours
    import with_duckdb
    import with_polars

    database = with_duckdb.connect(threads)
    sides: Sides = {
        "fastprep": lambda: ours.parse(source),
        "duckdb arrow": lambda: with_duckdb.to_arrow(database, source),
        "duckdb table": lambda: with_duckdb.to_table(database, source),
        "polars eager": lambda: with_polars.parse_eager(source),
        "polars streaming": lambda: with_polars.parse_streaming(source),
    }
    return sides, lambda rows: answers.in_order(_parts(rows))


def dedup(source: Path, threads: int) -> tuple[Sides, Callable[[Any], Digest]]:
    """The first of every group of equal rows, in order."""
    import answers
    import ours
    import with_polars

    del threads
    rows = with_polars.parse_eager(source)
    sides: Sides = {"fastprep": lambda: ours.unique(rows), "polars": lambda: with_polars.unique(rows)}
    return sides, lambda kept: answers.in_order(_parts(kept))


def scan(source: Path, threads: int) -> tuple[Sides, Callable[[Any], Digest]]:
    """Rows that hold separator or stop taken out. Ours also writes all text anew; `polars scan` leaves it."""
    import answers
    import ours
    import with_polars

    del threads
    rows = with_polars.parse_eager(source)
    sides: Sides = {
        "fastprep": lambda: ours.render_and_prove(rows),
        "polars scan": lambda: with_polars.scan(rows),
        "polars scan and render": lambda: with_polars.scan_and_render(rows),
    }

    def digest(kept: Any) -> Digest:
        # Only the bare scan gives rows that are not rendered.
        from job import STOP

        is_rendered = kept["completion"].head(1).str.ends_with(STOP).all()
        return answers.in_order(_parts(kept if is_rendered else kept.with_columns(with_polars.rendered())))

    return sides, digest


KERNELS = {"parse": parse, "dedup": dedup, "scan": scan}


def _parts(rows: Any) -> list[Any]:
    """The rows as Arrow, whatever gave them."""
    import pyarrow as pa

    return [rows if isinstance(rows, pa.Table) else pa.table(rows)]


def bench(name: str, sources: list[Path], args: argparse.Namespace) -> tuple[list[Result], Digest]:
    """Compares the answers of a kernel's sides, then times them, over a small and a large input."""
    results, found = [], {}
    for source in sources:
        sides, digest = KERNELS[name](source, args.threads)
        found = agree({side: digest(work()) for side, work in sides.items()})
        print(f"{name}: {len(sides)} answers agree on {source.stat().st_size / 1e6:,.1f} MB: {found}", flush=True)
        taken = interleave([Side(side, kernel(side, work).run) for side, work in sides.items()], args.runs)
        results.append(Result(name, source.stat().st_size, taken))
        print(table(results[-1]), flush=True)
    return results, found


def main() -> None:
    """Runs the kernels asked for."""
    parser = cli.parser(__doc__, megabytes=1_000, runs=11)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of every side")
    parser.add_argument("kernels", nargs="*", choices=[*KERNELS, []], help="default: all")
    args = parser.parse_args()
    # Read by the libraries when they are imported, which is why that happens late here.
    os.environ |= dict.fromkeys(THREAD_SETTINGS, str(args.threads))
    # Seams are ours alone to look at, so the inputs have collisions within columns only.
    sources = [cli.source(args, args.mb * share, seams=False) for share in (SMALL_SHARE, 1)]
    for name in args.kernels or KERNELS:
        before = record.environment()
        results, found = bench(name, sources, args)
        lines = marginal(*results)
        results[1].notes |= {"answer": found, "marginal": lines}
        for side, line in lines.items():
            print(f"  {side:<22} start-up {line['startup_s']:.3f} s, then {line['mb_per_s']:,.1f} MB/s")
        if args.record:
            record.save(f"kernel-{name}", cli.recorded(args), before, results)


if __name__ == "__main__":
    main()
