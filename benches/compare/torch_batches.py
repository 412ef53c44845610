"""Batches by torch's own means, and what an epoch of them holds. Free of fastprep: every loader's process has it."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

BATCH = 8
COLUMNS = ("input_ids", "labels", "seq_lengths")
Batch = dict[str, Any]


def padded(rows: list[Batch]) -> Batch:
    """What a collator has to do; for tensors, arrays and lists."""
    pad = torch.nn.utils.rnn.pad_sequence
    ids = [torch.as_tensor(row["input_ids"], dtype=torch.int64) for row in rows]
    labels = [torch.as_tensor(row["labels"], dtype=torch.int64) for row in rows]
    return {
        "input_ids": pad(ids, batch_first=True),
        "labels": pad(labels, batch_first=True, padding_value=-100),
        "attention_mask": pad([torch.ones_like(one) for one in ids], batch_first=True),
    }


def flat(rows: list[Batch]) -> Batch:
    """Rows end to end, the positions of each document from 0."""
    ids = [torch.as_tensor(row["input_ids"], dtype=torch.int64) for row in rows]
    lengths = [int(n) for row in rows for n in row.get("seq_lengths", [len(row["input_ids"])])]
    return {
        "input_ids": torch.cat(ids)[None],
        "labels": torch.cat([torch.as_tensor(row["labels"], dtype=torch.int64) for row in rows])[None],
        "position_ids": torch.cat([torch.arange(n) for n in lengths])[None],
    }


LAYOUTS: dict[str, Callable[[list[Batch]], Batch]] = {"padded": padded, "flat": flat}


def loader(rows: Any, collate: Any, workers: int, *, shuffle: bool = True) -> Any:
    """torch's loader of shuffled batches; `shuffle` is false where the rows come shuffled."""
    options = {"collate_fn": collate, "num_workers": workers}
    return torch.utils.data.DataLoader(rows, batch_size=BATCH, shuffle=shuffle, **options)


def seen(epoch: Iterator[Batch]) -> list[int]:
    """What an epoch held, whatever its order: tokens, sums over ids, trained labels and positions."""
    sums, none = [0, 0, 0, 0], torch.zeros(0)
    for batch in epoch:
        mask = batch.get("attention_mask", torch.ones_like(batch["input_ids"])).bool()
        labels = batch["labels"]
        held = (mask, batch["input_ids"] * mask, labels[labels != -100], batch.get("position_ids", none))
        sums = [n + int(part.sum()) for n, part in zip(sums, held, strict=True)]
    return sums


def exhaust(epoch: Iterator[Batch]) -> None:
    """Takes all batches."""
    for _ in epoch:
        pass


def read(rows: Any, numbers: Sequence[int]) -> int:
    """Rows one by one, in this order; the sum of their ids."""
    return sum(int(torch.as_tensor(rows[i]["input_ids"]).sum()) for i in numbers)


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds on the clock and of the processor, and what came of it."""
    start, busy = time.perf_counter(), time.process_time()
    done = work()
    return time.perf_counter() - start, time.process_time() - busy, done
