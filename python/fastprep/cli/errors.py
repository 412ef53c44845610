"""How the command line ends: an error as one message or one JSON object, help in flags, and an exit code."""

from __future__ import annotations

import io
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import typer

from fastprep.cli.error_help import help_for
from fastprep.exceptions import CallbackError, DataError, FastprepError, InternalError, PublishError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""All control characters but tab and line end."""

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
        print_json(_object(type(e).__name__, "usage", e.format_message()))
        return e.exit_code


def print_anything() -> None:
    """Let standard output and error write what their encoding lacks as backslash escapes, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_text(text: str, *, err: bool = False) -> None:
    """Text for people. A file's or a column's name may hold control characters: a terminal is not to obey them."""
    shown = CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
    typer.echo(shown, err=err)


def print_error(error: FastprepError, as_json: bool) -> None:
    """One message on standard error, or one object on standard output."""
    if as_json:
        print_json(as_object(error))
        return
    help = help_for(error)
    print_text(f"error[{error.code}]: {_text(error)}" + (f"\n  help: {help}" if help else ""), err=True)


def as_object(error: FastprepError) -> dict[str, Any]:
    """The error as JSON has it."""
    message, *details = _text(error).split("\n  ")
    causes = [detail for detail in details if detail.startswith("because: ")]
    return _object(
        type(error).__name__,
        error.code,
        "; ".join([message, *causes]),
        file=error.path,
        row=error.row,
        line=error.line,
        column=error.column,
        help=help_for(error),
    )


def _text(error: FastprepError) -> str:
    """The message without its help, which is for callers of the Python interface."""
    text = str(error)
    return text if error.help is None else text.removesuffix(f"\n  help: {error.help}")


def _print_interrupted(as_json: bool) -> None:
    if as_json:
        print_json(_object("KeyboardInterrupt", "cancelled", "interrupted; nothing was published"))
    else:
        typer.echo("interrupted; nothing was published", err=True)


def _object(kind: str, code: str, message: str, **parts: Any) -> dict[str, Any]:
    absent = dict.fromkeys(("file", "row", "line", "column", "help"))
    return {"class": kind, "code": code, "message": message} | absent | parts


def print_json(what: dict[str, Any]) -> None:
    """One line of JSON, in characters that standard output can write."""
    is_unicode = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")
    typer.echo(json.dumps(what, ensure_ascii=not is_unicode))
