"""The error of a manifest that is damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastprep._fastprep import MANIFEST
from fastprep.exceptions import SourceError

if TYPE_CHECKING:
    from pathlib import Path


def damaged(folder: Path, why: str) -> SourceError:
    """The error that says why the manifest of ``folder`` cannot be used."""
    return SourceError.new(
        f"the manifest is damaged, or fastprep did not write it: {why}",
        code="bad_manifest",
        path=folder / MANIFEST,
        help="prepare the data again, or restore the file",
    )
