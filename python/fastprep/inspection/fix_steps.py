"""The steps that repair what an inspection found, and why there is none for the rest."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastprep._fastprep import COMPLETION, PROMPT
from fastprep.inspection.silence import heard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ANSWERS = {"pairs": COMPLETION, "alpaca": "output", "classification": "label"}
"""The part that is the answer, of the dialects whose rows are columns of text."""
PROMPTS = {"pairs": PROMPT, "alpaca": "instruction", "classification": "text"}
"""The part that is the prompt, of the same dialects."""

MESSAGES = ("openai_chat", "sharegpt", "chat_parts")
"""The dialects whose rows are one list of messages."""
ROLES = ["system", "developer", "user", "assistant", "tool"]

NORMALIZED = (
    "carriage_returns",
    "mixed_line_ends",
    "outer_white_space",
    "control_characters",
    "invisible_characters",
    "not_nfc",
)
LINE_ENDS = ("carriage_returns", "mixed_line_ends")
PERSONAL = {
    "emails": "email",
    "phone_numbers": "phone",
    "payment_cards": "card",
    "bank_accounts": "iban",
    "secrets": "secret",
}
ENSURED = {"missing_separator": PROMPT, "missing_stop": COMPLETION}
STRIPPED = {
    "common_prompt_prefix": (PROMPT, "prefix"),
    "common_prompt_suffix": (PROMPT, "suffix"),
    "common_answer_prefix": (COMPLETION, "prefix"),
    "common_answer_suffix": (COMPLETION, "suffix"),
}

VERBS = {
    **dict.fromkeys(NORMALIZED, "`normalize`"),
    **dict.fromkeys(PERSONAL, "`redact`"),
    **dict.fromkeys(ENSURED, "`ensure_affix`, of columns of text"),
    **dict.fromkeys(("empty_answers", "empty_prompts"), "`validate`"),
    "replacement_characters": "`filter`, of columns of text",
    "duplicate_rows": "`dedup`",
    "conflicting_answers": "`resolve_conflicts`",
    **dict.fromkeys(STRIPPED, "`strip_affix`, as a suggestion"),
    "small_classes": "`balance`, as a suggestion, where classes are far apart",
}
"""The verb of the step that repairs a finding."""

NO_TEXT = ("history", "tools")
"""Parts that are no text."""
VALUE = re.compile(r"-?\d+(\.\d+)?|true|false")

LOST = "what is missing cannot be restored: make these answers again, or leave them out"
MEANT = "it may be meant: read its rows"
STYLE = "which style is wanted is yours to say"
TEMPLATE = "format removes such rows; which template or option is right is yours to say"
EXPECTED = "what else such texts are to be is yours to say: validate, filter or with_columns"

WHY_NONE = {
    "shared_rows": "the other set is no part of the plan: publish it, then dedup(against=…), or split both together",
    "shared_prompts": "the other set is no part of the plan: split both together",
    "answer_repeats_prompt": MEANT,
    "prompt_holds_answer": MEANT,
    "unanswered_turns": "whether the last turn or the whole row goes is yours to say",
    "turn_order": "whether turns are joined, moved or left out is yours to say",
    "empty_turns": "whether the turn or the whole row goes is yours to say",
    "unfinished_tool_use": "the turn that is missing cannot be restored: leave these rows out",
    "undefined_tools": "whether the call or the list of tools is wrong is yours to say",
    "broken_arguments": "what the call should have said cannot be restored: leave these rows out",
    "misfit_arguments": "whether the call or the schema is wrong is yours to say",
    "frequent_answers": MEANT,
    "formulaic_openings": MEANT,
    "mixed_reasoning": "which rows are to think is yours to say",
    "mixed_casing": STYLE,
    "mixed_endings": STYLE,
    "mixed_markdown": STYLE,
    "mojibake": "the bytes that were lost are in the source: read it again as UTF-8",
    "upper_case": MEANT,
    "html": "what is markup and what is text is yours to say",
    "control_tokens": "tokenize(special_tokens=…) rejects or strips them, by the tokens of your model",
    "templated_text": "the rows before they were rendered are in the source",
    "mark_collisions": "format rejects such rows, or PromptFormat.suggest(…) finds marks that are in none",
    "near_collisions": "format allows them, or PromptFormat.suggest(…) finds other marks",
    "unbalanced_fences": LOST,
    "unbalanced_brackets": LOST,
    "unbalanced_quotes": LOST,
    "cut_off": LOST,
    "length_ceiling": LOST,
    "over_context": "tokenize(max_length=…) rejects or cuts such rows, with the tokenizer of your model",
    "untrained_rows": "the rows before they were tokenized are in the source",
    "chat_not_rendered": TEMPLATE,
    "bad_messages": TEMPLATE,
    "not_printed": TEMPLATE,
    "cut": TEMPLATE,
    "no_prompt": TEMPLATE,
    "prompt_differs": TEMPLATE,
    "no_end_token": TEMPLATE,
    "turn_interleaved": TEMPLATE,
    "printed_twice": TEMPLATE,
    "repr": TEMPLATE,
    "not_proven": TEMPLATE,
    "generation_marks": "nothing is wrong with the rows: the proof decides",
    "loops": LOST,
    "placeholders": MEANT,
    "refusals": MEANT,
    "assistant_identity": MEANT,
    "long_classes": "the new names of the classes are yours to say",
    "identical_answers": "format removes pairs with the same text or the same ids, as same_answers",
    "length_bias": "which pairs are to go is yours to say: sample, or a loss that corrects for length",
    "label_imbalance": "the weight that the finding names makes up for it, in the arguments of the trainer",
    "both_labels": "nothing is wrong with the rows: which trainer they are for is yours to say",
    "unexpected_length": EXPECTED,
    "unexpected_script": EXPECTED,
    "unexpected_pattern": EXPECTED,
}
"""Why there is no step for a finding."""

OF_MESSAGES = "in messages no step finds it: leave the rows of --rows out"


@dataclass(frozen=True)
class Step:
    """A step of the plan."""

    reason: str
    """What it repairs, in words."""
    options: dict[str, Any]
    """The verb and its options."""
    is_suggestion: bool = False
    """Whether it is for the user to decide, so that it is written as a comment."""
    codes: tuple[str, ...] = ()
    """The findings that it repairs."""


def steps(data: dict[str, Any]) -> list[Step]:
    """The steps, in the order in which they are to run."""
    return list(_Rows(data).steps())


def unrepaired(data: dict[str, Any]) -> list[str]:
    """The findings without a step, and why: a line each."""
    of_steps = {code for step in steps(data) for code in step.codes}
    return [
        f"{finding['code']}: {_rows(finding['count'])}; {WHY_NONE.get(finding['code'], _why(finding['code']))}"
        for finding in heard(data)
        if finding["code"] not in of_steps
    ]


def _why(code: str) -> str:
    return OF_MESSAGES if code in VERBS else "a rule of yours says nothing of a repair: filter leaves its rows out"


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


class _Rows:
    """The rows that are repaired: where their texts are, and what was found in them."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._found = {finding["code"]: finding for finding in heard(data)}
        self._parts: dict[str, str] = data["columns"]
        self._columns = list(self._parts.values())
        self._texts = [column for part, column in self._parts.items() if part not in NO_TEXT]
        if data["dialect"] == "classification" and _are_values(data):
            self._texts.remove(self._parts["label"])
        self._is_text = data["dialect"] in ANSWERS
        self._answer = self._parts.get(ANSWERS.get(data["dialect"], ""))
        self._prompt = self._parts.get(PROMPTS.get(data["dialect"], ""))
        uneven = [entry for entry in data["representative"] if entry["about"] == "classes" and entry["good"] is False]
        self._uneven = uneven[0]["text"] if uneven else None

    def steps(self) -> Iterator[Step]:
        yield from self._edits()
        yield from self._affixes()
        yield from self._removals()

    def _step(
        self, codes: Iterable[str], options: dict[str, Any], note: str = "", *, is_suggestion: bool = False
    ) -> Step:
        own = tuple(code for code in codes if code in self._found)
        reasons = [", ".join(f"{code}: {_rows(self._found[code]['count'])}" for code in own), note]
        return Step("; ".join(filter(None, reasons)), options, is_suggestion, own)

    def _edit(self, codes: Iterable[str], options: dict[str, Any]) -> Iterator[Step]:
        """A step for all texts: columns, or the texts of messages and the columns of text beside them."""
        if self._is_text:
            yield self._step(codes, {"verb": options["verb"], "columns": self._texts, **options})
            return
        yield self._step(codes, {"verb": options["verb"], "on": ROLES, **options})
        if "system" in self._parts:
            yield self._step(codes, {"verb": options["verb"], "columns": [self._parts["system"]], **options})

    def _edits(self) -> Iterator[Step]:
        if kinds := [kind for code, kind in PERSONAL.items() if code in self._found]:
            yield from self._edit(PERSONAL, {"verb": "redact", "kinds": kinds})
        if any(code in self._found for code in NORMALIZED):
            line_ends = any(code in self._found for code in LINE_ENDS)
            strip = "outer_white_space" in self._found
            yield from self._edit(NORMALIZED, {"verb": "normalize", "line_ends": line_ends, "strip": strip})

    def _affixes(self) -> Iterator[Step]:
        part_columns = {PROMPT: self._prompt, COMPLETION: self._answer}
        for code, part in ENSURED.items():
            affix, column = self._affix(code), part_columns[part]
            if affix and column:
                yield self._step([code], {"verb": "ensure_affix", "columns": [column], "suffix": affix})
        for code, (part, side) in STRIPPED.items():
            affix, column = self._affix(code), part_columns[part]
            if affix:
                role = "user" if part == PROMPT else "assistant"
                where = {"columns": [column]} if column else {"columns": self._columns[:1], "on": [role]}
                options = {"verb": "strip_affix", **where, side: affix}
                yield self._step([code], options, "where format is to write it, or nobody needs it", is_suggestion=True)

    def _affix(self, code: str) -> str | None:
        affix: str | None = self._found[code]["affix"] if code in self._found else None
        return affix

    def _removals(self) -> Iterator[Step]:
        for code, column, role in (
            ("empty_answers", self._answer, "assistant"),
            ("empty_prompts", self._prompt, "user"),
        ):
            if code in self._found:
                of_column = {"required": [column], "not_blank": [column]}
                of_messages = {"not_blank": self._columns[:1], "on": [role]}
                yield self._step([code], {"verb": "validate", **(of_column if column else of_messages)})
        if "replacement_characters" in self._found and self._is_text:
            has_none = [f"COALESCE(STRPOS({_name(column)}, '\ufffd'), 0) = 0" for column in self._texts]
            yield self._step(["replacement_characters"], {"verb": "filter", "sql": " AND ".join(has_none)})
        if "duplicate_rows" in self._found:
            yield self._step(["duplicate_rows"], {"verb": "dedup", "on": self._columns})
        if "conflicting_answers" in self._found:
            # For messages the step compares the last answer and all that is before it.
            prompts = [column for column in self._columns if column != self._answer]
            compared = {PROMPT: prompts, "answer": [self._answer]} if self._answer else {}
            yield self._step(["conflicting_answers"], {"verb": "resolve_conflicts", "keep": "most", **compared})
        if self._uneven and self._answer:
            options = {"verb": "balance", "by": [self._answer], "how": "weights"}
            note = f"{self._uneven}; weights need a loss that uses them"
            yield self._step(["small_classes"], options, note, is_suggestion=True)


def _are_values(data: dict[str, Any]) -> bool:
    """Whether the classes are numbers or truth values, which are no text."""
    classes = data["classes"]["largest"] if data["classes"] else []
    return bool(classes) and all(VALUE.fullmatch(entry["class"]) for entry in classes)


def _name(column: str) -> str:
    """The name of a column in SQL."""
    return json.dumps(column, ensure_ascii=False) if '"' not in column else '"' + column.replace('"', '""') + '"'
