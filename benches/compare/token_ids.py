"""Text to ids against every fast tokenizer: the same texts, two threads, each library in a process of its own.

Texts are the prompts, then the completions, of real sets (`--data`), the tokenizers real ones (`--tokenizers`): both
folders hold `.gz` files. Ids are compared with those of tokenizers 0.23 before anything is timed: ours must be equal, a
peer's differences are counted, and it is timed all the same, marked. **Warm** runs are in a process that has encoded
these texts before; **cold** ones the first in a fresh process, the tokenizer loaded, the texts in memory.
"""

import argparse
import gzip
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from asked import Asked, RefusedError
from harness import Result, Run, Side, interleave, table
from peer import SIDES

import record

REFERENCE = "tokenizers"
OURS = ("fastprep arrow", "fastprep list")
# By case: sets with the languages that are taken of them, tokenizers, and every how many rows one is taken.
CASES: dict[str, tuple[dict[str, tuple[str, ...]], tuple[str, ...], int]] = {
    "english": ({"t0_50k": (), "native/alpaca_data": ()}, ("llama-3", "qwen2"), 1),
    "chinese_thai": (
        {"llamafactory_alpaca_zh": (), "xquad_12lang": ("zh", "th"), "wisesight_th": ()}, ("llama-3", "qwen2"), 1
    ),
    "other_models": ({"t0_50k": (), "native/alpaca_data": ()}, ("llama-2", "t5-small", "bert-base-uncased"), 8),
}  # fmt: skip


def rows(folder: Path, sets: dict[str, tuple[str, ...]], every: int) -> tuple[list[str], list[str]]:
    """Prompts and completions."""
    prompts, completions = [], []
    for name, languages in sets.items():
        for row in list(_records(folder, name, languages))[::every]:
            prompts.append(row.get("prompt") or "\n".join(filter(None, [row.get("instruction"), row.get("input")])))
            completions.append(row.get("completion") or row.get("output") or "")
    return prompts, completions


