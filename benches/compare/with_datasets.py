"""The peer of the whole job: `datasets` and `tokenizers`, batched maps in two processes."""

from pathlib import Path
from typing import Any

import datasets
from job import SEPARATOR, STOP
from tokenizers import Tokenizer

PROCESSES = 2
Columns = dict[str, list[Any]]


def render(rows: Columns) -> Columns:
    """Appends separator and stop; leaves rows out in which they occur elsewhere too, seams included."""
    kept: Columns = {"prompt": [], "completion": []}
    for prompt, completion in zip(rows["prompt"], rows["completion"], strict=True):
        text = prompt + SEPARATOR + completion + STOP
        once = text.find(SEPARATOR) == len(prompt) and text.rfind(SEPARATOR) == len(prompt)
        if once and text.find(STOP) == len(text) - len(STOP):
            kept["prompt"].append(prompt + SEPARATOR)
            kept["completion"].append(completion + STOP)
    return kept


def tokenize(rows: Columns, tokenizer: Tokenizer) -> Columns:
    """Ids of prompt and completion, each encoded by itself; no label on the prompt."""
    prompts = tokenizer.encode_batch_fast(rows["prompt"])
    completions = tokenizer.encode_batch_fast(rows["completion"], add_special_tokens=False)
    ids, labels = [], []
    for prompt, completion in zip(prompts, completions, strict=True):
        one, two = prompt.ids, completion.ids
        ids.append(one + two)
        labels.append([-100] * len(one) + two)
    return {"input_ids": ids, "labels": labels}


def end_to_end(source: Path, out: Path, tokenizer: Path) -> None:
    """JSONL to rendered, deduplicated, split, tokenized, labelled Arrow files."""
    datasets.disable_progress_bars()
    cache = str(out.with_suffix(".cache"))
    rows = datasets.load_dataset("json", data_files=str(source), split="train", cache_dir=cache)
    rows = rows.map(render, batched=True, num_proc=PROCESSES)
    seen: set[tuple[str, str]] = set()

    def is_first(batch: Columns) -> list[bool]:
        first = []
        for key in zip(batch["prompt"], batch["completion"], strict=True):
            first.append(key not in seen)
            seen.add(key)
        return first

    rows = rows.filter(is_first, batched=True)
    loaded = Tokenizer.from_file(str(tokenizer))
    rows = rows.map(tokenize, batched=True, num_proc=PROCESSES, fn_kwargs={"tokenizer": loaded})
    rows.train_test_split(test_size=0.02, seed=7).save_to_disk(str(out), num_proc=PROCESSES)
