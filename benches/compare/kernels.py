"""Single kernels within one process: parse against duckdb and polars, dedup and scan against polars.

Every side runs in the same process, with as many threads, over the same input: the parsers read one file that
is in the page cache, the others take one polars frame in memory. The first side of each kernel is ours.
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cases
from harness import Result, Run, Side, interleave, kernel, table
from whole import agree

Answer = dict[str, Any]


@dataclass(frozen=True)
class Entrant:
    """A side: what is timed, and how its result becomes an answer; the latter outside the time."""

    work: Callable[[], Any]
    answer: Callable[[Any], Answer]


Entrants = dict[str, Entrant]


def _digest(rows: Any) -> Answer:
    """Rows, and digests of both columns, of whatever gives Arrow."""
    import answers
    import pyarrow as pa

    return answers.in_order([rows if isinstance(rows, pa.Table) else pa.table(rows)])


@contextmanager
def parse(source: Path, args: argparse.Namespace) -> Iterator[Entrants]:
    """JSON lines of two text columns into memory, rows in order."""
    import ours
    import with_duckdb
    import with_polars

    database = with_duckdb.connect(args.threads)
    yield {
        "fastprep": Entrant(lambda: ours.parse(source), _digest),
        "duckdb arrow": Entrant(lambda: with_duckdb.to_arrow(database, source), _digest),
        "duckdb table": Entrant(lambda: with_duckdb.to_table(database, source), lambda t: _digest(t.to_arrow_table())),
        "polars eager": Entrant(lambda: with_polars.parse_eager(source), _digest),
        "polars streaming": Entrant(lambda: with_polars.parse_streaming(source), _digest),
    }


@contextmanager
def dedup(source: Path, _: argparse.Namespace) -> Iterator[Entrants]:
    """The first of every group of equal rows, in order."""
    import ours
    import with_polars

    rows = with_polars.parse_eager(source)
    yield {
        "fastprep": Entrant(lambda: ours.unique(rows), _digest),
        "polars": Entrant(lambda: with_polars.unique(rows), _digest),
    }


@contextmanager
def scan(source: Path, _: argparse.Namespace) -> Iterator[Entrants]:
    """Rows that hold separator or stop are removed. `format` also writes all text again, as `render` does; the bare
    scans leave the text where it is."""
    import ours
    import with_polars

    def rendered(kept: Any) -> Answer:
        return _digest(kept.with_columns(with_polars.rendered()))

    rows = with_polars.parse_eager(source)
    yield {
        "fastprep format": Entrant(lambda: ours.render_and_prove(rows), _digest),
        "polars scan, render": Entrant(lambda: with_polars.scan_and_render(rows), _digest),
        "polars scan, eager": Entrant(lambda: with_polars.scan_eager(rows), rendered),
        "polars scan, lazy": Entrant(lambda: with_polars.scan_lazy(rows), rendered),
    }


@contextmanager
def prove(source: Path, args: argparse.Namespace) -> Iterator[Entrants]:
    """The scan alone on both sides: ours over rendered rows in a process of its own, which knows the seams too."""
    import with_polars
    from prover import Prover

    rows = with_polars.parse_eager(source)

    def removed(kept: Any) -> Answer:
        return {"collisions": rows.height - kept.height}

    with Prover(args.prover, source, args.threads) as prover:
        yield {
            "fastprep prove": Entrant(prover.collisions, lambda n: {"collisions": n}),
            "polars scan, eager": Entrant(lambda: with_polars.scan_eager(rows), removed),
            "polars scan, lazy": Entrant(lambda: with_polars.scan_lazy(rows), removed),
        }


KERNELS = {"parse": parse, "dedup": dedup, "scan": scan, "prove": prove}


def _timed(name: str, entrant: Entrant) -> Side:
    side = kernel(name, entrant.work)
    # The processor time of another process is not seen from here.
    return side if name != "fastprep prove" else Side(name, lambda: Run(side.run().wall))


def bench(name: str, source: Path, args: argparse.Namespace) -> Result:
    """Compares the answers of a kernel's sides over an input, then times them."""
    with KERNELS[name](source, args) as entrants:
        found = agree({side: entrant.answer(entrant.work()) for side, entrant in entrants.items()})
        print(f"{len(entrants)} answers agree on {source.stat().st_size / 1e6:,.1f} MB: {found}", flush=True)
        runs = interleave([_timed(side, entrant) for side, entrant in entrants.items()], args.runs)
    result = Result(name, source.stat().st_size, runs, {"answer": found})
    print(table(result), flush=True)
    return result


def main() -> None:
    """Runs the kernels asked for."""
    parser = cases.parser(__doc__, KERNELS)
    parser.add_argument("--prover", type=Path, help="the program of prove.rs: adds the kernel `prove`")
    args = parser.parse_args()
    if "prove" in args.only and not args.prover:
        print("prove: left out, since no --prover is given")
        args.only.remove("prove")
    cases.run("kernel", args, bench)


if __name__ == "__main__":
    main()
