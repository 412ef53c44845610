"""The command line: `fastprep prepare`, `preview`, `explain`, `verify`, `run`.

Exit codes: 0 done, 1 data not accepted, 2 usage, 3 input or output, 130 interrupted.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import typer

import fastprep as fp
from fastprep import _fastprep, options
from fastprep.cli import errors, progress
from fastprep.cli.plan_file import read_plan

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Fine-tuning data preparation: raw rows in, proven shards out.",
)


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
    """Fine-tuning data preparation: raw rows in, proven shards out."""


Inputs = Annotated[list[str], typer.Argument(help="Paths, globs or folders of JSON lines or Parquet; - is stdin.")]
Template = Annotated[str, typer.Option(help="Prompt template: {column}, {#column}…{/column} where it is not empty.")]
Completion = Annotated[str, typer.Option(help="Completion template.")]
Separator = Annotated[str, typer.Option(help="Ends each prompt; backslash escapes are decoded.")]
Stop = Annotated[
    str | None,
    typer.Option(
        help=r"Ends each completion; backslash escapes are decoded. Default: \n###\n.", show_default=False
    ),
]
Rendered = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Take the column's text as it is, rendered elsewhere, and train all of it; --stop or EOS ends it.",
    ),
]
TokenizerPath = Annotated[str | None, typer.Option(help="tokenizer.json, or a folder that holds one.")]
MaxLength = Annotated[int | None, typer.Option(help="Most tokens of a row.")]
OnOverflow = Annotated[str, typer.Option(help="reject, drop, raise, truncate_prompt_left, truncate_completion.")]
OnCollision = Annotated[str, typer.Option(help="reject, drop, raise, insert_space.")]
SpecialTokens = Annotated[str, typer.Option(help="reject, drop, raise, strip, as_text, as_token.")]
Seed = Annotated[int, typer.Option(help="Decides split and shuffle.")]
Existing = Annotated[
    str | None, typer.Option(help="For rows in splits already: keep draws those of train alone, replace all.")
]
Dedup = Annotated[bool, typer.Option(help="Take out exact duplicates.")]
Eos = Annotated[
    bool | None,
    typer.Option(
        "--eos/--no-eos",
        help="End each row in the tokenizer's EOS token. Default: unless the stop holds a control token.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def share(given: str | float) -> float:
    """A share of the rows: `0.02`, `2%`; typer hands the default through as it is."""
    text = str(given)
    try:
        return options.share(text) if "%" in text else float(text)
    except ValueError as e:
        raise typer.BadParameter(f"{text!r} is no share of the rows such as 0.02 or 2%") from e


Valid = Annotated[
    float, typer.Option(parser=share, metavar="SHARE", help="Share of the rows for validation; 0 makes no split.")
]


def unescape(text: str) -> str:
    r"""Decode `\n`, `\t`, `\\` and the like, as Python does; other text, accents included, stays."""
    try:
        return text.encode("latin-1", "backslashreplace").decode("unicode_escape")
    except UnicodeDecodeError as e:
        raise typer.BadParameter(f"{text!r} has a backslash that escapes nothing: write \\\\ for a backslash") from e


def _scan(inputs: list[str]) -> fp.Pipeline:
    parquet = [path.endswith(".parquet") for path in inputs]
    return fp.scan_parquet(inputs) if all(parquet) else fp.scan_jsonl(inputs)


def _plan(
    inputs: list[str],
    template: str,
    completion: str,
    separator: str,
    stop: str | None,
    rendered: str | None,
    tokenizer: str | None,
    max_length: int | None,
    on_overflow: str,
    on_collision: str,
    special_tokens: str,
    valid: float,
    seed: int,
    dedup: bool,
    eos: bool | None,
    pack: bool = False,
    existing: str | None = None,
) -> fp.Pipeline:
    if tokenizer is None and (max_length, on_overflow, special_tokens) != (None, "reject", "reject"):
        raise typer.BadParameter("--max-length, --on-overflow and --special-tokens need a --tokenizer")
    prompt_format = _prompt_format(template, completion, separator, stop, rendered, eos)
    typer.echo(f"separator {prompt_format.separator!r}, stop {prompt_format.stop!r}", err=True)
    plan = _scan(inputs).format(prompt_format, on_collision=on_collision)  # type: ignore[arg-type]
    if dedup:
        plan = plan.dedup()
    if valid:
        plan = plan.split(valid=valid, seed=seed, existing=existing)  # type: ignore[arg-type]
    if tokenizer is not None:
        plan = plan.tokenize(
            tokenizer,
            max_length=max_length,
            on_overflow=on_overflow,  # type: ignore[arg-type]
            special_tokens=special_tokens,  # type: ignore[arg-type]
        )
    # Packs are shuffled as they are made.
    return plan.pack(seed=seed) if pack else plan.shuffle(seed=seed)


def _prompt_format(
    template: str, completion: str, separator: str, stop: str | None, rendered: str | None, eos: bool | None
) -> fp.PromptFormat:
    if rendered is not None:
        return fp.PromptFormat.rendered(rendered, stop=None if stop is None else unescape(stop), eos=eos)
    return fp.PromptFormat(
        unescape(template),
        completion=unescape(completion),
        separator=unescape(separator),
        stop="\n###\n" if stop is None else unescape(stop),
        eos=eos,
    )


def _max_rejects(text: str | None) -> float | None:
    """A number of rows, or a share: `100`, `0.01`, `1%`."""
    if text is None:
        return None
    try:
        return int(text) if text.isdigit() else share(text)
    except typer.BadParameter as e:
        raise typer.BadParameter(f"{text!r} is neither a number of rows nor a share such as 0.01 or 1%") from e


@app.command()
def prepare(
    inputs: Inputs,
    out: Annotated[Path, typer.Option(help="The folder to publish to.")],
    template: Template = "{prompt}",
    completion: Completion = "{completion}",
    separator: Separator = r"\n##\n",
    stop: Stop = None,
    rendered: Rendered = None,
    tokenizer: TokenizerPath = None,
    max_length: MaxLength = None,
    on_overflow: OnOverflow = "reject",
    on_collision: OnCollision = "reject",
    special_tokens: SpecialTokens = "reject",
    valid: Valid = 0.0,
    seed: Seed = 0,
    dedup: Dedup = True,
    eos: Eos = None,
    existing: Existing = None,
    pack: Annotated[bool, typer.Option(help="Join rows to packs; needs --max-length.")] = False,
    jsonl: Annotated[bool, typer.Option(help="Write JSON lines beside the Arrow shards.")] = False,
    max_rejects: Annotated[str | None, typer.Option(help="Publish nothing above: 100, 0.01 or 1%.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace the data set that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read, format and prove, deduplicate, split, tokenize, shuffle, publish."""
    plan = _plan(inputs, template, completion, separator, stop, rendered, tokenizer, max_length, on_overflow,
                 on_collision, special_tokens, valid, seed, dedup, eos, pack, existing)  # fmt: skip
    with progress.shown(plan) as plan:
        report = plan.sink(
            out,
            formats=("arrow", "jsonl") if jsonl else ("arrow",),
            max_rejects=_max_rejects(max_rejects),
            overwrite=overwrite,
        )
    _print(report.to_dict() if as_json else str(report))


