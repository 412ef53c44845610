"""JSONL to proven, deduplicated Arrow of text, whole process: fastprep and the fastest form of polars."""

import cli
from harness import Run
from whole import bench

FORMS = ("eager", "eager_raw", "lazy", "streaming")


def best(first: dict[str, Run]) -> list[str]:
    """Ours and the form of polars that ran fastest."""
    fastest = min((side for side in first if side.startswith("polars")), key=lambda side: first[side].wall)
    return [side for side in first if side in ("fastprep", fastest)]


def main() -> None:
    """Runs the bench."""
    args = cli.parser(__doc__, megabytes=1_000, runs=7).parse_args()
    sides = {"fastprep": ("ours", "no_tokenize")}
    sides |= {f"polars {form}": ("with_polars", form) for form in FORMS}
    bench("no_tokenize", args, sides, "text", pick=best)


if __name__ == "__main__":
    main()