def _records(folder: Path, name: str, languages: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    whole = folder / f"{name}.json.gz"
    if whole.exists():
        yield from json.loads(gzip.decompress(whole.read_bytes()))
        return
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if not languages or row.get("lang") in languages:
                yield row


def write(folder: Path, prompts: list[str], completions: list[str]) -> int:
    """The texts in both forms; gives their bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    column = pa.table({"text": pa.array([*prompts, *completions], pa.large_string())})
    with pa.ipc.new_file(folder / "texts.arrow", column.schema) as file:
        file.write_table(column)
    with (folder / "texts.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for prompt, completion in zip(prompts, completions, strict=True):
            file.write(json.dumps({"prompt": prompt, "completion": completion}, ensure_ascii=False) + "\n")
    return sum(len(text.encode()) for text in (*prompts, *completions))


class Peer(Asked):
    """A running `peer.py`."""

    def __init__(self, name: str, python: str, tokenizer: Path, folder: Path) -> None:
        super().__init__([python, Path(__file__).with_name("peer.py"), name, tokenizer, folder])
        self.name = name
        self.load: float = self.ready["load"]
        self.version: str = self.ready["version"]

    def run(self) -> Run:
        """Encodes all texts once."""
        return Run(**self.ask("run"))

    def ids(self) -> tuple[np.ndarray, np.ndarray]:
        """The ids of the last run, and how many each text has."""
        with tempfile.TemporaryDirectory() as folder:
            self.ask(f"save {folder}/ids.npz")
            with np.load(f"{folder}/ids.npz") as saved:
                return saved["ids"], saved["lengths"]


def differing(ours: tuple[np.ndarray, np.ndarray], theirs: tuple[np.ndarray, np.ndarray]) -> int:
    """Rows whose ids differ."""
    (a, a_lengths), (b, b_lengths) = ours, theirs
    if len(a_lengths) != len(b_lengths):
        return max(len(a_lengths), len(b_lengths))
    same = a_lengths == b_lengths
    row = np.repeat(np.flatnonzero(same), a_lengths[same])
    unequal = a[np.repeat(same, a_lengths)] != b[np.repeat(same, b_lengths)]
    return int((~same).sum()) + len(np.unique(row[unequal]))


def bench(name: str, tokenizer: Path, folder: Path, size: int, args: argparse.Namespace) -> list[Result]:
    """Warm and cold runs of all sides that take this tokenizer."""
    pythons = dict.fromkeys(SIDES, args.peers) | {"tokenizers 1.0": args.next} | dict.fromkeys(OURS, sys.executable)
    notes: dict[str, Any] = {"versions": {}, "load_s": {}, "rows_that_differ": {}, "refused": {}}
    peers: dict[str, Peer] = {}
    reference = None
    for side in [REFERENCE, *(side for side in args.sides if side != REFERENCE)]:
        if pythons[side] is None:
            notes["refused"][side] = "no interpreter was named"
            continue
        try:
            peer = Peer(side, pythons[side], tokenizer, folder)
            peer.run()
            ids = peer.ids()
        except RefusedError as e:
            notes["refused"][side] = str(e)
            continue
        reference = ids if reference is None else reference
        notes["versions"][side], notes["load_s"][side] = peer.version, round(peer.load, 3)
        notes["rows_that_differ"][side] = differing(reference, ids)
        peers[side] = peer
    if wrong := [side for side in OURS if notes["rows_that_differ"].get(side)]:
        raise SystemExit(f"{name}: the ids of {wrong} differ from those of tokenizers: {notes['rows_that_differ']}")
    order = [side for side in args.sides if side in peers]
    results = [Result(f"{name}, warm", size, interleave([Side(s, peers[s].run) for s in order], args.runs, warm=True))]
    for peer in peers.values():
        peer.close()

    def cold(side: str) -> Run:
        fresh = Peer(side, pythons[side], tokenizer, folder)
        run = fresh.run()
        fresh.close()
        return run

    sides = [Side(side, lambda side=side: cold(side)) for side in order]
    results.append(Result(f"{name}, cold", size, interleave(sides, args.cold, warm=True)))
    for result in results:
        result.notes = notes
        print(table(result), flush=True)
    for note, by_side in notes.items():
        print(f"  {note}: {by_side}", flush=True)
    return results


def main() -> None:
    """Runs the cases asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of real sets")
    parser.add_argument("--tokenizers", type=Path, required=True, help="folder of tokenizers, NAME.json.gz")
    parser.add_argument("--peers", help="interpreter that has the packages of requirements-peers.txt")
    parser.add_argument("--next", help="interpreter that has the pre-release of tokenizers 1.0")
    parser.add_argument("--runs", type=int, default=7, help="warm rounds of all sides")
    parser.add_argument("--cold", type=int, default=3, help="cold rounds of all sides")
    parser.add_argument("--threads", type=int, default=2, help="threads of every side")
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES), help="default: all")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES), help="default: all; ours first")
    parser.add_argument("--models", nargs="+", help="tokenizers of the cases that are run; default: all")
    parser.add_argument("--record", action="store_true", help="keep the result in benches/record/")
    args = parser.parse_args()
    for setting in ("FASTPREP_THREADS", "RAYON_NUM_THREADS"):
        os.environ[setting] = str(args.threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    for case in args.only:
        before, results = record.environment(), []
        sets, names, every = CASES[case]
        with tempfile.TemporaryDirectory() as work:
            size = write(Path(work), *rows(args.data, sets, every))
            for name in [name for name in names if not args.models or name in args.models]:
                tokenizer = Path(work, name, "tokenizer.json")
                tokenizer.parent.mkdir()
                tokenizer.write_bytes(gzip.decompress((args.tokenizers / f"{name}.json.gz").read_bytes()))
                results += bench(f"{case}, {name}", tokenizer, Path(work), size, args)
        if args.record:
            kept = {key: value for key, value in vars(args).items() if key in ("runs", "cold", "threads", "sides")}
            record.save(f"token_ids-{case}", kept, before, results)


if __name__ == "__main__":
    main()
