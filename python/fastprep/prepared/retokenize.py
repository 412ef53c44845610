"""``PreparedData.retokenize()``: the rows of a prepared folder, from their kept text, for another base model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fastprep._fastprep import (
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
from fastprep.exceptions import ColumnError, PlanError
from fastprep.pipeline import Pipeline
from fastprep.prompt_format import PromptFormat
from fastprep.scan import from_arrow

if TYPE_CHECKING:
    from fastprep.prepared.prepared_data import PreparedData

TOKEN_COLUMNS = (INPUT_IDS, LABELS, SEGMENT_LENGTHS, SEGMENT_KINDS, SEGMENT_WEIGHTS, SEQ_LENGTHS)
"""What the old tokenizer made."""


def retokenize(data: PreparedData, tokenizer: Any, options: dict[str, Any]) -> Pipeline:
    """See ``PreparedData.retokenize``."""
    import pyarrow as pa

    columns = [column["name"] for column in data.manifest["schema"]]
    if not {PROMPT, COMPLETION} <= set(columns):
        raise ColumnError.new(
            f"retokenize: the rows have no text; they have: {', '.join(columns)}",
            code="missing_column",
            path=data.path,
            column=PROMPT,
            help="prepare with tokenize(keep_text=True), which is the default, and pack in a later run",
        )
    if data.format is None:
        raise PlanError.new(
            "retokenize: the folder has no format, so that nothing says where its prompts end",
            code="not_formatted",
            path=data.path,
            help="put .format(PromptFormat(...)) into the plan that makes the folder",
        )
    side = SPLIT
    while side in columns:
        side += "_"
    tables = []
    for split in data.values():
        table = split._with_text()
        unused = TOKEN_COLUMNS if data.format.separator is not None else (*TOKEN_COLUMNS, PROMPT)
        table = table.drop_columns([name for name in unused if name in table.column_names])
        tables.append(table.append_column(side, pa.repeat(split.name, len(table))))
    recorded = data.manifest["tokenizer"] or {}
    if options["max_length"] is None:
        options["max_length"] = recorded.get("max_length")
    # Of the path the last part alone: the name is published.
    rows = from_arrow(pa.concat_tables(tables), name=data.path.resolve().name)
    # The text is proven again, since control tokens differ from tokenizer to tokenizer.
    published = json.loads(data.format.to_json())
    as_it_is = json.loads(_as_it_is(data.format).to_json())
    proven = rows._push("format", format=as_it_is, on_collision="reject", rendered_by=published)
    restored = proven._push("restore", format=published, column=side, splits=list(data))
    return restored.tokenize(tokenizer, **options)


def _as_it_is(made: PromptFormat) -> PromptFormat:
    """The format of text that ``made`` rendered before: it ends in its marks, and gets no second ones."""
    if made.separator is None or made.stop is None:
        return PromptFormat.rendered(COMPLETION, stop=made.stop, eos=made.eos)
    return PromptFormat(
        f"{{{PROMPT}}}", completion=f"{{{COMPLETION}}}", separator=made.separator, stop=made.stop, eos=made.eos
    )