@app.command()
def explain(
    inputs: Inputs,
    template: Template = "{prompt}",
    completion: Completion = "{completion}",
    separator: Separator = r"\n##\n",
    stop: Stop = None,
    rendered: Rendered = None,
    tokenizer: TokenizerPath = None,
    max_length: MaxLength = None,
    on_overflow: OnOverflow = "reject",
    on_collision: OnCollision = "reject",
    special_tokens: SpecialTokens = "reject",
    valid: Valid = 0.0,
    seed: Seed = 0,
    dedup: Dedup = True,
    eos: Eos = None,
    existing: Existing = None,
) -> None:
    """Print the plan of `prepare` with every default decided; reads no row."""
    plan = _plan(inputs, template, completion, separator, stop, rendered, tokenizer, max_length, on_overflow,
                 on_collision, special_tokens, valid, seed, dedup, eos, existing=existing)  # fmt: skip
    _print(plan.explain())


@app.command()
def preview(
    inputs: Inputs,
    rows: Annotated[int, typer.Option("-n", "--rows", help="Rows to show.")] = 3,
    template: Template = "{prompt}",
    completion: Completion = "{completion}",
    separator: Separator = r"\n##\n",
    stop: Stop = None,
    rendered: Rendered = None,
    tokenizer: TokenizerPath = None,
    max_length: MaxLength = None,
    on_overflow: OnOverflow = "reject",
    on_collision: OnCollision = "reject",
    special_tokens: SpecialTokens = "reject",
    eos: Eos = None,
) -> None:
    """Print the first rows as the model sees them, trained tokens in colour."""
    plan = _plan(inputs, template, completion, separator, stop, rendered, tokenizer, max_length, on_overflow,
                 on_collision, special_tokens, 0.0, 0, True, eos)  # fmt: skip
    plan.preview(rows)


