"""Peak memory of whole processes that read rows of a format and publish them as JSON lines.

The memory must not grow with the rows. A polars query (`lazyframe`) reads the Parquet file; the peak must stay below
the size of its collected result. Linux only: the peak is `VmHWM` of the process itself.
"""

import json
import time
from pathlib import Path
from typing import Any

import cli
from harness import Result, Run
from readers import CASES
from whole import SMALL_SHARE, ask, clear

import record

MB = 1e6


def publish(source: Path, out: Path) -> dict[str, Any]:
    """Publishes a file, in this process."""
    import ours

    ours.publish(source, out)
    return _published(out)


def publish_query(source: Path, out: Path) -> dict[str, Any]:
    """Publishes a query over a Parquet file, in this process."""
    import ours

    ours.publish_query(source, out)
    return _published(out)


def _published(out: Path) -> dict[str, Any]:
    """The rows of a published folder, and the peak memory of this process in MB."""
    splits = json.loads((out / "manifest.json").read_text("utf-8"))["splits"]
    (peak,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return {"rows": sum(split["rows"] for split in splits), "peak_mb": int(peak.split()[1]) * 1024 / MB}


def collected(source: Path) -> dict[str, Any]:
    """The size of the collected rows of a Parquet file, and how many there are."""
    import polars as pl

    rows = pl.scan_parquet(source).collect()
    return {"rows": rows.height, "collected_mb": rows.estimated_size() / MB}


def make(megabytes: Path) -> dict[str, Any]:
    """Makes the inputs of this size in all formats, so that no later process is large for that; their paths."""
    args = cli.parser(None, megabytes=1_000, runs=1).parse_args(["--mb", megabytes.name])
    source = cli.source(args, args.mb, seams=False)
    return {name: str(case(source, 1)[0]) for name, case in CASES.items()}


def main() -> None:
    """Measures every format over a tenth of the input and over all of it."""
    args = cli.parser(__doc__, megabytes=1_000, runs=1).parse_args()
    before, out = record.environment(), args.work / "memory-out"
    made = [ask("memory", "make", f"{args.mb * share:g}") for share in (SMALL_SHARE, 1)]
    results = []
    for name in [*CASES, "lazyframe"]:
        for paths in made:
            path = Path(paths["parquet" if name == "lazyframe" else name])
            clear(out)
            start = time.perf_counter()
            notes = ask("memory", "publish_query" if name == "lazyframe" else "publish", path, out)
            run = Run(time.perf_counter() - start, peak=int(notes["peak_mb"] * MB))
            clear(out)
            expected = ask("memory", "collected", paths["parquet"])
            if notes["rows"] != expected["rows"]:
                raise SystemExit(f"{name}: {notes['rows']} rows were published of {expected['rows']}")
            if name == "lazyframe":
                notes |= expected
            size = path.stat().st_size
            shown = "  ".join(f"{key} {value:,.0f}" for key, value in notes.items())
            print(f"{name:<10} {size / MB:>8,.1f} MB  {shown}", flush=True)
            results.append(Result(name, size, {"fastprep": [run]}, notes))
    if args.record:
        record.save("memory", cli.recorded(args), before, results)


if __name__ == "__main__":
    main()
