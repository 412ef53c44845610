"""What commands print: text for people, or one JSON object a command."""

from __future__ import annotations

import io
import json
import re
import sys
from typing import Any

import typer

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""All control characters except tab and line end."""


def escape_unencodable() -> None:
    """Make standard output and error write characters that their encoding lacks as backslash escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_text(text: str, *, err: bool = False) -> None:
    """Print text for people. Control characters, which names of files and columns may contain, are escaped."""
    shown = CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
    typer.echo(shown, err=err)


def print_json(what: dict[str, Any]) -> None:
    """Print one line of JSON, in characters that standard output can encode."""
    is_unicode = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")
    typer.echo(json.dumps(what, ensure_ascii=not is_unicode))


def print_result(result: dict[str, Any] | str) -> None:
    """Print a result: text, or an object as one line of JSON."""
    if isinstance(result, str):
        print_text(result)
    else:
        print_json(result)
