"""Commands over prepared folders: `show`, which also shows raw files, `verify`, `retokenize`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import typer

import fastprep as fp
from fastprep import _fastprep, option_checks
from fastprep._fastprep import MANIFEST, STDIN
from fastprep.cli import flag_types as flags
from fastprep.cli import progress_bar
from fastprep.cli.app import AsJson
from fastprep.cli.manifest_lines import manifest_lines
from fastprep.cli.printing import print_result, print_text
from fastprep.prepared.retokenize import rendered_again


def show(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="A prepared folder, or raw files.")],
    number: Annotated[
        int, typer.Option("-n", "--rows", min=0, help="Number of rows of each split to show, trained text in colour.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Print what files are (format, dialect, columns, rows as read), or the contents of a prepared folder."""
    if len(paths) > 1 or not (paths[0] / MANIFEST).exists():
        if number:
            raise typer.BadParameter("-n is for prepared folders; of raw files two rows are shown: leave -n out")
        _show_raw([str(path) for path in paths], as_json)
        return
    (folder,) = paths
    if as_json and number:
        raise typer.BadParameter("--json prints the manifest, which has no rows: leave -n out")
    data = fp.load(folder)
    if as_json:
        print_result({"path": str(folder), **data.manifest})
        return
    columns = {column["name"] for column in data.manifest["schema"]}
    chat = data.format if set(_fastprep.CHAT_COLUMNS) <= columns else None
    if number and not isinstance(chat, fp.ChatFormat) and not {_fastprep.PROMPT, _fastprep.COMPLETION} <= columns:
        raise typer.BadParameter("the folder has no text, only token ids: leave -n out")
    # Shards that cannot be opened are an error before anything is printed.
    heads = {name: split.to_arrow().slice(0, number) for name, split in data.items() if number and len(split)}
    print_result("\n".join(manifest_lines(str(folder), data.manifest)))
    for name, head in heads.items():
        print_result(f"\n{name}")
        rows = fp.from_arrow(head)
        (rendered_again(data, chat, rows) if isinstance(chat, fp.ChatFormat) else rows).preview(number)


def _show_raw(paths: list[str], as_json: bool) -> None:
    """Print what raw files are: their format and columns, and what their rows mean."""
    if STDIN in paths:
        raise typer.BadParameter("standard input can be read only once: save it to a file, and show the file")
    plan = fp.scan(paths)
    dialect = plan.dialect
    if as_json:
        print_result({"columns": dict(plan.schema), "dialect": dataclasses.asdict(dialect)})
        return
    # The last line is the sink.
    print_result("\n".join([*plan.explain().splitlines()[:-1], dialect.describe(*paths)]))


def verify(folder: Path, as_json: AsJson = False) -> None:
    """Read a prepared folder and compare every file with its manifest."""
    report: dict[str, Any] = json.loads(_fastprep.verify(option_checks.path("verify", "folder", folder)))
    if as_json:
        print_result(report)
    else:
        for problem in report["problems"]:
            print_text(f"{problem['file']}: {problem['what']}", err=True)
        for name in report["unexpected"]:
            print_text(f"{name}: not in the manifest, so readers ignore it", err=True)
        print_result(_verify_summary(report))
    if report["problems"]:
        raise typer.Exit(3)


def _verify_summary(report: dict[str, Any]) -> str:
    damaged, files = len(report["problems"]), report["files"]
    if damaged:
        return f"damaged: {'1 file does' if damaged == 1 else f'{damaged} files do'} not match the manifest"
    matching = "the only file matches" if files == 1 else f"all {files} files match"
    return f"OK: {matching} the manifest ({report['rows']:,} rows)"


def retokenize(
    folder: Annotated[Path, typer.Argument(help="A prepared folder with its text.")],
    tokenizer: Annotated[Path, typer.Option(help="tokenizer.json of the new base model, or its folder.")],
    out: flags.Out,
    max_length: flags.MaxLength = None,
    on_overflow: flags.OnOverflow = "reject",
    special_tokens: flags.SpecialTokens = None,
    pack: flags.Pack = False,
    overwrite: flags.Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Tokenize the text of a prepared folder for another base model; splits and order stay."""
    plan = fp.load(folder).retokenize(
        tokenizer, max_length=max_length, on_overflow=on_overflow, special_tokens=special_tokens
    )
    with progress_bar.shown(plan.pack() if pack else plan) as pipeline:
        report = pipeline.sink_arrow(out, overwrite=overwrite)
    print_result(report.to_dict() if as_json else str(report))
