"""Flags that several commands share, and the parsing of their values."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

import typer

from fastprep import option_checks, words
from fastprep.inspection import charts
from fastprep.separators_and_stops import SEPARATOR as DEFAULT_SEPARATOR
from fastprep.separators_and_stops import STOP as DEFAULT_STOP

FORMAT, ROWS, TOKENS, OUTPUT = "Format", "Rows", "Tokens", "Output"
"""The panels of the help."""


def share(value: str | float) -> float:
    """Parse a share of the rows: `0.02`, `2%`. typer also passes the default, a float."""
    text = str(value)
    try:
        return option_checks.share(text) if "%" in text else float(text)
    except ValueError as e:
        raise typer.BadParameter(f"the share of the rows must be a number such as 0.02 or 2%; got {text!r}") from e


def check_drawing(flag: str) -> None:
    """Raise unless the packages are installed that draw the charts of a page; `flag` asked for one."""
    try:
        charts.check_packages()
    except ModuleNotFoundError as e:
        raise typer.BadParameter(str(e), param_hint=flag) from e


def max_rejects(text: str | None) -> float | None:
    """Parse a number of rows or a share: `100`, `0.01`, `1%`."""
    if text is None:
        return None
    try:
        return int(text) if text.isdigit() else share(text)
    except typer.BadParameter as e:
        raise typer.BadParameter(f"{text!r} is neither a number of rows nor a share such as 0.01 or 1%") from e


def span_weights(given: list[str] | None) -> dict[Any, float] | None:
    """Parse weights of parts of turns: `reasoning=0.5`."""
    if not given:
        return None
    weights = {}
    for text in given:
        kind, _, weight = text.partition("=")
        try:
            weights[kind.strip()] = float(weight)
        except ValueError as e:
            problem = f"{text!r} is no kind with its weight, such as reasoning=0.5"
            raise typer.BadParameter(problem, param_hint="--span-weight") from e
    return weights


def unescape(text: str) -> str:
    r"""Decode `\n`, `\t`, `\\` and the like, as Python does. All other characters stay."""
    try:
        return text.encode("latin-1", "backslashreplace").decode("unicode_escape")
    except UnicodeDecodeError as e:
        raise typer.BadParameter(f"{text!r} has an invalid escape: write \\\\ for a backslash") from e


def escaped(text: str) -> str:
    """The text with the escapes that `unescape` decodes."""
    return text.encode("unicode_escape").decode("ascii")


def quoted(text: str) -> str:
    """The text, escaped and quoted for a shell."""
    return shlex.quote(escaped(text))


SEPARATOR = escaped(DEFAULT_SEPARATOR)
"""The default of `--separator`."""

Inputs = Annotated[list[str], typer.Argument(help="Paths, globs or folders of any format; - is JSON lines on stdin.")]
Template = Annotated[
    str | None,
    typer.Option(
        help="Prompt template: {column}; {#column}…{/column} is included if the column is not empty. "
        "Default: as the dialect of the rows proposes.",
        show_default=False,
        rich_help_panel=FORMAT,
    ),
]
Completion = Annotated[
    str | None,
    typer.Option(
        help="Completion template. Default: as the dialect of the rows proposes.",
        show_default=False,
        rich_help_panel=FORMAT,
    ),
]
Separator = Annotated[
    str, typer.Option(help="End of each prompt; backslash escapes are decoded.", rich_help_panel=FORMAT)
]
Stop = Annotated[
    str | None,
    typer.Option(
        help=f"End of each completion; backslash escapes are decoded. Default: {escaped(DEFAULT_STOP)}.",
        show_default=False,
        rich_help_panel=FORMAT,
    ),
]
Rendered = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="A column of text that is rendered already; all of it is trained. --stop or EOS ends it.",
        rich_help_panel=FORMAT,
    ),
]
Eos = Annotated[
    bool | None,
    typer.Option(
        "--eos/--no-eos",
        help="End each row in the tokenizer's EOS token. Default: yes, unless the stop contains a control token.",
        show_default=False,
        rich_help_panel=FORMAT,
    ),
]
OnCollision = Annotated[
    words.OnCollision,
    typer.Option(help="What happens to rows that contain the separator or the stop elsewhere.", rich_help_panel=FORMAT),
]

ChatTemplate = Annotated[
    str | None,
    typer.Option(
        metavar="PATH",
        help="A tokenizer folder or a .jinja file: rows are conversations, rendered by its chat template. In place of "
        "the flags above.",
        rich_help_panel=FORMAT,
    ),
]
Now = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="The time that the chat template reads: 2025-03-14.", rich_help_panel=FORMAT),
]
Train = Annotated[words.Train, typer.Option(help="Which turns of the roles that train do.", rich_help_panel=FORMAT)]
RolesToTrain = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ROLE",
        help="A role whose turns train. Can be repeated. Default: the assistant.",
        show_default=False,
        rich_help_panel=FORMAT,
    ),
]
SpanWeights = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KIND=WEIGHT",
        help="The weight in the loss of a part of each turn of the assistant: reasoning=0.5, calls=0 or content=1. "
        "What has 0 does not train. Can be repeated. Default: all have 1.",
        show_default=False,
        rich_help_panel=FORMAT,
    ),
]
History = Annotated[
    words.History,
    typer.Option(
        help="Whether a conversation is one row, or each turn that trains is a row of its own, with the text of "
        "inference before it.",
        rich_help_panel=FORMAT,
    ),
]
OnDropped = Annotated[
    words.OnDropped,
    typer.Option(help="What happens to rows of which the chat template does not print a text.", rich_help_panel=FORMAT),
]
Rejected = Annotated[
    str | None,
    typer.Option(
        metavar="TEMPLATE",
        help="The template of the other answer, where --completion is the preferred one.",
        rich_help_panel=FORMAT,
    ),
]
Label = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="The column that says whether the completion is a good answer.",
        rich_help_panel=FORMAT,
    ),
]
OnSameAnswers = Annotated[
    words.OnDropped, typer.Option(help="What happens to rows whose two answers are the same.", rich_help_panel=FORMAT)
]
OnUntrained = Annotated[
    words.OnDropped,
    typer.Option(
        help="What happens to rows with text within a preferred or other answer that must not train.",
        rich_help_panel=FORMAT,
    ),
]

KwargsColumn = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="A column of objects with variables of the chat template, such as enable_thinking.",
        rich_help_panel=FORMAT,
    ),
]
OnOpenEnd = Annotated[
    words.OnOpenEnd,
    typer.Option(
        help="What happens to rows of whose last turn the chat template prints no end.", rich_help_panel=FORMAT
    ),
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
        help="Keep only the rendered text and this column. Can be repeated.",
        rich_help_panel=ROWS,
    ),
]
Dedup = Annotated[bool, typer.Option(help="Remove exact duplicates.", rich_help_panel=ROWS)]
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
        help="For rows that are in splits already: keep assigns only those of train again, replace all.",
        rich_help_panel=ROWS,
    ),
]
Shuffle = Annotated[
    bool, typer.Option(help="Shuffle all rows; otherwise they stay in input order.", rich_help_panel=ROWS)
]
Seed = Annotated[int, typer.Option(help="Seed of split and shuffle.", rich_help_panel=ROWS)]

TokenizerPath = Annotated[
    str | None, typer.Option(help="tokenizer.json, or a folder that contains it.", rich_help_panel=TOKENS)
]
MaxLength = Annotated[int | None, typer.Option(help="Greatest number of tokens of a row.", rich_help_panel=TOKENS)]
OnOverflow = Annotated[
    words.OnOverflow,
    typer.Option(help="What happens to rows of more than --max-length tokens.", rich_help_panel=TOKENS),
]
Boundary = Annotated[
    words.Boundary,
    typer.Option(
        help="Whether each part of a conversation that trains is encoded by itself (part), or the text at once "
        "(whole).",
        rich_help_panel=TOKENS,
    ),
]
SpecialTokens = Annotated[
    words.SpecialTokens | None,
    typer.Option(
        help="What happens to control tokens such as <|endoftext|> in the data. Default: reject; as_text with "
        "--chat-template.",
        show_default=False,
        rich_help_panel=TOKENS,
    ),
]
Pack = Annotated[bool, typer.Option(help="Join rows into packs; needs --max-length.", rich_help_panel=TOKENS)]

Out = Annotated[str, typer.Option(help="The folder to publish to.", rich_help_panel=OUTPUT)]
Overwrite = Annotated[bool, typer.Option(help="Replace an existing data set.", rich_help_panel=OUTPUT)]
MaxRejects = Annotated[
    Any,
    typer.Option(
        parser=max_rejects,
        metavar="ROWS|SHARE",
        help="Publish nothing if more rows are rejected: 100, 0.01 or 1%.",
        rich_help_panel=ROWS,
    ),
]
