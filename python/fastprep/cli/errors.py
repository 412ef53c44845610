"""How the command line ends: an error as one message or one JSON object, help in flags, and an exit code."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import typer

from fastprep.cli.help import help_for
from fastprep.exceptions import CallbackError, DataError, FastprepError, InternalError, PublishError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""

USAGE: type[Any] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
"""What typer raises for wrong flags."""


def exit_code(error: FastprepError) -> int:
    """1 for data that were not accepted, 2 for usage, 3 for input and output."""
    if isinstance(error, (SourceError, PublishError, InternalError)):
        return 3
    return 1 if isinstance(error, (DataError, CallbackError)) else 2


def run(app: Callable[..., Any]) -> None:
    """Run the command and leave the process: a message or an object says what went wrong."""
    print_anything()
    as_json = "--json" in sys.argv[1:]
    code = _code(app, as_json)
    if code == INTERRUPTED:
        _print_interrupted(as_json)
    sys.exit(code)


def _code(app: Callable[..., Any], as_json: bool) -> Any:
    """What the command ends in; all but an interruption has been printed."""
    try:
        # With --json the errors of the flags are ours to print.
        return app(standalone_mode=not as_json) or 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as e:
        return e.code
    except FastprepError as e:
        print_error(e, as_json)
        return exit_code(e)
    except USAGE as e:
        _print_object(type(e).__name__, "usage", e.format_message())
        return e.exit_code


def print_anything() -> None:
    """Let standard output and error write what their encoding lacks as backslash escapes, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_error(error: FastprepError, as_json: bool) -> None:
    """One message on standard error, or one object on standard output."""
    help = help_for(error)
    text = str(error)
    if error.help is not None:
        text = text.removesuffix(f"\n  help: {error.help}")
    if not as_json:
        typer.echo(f"error[{error.code}]: {text}" + (f"\n  help: {help}" if help else ""), err=True)
        return
    message, *details = text.split("\n  ")
    causes = [detail for detail in details if detail.startswith("because: ")]
    _print_object(
        type(error).__name__,
        error.code,
        "; ".join([message, *causes]),
        file=error.path,
        row=error.row,
        line=error.line,
        column=error.column,
        help=help,
    )


def _print_interrupted(as_json: bool) -> None:
    if as_json:
        _print_object("KeyboardInterrupt", "cancelled", "interrupted; nothing was published")
    else:
        typer.echo("interrupted; nothing was published", err=True)


def _print_object(kind: str, code: str, message: str, **parts: Any) -> None:
    absent = dict.fromkeys(("file", "row", "line", "column", "help"))
    print_json({"class": kind, "code": code, "message": message} | absent | parts)


def print_json(what: dict[str, Any]) -> None:
    """One line of JSON, in characters that standard output can write."""
    is_unicode = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")
    typer.echo(json.dumps(what, ensure_ascii=not is_unicode))
