"""The errors of fastprep. Each is also a fitting built-in exception, so that either can be caught."""

from __future__ import annotations

import functools
import os
from typing import Any, Self


class FastprepError(Exception):
    """The base of all errors of fastprep: a stable code, a place, and how to fix the problem.

    Attributes:
        code: A stable slug, such as ``missing_column``.
        path: The file or folder, where there is one.
        row: The 0-based row within the file. Messages count rows from 1, as editors count lines.
        line: The 1-based line of the decompressed stream.
        column: The column.
        help: How to fix the problem, in a sentence.
        reason: For an error about many rows, the reason that removed most of them: its code, and after a colon the
            column or the control token, as in ``missing_field:output``.
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
        """Stores the parts; ``str()`` of the error is ``message``."""
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
        """An error raised from Python, in the form of the core's errors: ``what``, then the path, then the help."""
        place = f"\n  at {os.fspath(parts['path'])}" if parts.get("path") is not None else ""
        help = f"\n  help: {parts['help']}" if parts.get("help") is not None else ""
        return cls(what + place + help, **parts)

    def __str__(self) -> str:
        # KeyError would show the repr of the message.
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        # By default exceptions are unpickled from `args` alone, without the keyword arguments.
        names = ("code", "path", "row", "line", "column", "help", "reason")
        return functools.partial(type(self), **{name: getattr(self, name) for name in names}), self.args


class PlanError(FastprepError, ValueError):
    """A wrong option, or steps that do not fit together."""


class ColumnError(FastprepError, KeyError):
    """A column that does not exist or has the wrong type."""


class SourceError(FastprepError, OSError):
    """An input that cannot be opened or read."""


class DataError(FastprepError, ValueError):
    """Data that is not accepted."""


class TokenizerError(FastprepError, ValueError):
    """A tokenizer that cannot be loaded or used."""


class PublishError(FastprepError, OSError):
    """An output that cannot be written, published or verified."""


class CallbackError(FastprepError, RuntimeError):
    """A failure inside a function or expression that the caller passed."""


class InternalError(FastprepError, RuntimeError):
    """A bug in fastprep."""
