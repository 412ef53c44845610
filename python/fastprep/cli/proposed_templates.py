"""The templates of commands that get none: those that the dialect of the rows proposes."""

from __future__ import annotations

import typer

import fastprep as fp
from fastprep._fastprep import COMPLETION, PROMPT, STDIN
from fastprep.cli import flag_types as flags
from fastprep.cli.printing import print_text

USUAL = (f"{{{PROMPT}}}", f"{{{COMPLETION}}}")
"""The templates of rows that have the columns prompt and completion."""


def templates(inputs: list[str], template: str | None, completion: str | None) -> tuple[str, str]:
    """The templates of prompt and completion, unescaped. Says where they are from if no flag gives one.

    Raises:
        typer.BadParameter: neither is given, and the rows have neither a dialect that proposes templates nor the
            columns prompt and completion.
    """
    if template is not None or completion is not None or inputs == [STDIN]:
        # Standard input can be read only once, so its rows have the usual columns.
        prompt = USUAL[0] if template is None else flags.unescape(template)
        return prompt, USUAL[1] if completion is None else flags.unescape(completion)
    plan = fp.scan(inputs)
    dialect = plan.dialect
    proposed = dialect.prompt_format()
    if proposed is None:
        if dialect.title is None:
            what = f"the dialect of the rows is unknown ({'; '.join(dialect.why)})"
        else:
            why = dialect.refusal or "rows of this dialect have no templates of a prompt and a completion"
            what = f"the rows are {dialect.title} ({dialect.name}): {why}"
        if dialect.title is None and {PROMPT, COMPLETION} <= dict(plan.schema).keys():
            print_text(f"{what}: --template {flags.quoted(USUAL[0])} --completion {flags.quoted(USUAL[1])}", err=True)
            return USUAL
        raise typer.BadParameter(
            f"no template is given, and {what}. Give --template and --completion, or see what the rows are: "
            "fastprep show FILE"
        )
    if (proposed.prompt, proposed.completion) == USUAL:
        return USUAL
    share = f"{dialect.fits:,} of the first {dialect.rows:,} rows fit"
    print_text(
        f"the rows are {dialect.title} ({share}): --template {flags.quoted(proposed.prompt)} "
        f"--completion {flags.quoted(proposed.completion)}",
        err=True,
    )
    return proposed.prompt, proposed.completion
