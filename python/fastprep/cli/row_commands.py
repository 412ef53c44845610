"""Commands over raw rows: `prepare`, `check`, `preview`, `explain`, `suggest`."""

from __future__ import annotations

import json
import warnings
from typing import Annotated, Any

import typer

import fastprep as fp
from fastprep.cli import exit, progress_bar
from fastprep.cli import flag_types as flags
from fastprep.cli.acceptance import acceptance_error
from fastprep.cli.app import AsJson
from fastprep.cli.pipeline_flags import PipelineFlags, scan, with_pipeline_flags
from fastprep.cli.printing import print_result
from fastprep.cli.proposed_templates import templates
from fastprep.report.run_report import count_lines, token_lines


@with_pipeline_flags
def prepare(
    rows: PipelineFlags,
    out: flags.Out,
    jsonl: Annotated[
        bool, typer.Option(help="Write JSON lines as well as Arrow shards.", rich_help_panel=flags.OUTPUT)
    ] = False,
    max_rejects: flags.MaxRejects = None,
    overwrite: flags.Overwrite = False,
    report: Annotated[
        bool,
        typer.Option(
            help="Also write report.html, report.md and report.json; needs fastprep[report].",
            rich_help_panel=flags.OUTPUT,
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Prepare rows: read, format, deduplicate, split, tokenize, shuffle and publish them."""
    if report:
        flags.check_drawing("--report")
    with progress_bar.shown(rows.plan()) as plan:
        done = plan.sink(
            out,
            formats=("arrow", "jsonl") if jsonl else ("arrow",),
            max_rejects=max_rejects,
            overwrite=overwrite,
            report=report,
        )
    print_result(done.to_dict() if as_json else str(done))


@with_pipeline_flags
def check(rows: PipelineFlags, max_rejects: flags.MaxRejects = None, as_json: AsJson = False) -> None:
    """Count the rows that `prepare` would reject, by reason; writes nothing.

    The exit code is 1 if `prepare` would publish nothing.
    """
    report: dict[str, Any] = json.loads(rows.plan(in_order=True)._plan.check())
    error = acceptance_error(report, max_rejects)
    if as_json:
        print_result(report | {"error": error and exit.as_object(error)})
    else:
        counts = report["rows"]
        print_result("\n".join([
            f"{counts['written']:,} rows would be written of {counts['read']:,} read",
            *count_lines(report),
            *token_lines(report["tokens"]),
        ]))  # fmt: skip
        if error:
            exit.print_error(error, as_json=False)
    if error:
        raise typer.Exit(exit.exit_code(error))


@with_pipeline_flags
def explain(rows: PipelineFlags) -> None:
    """Print the plan of `prepare` with every default decided; reads only the start of the inputs."""
    print_result(rows.plan().explain())


@with_pipeline_flags
def preview(
    rows: PipelineFlags,
    number: Annotated[int, typer.Option("-n", "--rows", help="Number of rows to show.")] = 3,
    html: Annotated[str | None, typer.Option(metavar="FILE", help="Write a page with the rows to this file.")] = None,
) -> None:
    """Print the first rows as the model sees them, trained tokens in colour; writes no data."""
    rows.plan(in_order=True).preview(number, html=html)


def suggest(
    inputs: flags.Inputs,
    template: flags.Template = None,
    completion: flags.Completion = None,
    tokenizer: flags.TokenizerPath = None,
    eos: flags.Eos = None,
    as_json: AsJson = False,
) -> None:
    """Find a separator and a stop that occur in no row; may read all rows several times.

    With --tokenizer, prefers a stop that has the same token ids after every completion.
    """
    prompt_template, completion_template = templates(inputs, template, completion)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = fp.PromptFormat.suggest(
            scan(inputs),
            prompt_template,
            completion=completion_template,
            tokenizer=tokenizer,
            eos=eos,
        )
    notes = [str(warning.message) for warning in caught if warning.category is UserWarning]
    if as_json:
        print_result({"separator": found.separator, "stop": found.stop, "warnings": notes})
        return
    for note in notes:
        typer.echo(f"warning: {note}", err=True)
    print_result(f"--separator {flags.quoted(found.separator or '')} --stop {flags.quoted(found.stop or '')}")
