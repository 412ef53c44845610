"""Fabricates prepared folders for tests of the readers, without the core."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa

VOCABULARY = 64
PAD, EOS = 0, 1

Row = dict[str, Any]

_TYPES = {"input_ids": pa.int32(), "labels": pa.int32(), "segment_lengths": pa.int32(), "segment_kinds": pa.uint8()}
_OPTIONAL = {"segment_weights": pa.float32(), "seq_lengths": pa.int32()}
_NAMES = {pa.int32(): "list<int32>", pa.uint8(): "list<uint8>", pa.float32(): "list<float32>", pa.string(): "str"}


def make_rows(count: int, seed: int = 0, weighted: bool = False, longest: int = 24) -> list[Row]:
    """Rows of context, target, an untrained run and another target, of 4 to ``longest`` tokens."""
    random_ = random.Random(seed)
    rows = []
    for i in range(count):
        lengths = [random_.randint(1, longest // 4) for _ in range(4)]
        kinds = [1, 2, 0, 2]
        ids = [random_.randrange(2, VOCABULARY) for _ in range(sum(lengths))]
        kind_of_token = [kind for kind, length in zip(kinds, lengths, strict=True) for _ in range(length)]
        row: Row = {
            "id": f"row {seed}/{i} ✓",
            "prompt": f"prompt {i}\n##\n",
            "completion": f"completion {i}\n###\n",
            "input_ids": ids,
            "labels": [token if kind == 2 else -100 for token, kind in zip(ids, kind_of_token, strict=True)],
            "segment_lengths": lengths,
            "segment_kinds": kinds,
        }
        if weighted:
            row["segment_weights"] = [1.0, random_.choice([0.0, 0.5, 2.0]), 1.0, 1.0]
        rows.append(row)
    return rows


def numbers_of(rows: Any) -> list[int]:
    """Collates rows to their numbers."""
    return list(rows.numbers)


def trained(rows: list[Row]) -> int:
    """Tokens whose label is trained."""
    return sum(label != -100 for row in rows for label in row.get("labels", []))


def pack(rows: list[Row]) -> list[Row]:
    """The rows' ids, three rows or fewer to a pack."""
    packs = []
    for start in range(0, len(rows), 3):
        some = rows[start : start + 3]
        joined: Row = {name: [x for row in some for x in row[name]] for name in _TYPES}
        packs.append(joined | {"seq_lengths": [len(row["input_ids"]) for row in some]})
    return packs


def token_weights(row: Row, prompt_loss_weight: float) -> list[float]:
    """The weight in the loss of each token of a row."""
    weights = []
    factors = row.get("segment_weights", [1.0] * len(row["segment_kinds"]))
    for length, kind, factor in zip(row["segment_lengths"], row["segment_kinds"], factors, strict=True):
        weights += [{0: 0.0, 1: float(prompt_loss_weight), 2: 1.0}[kind] * factor] * length
    return weights


def publish(folder: Path, splits: dict[str, list[Row]], shards: int = 3, batch_rows: int = 4, **manifest: Any) -> Path:
    """Writes ``folder`` as the core does: Arrow IPC files of several record batches, and the manifest."""
    digest = "0123456789abcdef" * 2
    data = folder / "data" / digest
    data.mkdir(parents=True)
    first = next(rows[0] for rows in splits.values() if rows)
    schema = pa.schema([_field(name) for name in first])
    totals, entries = [], []
    for split, rows in splits.items():
        size = -(-len(rows) // shards)
        for number in range(shards):
            part = rows[number * size : (number + 1) * size]
            name = f"{split}-{number:05}-of-{shards:05}.arrow"
            with pa.OSFile(str(data / name), "wb") as file, pa.ipc.new_file(file, schema) as writer:
                for start in range(0, len(part), batch_rows):
                    writer.write_batch(pa.RecordBatch.from_pylist(part[start : start + batch_rows], schema))
            entries.append(
                {
                    "name": name,
                    "split": split,
                    "format": "arrow",
                    "rows": len(part),
                    "tokens": _tokens(part),
                    "bytes": (data / name).stat().st_size,
                    "xxh3": "0" * 16,
                }
            )
        tokens = _tokens(rows)
        counts = {"rows": len(rows), "tokens": tokens, "trained_tokens": min(tokens, trained(rows))}
        totals.append({"name": split, **counts})
    record = {
        "manifest_version": 1,
        "fastprep_version": "0.1.0",
        "data": f"data/{digest}",
        "fingerprint": "00",
        "plan": ["scan_jsonl(…)"],
        "format": None,
        "tokenizer": {"digest": "00", "vocab_size": VOCABULARY, "eos_token_id": EOS, "pad_token_id": PAD},
        "schema": [{"name": field.name, "type": _type_name(field.type)} for field in schema],
        "inputs": [],
        "splits": totals,
        "shards": entries,
        "sidecars": [],
        "report": {},
        **manifest,
    }
    (folder / "manifest.json").write_text(json.dumps(record), "utf-8")
    return folder


def rewrite(folder: Path, **changes: Any) -> None:
    """Changes top-level fields of the manifest."""
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")


def _field(name: str) -> pa.Field:
    # The core's lists hold no nulls and say so in the schema.
    item = (_TYPES | _OPTIONAL).get(name)
    if name == "row_weight":
        return pa.field(name, pa.float64())
    if item is None:
        return pa.field(name, pa.string())
    return pa.field(name, pa.list_(pa.field("item", item, nullable=False)), nullable=False)


def _type_name(type_: pa.DataType) -> str:
    return "float64" if type_ == pa.float64() else _NAMES[type_.value_type if pa.types.is_list(type_) else type_]


def _tokens(rows: list[Row]) -> int:
    return sum(len(row.get("input_ids", [])) for row in rows)
