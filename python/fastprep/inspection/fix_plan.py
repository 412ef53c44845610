"""The plan file that repairs what an inspection found."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastprep.exceptions import PlanError

if TYPE_CHECKING:
    from collections.abc import Sequence

ANSWERS = {"pairs": "completion", "alpaca": "output", "classification": "label"}
"""The part that is the answer, of the dialects whose rows are columns of text."""

NORMALIZED = ("carriage_returns", "outer_white_space", "control_characters", "invisible_characters", "not_nfc")
PERSONAL = {
    "emails": "email",
    "phone_numbers": "phone",
    "payment_cards": "card",
    "bank_accounts": "iban",
    "secrets": "secret",
}


def fix_plan(data: dict[str, Any], inputs: Sequence[str], folder: Path) -> str:
    """A plan file in TOML for the findings that a step repairs, with paths relative to `folder`.

    Raises:
        PlanError: `bad_option`: the rows are not of a dialect whose texts are columns, or there is nothing to repair.
    """
    answer = ANSWERS.get(data["dialect"])
    if answer is None or answer not in data["columns"]:
        raise PlanError.new(
            f"inspect: no plan can repair rows of the dialect {data['dialect']}: their texts are not columns",
            code="bad_option",
            help="filter the rows, or repair them before they become dialogues",
        )
    steps = _steps(data, answer)
    if len(steps) == 1:
        raise PlanError.new(
            "inspect: nothing was found that a step repairs",
            code="bad_option",
            help="leave --fix out, and read the findings",
        )
    lines = [f"# {data['verdict']['text']}. Read each step before you run it.", "version = 2", "", "[source]"]
    lines.append(f"any = {_value([_path(path, folder) for path in inputs])}")
    for reason, step in steps:
        lines += ["", f"# {reason}", "[[step]]", *(f"{name} = {_value(value)}" for name, value in step.items())]
    return "\n".join(lines) + "\n"


def _steps(data: dict[str, Any], answer: str) -> list[tuple[str, dict[str, Any]]]:
    """Each step, with the findings that it repairs."""
    found = {finding["code"]: finding["count"] for finding in data["findings"]}
    columns = list(data["columns"].values())
    answers = [data["columns"][answer]]
    prompts = [column for column in columns if column not in answers]

    def reason(*codes: str) -> str:
        return ", ".join(f"{code}: {found[code]:,} rows" for code in codes if code in found)

    steps: list[tuple[str, dict[str, Any]]] = []
    read_as = {"verb": "read_as", "dialect": data["dialect"], "columns": data["columns"]}
    steps.append(("rows that do not fit are rejected", read_as))
    if reason(*NORMALIZED):
        options: dict[str, Any] = {"line_ends": "carriage_returns" in found, "strip": "outer_white_space" in found}
        steps.append((reason(*NORMALIZED), {"verb": "normalize", "columns": columns, **options}))
    if reason(*PERSONAL):
        kinds = [kind for code, kind in PERSONAL.items() if code in found]
        steps.append((reason(*PERSONAL), {"verb": "redact", "columns": columns, "kinds": kinds}))
    if "empty_answers" in found:
        steps.append((reason("empty_answers"), {"verb": "validate", "required": answers, "not_blank": answers}))
    if "duplicate_rows" in found:
        steps.append((reason("duplicate_rows"), {"verb": "dedup", "on": columns}))
    if "conflicting_answers" in found:
        compared = {"prompt": prompts, "answer": answers}
        steps.append((reason("conflicting_answers"), {"verb": "resolve_conflicts", "keep": "most", **compared}))
    return steps


def _path(path: str, folder: Path) -> str:
    """The path of an input, as a plan file in this folder names it."""
    return Path(os.path.relpath(os.path.expanduser(path), folder)).as_posix()


def _value(value: Any) -> str:
    """A value in TOML: text, numbers, lists and mappings are as in JSON, but for the equals signs."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{json.dumps(key)} = {_value(each)}' for key, each in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
