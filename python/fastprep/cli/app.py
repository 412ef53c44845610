"""The typer application."""

from __future__ import annotations

from typing import Annotated

import typer

import fastprep as fp

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Turn raw fine-tuning examples into checked training shards.",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"fastprep {fp.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Turn raw fine-tuning examples into checked training shards."""
