"""The command `run`: a plan file, and options set from the command line."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from fastprep import option_checks
from fastprep.cli import flag_types as flags
from fastprep.cli import progress_bar
from fastprep.cli.app import AsJson
from fastprep.cli.plan_file import read_plan
from fastprep.cli.printing import print_result
from fastprep.cli.set_option import Setting


def run(
    plan_file: Annotated[Path, typer.Argument(help="A plan in TOML, or the JSON from Pipeline.to_json().")],
    out: Annotated[
        str | None,
        typer.Option(help="The folder to publish to, instead of the folder in the file.", show_default=False),
    ] = None,
    overwrite: Annotated[
        bool | None,
        typer.Option(
            "--overwrite/--no-overwrite",
            help="Replace an existing data set. Default: the setting in the file.",
            show_default=False,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="STEP.OPTION=VALUE",
            help="Set an option of a step, by its verb or its number, or of source or sink: "
            "tokenize.max_length=1024. Paths start at the current folder. Can be repeated.",
            show_default=False,
        ),
    ] = None,
    explain_only: Annotated[bool, typer.Option("--explain", help="Print the plan without running it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a plan from a file: TOML, with filters and columns in polars SQL, or JSON."""
    parsed = [Setting.parse(text) for text in settings or ()]
    if out is not None:
        parsed.append(Setting("--out", "sink", "path", out))
    if overwrite is not None:
        parsed.append(Setting("--overwrite" if overwrite else "--no-overwrite", "sink", "overwrite", overwrite))
    planned = read_plan(Path(option_checks.path("run", "plan_file", plan_file)), parsed, runs=not explain_only)
    if explain_only:
        print_result(planned.pipeline.explain())
        return
    if planned.sink.get("report"):
        flags.check_drawing("report of [sink]")
    with progress_bar.shown(planned.pipeline) as pipeline:
        report = dataclasses.replace(planned, pipeline=pipeline).run()
    print_result(report.to_dict() if as_json else str(report))
