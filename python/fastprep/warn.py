"""Warnings in the form of the errors."""

from __future__ import annotations

import warnings


def warn(what: str, help: str, stacklevel: int) -> None:
    """Warns, in the form of the errors."""
    warnings.warn(f"{what}\n  help: {help}", stacklevel=stacklevel + 1)
