"""The templates of commands that get none: those that the dialect of the rows proposes."""

from __future__ import annotations

import typer

import fastprep as fp
from fastprep._fastprep import COMPLETION, PROMPT, STDIN
from fastprep.cli import flag_types as flags
from fastprep.cli.printing import print_text

USUAL = (f"{{{PROMPT}}}", f"{{{COMPLETION}}}")
"""The templates of rows that have the columns prompt and completion."""
GIVE_TEMPLATES = "Give --chat-template for conversations, or --template and --completion"
GIVE = {
    "preference": "Give --chat-template, or for columns of text --template, --completion and --rejected",
    "openai_preference": "Give --chat-template",
    "kto": "Give --chat-template, or for columns of text --template, --completion and --label",
}
"""What to give for rows of a dialect without such templates."""


def templates(inputs: list[str], template: str | None, completion: str | None) -> tuple[str, str]:
    """The templates of prompt and completion, unescaped. Says where they are from if no flag gives one.

    Raises:
        typer.BadParameter: neither is given, and the dialect of the rows has none.
    """
    if template is not None or completion is not None or inputs == [STDIN]:
        # Standard input can be read only once, so its rows have the usual columns.
        prompt = USUAL[0] if template is None else flags.unescape(template)
        return prompt, USUAL[1] if completion is None else flags.unescape(completion)
    dialect = fp.scan(inputs).dialect
    proposed = dialect.prompt_format()
    if proposed is None and dialect.title is not None:
        why = dialect.refusal or "rows of this dialect have no templates of a prompt and a completion"
        raise typer.BadParameter(
            f"no template is given, and the rows are {dialect.title} ({dialect.name}): {why}. "
            f"{GIVE.get(dialect.name, GIVE_TEMPLATES)}, or see what the rows are: fastprep show FILE"
        )
    if proposed is None and dialect.rows:
        print_text(
            f"the dialect of the rows is unknown ({'; '.join(dialect.why)}; see fastprep show): "
            f"--template {flags.quoted(USUAL[0])} --completion {flags.quoted(USUAL[1])}",
            err=True,
        )
    if proposed is None or (proposed.prompt, proposed.completion) == USUAL:
        return USUAL
    share = f"{dialect.fits:,} of the first {dialect.rows:,} rows fit"
    print_text(
        f"the rows are {dialect.title} ({share}): --template {flags.quoted(proposed.prompt)} "
        f"--completion {flags.quoted(proposed.completion)}",
        err=True,
    )
    return proposed.prompt, proposed.completion
