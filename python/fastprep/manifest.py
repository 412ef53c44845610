"""Reading ``manifest.json``: the one file that says what a prepared folder holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .exceptions import SourceError

NEWEST_VERSION = 1
"""The newest ``manifest_version`` this release reads."""


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a prepared folder, once it is known to be readable and its Arrow shards to be in place.

    Args:
        folder: The folder that holds ``manifest.json``.

    Returns:
        The manifest as JSON has it.

    Raises:
        SourceError: There is no manifest, it is damaged or of a newer version, or a shard is missing or has the
            wrong size (checksums are for ``verify``).
    """
    path = folder / "manifest.json"
    try:
        text = path.read_bytes()
    except OSError as error:
        raise SourceError.new(
            f"this is not a prepared folder: manifest.json cannot be read ({error.strerror})",
            code="no_manifest",
            path=folder,
            help="give the folder that sink_arrow() wrote",
        ) from error
    try:
        manifest = json.loads(text)
        version = manifest["manifest_version"]
        if not isinstance(version, int):
            raise TypeError(f"manifest_version is {version!r}")
        # Before anything else is looked at: a newer manifest may have any other shape.
        if version > NEWEST_VERSION:
            raise SourceError.new(
                f"the manifest has version {version}; this fastprep reads versions up to {NEWEST_VERSION}",
                code="newer_manifest",
                path=path,
                help="install the newest fastprep",
            )
        _check_shards(folder / manifest["data"], manifest)
    except (ValueError, LookupError, TypeError) as error:
        raise SourceError.new(
            f"the manifest is damaged: {type(error).__name__}: {error}",
            code="bad_manifest",
            path=path,
            help="prepare the data again, or restore the file",
        ) from error
    return dict(manifest)


def arrow_shards(manifest: dict[str, Any], split: str) -> list[dict[str, Any]]:
    """The entries of a split's Arrow shards, in order."""
    return [s for s in manifest["shards"] if s.get("split") == split and s["format"] == "arrow"]


def _check_shards(data: Path, manifest: dict[str, Any]) -> None:
    for split in manifest["splits"]:
        shards = arrow_shards(manifest, split["name"])
        rows = sum(shard["rows"] for shard in shards)
        if shards and rows != split["rows"]:
            raise ValueError(f"split {split['name']!r} has {split['rows']} rows, its shards {rows}")
        for shard in shards:
            path = data / shard["name"]
            try:
                size = path.stat().st_size
            except OSError as error:
                raise SourceError.new(
                    f"a shard of the manifest cannot be read ({error.strerror})",
                    code="missing_shard",
                    path=path,
                    help="copy the whole folder, or prepare the data again",
                ) from error
            if size != shard["bytes"]:
                raise SourceError.new(
                    f"a shard is damaged: it has {size} bytes, the manifest says {shard['bytes']}",
                    code="damaged_shard",
                    path=path,
                    help="copy the file again, or prepare the data again",
                )
