"""The plan file that repairs what an inspection found."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastprep._fastprep import COMPLETION
from fastprep.exceptions import PlanError
from fastprep.inspection.silence import heard

if TYPE_CHECKING:
    from collections.abc import Sequence

ANSWERS = {"pairs": COMPLETION, "alpaca": "output", "classification": "label"}
"""The part that is the answer, of the dialects whose rows are columns of text."""

MESSAGES = ("openai_chat", "sharegpt", "chat_parts")
"""The dialects whose rows are one list of messages."""
ROLES = ["system", "developer", "user", "assistant", "tool"]

NORMALIZED = ("carriage_returns", "outer_white_space", "control_characters", "invisible_characters", "not_nfc")
PERSONAL = {
    "emails": "email",
    "phone_numbers": "phone",
    "payment_cards": "card",
    "bank_accounts": "iban",
    "secrets": "secret",
}

Step = tuple[str, dict[str, Any]]
"""The findings that a step repairs, in words, and the step."""


def fix_plan(data: dict[str, Any], inputs: Sequence[str], folder: Path) -> str:
    """A plan file in TOML for the findings that a step repairs, with paths relative to `folder`.

    Raises:
        PlanError: `bad_option`: the rows are neither columns of text nor messages, or there is nothing to repair.
    """
    if data["dialect"] not in ANSWERS and data["dialect"] not in MESSAGES:
        raise PlanError.new(
            f"inspect: no plan is written for rows of the dialect {data['dialect']}",
            code="bad_option",
            help="leave --fix out, and write the steps that the findings name",
        )
    steps = _steps(data)
    if not steps:
        raise PlanError.new(
            "inspect: nothing was found that a step repairs",
            code="bad_option",
            help="leave --fix out, and read the findings",
        )
    read_as = {"verb": "read_as", "dialect": data["dialect"], "columns": data["columns"]}
    lines = [f"# {data['verdict']['text']}. Read each step before you run it.", "version = 2", "", "[source]"]
    lines.append(f"any = {_value([_path(path, folder) for path in inputs])}")
    for reason, step in [("rows that do not fit are rejected", read_as), *steps]:
        lines += ["", f"# {reason}", "[[step]]", *(f"{name} = {_value(value)}" for name, value in step.items())]
    return "\n".join(lines) + "\n"


def _steps(data: dict[str, Any]) -> list[Step]:
    found = {finding["code"]: finding["count"] for finding in heard(data)}
    columns = list(data["columns"].values())
    answer = ANSWERS.get(data["dialect"])
    answers = [] if answer is None else [data["columns"][answer]]
    where: dict[str, Any] = {"on": ROLES} if answer is None else {"columns": columns}

    def reason(*codes: str) -> str:
        return ", ".join(f"{code}: {found[code]:,} rows" for code in codes if code in found)

    steps: list[Step] = []
    if reason(*NORMALIZED):
        options = {"line_ends": "carriage_returns" in found, "strip": "outer_white_space" in found}
        steps.append((reason(*NORMALIZED), {"verb": "normalize", **where, **options}))
    if reason(*PERSONAL):
        kinds = [kind for code, kind in PERSONAL.items() if code in found]
        steps.append((reason(*PERSONAL), {"verb": "redact", **where, "kinds": kinds}))
    if "empty_answers" in found and answers:
        steps.append((reason("empty_answers"), {"verb": "validate", "required": answers, "not_blank": answers}))
    if "duplicate_rows" in found:
        steps.append((reason("duplicate_rows"), {"verb": "dedup", "on": columns}))
    if "conflicting_answers" in found:
        # For messages the step compares the last answer and all that is before it.
        prompts = [column for column in columns if column not in answers]
        compared = dict(prompt=prompts, answer=answers) if answers else {}
        steps.append((reason("conflicting_answers"), {"verb": "resolve_conflicts", "keep": "most", **compared}))
    return steps


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
