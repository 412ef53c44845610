"""A manifest in lines for people."""

from __future__ import annotations

from typing import Any

MOST_INPUTS = 5
"""More inputs are counted only."""


def manifest_lines(folder: str, manifest: dict[str, Any]) -> list[str]:
    """What the folder holds, and how it was made."""
    splits = manifest["splits"]
    tokenizer = manifest["tokenizer"]
    rows = sum(split["rows"] for split in splits)
    made = [f"{folder}: {rows:,} rows, written by fastprep {manifest['fastprep_version']}"]
    for split in splits:
        shards = [shard for shard in manifest["shards"] if shard["split"] == split["name"]]
        text = f"  {split['name']:<8} {split['rows']:>11,} rows"
        if tokenizer:
            text += f"  {split['tokens']:>13,} tokens  {split['trained_tokens']:>13,} trained"
        size = sum(shard["bytes"] for shard in shards)
        made.append(f"{text}  {len(shards):>5,} shard{' ' if len(shards) == 1 else 's'}  {size:>15,} bytes")
    made.append("  columns   " + ", ".join(f"{column['name']} {column['type']}" for column in manifest["schema"]))
    if manifest["format"]:
        made.append("  format    " + _named(manifest["format"]))
    if tokenizer:
        made.append("  tokenizer " + _named(tokenizer))
    made += _inputs(manifest["inputs"])
    counts = manifest["report"]["rows"]
    made.append("  read      " + ", ".join(f"{counts[name]:,} {name}" for name in counts))
    return [*made, "  plan", *(f"    {line}" for line in plan_lines(manifest))]


def plan_lines(manifest: dict[str, Any]) -> list[str]:
    """The plan as `explain` prints it; a manifest of version 1 has it as `plan`."""
    return list(manifest["explain"] if manifest["manifest_version"] > 1 else manifest["plan"])


def _inputs(inputs: list[dict[str, Any]]) -> list[str]:
    size = sum(file["bytes"] for file in inputs)
    named = ", ".join(file["name"] for file in inputs[:MOST_INPUTS])
    more = f" and {len(inputs) - MOST_INPUTS:,} more" if len(inputs) > MOST_INPUTS else ""
    return [f"  inputs    {named}{more}: {size:,} bytes"] if inputs else []


def _named(parts: dict[str, Any]) -> str:
    """Values by name, without those that are not there."""
    return ", ".join(f"{name} {value!r}" for name, value in parts.items() if value is not None and name != "version")
