"""``PreparedData.retokenize()``: tokenizes the kept text of a prepared folder for another base model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fastprep._fastprep import (
    CHAT_COLUMNS,
    COMPLETION,
    INPUT_IDS,
    LABELS,
    PROMPT,
    SEGMENT_KINDS,
    SEGMENT_LENGTHS,
    SEGMENT_WEIGHTS,
    SEQ_LENGTHS,
    SPLIT,
)
from fastprep.chat_format import ChatFormat
from fastprep.exceptions import ColumnError, PlanError
from fastprep.pipeline import Pipeline
from fastprep.prepared.damaged import damaged
from fastprep.prompt_format import PromptFormat
from fastprep.scan import from_arrow

if TYPE_CHECKING:
    from fastprep.prepared.prepared_data import PreparedData

TOKEN_COLUMNS = (INPUT_IDS, LABELS, SEGMENT_LENGTHS, SEGMENT_KINDS, SEGMENT_WEIGHTS, SEQ_LENGTHS)
"""The columns that the old tokenizer made."""

PREFERENCES = ("preference", "openai_preference", "kto")
"""The dialects of rows with preferences."""


def retokenize(data: PreparedData, tokenizer: Any, options: dict[str, Any]) -> Pipeline:
    """See ``PreparedData.retokenize``."""
    import pyarrow as pa

    columns = [column["name"] for column in data.manifest["schema"]]
    if _has_preferences(data):
        raise PlanError.new(
            "retokenize: the rows have preferences, which are prepared again from the raw data",
            code="bad_option",
            path=data.path,
            help="run the plan again with the other tokenizer",
        )
    text = CHAT_COLUMNS if isinstance(data.format, ChatFormat) else (PROMPT, COMPLETION)
    if not set(text) <= set(columns):
        raise ColumnError.new(
            f"retokenize: the rows have no text; columns: {', '.join(columns)}",
            code="missing_column",
            path=data.path,
            column=text[0],
            help="prepare the data with tokenize(keep_text=True), the default, and pack in a later run",
        )
    if data.format is None:
        raise PlanError.new(
            "retokenize: the folder has no format, so it is not known where its prompts end",
            code="not_formatted",
            path=data.path,
            help="add .format(PromptFormat(...)) to the plan that makes the folder",
        )
    split_column = SPLIT
    while split_column in columns:
        split_column += "_"
    tables = []
    for split in data.values():
        table = split._with_text()
        keeps_prompt = isinstance(data.format, ChatFormat) or data.format.separator is not None
        unused = TOKEN_COLUMNS if keeps_prompt else (*TOKEN_COLUMNS, PROMPT)
        table = table.drop_columns([name for name in unused if name in table.column_names])
        tables.append(table.append_column(split_column, pa.repeat(split.name, len(table))))
    recorded = data.manifest["tokenizer"] or {}
    if options["max_length"] is None:
        options["max_length"] = recorded.get("max_length")
    # Only the last part of the path, since the name is published.
    rows = from_arrow(pa.concat_tables(tables), name=data.path.resolve().name)
    published = json.loads(data.format.to_json())
    if isinstance(data.format, ChatFormat):
        read = rendered_again(data, data.format, rows)
        restored = read._push("restore", format=None, column=split_column, splits=list(data))
        return restored.tokenize(tokenizer, **options)
    # The text is proven again, since tokenizers differ in their control tokens.
    unchanged = json.loads(_text_unchanged(data.format).to_json())
    proven = rows._push("format", format=unchanged, on_collision="reject", rendered_by=published)
    restored = proven._push("restore", format=published, column=split_column, splits=list(data))
    return restored.tokenize(tokenizer, **options)


def rendered_again(data: PreparedData, chat: ChatFormat, rows: Pipeline) -> Pipeline:
    """Rows of a folder of conversations after the ``format`` that rendered them."""
    earlier = next((step for step in _steps(data) if step["verb"] == "format_chat"), None)
    if earlier is None:
        raise damaged(data.path, "the plan has no format of conversations")
    return rows._push("format_chat", **{**earlier, "format": json.loads(chat.to_json()), "rendered": True})


def _has_preferences(data: PreparedData) -> bool:
    """Whether the rows have two answers, or one with a label."""
    by_label = any(step.get("rejected") or step.get("label") for step in _steps(data) if step["verb"] == "format")
    in_dialect = any(step.get("dialect") in PREFERENCES for step in _steps(data) if step["verb"] == "read_as")
    return by_label or (in_dialect and any(step["verb"] == "format_chat" for step in _steps(data)))


def _steps(data: PreparedData) -> list[dict[str, Any]]:
    """The steps of the plan that made the folder."""
    plan = data.manifest["plan"]
    steps = plan.get("steps") if isinstance(plan, dict) else None
    if not isinstance(steps, list) or not all(isinstance(step, dict) and "verb" in step for step in steps):
        raise damaged(data.path, "the plan has no list of steps")
    return steps


def _text_unchanged(rendered_by: PromptFormat) -> PromptFormat:
    """The format that leaves text rendered by ``rendered_by`` unchanged: it ends in separator and stop already."""
    if rendered_by.separator is None or rendered_by.stop is None:
        return PromptFormat.rendered(COMPLETION, stop=rendered_by.stop, eos=rendered_by.eos)
    return PromptFormat(
        f"{{{PROMPT}}}",
        completion=f"{{{COMPLETION}}}",
        separator=rendered_by.separator,
        stop=rendered_by.stop,
        eos=rendered_by.eos,
    )
