"""How a command ends: the error as a message or a JSON object, its help for shell users, and the exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from fastprep.cli.error_help import help_for
from fastprep.cli.printing import escape_unencodable, print_json, print_text
from fastprep.exceptions import CallbackError, DataError, FastprepError, InternalError, PublishError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

INTERRUPTED = 130
"""128 plus the number of SIGINT, as in shells."""

USAGE: type[Any] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
"""The exception that typer raises for wrong flags."""


def exit_code(error: FastprepError) -> int:
    """1 for data that were not accepted, 2 for usage, 3 for input and output."""
    if isinstance(error, (SourceError, PublishError, InternalError)):
        return 3
    return 1 if isinstance(error, (DataError, CallbackError)) else 2


def run_and_exit(app: Callable[..., Any]) -> None:
    """Run the command and exit. An error is printed as a message or a JSON object."""
    escape_unencodable()
    as_json = "--json" in sys.argv[1:]
    code = _code(app, as_json)
    if code == INTERRUPTED:
        _print_interrupted(as_json)
    sys.exit(code)


def _code(app: Callable[..., Any], as_json: bool) -> Any:
    """The exit code of the command. Everything but an interruption is printed already."""
    try:
        # With --json, typer must not print the errors of flags.
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


def print_error(error: FastprepError, as_json: bool) -> None:
    """One message on standard error, or one object on standard output."""
    if as_json:
        print_json(as_object(error))
        return
    help = help_for(error)
    print_text(f"error[{error.code}]: {_text(error)}" + (f"\n  help: {help}" if help else ""), err=True)


def as_object(error: FastprepError) -> dict[str, Any]:
    """The error as an object for JSON."""
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
    """The message without its help, which is for users of the Python interface."""
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