@app.command()
def verify(folder: Path, as_json: AsJson = False) -> None:
    """Read a prepared folder back and compare every file with its manifest."""
    report: dict[str, Any] = json.loads(_fastprep.verify(options.path("verify", "folder", folder)))
    if as_json:
        _print(report)
    else:
        for problem in report["problems"]:
            typer.echo(f"{problem['file']}: {problem['what']}", err=True)
        for name in report["unexpected"]:
            typer.echo(f"{name}: not in the manifest; readers do not see it", err=True)
        verdict = "damaged" if report["problems"] else "whole"
        _print(f"{verdict}: {report['files']} files, {report['rows']:,} rows, {report['bytes']:,} bytes read back")
    if report["problems"]:
        raise typer.Exit(3)


@app.command()
def retokenize(
    folder: Annotated[Path, typer.Argument(help="A prepared folder that keeps its text.")],
    tokenizer: Annotated[Path, typer.Option(help="tokenizer.json of the new base model, or its folder.")],
    out: Annotated[Path, typer.Option(help="The folder to publish to.")],
    max_length: MaxLength = None,
    on_overflow: OnOverflow = "reject",
    special_tokens: SpecialTokens = "reject",
    pack: Annotated[bool, typer.Option(help="Join rows to packs.")] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace the data set that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a prepared folder anew for another base model, from its text; splits and order stay."""
    how: dict[str, Any] = {"on_overflow": on_overflow, "special_tokens": special_tokens}
    plan = fp.load(folder).retokenize(tokenizer, max_length=max_length, **how)
    with progress.shown(plan.pack() if pack else plan) as pipeline:
        report = pipeline.sink_arrow(out, overwrite=overwrite)
    _print(report.to_dict() if as_json else str(report))


@app.command()
def run(
    plan_file: Annotated[Path, typer.Argument(help="A plan in TOML.")],
    explain_only: Annotated[bool, typer.Option("--explain", help="Print the plan and run nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a plan from a TOML file; filters and columns are polars SQL."""
    planned = read_plan(Path(options.path("run", "plan_file", plan_file)))
    if explain_only:
        _print(planned.pipeline.explain())
        return
    with progress.shown(planned.pipeline) as pipeline:
        report = dataclasses.replace(planned, pipeline=pipeline).run()
    _print(report.to_dict() if as_json else str(report))


def _print(what: dict[str, Any] | str) -> None:
    if isinstance(what, str):
        typer.echo(what)
    else:
        errors.print_json(what)


def main() -> None:
    """Run the command line; errors become one message or one JSON object, and an exit code."""
    errors.run(app)
