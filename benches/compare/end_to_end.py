"""JSONL to proven, deduplicated, split, tokenized, labelled Arrow, whole process: fastprep and `datasets`."""

from pathlib import Path

import cli
from whole import bench

TOKENIZER = Path(__file__).parent.parent.parent / "examples" / "tokenizer" / "tokenizer.json"


def main() -> None:
    """Runs the bench."""
    parser = cli.parser(__doc__, megabytes=1_000, runs=5)
    parser.add_argument("--tokenizer", type=Path, default=TOKENIZER, help="a tokenizer.json")
    args = parser.parse_args()
    sides = {"fastprep": ("ours", "end_to_end"), "datasets": ("with_datasets", "end_to_end")}
    bench("end_to_end", args, sides, "tokens", args.tokenizer)


if __name__ == "__main__":
    main()
