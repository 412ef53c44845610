"""The plan file that repairs what an inspection found."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastprep.exceptions import PlanError
from fastprep.inspection.fix_steps import ANSWERS, MESSAGES, Step, steps, unrepaired

if TYPE_CHECKING:
    from collections.abc import Sequence


def fix_plan(data: dict[str, Any], inputs: Sequence[str], folder: Path) -> str:
    """A plan file in TOML for the findings that a step repairs, with paths relative to `folder`. Suggestions, and why
    there is no step for the other findings, are comments.

    Raises:
        PlanError: `bad_option`: the rows are neither columns of text nor messages, or there is nothing to repair.
    """
    if data["dialect"] not in ANSWERS and data["dialect"] not in MESSAGES:
        raise PlanError.new(
            f"inspect: no plan is written for rows of the dialect {data['dialect']}",
            code="bad_option",
            help="leave --fix out, and write the steps that the findings name",
        )
    made = steps(data)
    if not made:
        raise PlanError.new(
            "inspect: nothing was found that a step repairs",
            code="bad_option",
            help="leave --fix out, and read the findings",
        )
    lines = [f"# {data['verdict']['text']}. Read each step before you run it.", "version = 2", "", "[source]"]
    lines.append(f"any = {_value([_path(path, folder) for path in inputs])}")
    read_as = {"verb": "read_as", "dialect": data["dialect"], "columns": data["columns"]}
    for step in [Step("rows that do not fit are rejected", read_as), *made]:
        lines += ["", *_step(step)]
    if told := unrepaired(data):
        lines += ["", "# No step repairs:", *(f"# - {_comment(line)}" for line in told)]
    return "\n".join(lines) + "\n"


def _step(step: Step) -> list[str]:
    written = ["[[step]]", *(f"{name} = {_value(value)}" for name, value in step.options.items())]
    if step.is_suggestion:
        return [f"# suggestion: {_comment(step.reason)}", *(f"# {line}" for line in written)]
    return [f"# {_comment(step.reason)}", *written]


def _comment(text: str) -> str:
    """Text on one line without control characters, which TOML refuses in comments."""
    return "".join(c if c.isprintable() else " " for c in text)


def _path(path: str, folder: Path) -> str:
    """The path of an input, as a plan file in this folder names it."""
    return Path(os.path.relpath(os.path.expanduser(path), folder)).as_posix()


def _value(value: Any) -> str:
    """A value in TOML: text, numbers and lists are as in JSON; a mapping has equals signs."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{json.dumps(key)} = {_value(each)}' for key, each in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
