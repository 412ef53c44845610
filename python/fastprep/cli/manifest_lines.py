"""The text of `show`: a manifest in lines for people."""

from __future__ import annotations

import json
from typing import Any

import fastprep as fp

MAX_INPUTS = 5
"""How many inputs are named; the others are counted."""


def manifest_lines(folder: str, manifest: dict[str, Any]) -> list[str]:
    """The contents of the folder, and the plan that wrote it."""
    splits = manifest["splits"]
    tokenizer = manifest["tokenizer"]
    rows = sum(split["rows"] for split in splits)
    lines = [f"{folder}: {rows:,} rows, written by fastprep {manifest['fastprep_version']}"]
    for split in splits:
        shards = [shard for shard in manifest["shards"] if shard["split"] == split["name"]]
        text = f"  {split['name']:<8} {split['rows']:>11,} rows"
        if tokenizer:
            text += f"  {split['tokens']:>13,} tokens  {split['trained_tokens']:>13,} trained"
        size = sum(shard["bytes"] for shard in shards)
        lines.append(f"{text}  {len(shards):>5,} shard{' ' if len(shards) == 1 else 's'}  {size:>15,} bytes")
    lines.append("  columns   " + ", ".join(f"{column['name']} {column['type']}" for column in manifest["schema"]))
    if manifest["format"]:
        lines.append("  format    " + _named(manifest["format"]))
    if tokenizer:
        lines.append("  tokenizer " + _named(tokenizer))
    lines += _inputs(manifest["inputs"])
    counts = manifest["report"]["rows"]
    lines.append("  read      " + ", ".join(f"{counts[name]:,} {name}" for name in counts))
    return [*lines, "  plan", *(f"    {line}" for line in plan_lines(manifest))]


def plan_lines(manifest: dict[str, Any]) -> list[str]:
    """The plan as `explain` prints it. A manifest of version 1 has it under `plan`."""
    return list(manifest["explain"] if manifest["manifest_version"] > 1 else manifest["plan"])


def _inputs(inputs: list[dict[str, Any]]) -> list[str]:
    size = sum(file["bytes"] for file in inputs)
    named = ", ".join(file["name"] for file in inputs[:MAX_INPUTS])
    more = f" and {len(inputs) - MAX_INPUTS:,} more" if len(inputs) > MAX_INPUTS else ""
    return [f"  inputs    {named}{more}: {size:,} bytes"] if inputs else []


def _named(parts: dict[str, Any]) -> str:
    """Names and values, without those that are None."""
    named = {name: value for name, value in parts.items() if value is not None and name != "version"}
    if "chat_template" in named:
        # Templates have thousands of characters.
        named["chat_template"] = fp.ChatFormat.from_json(json.dumps(parts)).digest
    return ", ".join(f"{name} {value!r}" for name, value in named.items())
