"""Rows of prompt and completion as dialogues: a few rows become the turns of one."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Messages = list[dict[str, Any]]

TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}{{ '\n' }}"
    "{% else %}{{ message['content'] + '<|im_end|>\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""A template that marks what trains, which the peer needs and we do not."""

NOW = "2025-03-14"


def of_rows(rows: Iterator[dict[str, Any]]) -> Iterator[Messages]:
    """Dialogues of one to six rows, in turn."""
    size, messages = 1, []
    for row in rows:
        messages += [
            {"role": "user", "content": row["prompt"]},
            {"role": "assistant", "content": row["completion"]},
        ]
        if len(messages) == 2 * size:
            yield messages
            size, messages = size % 6 + 1, []
    if messages:
        yield messages


def write(source: Path, real: Path | None) -> Path:
    """A file of dialogues beside `source`: made of its rows, or those of a real file, plain or as gzip."""
    path = source.with_suffix(f".{real.name.split('.')[0]}.chat.jsonl" if real else ".chat.jsonl")
    if path.exists():
        return path
    given = real or source
    text = (gzip.decompress(given.read_bytes()) if given.suffix == ".gz" else given.read_bytes()).decode("utf-8")
    rows = (json.loads(line) for line in text.splitlines())
    found = (row["messages"] for row in rows) if real else of_rows(rows)
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps({"messages": messages}, ensure_ascii=False) + "\n" for messages in found)
    part.rename(path)
    return path


def repeated(source: Path, times: int) -> Path:
    """A file beside `source` with its dialogues so many times; the texts of each time are others."""
    path = source.with_suffix(f".{times}-times.jsonl")
    if path.exists():
        return path
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as out:
        for time in range(times):
            end = f" {time}" if time else ""
            for messages in read(source):
                other = [message | {"content": message["content"] + end} for message in messages]
                out.write(json.dumps({"messages": other}, ensure_ascii=False) + "\n")
    part.rename(path)
    return path


def tokenizer(base: Path, work: Path) -> Path:
    """A tokenizer.json that knows the control tokens of the template."""
    model = json.loads(base.read_text("utf-8"))
    known = {token["content"] for token in model["added_tokens"]}
    first = 1 + max([*model["model"]["vocab"].values(), *(token["id"] for token in model["added_tokens"])])
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False) | {"special": True}
    new = [token for token in ("<|im_start|>", "<|im_end|>") if token not in known]
    model["added_tokens"] += [{"id": first + i, "content": token} | flags for i, token in enumerate(new)]
    path = work / "chat-tokenizer.json"
    path.write_text(json.dumps(model), "utf-8")
    return path


def read(source: Path) -> list[Messages]:
    """The messages of each dialogue of a file."""
    with source.open(encoding="utf-8") as lines:
        return [json.loads(line)["messages"] for line in lines]
