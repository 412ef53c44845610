"""The shards of a split as one table: memory-mapped Arrow, or Parquet in memory; the core opens and checks them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastprep._fastprep import ARROW, PARQUET, Shards
from fastprep.exceptions import SourceError

if TYPE_CHECKING:
    import pyarrow as pa


def shards_of(manifest: dict[str, Any], split: str) -> list[dict[str, Any]]:
    """The entries of a split's Arrow shards, in order; of its Parquet shards if it has no others that can be loaded."""
    shards = [s for s in manifest["shards"] if s.get("split") == split]
    arrow = [s for s in shards if s["format"] == ARROW]
    return arrow or [s for s in shards if s["format"] == PARQUET]


def closed_shards(folder: Path, manifest: dict[str, Any], split: str, *, text: bool = False) -> Shards:
    """The shards of a split, not opened yet; can be pickled.

    Args:
        folder: The folder of the shards; absolute, since another process may map the files.
        manifest: The manifest of the prepared folder.
        split: The name of the split.
        text: Whether to read all text when mapping, to check that it is UTF-8.
    """
    files = [(folder / shard["name"], shard["rows"], shard["bytes"]) for shard in shards_of(manifest, split)]
    return Shards(files, [(column["name"], column["type"]) for column in manifest["schema"]], text)


def table(shards: Shards) -> pa.Table:
    """Maps the shards as one table over the files' pages, without a copy; reads Parquet shards into memory.

    Returns:
        The rows in the order of the shards, a chunk for each record batch.

    Raises:
        SourceError: A shard is missing, or does not match the manifest.
    """
    import pyarrow as pa

    try:
        return pa.table(shards)
    except pa.ArrowException as error:
        raise SourceError.new(
            f"a shard is damaged: pyarrow cannot read its columns: {error}",
            code="damaged_shard",
            path=shards.folder,
            help="copy the folder again, or prepare the data again",
        ) from error
