"""Shuffled batches of 8 rows against `datasets` and MosaicML streaming, and packing against TRL's `bfd`.

Whole epochs, single rows at random, and the time from a folder to its first batch. All sides read the same tokens,
from files in the page cache, in one process with one torch thread; with `--workers` each has as many worker
processes. Sizes in the tables are tokens, so that MB/s reads million tokens a second. What an epoch's batches hold is
compared first.
"""

import argparse
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import torch
from asked import Asked
from harness import Result, Run, Side, interleave, kernel, table
from torch_batches import BATCH, COLUMNS, LAYOUTS, exhaust, loader, read, seen
from trl.data_utils import pack_dataset

import fastprep as fp
import record

KINDS = ("torch", "numpy", "python")
WORDS = ("what", "is", "the", "capital", "of", "france", "paris")


def version_in(python: str, package: str) -> str:
    """The version of a package in the environment of another interpreter."""
    code = f"import importlib.metadata; print(importlib.metadata.version({package!r}))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def rows_of(tokens: int, mean: int, seed: int) -> pa.Table:
    """Text rows, of words drawn so that rows have about `mean` words."""
    rng = np.random.default_rng(seed)
    lengths = np.maximum(4, rng.gamma(2.0, mean / 2, max(1, tokens // mean)).astype(int))
    words = np.array(WORDS)[rng.integers(0, len(WORDS), int(lengths.sum()))]
    ends = np.cumsum(lengths)
    texts = [" ".join(words[end - length : end]) for end, length in zip(ends, lengths, strict=True)]
    prompts, completions = zip(*((t[: len(t) // 2], t[len(t) // 2 :]) for t in texts), strict=True)
    return pa.table({"prompt": prompts, "completion": completions})


def plan_of(rows: pa.Table, limit: int) -> fp.Pipeline:
    """The rows tokenized with the tokenizer of the examples; ids only."""
    tokenizer = Path(__file__).parents[2] / "examples" / "tokenizer"
    pair = fp.PromptFormat("{prompt}", completion="{completion}")
    return fp.from_arrow(rows).format(pair).tokenize(tokenizer, max_length=limit, on_overflow="drop", keep_text=False)


class Folder:
    """A published folder, and the same rows where each peer wants them."""

    def __init__(self, path: Path, streaming: str | None) -> None:
        self.path = path
        data = fp.load(path)
        self.columns = [name for name in COLUMNS if data._has_column(name)]
        data["train"].to_datasets().select_columns(self.columns).save_to_disk(str(path / "datasets"))
        self._python = streaming
        if streaming is not None:
            rows = data["train"].to_arrow().select(self.columns)
            with pa.ipc.new_file(path / "rows.arrow", rows.schema) as file:
                file.write_table(rows)

    @contextmanager
    def streaming(self) -> Iterator[Asked | None]:
        """A fresh process that has MosaicML streaming, where there is one: passes with other numbers of workers
        before would leave its locks in a state that it does not come out of.
        """
        if self._python is None:
            yield None
            return
        asked = Asked([self._python, Path(__file__).with_name("with_streaming.py"), self.path])
        try:
            yield asked
        finally:
            asked.close()

    def theirs(self, kind: str) -> Any:
        """Rows of `datasets` in one of its formats, opened now."""
        rows = datasets.load_from_disk(str(self.path / "datasets"))
        return rows if kind == "python" else rows.with_format(kind)


def side_of(asked: Asked | None, order: str) -> list[Side]:
    """The side of MosaicML streaming, where there is one."""
    if asked is None:
        return []

    def run() -> Run:
        answer = asked.ask(order)
        return Run(answer["wall"], answer["cpu"])

    return [Side("streaming", run)]


def epochs(folder: Folder, layout: str, workers: int) -> dict[str, Callable[[], Iterator[Any]]]:
    """An epoch of each side within this process."""
    data = fp.load(folder.path)
    split, collate = data["train"], data.collator(layout=layout)  # type: ignore[arg-type]
    ours = split.loader(collate, batch_size=BATCH, num_workers=workers)
    sides = {
        "fastprep loader": lambda: iter(ours),
        "fastprep DataLoader": lambda: iter(loader(split.to_torch(), collate, workers)),
    }
    for kind in KINDS:
        rows = folder.theirs(kind)
        sides[f"datasets {kind}"] = lambda rows=rows: iter(loader(rows, LAYOUTS[layout], workers))
    return sides


def loading(folder: Folder, layout: str, workers: int, runs: int) -> Result:
    """Whole epochs."""
    sides = epochs(folder, layout, workers)
    answers = {side: seen(epoch()) for side, epoch in sides.items()}
    timed = [kernel(side, lambda epoch=epoch: exhaust(epoch())) for side, epoch in sides.items()]
    with folder.streaming() as streaming:
        if streaming:
            answers["streaming"] = streaming.ask(f"seen {layout} {workers}")["answer"]
        agree(folder, answers)
        timed += side_of(streaming, f"epoch {layout} {workers}")
        taken = interleave(timed, runs, warm=True)
    tokens = answers["fastprep loader"][0]
    return Result(f"{folder.path.name}, {layout}, {workers} workers", tokens, taken)


def agree(folder: Folder, answers: dict[str, Any]) -> None:
    """Ends the bench where the sides do not hold the same."""
    if any(answer != next(iter(answers.values())) for answer in answers.values()):
        raise SystemExit(f"{folder.path.name}: the sides do not hold the same: {answers}")


def access(folder: Folder, count: int, runs: int, seed: int) -> Result:
    """Rows one by one, at random."""
    ours = fp.load(folder.path)["train"].to_torch()
    numbers = np.random.default_rng(seed).integers(0, len(ours), count).tolist()
    sides = {"fastprep": ours} | {f"datasets {kind}": folder.theirs(kind) for kind in KINDS}
    order = "read " + ",".join(map(str, numbers))
    answers: dict[str, Any] = {side: read(rows, numbers) for side, rows in sides.items()}
    timed = [kernel(side, lambda rows=rows: read(rows, numbers)) for side, rows in sides.items()]
    with folder.streaming() as streaming:
        if streaming:
            answers["streaming"] = streaming.ask(order)["answer"]
        agree(folder, answers)
        taken = interleave([*timed, *side_of(streaming, order)], runs, warm=True)
    return Result(f"{folder.path.name}, {count} rows at random", sum(ours.lengths(numbers)), taken)


def first(folder: Folder, workers: int, runs: int) -> Result:
    """From the folder to the first batch, everything imported."""

    def ours() -> Any:
        data = fp.load(folder.path)
        return next(iter(data["train"].loader(data.collator(), batch_size=BATCH, num_workers=workers)))

    def theirs(kind: str) -> Any:
        return next(iter(loader(folder.theirs(kind), LAYOUTS["padded"], workers)))

    sides = {"fastprep loader": ours} | {f"datasets {kind}": lambda kind=kind: theirs(kind) for kind in KINDS}
    for side, batch in sides.items():
        if len(batch()["input_ids"]) != BATCH:
            raise SystemExit(f"{side}: the first batch does not have {BATCH} rows")
    order = f"first padded {workers}"
    with folder.streaming() as streaming:
        if streaming and streaming.ask(order)["answer"] != BATCH:
            raise SystemExit(f"streaming: the first batch does not have {BATCH} rows")
        timed = [*(kernel(*side) for side in sides.items()), *side_of(streaming, order)]
        taken = interleave(timed, runs)
    name = f"{folder.path.name}, first batch, {workers} workers"
    return Result(name, int(ours()["attention_mask"].sum()), taken)


def packing(rows: pa.Table, limit: int, runs: int, threads: int) -> Result:
    """Text to packs and to rows, and TRL's packing of these rows alone; threads of ours, processes of TRL."""
    plan = plan_of(rows, limit)
    plain = plan.collect().select(["input_ids", "labels"])
    theirs = datasets.Dataset(plain)

    def bfd() -> Any:
        options = {"load_from_cache_file": False, "keep_in_memory": True}
        return pack_dataset(theirs, limit, "bfd", options | ({"num_proc": threads} if threads > 1 else {}))

    tokens = len(plain["input_ids"].combine_chunks().values)
    packed = plan.pack().collect()
    if len(packed["input_ids"].combine_chunks().values) != tokens:
        raise SystemExit("packing: tokens were lost")
    fills = {"fastprep": tokens / (packed.num_rows * limit), "trl bfd": tokens / (bfd().num_rows * limit)}
    if fills["fastprep"] < fills["trl bfd"]:
        raise SystemExit(f"packing: TRL fills more: {fills}")
    del packed
    sides = [
        kernel("fastprep, from text", lambda: plan.pack().collect(threads=threads)),
        kernel("without pack", lambda: plan.collect(threads=threads)),
        kernel("trl bfd, from ids", bfd),
    ]
    result = Result(f"packing, {threads} threads", tokens, interleave(sides, runs))
    whole, without, trl = result.medians().values()
    result.notes = {"fill": fills, "pack_alone_s": whole - without, "pack_alone_ratio": trl / (whole - without)}
    return result


def main() -> None:
    """Prints a table for each, and records them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=4_000_000, help="of an epoch, about")
    sizes = [20_000_000, 80_000_000]  # held in memory, and spilled
    parser.add_argument("--packed-tokens", type=int, nargs="*", default=sizes, help="to be packed, about")
    parser.add_argument("--rows", type=int, default=2_000, help="read one by one")
    parser.add_argument("--streaming", help="interpreter that has the packages of requirements-streaming.txt")
    parser.add_argument("--mean", type=int, default=60, help="words of a row; some 5 tokens each")
    parser.add_argument("--limit", type=int, default=2048)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="*", default=[0, 2])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    before = record.environment()
    if arguments.streaming:
        before["packages"]["mosaicml-streaming"] = version_in(arguments.streaming, "mosaicml-streaming")
    torch.set_num_threads(1)
    datasets.disable_progress_bars()
    results = []

    def add(result: Result) -> None:
        results.append(result)
        print(table(result), result.notes or "", flush=True)

    runs, seed = arguments.runs, arguments.seed
    with tempfile.TemporaryDirectory() as work:
        plan = plan_of(rows_of(arguments.tokens // 5, arguments.mean, seed), arguments.limit)
        plan.sink_arrow(f"{work}/plain")
        plan.pack(seed=seed).sink_arrow(f"{work}/packed")
        plain, packed = (Folder(Path(work, name), arguments.streaming) for name in ("plain", "packed"))
        for workers in arguments.workers:
            add(loading(plain, "padded", workers, runs))
            add(loading(plain, "flat", workers, runs))
            add(loading(packed, "flat", workers, runs))
            add(first(plain, workers, runs))
        add(access(plain, arguments.rows, runs, seed))
        add(access(packed, arguments.rows // 10, runs, seed))
    for tokens in arguments.packed_tokens:
        for threads in (1, 2):
            add(packing(rows_of(tokens // 5, arguments.mean, seed), arguments.limit, 2 * runs, threads))
    if arguments.record:
        kept = {name: value for name, value in vars(arguments).items() if name not in ("streaming", "record")}
        record.save("loader", kept, before, results)


if __name__ == "__main__":
    main()
