"""Flags that several commands share, and what their values mean."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

import typer

from fastprep import options, words
from fastprep.separator_pairs import SEPARATOR as DEFAULT_SEPARATOR
from fastprep.separator_pairs import STOP as DEFAULT_STOP

FORMAT, ROWS, TOKENS, OUTPUT = "Format", "Rows", "Tokens", "Output"
"""The parts of the help."""


def share(given: str | float) -> float:
    """A share of the rows: `0.02`, `2%`; typer hands the default through as it is."""
    text = str(given)
    try:
        return options.share(text) if "%" in text else float(text)
    except ValueError as e:
        raise typer.BadParameter(f"{text!r} is no share of the rows such as 0.02 or 2%") from e


def max_rejects(text: str | None) -> float | None:
    """A number of rows, or a share: `100`, `0.01`, `1%`."""
    if text is None:
        return None
    try:
        return int(text) if text.isdigit() else share(text)
    except typer.BadParameter as e:
        raise typer.BadParameter(f"{text!r} is neither a number of rows nor a share such as 0.01 or 1%") from e


def unescape(text: str) -> str:
    r"""Decode `\n`, `\t`, `\\` and the like, as Python does; other text, accents included, stays."""
    try:
        return text.encode("latin-1", "backslashreplace").decode("unicode_escape")
    except UnicodeDecodeError as e:
        raise typer.BadParameter(f"{text!r} has a backslash that escapes nothing: write \\\\ for a backslash") from e


def escaped(text: str) -> str:
    """A text with the escapes that `unescape` decodes."""
    return text.encode("unicode_escape").decode("ascii")


def quoted(text: str) -> str:
    """A text as a shell is given it."""
    return shlex.quote(escaped(text))


SEPARATOR = escaped(DEFAULT_SEPARATOR)
"""The default of `--separator`."""

Inputs = Annotated[list[str], typer.Argument(help="Paths, globs or folders of JSON lines or Parquet; - is stdin.")]
Template = Annotated[
    str,
    typer.Option(
        help="Prompt template: {column}, {#column}…{/column} where it is not empty.", rich_help_panel=FORMAT
    ),
]
Completion = Annotated[str, typer.Option(help="Completion template.", rich_help_panel=FORMAT)]
Separator = Annotated[
    str, typer.Option(help="Ends each prompt; backslash escapes are decoded.", rich_help_panel=FORMAT)
]
Stop = Annotated[
    str | None,
    typer.Option(
        help=f"Ends each completion; backslash escapes are decoded. Default: {escaped(DEFAULT_STOP)}.",
        show_default=False,
        rich_help_panel=FORMAT,
    ),
]
Rendered = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Take the column's text as it is, rendered elsewhere, and train all of it; --stop or EOS ends it.",
        rich_help_panel=FORMAT,
    ),
]
Eos = Annotated[
    bool | None,
    typer.Option(
        "--eos/--no-eos",
        help="End each row in the tokenizer's EOS token. Default: unless the stop holds a control token.",
        show_default=False,
        rich_help_panel=FORMAT,
    ),
]
OnCollision = Annotated[
    words.OnCollision,
    typer.Option(help="Rows that hold separator or stop elsewhere.", rich_help_panel=FORMAT),
]

Filter = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SQL",
        help="Keep the rows for which this is true, in polars SQL: \"lang = 'en'\". Can be repeated.",
        rich_help_panel=ROWS,
    ),
]
Select = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="Keep this column beside prompt and completion, and leave the others out. Can be repeated.",
        rich_help_panel=ROWS,
    ),
]
Dedup = Annotated[bool, typer.Option(help="Take out exact duplicates.", rich_help_panel=ROWS)]
Valid = Annotated[
    float,
    typer.Option(
        parser=share, metavar="SHARE", help="Share of the rows for validation, such as 2%.", rich_help_panel=ROWS
    ),
]
Test = Annotated[
    float,
    typer.Option(parser=share, metavar="SHARE", help="Share of the rows for a test split.", rich_help_panel=ROWS),
]
By = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="Rows with the same value here go to the same split. Default: the prompt. Can be repeated.",
        show_default=False,
        rich_help_panel=ROWS,
    ),
]
Existing = Annotated[
    words.Existing | None,
    typer.Option(
        help="For rows in splits already: keep draws those of train alone, replace all.", rich_help_panel=ROWS
    ),
]
Shuffle = Annotated[bool, typer.Option(help="Shuffle all rows; else they stay in input order.", rich_help_panel=ROWS)]
Seed = Annotated[int, typer.Option(help="Decides split and shuffle.", rich_help_panel=ROWS)]

TokenizerPath = Annotated[
    str | None, typer.Option(help="tokenizer.json, or a folder that holds one.", rich_help_panel=TOKENS)
]
MaxLength = Annotated[int | None, typer.Option(help="Most tokens of a row.", rich_help_panel=TOKENS)]
OnOverflow = Annotated[
    words.OnOverflow, typer.Option(help="Rows of more than --max-length tokens.", rich_help_panel=TOKENS)
]
SpecialTokens = Annotated[
    words.SpecialTokens,
    typer.Option(help="Control tokens such as <|endoftext|> in the data.", rich_help_panel=TOKENS),
]
Pack = Annotated[bool, typer.Option(help="Join rows to packs; needs --max-length.", rich_help_panel=TOKENS)]

Out = Annotated[str, typer.Option(help="The folder to publish to.", rich_help_panel=OUTPUT)]
Overwrite = Annotated[bool, typer.Option(help="Replace the data set that is there.", rich_help_panel=OUTPUT)]
MaxRejects = Annotated[
    Any,
    typer.Option(
        parser=max_rejects,
        metavar="ROWS|SHARE",
        help="Accept no more rejects than this: 100, 0.01 or 1%.",
        rich_help_panel=ROWS,
    ),
]
