"""`inspect --fix`: the plan that it writes repairs what was found, as a second look shows, and tells what it cannot."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from test_inspect import PLANTED, WHOLE, Row, clean, counts
from tiny import jsonl

import fastprep as fp
from fastprep.cli.plan_file import read_plan
from fastprep.inspection.fix_plan import fix_plan
from fastprep.inspection.fix_steps import VERBS


def repaired(rows: list[Row], folder: Path, *, suggestions: bool = False) -> tuple[dict[str, int], dict[str, int], str]:
    """What is found before and after the plan, and the plan; its suggestions are steps if asked for."""
    path = jsonl(folder / "rows.jsonl", rows)
    found = fp.scan(path).inspect()
    text = fix_plan(found.to_dict(), [str(path)], folder)
    tomllib.loads(text)
    if suggestions:
        parts = text.split("\n\n")
        text = "\n\n".join(p.replace("\n# ", "\n") if p.startswith("# suggestion: ") else p for p in parts)
        tomllib.loads(text)
    (folder / "plan.toml").write_text(text, "utf-8")
    read_plan(folder / "plan.toml", runs=False).pipeline.sink_arrow(folder / "out")
    return counts(found), counts(fp.scan(folder / "out").inspect()), text


def planted(*codes: str) -> list[Row]:
    rows = clean(300)
    for place, code in enumerate(codes):
        rows[place * 3 + 1 :: 60] = [PLANTED[code][0](row) for row in rows[place * 3 + 1 :: 60]]
    return rows


def chat(row: Row) -> Row:
    said = [("user", row["prompt"]), ("assistant", row["completion"])]
    return {"messages": [{"role": role, "content": text} for role, text in said]}


OF_TEXTS = ["empty_answers", "empty_prompts", "replacement_characters", "control_characters", "invisible_characters"]
OF_TEXTS += ["not_nfc", "mixed_line_ends", "outer_white_space", "emails", "phone_numbers", "payment_cards"]
OF_TEXTS += ["bank_accounts", "secrets"]


def test_columns_of_text_are_repaired(tmp_path: Path) -> None:
    rows = planted(*OF_TEXTS)
    rows += [rows[0], rows[100] | {"completion": "No."}]
    before, after, text = repaired(rows, tmp_path)
    assert before.keys() >= {*OF_TEXTS, "carriage_returns", "duplicate_rows", "conflicting_answers"}
    assert after == {}
    assert "No step repairs" not in text


@pytest.mark.parametrize("code", ["missing_separator", "missing_stop"])
def test_a_mark_that_is_missing_is_added(code: str, tmp_path: Path) -> None:
    rows, count = WHOLE[code]()
    before, after, _ = repaired(rows, tmp_path)
    assert (before[code], code in after) == (count, False)


@pytest.mark.parametrize("code", [code for code in VERBS if code.startswith("common_")])
def test_what_all_texts_have_is_removed_where_the_suggestion_is_taken(code: str, tmp_path: Path) -> None:
    for make in (lambda row: row, chat):
        rows = [make(row) for row in WHOLE[code]()[0]]
        before, after, text = repaired(rows, tmp_path)
        assert code in before
        assert code in after
        assert f"# suggestion: {code}: 1,000 rows; where format is to write it, or nobody needs it\n" in text
        (tmp_path / "taken").mkdir(exist_ok=True)
        _, after, _ = repaired(rows, tmp_path / "taken", suggestions=True)
        assert after == {}
        for folder in (tmp_path, tmp_path / "taken"):
            (folder / "out").rename(folder / f"out-{make is chat}")


def test_messages_are_repaired_in_texts_and_in_calls(tmp_path: Path) -> None:
    rows = [chat(row) for row in planted("empty_answers", "empty_prompts", "not_nfc", "emails", "secrets")]
    call = {
        "function": {"name": "send", "arguments": json.dumps({"to": "joe@firm.com", "key": "AKIAIOSFODNN7ABCDEFG"})}
    }
    result = {"role": "tool", "content": '{"phone": 4155552671}'}
    said = {"role": "assistant", "content": "Done, it was sent."}
    turns = [{"role": "user", "content": "Send it to the firm, please."}, {"role": "assistant", "tool_calls": [call]}]
    rows.append({"messages": [*turns, result, said]})
    rows.append({"messages": [{"role": "user", "content": "And?"}, said, {"role": "user", "content": "caf\ufffd?"}]})
    before, after, text = repaired(rows, tmp_path)
    assert before.keys() >= {"empty_answers", "empty_prompts", "not_nfc", "emails", "secrets", "phone_numbers"}
    assert after == {"unanswered_turns": 1, "replacement_characters": 1}
    assert "# - unanswered_turns: 1 row; whether the last turn or the whole row goes is yours to say\n" in text
    assert "# - replacement_characters: 1 row; in messages no step finds it: leave the rows of --rows out\n" in text


def test_the_system_beside_shared_conversations_is_redacted(tmp_path: Path) -> None:
    turns = [{"from": "human", "value": "Who asks?"}, {"from": "gpt", "value": "The firm asks."}]
    rows = [{"conversations": turns, "system": f"Number {n}: write to joe{n}@firm.com."} for n in range(20)]
    before, after, _ = repaired(rows, tmp_path)
    assert before["emails"] == 20
    assert "emails" not in after


def test_classes_that_are_far_apart_are_balanced_where_the_suggestion_is_taken(tmp_path: Path) -> None:
    rows = [{"text": row["prompt"], "label": ["good", "bad"][n % 20 == 0]} for n, row in enumerate(clean(400))]
    _, _, text = repaired([*rows, rows[0]], tmp_path, suggestions=True)
    assert 'verb = "balance"\nby = ["label"]\nhow = "weights"\n' in text
    weights = {row["label"]: row["row_weight"] for row in fp.scan(tmp_path / "out").to_polars().to_dicts()}
    assert weights["bad"] > 10 * weights["good"]


def test_labels_that_are_numbers_and_history_are_left_out_of_edits(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"text": f"{row['prompt']} ", "label": n % 2} for n, row in enumerate(clean(40))]
    _, after, text = repaired([*rows[1:], rows[0] | {"text": "Why is it so?"}], tmp_path)
    assert after.keys() <= {"small_classes"}
    assert 'columns = ["text"]' in text


def test_findings_that_need_you_are_named_with_the_reason(tmp_path: Path) -> None:
    rows = planted("not_nfc", "loops", "mojibake")
    before, after, text = repaired(rows, tmp_path)
    assert set(before) - set(after) == {"not_nfc", "outer_white_space"}
    assert "\n# No step repairs:\n# - " in text
    assert (
        "# - loops: 5 rows; what is missing cannot be restored: make these answers again, or leave them out\n" in text
    )
    assert "# - mojibake: 5 rows; the bytes that were lost are in the source: read it again as UTF-8\n" in text
