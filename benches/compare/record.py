"""What a bench was run on, and the file its result is kept in. No path, no host name."""

import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from harness import Result

ROOT = Path(__file__).parent.parent.parent
PACKAGES = [
    *("fastprep", "datasets", "tokenizers", "polars", "pyarrow", "duckdb", "numpy", "torch", "transformers", "trl"),
]
SETTINGS = ["FASTPREP_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "TOKENIZERS_PARALLELISM"]


def _git(*command: str) -> str:
    done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((text.split(":", 1)[1].strip() for text in lines if text.startswith("model name")), "")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def environment() -> dict[str, Any]:
    """Commit, processor, cores this process may use, versions, settings."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": _git("rev-parse", "HEAD"),
        "changed": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "cpu": _cpu(),
        "cores": cores,
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "settings": {name: os.environ[name] for name in SETTINGS if name in os.environ},
        "load_before": os.getloadavg()[0],
    }


def save(name: str, arguments: dict[str, Any], before: dict[str, Any], results: Sequence[Result]) -> Path:
    """Writes `benches/record/<date>-<name>.json`; `before` is the environment when the bench began."""
    folder = ROOT / "benches" / "record"
    folder.mkdir(exist_ok=True)
    path = folder / f"{before['date']}-{name}.json"
    book = {"bench": name, "arguments": arguments, "environment": before}
    book["results"] = [result.to_dict() for result in results]
    path.write_text(json.dumps(book, indent=1) + "\n", "utf-8")
    print(f"recorded in {path.relative_to(ROOT)}", file=sys.stderr)
    return path
