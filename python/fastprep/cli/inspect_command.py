"""`inspect`: what data is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fastprep import option_checks
from fastprep.chat_format import ChatFormat
from fastprep.cli import flag_types as flags
from fastprep.cli.app import AsJson
from fastprep.cli.pipeline_flags import scan
from fastprep.cli.printing import print_result
from fastprep.cli.sql_expressions import read_sql
from fastprep.exceptions import PublishError
from fastprep.inspection.expectation import read_expect_file
from fastprep.inspection.fix_plan import fix_plan
from fastprep.inspection.inspection import Inspection


def inspect(
    inputs: flags.Inputs,
    read_as: Annotated[
        str | None, typer.Option(metavar="DIALECT", help="What the rows mean; recognised from them by default.")
    ] = None,
    chat_template: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="A tokenizer folder or a .jinja file: what its chat template does to conversations."
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Count rows by the values of this column; can be repeated."),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="Another set: which rows it has as well; can be repeated."),
    ] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=SQL", help="A finding of yours: rows for which this is true; can be repeated."),
    ] = None,
    expect: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A TOML file of what texts are expected to be, by column or role."),
    ] = None,
    rows: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write all rows of the findings to this file, as JSON lines.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(metavar="FILE", help="A report of earlier data: exit code 1 if a finding has risen.")
    ] = None,
    silence: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE=REASON", help="A finding that counts for nothing, and why; can be repeated."),
    ] = None,
    tokenizer: flags.TokenizerPath = None,
    context: Annotated[int | None, typer.Option(help="The most tokens of a row: longer rows are a finding.")] = None,
    tolerance: Annotated[str, typer.Option(metavar="SHARE", help="How much the share of a finding may rise.")] = "0",
    fix: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a plan file that repairs what was found; read it first.")
    ] = None,
    markdown: Annotated[bool, typer.Option(help="Print Markdown, for a pull request.")] = False,
    html: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a page with charts; needs fastprep[report].")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find what is wrong with the data, how much of it, and what repairs it; reads all rows, writes nothing."""
    if markdown and as_json:
        raise typer.BadParameter("--markdown and --json are two forms of the same: leave one out")
    if html is not None:
        flags.check_drawing("--html")
    plan = scan(inputs)
    other = scan(against) if against else None
    if read_as is not None:
        plan, other = plan.read_as(read_as), other and other.read_as(read_as)
    if chat_template is not None:
        plan = plan.format(ChatFormat(chat_template))
    found = plan.inspect(
        by=by or None,
        against=other,
        rules=_rules(rule or []),
        expect=None if expect is None else read_expect_file(expect),
        rows=rows,
        baseline=baseline,
        tolerance=flags.share(tolerance),
        tokenizer=tokenizer,
        context=context,
        silence=_silenced(silence or []) or None,
    )
    if fix is not None:
        _write_plan(found, inputs, Path(fix))
    if html is not None:
        _write("--html", html, found.to_html(), replace=True)
    if markdown:
        print_result(found.to_markdown().rstrip("\n"))
    else:
        print_result(found.to_dict() if as_json else str(found))
    if found.risen:
        raise typer.Exit(1)


def _silenced(given: list[str]) -> dict[str, str]:
    reasons = {}
    for text in given:
        code, equals, reason = text.partition("=")
        if not equals:
            raise typer.BadParameter(f"{text!r} has no reason: write CODE=REASON", param_hint="--silence")
        if code.strip() in reasons:
            raise typer.BadParameter(f"two reasons are given for {code.strip()!r}", param_hint="--silence")
        reasons[code.strip()] = reason.strip()
    return reasons


def _rules(given: list[str]) -> dict[str, Any]:
    rules = {}
    for text in given:
        name, equals, sql = text.partition("=")
        if not equals or not name.strip() or not sql.strip():
            raise typer.BadParameter(f"{text!r} is no rule: write NAME=SQL", param_hint="--rule")
        if name.strip() in rules:
            raise typer.BadParameter(f"two rules are named {name.strip()!r}", param_hint="--rule")
        try:
            rules[name.strip()] = read_sql(sql)
        except ValueError as e:
            raise typer.BadParameter(str(e), param_hint="--rule") from e
    return rules


def _write_plan(found: Inspection, inputs: list[str], path: Path) -> None:
    """Write the plan file that repairs what was found. A file that exists stays as it is."""
    _write("--fix", path, fix_plan(found.to_dict(), inputs, path.parent), replace=False)
    typer.echo(f"next: read {path}, then fastprep run {path} --out OUT", err=True)


def _write(flag: str, path: Path | str, text: str, *, replace: bool) -> None:
    """Write a file that a flag names. A file that exists stays as it is, unless it is to be replaced."""
    path = Path(option_checks.path("inspect", flag, path))
    try:
        with path.open("w" if replace else "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as e:
        message = f"inspect: the file of {flag} cannot be written: {e.strerror}"
        raise PublishError.new(message, code="cannot_write", path=path) from e
