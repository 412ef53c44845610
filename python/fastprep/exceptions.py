"""The errors of fastprep: each also is the built-in exception that fits, so that either can be caught."""

from __future__ import annotations

import functools
import os
from typing import Any, Self


class FastprepError(Exception):
    """What every error of fastprep has: a stable code, a place, and the way out.

    Attributes:
        code: Stable slug, such as ``missing_column``.
        path: The file or folder, where there is one.
        row: 0-based row within the file; messages count rows from 1, as editors count lines.
        line: 1-based line of the decompressed stream.
        column: The column.
        help: The way out, in a sentence.
        reason: Where the error is about many rows, the reason that took most of them out: its code, and after a colon
            the column or the control token, as in ``missing_field:output``.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        path: str | os.PathLike[str] | None = None,
        row: int | None = None,
        line: int | None = None,
        column: str | None = None,
        help: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Keeps the parts; ``str()`` of the error is ``message``, unchanged."""
        super().__init__(message)
        self.code = code
        self.path = None if path is None else os.fspath(path)
        self.row = row
        self.line = line
        self.column = column
        self.help = help
        self.reason = reason

    @classmethod
    def new(cls, what: str, **parts: Any) -> Self:
        """An error raised from Python, worded as the core does: ``what``, then the path, then the way out."""
        place = f"\n  at {os.fspath(parts['path'])}" if parts.get("path") is not None else ""
        way_out = f"\n  help: {parts['help']}" if parts.get("help") is not None else ""
        return cls(what + place + way_out, **parts)

    def __str__(self) -> str:
        # KeyError would show the repr.
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are rebuilt from `args` alone, which would lose the keywords on the way out of a worker process.
        names = ("code", "path", "row", "line", "column", "help", "reason")
        return functools.partial(type(self), **{name: getattr(self, name) for name in names}), self.args


class PlanError(FastprepError, ValueError):
    """An option or a chain that makes no sense."""


class ColumnError(FastprepError, KeyError):
    """A column that is not there or has the wrong type."""


class SourceError(FastprepError, OSError):
    """An input that cannot be opened or read."""


class DataError(FastprepError, ValueError):
    """Data that was not accepted."""


class TokenizerError(FastprepError, ValueError):
    """A tokenizer that cannot be loaded or used."""


class PublishError(FastprepError, OSError):
    """An output that cannot be written, published or verified."""


class CallbackError(FastprepError, RuntimeError):
    """A failure inside a function or expression of the caller."""


class InternalError(FastprepError, RuntimeError):
    """A defect of fastprep."""
