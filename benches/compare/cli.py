"""What every bench's command line has in common."""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import data


def parser(doc: str | None, *, megabytes: float, runs: int) -> argparse.ArgumentParser:
    """Options of a bench, with its own defaults."""
    p = argparse.ArgumentParser(description=doc)
    p.add_argument("--mb", type=float, default=megabytes, help="size of the input in 10⁶ bytes")
    p.add_argument("--runs", type=int, default=runs, help="timed rounds of all sides")
    p.add_argument("--record", action="store_true", help="keep the result in benches/record/")
    p.add_argument("--data", type=Path, help="folder of real sets (*.jsonl.gz) instead of generated rows")
    p.add_argument("--seed", type=int, default=7)
    p.add_argument("--duplicates", type=float, default=0.1, help="share of generated rows that are copies")
    work = Path(tempfile.gettempdir()) / "fastprep-bench"
    p.add_argument("--work", type=Path, default=work, help="folder for inputs (kept) and outputs (removed)")
    return p


def source(args: argparse.Namespace, megabytes: float, *, seams: bool) -> Path:
    """The input of this size."""
    args.work.mkdir(parents=True, exist_ok=True)
    options = {"seed": args.seed, "duplicates": args.duplicates, "seams": seams, "folder": args.data}
    return data.ensure(args.work, megabytes, **options)


def recorded(args: argparse.Namespace) -> dict[str, Any]:
    """The arguments without paths."""
    kept = {k: v for k, v in vars(args).items() if not isinstance(v, Path)}
    return kept | {"data": "real" if args.data else "generated"}
