"""The peer of conversations: transformers' `apply_chat_template`, alone and in a map of `datasets`."""

import datetime
import os
from pathlib import Path
from typing import Any

import datasets
from dialogues import NOW, TEMPLATE, Messages

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils


class _Clock(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
        return datetime.datetime.fromisoformat(NOW)


chat_template_utils.datetime = _Clock


def rendered(dialogues: list[Messages], template: str) -> list[str]:
    """The text of each dialogue. The template is compiled once; no mask is made."""
    render = chat_template_utils.render_jinja_template
    return [
        render(conversations=[messages], chat_template=template, bos_token="<s>", eos_token="</s>")[0][0]
        for messages in dialogues
    ]


def prepared(source: Path, out: Path, tokenizer: Path) -> None:
    """JSONL to ids and labels as Arrow: what trains is what the template marks. A map in two processes."""
    datasets.disable_progress_bars()
    loaded = PreTrainedTokenizerFast(tokenizer_file=str(tokenizer), chat_template=TEMPLATE)
    cache = str(out.with_suffix(".cache"))
    rows = datasets.load_dataset("json", data_files=str(source), split="train", cache_dir=cache)

    def tokenize(batch: dict[str, list[Any]]) -> dict[str, list[list[int]]]:
        made = loaded.apply_chat_template(
            batch["messages"], tokenize=True, return_dict=True, return_assistant_tokens_mask=True
        )
        labels = [
            [token if trains else -100 for token, trains in zip(ids, mask, strict=True)]
            for ids, mask in zip(made["input_ids"], made["assistant_masks"], strict=True)
        ]
        return {"input_ids": made["input_ids"], "labels": labels}

    rows = rows.map(tokenize, batched=True, num_proc=2, remove_columns=["messages"])
    rows.save_to_disk(str(out), num_proc=2)
