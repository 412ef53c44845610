"""`lint`: whether files of conversations would be accepted where models are fine-tuned."""

from __future__ import annotations

from typing import Annotated

import typer

import fastprep as fp
from fastprep import words
from fastprep.cli.app import AsJson
from fastprep.cli.printing import print_result


def lint(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Files for training, each of which is uploaded.")],
    target: Annotated[words.Target, typer.Option(help="Where the files will be used.", show_default=False)],
    valid: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="A file for validation; it may share no row with FILE…. Can be repeated."),
    ] = None,
    rows: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write all problems to this file, as JSON lines.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look at files as a provider or a trainer would: what would be refused, where, and what repairs it."""
    found = fp.lint(files, target, valid=valid or (), rows=rows)
    print_result(found.to_dict() if as_json else str(found))
    if found.refused:
        raise typer.Exit(1)
