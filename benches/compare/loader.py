"""Epochs of shuffled batches of 8 rows against `datasets` behind torch's DataLoader, and packing against TRL's `bfd`.

All sides read the same tokens, from Arrow files in the page cache, in one process with one torch thread; with
`--workers` each has as many worker processes. Sizes in the tables are tokens, so that MB/s reads million tokens a
second. What an epoch's batches hold is compared first.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from harness import Result, Run, Side, interleave, kernel, table

import fastprep as fp
import record

BATCH = 8
WORDS = ("what", "is", "the", "capital", "of", "france", "paris")


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


def padded(rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """What a collator has to do, by torch's own means; for tensors, arrays and lists."""
    pad = torch.nn.utils.rnn.pad_sequence
    ids = [torch.as_tensor(row["input_ids"]) for row in rows]
    return {
        "input_ids": pad(ids, batch_first=True),
        "labels": pad([torch.as_tensor(row["labels"]) for row in rows], batch_first=True, padding_value=-100),
        "attention_mask": pad([torch.ones_like(one) for one in ids], batch_first=True),
    }


def flat(rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """Rows end to end, by torch's own means."""
    ids = [torch.as_tensor(row["input_ids"]) for row in rows]
    lengths = [int(n) for row in rows for n in row.get("seq_lengths", [len(row["input_ids"])])]
    return {
        "input_ids": torch.cat(ids)[None],
        "labels": torch.cat([torch.as_tensor(row["labels"]) for row in rows])[None],
        "position_ids": torch.cat([torch.arange(n) for n in lengths])[None],
    }


def sides_of(folder: Path, layout: str, workers: int) -> dict[str, Callable[[], Iterator[Any]]]:
    """An epoch of each side."""
    data = fp.load(folder)
    split, collate = data["train"], data.collator(layout=layout)  # type: ignore[arg-type]
    columns = [name for name in ("input_ids", "labels", "seq_lengths") if data._has_column(name)]
    saved = str(folder / "datasets")
    if not Path(saved).is_dir():
        split.to_datasets().select_columns(columns).save_to_disk(saved)
    import datasets

    rows = datasets.load_from_disk(saved)
    theirs = padded if layout == "padded" else flat

    def loader(rows: Any, collate_fn: Any) -> Any:
        return torch.utils.data.DataLoader(
            rows, batch_size=BATCH, shuffle=True, collate_fn=collate_fn, num_workers=workers
        )

    ours = split.loader(collate, batch_size=BATCH, num_workers=workers)
    return {
        "fastprep loader": lambda: iter(ours),
        "fastprep DataLoader": lambda: iter(loader(split.to_torch(), collate)),
        "datasets torch": lambda: iter(loader(rows.with_format("torch"), theirs)),
        "datasets numpy": lambda: iter(loader(rows.with_format("numpy"), theirs)),
        "datasets python": lambda: iter(loader(rows, theirs)),
    }


def seen(epoch: Iterator[Any]) -> tuple[int, int, int]:
    """What an epoch held, whatever its order: tokens, and sums over ids and trained labels."""
    tokens = ids = labels = 0
    for batch in epoch:
        mask = batch.get("attention_mask", torch.ones_like(batch["input_ids"])).bool()
        tokens += int(mask.sum())
        ids += int((batch["input_ids"] * mask).sum())
        trained = batch["labels"]
        labels += int(trained[trained != -100].sum())
    return tokens, ids, labels


def exhaust(epoch: Iterator[Any]) -> None:
    """Takes all batches."""
    for _ in epoch:
        pass


def loading(folder: Path, name: str, layout: str, workers: int, runs: int) -> Result:
    """One table."""
    sides = sides_of(folder, layout, workers)
    answers = {side: seen(epoch()) for side, epoch in sides.items()}
    if len(set(answers.values())) != 1:
        raise SystemExit(f"{name}: the sides do not hold the same tokens: {answers}")
    tokens = next(iter(answers.values()))[0]
    timed = [kernel(side, lambda epoch=epoch: exhaust(epoch())) for side, epoch in sides.items()]
    return Result(f"{name}, {layout}, {workers} workers", tokens, interleave(timed, runs, warm=True))


def packing(rows: pa.Table, limit: int, runs: int) -> Result:
    """Packing alone: ours is what a plan takes longer with `pack` than without."""
    import datasets
    from trl.data_utils import pack_dataset

    plan = plan_of(rows, limit)
    plain = plan.collect().select(["input_ids", "labels"])
    theirs = datasets.Dataset(plain)

    def ours() -> Run:
        bare, packed = (kernel("", lambda p=p: p.collect(threads=1)).run() for p in (plan, plan.pack()))
        return Run(max(packed.wall - bare.wall, 1e-6))

    def bfd() -> Any:
        return pack_dataset(theirs, limit, "bfd", {"load_from_cache_file": False, "keep_in_memory": True})

    tokens = len(plain["input_ids"].combine_chunks().values)
    fills = {
        "fastprep": tokens / (plan.pack().collect().num_rows * limit),
        "trl bfd": tokens / (bfd().num_rows * limit),
    }
    if fills["fastprep"] < fills["trl bfd"]:
        raise SystemExit(f"packing: TRL fills more: {fills}")
    sides = [Side("fastprep pack", ours), kernel("trl bfd", bfd)]
    return Result("packing", tokens, interleave(sides, runs), {"fill": fills})


def main() -> None:
    """Prints a table for each, and records them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=4_000_000)
    parser.add_argument("--mean", type=int, default=60, help="words of a row; some 5 tokens each")
    parser.add_argument("--limit", type=int, default=2048)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="*", default=[0, 2])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    before = record.environment()
    torch.set_num_threads(1)
    rows = rows_of(arguments.tokens // 5, arguments.mean, arguments.seed)
    results = []
    with tempfile.TemporaryDirectory() as work:
        plan = plan_of(rows, arguments.limit)
        plan.sink_arrow(f"{work}/plain")
        plan.pack(seed=arguments.seed).sink_arrow(f"{work}/packed")
        for workers in arguments.workers:
            for name, layout in (("plain", "padded"), ("plain", "flat"), ("packed", "flat")):
                results.append(loading(Path(work, name), name, layout, workers, arguments.runs))
                print(table(results[-1]), flush=True)
        results.append(packing(rows, arguments.limit, arguments.runs))
        print(table(results[-1]), results[-1].notes)
    if arguments.record:
        print(record.save("loader", vars(arguments), before, results))


if __name__ == "__main__":
    main()
