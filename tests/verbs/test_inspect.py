"""`inspect`: each finding has exactly the count at which it was planted in clean rows, and is silent on clean rows."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import test_inspect_chat
from common import shared, shared_rows
from tiny import jsonl, refused

import fastprep as fp
from fastprep import _fastprep

Row = dict[str, Any]

NOUNS = ["river", "bridge", "engine", "garden", "window", "market", "village", "letter", "number", "signal"]
VERBS = ["carries", "follows", "explains", "limits", "repeats", "shows", "measures", "changes", "supports", "describes"]


def clean(rows: int = 1_000, seed: int = 7) -> list[Row]:
    """Questions and answers without a fault."""
    made = random.Random(seed)

    def sentence() -> str:
        one, two, three = made.sample(NOUNS, 3)
        return f"the {one} {made.choice(VERBS)} the {two} near the {three}"

    def row(number: int) -> Row:
        begin = made.choice(["Why is it that", "Tell me how", "Is it true that"])
        said = ". ".join(sentence().capitalize() for _ in range(made.randint(1, 6)))
        return {"prompt": f"{begin} {sentence()} in case {number}?", "completion": f"{said} {number}."}

    return [row(number) for number in range(rows)]


def inspected(rows: list[Row], **settings: Any) -> fp.Inspection:
    return fp.from_records(rows).inspect(**settings)


def counts(found: fp.Inspection) -> dict[str, int]:
    return {finding.code: finding.count for finding in found.findings}


def answer(text: str) -> Callable[[Row], Row]:
    return lambda row: row | {"completion": text.format(row["completion"])}


def prompt(text: str) -> Callable[[Row], Row]:
    return lambda row: row | {"prompt": text.format(row["prompt"])}


LONG = "The valley is quiet in the morning and the road follows the water for a while. "

PLANTED: dict[str, list[Callable[[Row], Row]]] = {
    "empty_answers": [answer(""), lambda row: row | {"completion": " \n"}, lambda row: row | {"completion": None}],
    "empty_prompts": [lambda row: row | {"prompt": ""}],
    "answer_repeats_prompt": [
        lambda row: row | {"completion": row["prompt"]},
        lambda row: row | {"completion": f"{row['prompt']} Yes"},
    ],
    "mojibake": [
        answer("{} cafÃ©"),
        answer("Itâ€™s so. {}"),
        prompt("à¸ªà¸§à¸± {}"),
        answer("ÐŸÑ€Ð¸ {}"),
        answer("РџСЂРёРІРµС‚ {}"),
        answer("ðŸ˜€ {}"),
    ],
    "replacement_characters": [answer("{} caf\ufffd.")],
    "control_characters": [answer("a\x00b {}"), prompt("\x1b[1m {}"), answer("a\x93b\x94 {}"), answer("\x7f {}")],
    "invisible_characters": [
        answer("zero\u200bwidth {}"),
        prompt("soft\u00adhyphen {}"),
        answer("\ufeff{}"),
        answer("a\u202eb {}"),
    ],
    "not_nfc": [answer("cafe\u0301 {}"), answer("\u212b {}")],
    "carriage_returns": [prompt("one\r\ntwo {}"), answer("one\rtwo {}")],
    "mixed_line_ends": [prompt("one\r\ntwo\nthree {}"), answer("one\rtwo\nthree {}")],
    "outer_white_space": [prompt("{} "), answer(" {}"), answer("{}\n")],
    "upper_case": [lambda row: row | {"completion": row["completion"].upper()}],
    "html": [answer("<b>{}</b> <br />"), answer("Salt &amp; pepper. {}")],
    "emails": [prompt("Write to jane.doe@mail.firm.co.uk. {}")],
    "phone_numbers": [answer("Call 415-555-2671. {}"), answer("Call +44 20 7946 0958. {}")],
    "payment_cards": [answer("Card 4539 5787 6362 1486. {}")],
    "bank_accounts": [answer("To GB82 WEST 1234 5698 7654 32. {}")],
    "secrets": [prompt("key = AKIAIOSFODNN7ABCDEFG {}")],
    "control_tokens": [
        prompt("a<|eot_id|>b {}"),
        answer("x <|im_end|> {}"),
        answer("[/INST] {}"),
        answer("<s>{}"),
        answer("{}</s>"),
    ],
    "missing_separator": [],
    "unbalanced_fences": [answer("{}\n```python\nprint(1)")],
    "unbalanced_brackets": [answer("{} It is (so"), answer("{}\nf() {{\n  return 1;")],
    "unbalanced_quotes": [answer('{} She said: "it'), answer("{} She said: “it")],
    "cut_off": [answer("{}\n" + LONG * 5 + "And then we went to the")],
    "loops": [answer("{} " + "and on and on again, " * 8), answer("{}\n" + "Das ist so.\n" * 12)],
    "prompt_holds_answer": [lambda row: row | {"prompt": f"Why? {LONG}So it is.", "completion": LONG.strip()}],
    "mark_collisions": [prompt("a\n##\nb {}"), answer("a\r\n###\r\nb {}")],
    "near_collisions": [
        prompt("a\n## \nb {}"),
        answer("##\n{}"),
        answer("a\n\uff03\uff03\nb {}"),
        answer("a\n##\r\nb {}"),
    ],
    "placeholders": [answer("Dear [Your Name], {}"), answer("I am {{{{name}}}}. {}"), prompt("{} <noinput>")],
    "refusals": [answer("I'm sorry, but I cannot help with that. {}"), answer("I can’t provide this. {}")],
    "assistant_identity": [answer("As an AI language model, I do not know. {}"), answer("I'm ChatGPT. {}")],
}
"""How a row gets each finding that a row shows by itself; `{}` is what the text was."""

SILENT: dict[str, list[Callable[[Row], Row]]] = {
    "loops": [answer("{}\n" + "." * 300), answer("{}\n" + "".join(f"Line {n} of the song.\n" for n in range(30)))],
    "mark_collisions": [answer("# a\n## b\n### c\n{}")],
    "near_collisions": [answer("# a\n## b\n{}"), answer("a\n##\nb {}"), answer("{}\n####\n."), prompt("{}\n\n###")],
    "unbalanced_brackets": [
        answer("a) one\nb) two {}"),
        answer("Too bad :( {}"),
        answer("a (b\n{}"),
        answer("{} (c) :("),
    ],
    "unbalanced_quotes": [answer('"It is so," she said. {}'), answer('{} It is 12" long.'), answer("“One.\n“Two.” {}")],
    "mixed_line_ends": [answer("one\r\ntwo\r\nthree {}")],
    "mojibake": [answer("FPÖ–ÖVP, São Paulo, à la carte, naïve. {}"), answer("Привет из СССР. {}")],
    "invisible_characters": [answer("می\u200cخواهم {}"), answer("👩\u200d💻 {}")],
    "not_nfc": [answer("café สวัสดี 日本 {}")],
    "html": [answer("In HTML a line ends with <br>. {}")],
    "control_tokens": [answer("It is <s>old</s> new. {}"), answer("a <|x|> b {}")],
    "unbalanced_fences": [answer("{}\n```python\nprint(1)\n```\n")],
    "placeholders": [answer("vector<vector<int>>{{{{1, 2}}, {{3}}}} {}")],
    "refusals": [answer("I can't help but smile. {}"), answer('She said: "I cannot help you." {}')],
    "assistant_identity": [answer("GPT-3 is a language model that was developed by OpenAI. {}")],
    "cut_off": [answer("{}\n" + LONG * 5 + "\n\nYours\nAnna"), answer(LONG * 5 + "{}")],
    "payment_cards": [answer("It is 0.4539578763621486. {}"), answer("https://a.b/4539578763621486 {}")],
    "upper_case": [answer("ข้อความภาษาไทย ABCDEFGHIJKLMNOPQRSTU ข้อความภาษาไทย."), answer("NATO and UNESCO. {}")],
}
"""What looks like a finding and is none."""


def with_open_turns() -> list[Row]:
    def turns(row: Row, more: list[str]) -> Row:
        said = [row["prompt"], row["completion"], *more]
        return {"messages": [{"role": ["user", "assistant"][i % 2], "content": text} for i, text in enumerate(said)]}

    return [turns(row, ["And then?"] if number % 20 == 13 else []) for number, row in enumerate(clean())]


def with_calls() -> list[Row]:
    """Of a thousand calls fifty have no result, and fifty end in a further call; the others are finished."""

    def turns(row: Row, number: int) -> Row:
        call = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}
        result, said = {"role": "tool", "content": "4"}, {"role": "assistant", "content": row["completion"]}
        kinds = {3: [call, said], 7: [call, result, call], 9: [call], 11: [call, result, result, said]}
        more = kinds.get(number % 20, [call, result, said])
        return {"messages": [{"role": "user", "content": row["prompt"]}, *more]}

    return [turns(row, number) for number, row in enumerate(clean())]


def numbered(rows: list[Row], key: str, mark: str) -> list[Row]:
    return [row | {key: row[key] + mark} for row in rows]


def with_lengths() -> list[Row]:
    """A hundred of a thousand answers are cut at 2,000 characters."""
    rows = clean()
    made = random.Random(3)
    for number, row in enumerate(rows):
        length = 2_000 if number % 10 == 0 else made.randint(50, 1_900)
        row["completion"] = (f"{number} " + LONG * 30)[: length - 1] + "."
    return rows


def with_classes() -> list[Row]:
    sizes = {" good": 600, " bad": 300, " mixed": 99, " none": 1}
    labels = [label for label, size in sizes.items() for _ in range(size)]
    return [row | {"completion": label} for row, label in zip(clean(), labels, strict=True)]


def with_conflicts() -> list[Row]:
    rows = clean()
    again = [rows[3] | {"completion": "No."}, rows[3] | {"completion": "Yes."}, rows[5] | {"completion": "No."}]
    return [*rows, *again, again[0]]


WHOLE: dict[str, Callable[[], tuple[list[Row], int]]] = {
    "duplicate_rows": lambda: ([*clean(), *clean()[10:30], *clean()[10:11]], 21),
    "conflicting_answers": lambda: (with_conflicts(), 6),
    "missing_separator": lambda: (numbered(clean()[:950], "prompt", "\n\n###\n\n") + clean()[950:], 50),
    "missing_stop": lambda: (numbered(clean()[:950], "completion", " ->END\n") + clean()[950:], 50),
    "common_prompt_prefix": lambda: ([row | {"prompt": f"Answer this: {row['prompt']}"} for row in clean()], 1_000),
    "common_answer_prefix": lambda: ([row | {"completion": f"Sure, {row['completion']}"} for row in clean()], 1_000),
    "common_prompt_suffix": lambda: (numbered(clean(), "prompt", "\n\n###\n\n"), 1_000),
    "common_answer_suffix": lambda: (numbered(clean(), "completion", "<end>"), 1_000),
    "frequent_answers": lambda: (
        [row | {"completion": LONG} if number % 20 == 13 else row for number, row in enumerate(clean())],
        50,
    ),
    "formulaic_openings": lambda: (
        [row | {"completion": f"Sure, here is {row['completion']}"} for row in clean()[:200]] + clean()[200:],
        200,
    ),
    "mixed_reasoning": lambda: (
        [row | {"completion": f"<think>So.</think> {row['completion']}"} for row in clean()[:300]] + clean()[300:],
        300,
    ),
    "unanswered_turns": lambda: (with_open_turns(), 50),
    "unfinished_tool_use": lambda: (with_calls(), 100),
    "mixed_casing": lambda: (
        [row | {"completion": row["completion"].lower()} if n < 150 else row for n, row in enumerate(clean())],
        150,
    ),
    "mixed_endings": lambda: (
        [row | {"completion": f"{row['completion']} So it is"} if n < 150 else row for n, row in enumerate(clean())],
        150,
    ),
    "mixed_markdown": lambda: (
        [row | {"completion": f"{['', '**So it is.** '][n < 150]}{LONG * 6}"} for n, row in enumerate(clean())],
        150,
    ),
    "length_ceiling": lambda: (with_lengths(), 100),
    "small_classes": lambda: (with_classes(), 100),
    "templated_text": lambda: (
        [
            *clean()[2:],
            {"prompt": "### Instruction: a\n", "completion": "b"},
            {"prompt": "x\n\nHuman: a\n\nAssistant: b", "completion": "c"},
        ],
        2,
    ),
}
"""Rows with a finding that no row shows by itself, and its count."""

PREFERENCES = {"identical_answers", "length_bias", "label_imbalance", "both_labels"}
"""Findings of rows with preferences, which are planted in `test_inspect_preferences.py`."""

BETWEEN = {"shared_rows", "shared_prompts"}
"""Findings of two sets, which are planted in `test_inspect_between.py`."""

OF_TOKENS = {"over_context", "untrained_rows", "long_classes"}
"""Findings in the tokens of rows, which are planted in `test_inspect_tokens.py`."""

EXPECTED = {"unexpected_length", "unexpected_script", "unexpected_pattern"}
"""Findings of what the user expects, which are planted in `test_inspect_expect.py`."""

OF_CHAT = set(test_inspect_chat.PLANTED) | set(test_inspect_chat.RENDERED)
"""Findings of conversations, which are planted in `test_inspect_chat.py`."""

BESIDE = {"missing_separator": {"carriage_returns"}, "duplicate_rows": set(), "conflicting_answers": {"duplicate_rows"}}


PERSONAL = ("emails", "phone_numbers", "payment_cards", "bank_accounts", "secrets")


def test_personal_data_is_masked_everywhere(tmp_path: Path) -> None:
    values = ["jane.doe@mail.firm.co.uk", "415-555-2671", "4539578763621486", "DE89370400440532013000"]
    values.append("AKIAIOSFODNN7ABCDEFG")
    rows = clean(200)
    for number, value in enumerate(values):
        rows[number] |= {"prompt": f"{value} \x00 {value}", "completion": f"\ufffd{value}"}
        rows[number + 10] = rows[number]
        rows[number + 20] = rows[number] | {"completion": f"It is {value}\n```"}
    path = jsonl(tmp_path / "rows.jsonl", [*rows, {"prompt": 5, "completion": values[0]}])
    path.write_text(path.read_text("utf-8") + f'{{"prompt": ["{values[0]}"], "completion": "b"}}\n', "utf-8")
    found = fp.scan(path).inspect(rows=tmp_path / "findings.jsonl")
    assert {*PERSONAL, "duplicate_rows", "conflicting_answers"} <= counts(found).keys()
    shown = [found.to_json(), str(found), found.to_markdown(), (tmp_path / "findings.jsonl").read_text("utf-8")]
    classes = [{"prompt": row["prompt"], "completion": values[n % 2]} for n, row in enumerate(clean(300))]
    shown.append(inspected(classes).to_json())
    for text in shown:
        for value in values:
            assert value not in text


def test_clean_rows_are_silent() -> None:
    found = inspected(clean())
    assert counts(found) == {}
    assert found.rows == 1_000
    assert found.verdict == "good: no problem was found"


@pytest.mark.parametrize("code", PLANTED)
def test_a_finding_has_the_count_at_which_it_was_planted(code: str) -> None:
    for plant in PLANTED[code]:
        rows = clean()
        rows[13::20] = [plant(row) for row in rows[13::20]]
        found = inspected(rows)
        assert counts(found).get(code) == 50, (code, plant(rows[0]), counts(found))
        finding = next(finding for finding in found.findings if finding.code == code)
        assert [example["row"] for example in finding.examples] == [13, 33, 53]
        assert finding.share == pytest.approx(0.05)
        match = finding.examples[0]["match"]
        is_masked = match in ("[EMAIL]", "[PHONE]", "[CARD]", "[IBAN]", "[SECRET]")
        assert match in rows[13]["prompt"] + (rows[13]["completion"] or "") or "…" in match or is_masked
        assert is_masked == (code in PERSONAL)


@pytest.mark.parametrize("code", SILENT)
def test_what_only_looks_like_a_finding_is_silent(code: str) -> None:
    for plant in SILENT[code]:
        rows = clean()
        rows[13::20] = [plant(row) for row in rows[13::20]]
        assert code not in counts(inspected(rows)), plant(rows[0])


@pytest.mark.parametrize("code", WHOLE)
def test_a_finding_of_all_rows_has_its_count(code: str) -> None:
    rows, count = WHOLE[code]()
    assert counts(inspected(rows)).get(code) == count, counts(inspected(rows))


@pytest.mark.parametrize("code", ["mixed_casing", "mixed_endings", "mixed_markdown"])
def test_a_style_that_is_rare_is_no_finding(code: str) -> None:
    rows, _ = WHOLE[code]()
    rare, common = rows[:150], rows[150:]
    assert counts(inspected([*rare[:80], *common])).get(code) is None
    assert counts(inspected([*rare[:95], *common])).get(code) == 95


def test_every_finding_is_planted() -> None:
    planted = (
        (set(PLANTED) - {"missing_separator"}) | set(WHOLE) | BETWEEN | OF_TOKENS | EXPECTED | OF_CHAT | PREFERENCES
    )
    assert {code for code, *_ in _fastprep.inspect_findings()} == planted


LONG_LINES = [
    "#",
    "## ",
    "\uff03",
    "{{",
    "(",
    "[",
    '"',
    "\u201c",
    "```\n",
    "<br>",
    "</s> ",
    'I am an AI" ',
    "\n\nAssistant:",
]


@pytest.mark.parametrize("part", LONG_LINES)
def test_a_long_text_takes_no_longer_than_its_bytes(part: str) -> None:
    """A check that reads the text again at each of a million hits would take minutes here."""
    text = f'code {" " * 500_000}"{part * (1_000_000 // len(part))} x'
    begin = time.monotonic()
    inspected([{"prompt": "a", "completion": text}, {"prompt": text, "completion": "b"}])
    assert time.monotonic() - begin < 10


@pytest.mark.batches
def test_the_result_is_the_same_for_any_threads_and_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = clean()
    for place, plants in enumerate(PLANTED.values()):
        for plant in plants[:1]:
            rows[place * 7 + 3 :: 180] = [plant(row) for row in rows[place * 7 + 3 :: 180]]
    plan = fp.scan_jsonl(jsonl(tmp_path / "rows.jsonl", rows + rows[:40]))
    expected = plan.inspect(threads=1).to_json()
    assert len(json.loads(expected)["findings"]) > 15
    assert plan.inspect(threads=2).to_json() == expected
    for size in ("1", "7"):
        monkeypatch.setenv("FASTPREP_BATCH_ROWS", size)
        assert plan.inspect().to_json() == expected


def test_all_rows_of_the_findings_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = numbered(clean()[:960], "prompt", "\n\n###") + clean()[960:]
    rows[1_000:] = [rows[3], rows[4] | {"completion": "No."}, {"prompt": "Why?", "completion": "caf\ufffd e\u0301."}]
    path, out = jsonl(tmp_path / "rows.jsonl", rows), tmp_path / "findings.jsonl"
    found = fp.scan(path).inspect(rows=out)
    text = out.read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    listed = [(line["code"], line["row"]) for line in lines if line["code"] != "missing_separator"]
    expected = [("duplicate_rows", 1_000), ("conflicting_answers", 1_001)]
    assert listed == [*expected, ("replacement_characters", 1_002), ("not_nfc", 1_002)]
    without = [line["row"] for line in lines if line["code"] == "missing_separator"]
    assert without == [*range(960, 1_000), 1_002]
    for finding in found.findings:
        own = [line for line in lines if line["code"] == finding.code]
        assert [{**example, "code": finding.code} for example in finding.examples] == own[:3]
    for size in ("1", "7"):
        monkeypatch.setenv("FASTPREP_BATCH_ROWS", size)
        fp.scan(path).inspect(rows=out, threads=2)
        assert out.read_text("utf-8") == text
    assert sorted(each.name for each in tmp_path.iterdir()) == ["findings.jsonl", "rows.jsonl"]


def test_a_file_for_rows_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(fp.PublishError) as refused_file:
        fp.from_records(clean(10)).inspect(rows=tmp_path / "none" / "findings.jsonl")
    assert refused_file.value.code == "cannot_write"


# --- what rows are


def test_raw_rows_are_read_as_their_dialect_and_rendered_rows_as_pairs(tmp_path: Path) -> None:
    raw = [{"instruction": row["prompt"], "input": "", "output": row["completion"], "id": 1} for row in clean(40)]
    path = jsonl(tmp_path / "rows.jsonl", raw)
    found = fp.scan(path).inspect().to_dict()
    assert found["dialect"] == "alpaca"
    assert found["other_columns"] == ["id"]
    assert found["task"] == "conditional generation"
    rendered = fp.scan(path).format(fp.PromptFormat("{instruction}", completion="{output}")).inspect().to_dict()
    assert rendered["dialect"] == "pairs"
    assert rendered["findings"] == []
    fp.scan(path).format(fp.PromptFormat("{instruction}", completion="{output}")).sink_arrow(tmp_path / "out")
    prepared = fp.scan(tmp_path / "out").inspect().to_dict()
    assert prepared["findings"] == []
    assert (found["prepared"], rendered["prepared"], prepared["prepared"]) == (False, False, True)


def test_history_tools_and_system_are_part_of_the_prompt() -> None:
    def chat(answer: str, **more: Any) -> Row:
        turns = [("system", more.get("system", "Be kind.")), ("user", "Hi"), ("assistant", more.get("said", "Hello"))]
        turns += [("user", "Who are you?"), ("assistant", answer)]
        messages = [{"role": role, "content": text} for role, text in turns]
        return {"messages": messages, "tools": more.get("tools", [{"name": "f"}])}

    same = [chat("A model."), chat("A program.")]
    assert counts(inspected(same))["conflicting_answers"] == 2
    for other in ({"system": "Be rude."}, {"said": "Hey"}, {"tools": [{"name": "g"}]}):
        rows = [chat("A model."), chat("A program.", **other)]
        assert "conflicting_answers" not in counts(inspected(rows))
        assert "duplicate_rows" not in counts(inspected([chat("A model."), chat("A model.", **other)]))

    def called(arguments: str) -> Row:
        call = {"function": {"name": "f", "arguments": arguments}}
        answer = {"role": "assistant", "content": None, "tool_calls": [call]}
        return {"messages": [{"role": "user", "content": "q"}, answer]}

    found = counts(inspected([called("{}"), called("{}"), called('{"a":1}')]))
    assert found["duplicate_rows"] == 1
    assert "empty_answers" not in found


def test_a_rejected_answer_is_not_judged_and_does_not_contradict() -> None:
    pair = {"prompt": "Tell me.", "chosen": "It is so.", "rejected": "I cannot help with that."}
    found = counts(inspected([pair, pair | {"chosen": "It is thus."}, pair | {"rejected": ""}]))
    assert found == {"empty_answers": 1}


def test_rows_of_an_unknown_dialect_are_texts() -> None:
    found = fp.from_records([{"a": "x cafÃ©", "b": "y"}, {"a": "b", "b": "z"}]).inspect()
    assert found.to_dict()["dialect"] == "unknown"
    assert [(finding.code, finding.count) for finding in found.findings] == [("mojibake", 1)]
    assert found.findings[0].examples[0]["match"] == "Ã©"
    assert "it is unknown what the rows mean" in str(found)
    facts = found.to_dict()
    assert (facts["with"]["prompt"], facts["characters"]["prompt"]) == (0, None)
    copies = fp.from_records([{"a": "x", "b": "y"}, {"a": "x", "b": "z"}, {"a": "x", "b": "y"}]).inspect()
    assert counts(copies) == {"duplicate_rows": 1}


def test_rows_that_do_not_fit_and_lines_that_are_no_rows_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    jsonl(path, [*clean(30), {"prompt": ["a"], "completion": "b"}])
    path.write_text(path.read_text("utf-8") + "{\n", "utf-8")
    found = fp.scan(path).inspect()
    rows = found.to_dict()["rows"]
    assert (rows["read"], rows["inspected"], rows["not_in_dialect"]["count"]) == (32, 30, 1)
    assert rows["not_in_dialect"]["examples"][0]["line"] == 31
    assert rows["removed"]["bad_json"]["count"] == 1
    assert "rows.jsonl:31: prompt: found an array" in str(found)


def test_packed_rows_are_refused(tmp_path: Path) -> None:
    plan = fp.from_records(clean(10)).format(fp.PromptFormat("{prompt}", completion="{completion}"))
    with refused(fp.PlanError, "bad_chain", "packed rows have no texts"):
        plan.tokenize(Path("examples/tokenizer")).pack(max_length=64).inspect()


# --- real data


SHARED_COUNTS = [
    (
        "t0_50k",
        {"duplicate_rows": 1_153, "mojibake": 518, "conflicting_answers": 2_846, "common_answer_suffix": 55_185},
    ),
    ("wisesight_th", {"not_nfc": 22, "conflicting_answers": 48, "carriage_returns": 26_162}),
    ("sgd_chat", {"empty_answers": 2}),
    ("llamafactory_glaive_toolcall_sharegpt", {"duplicate_rows": 78}),
    ("llamafactory_alpaca_en", {"duplicate_rows": 14}),
    ("llamafactory_dpo", {"duplicate_rows": 16}),
    ("native/alpaca_data.json", {"empty_answers": 28, "control_characters": 2, "mark_collisions": 8}),
]
"""Counts that were checked by hand."""

SHARED_SILENT = [
    ("mxeval_mbxp", ["payment_cards"]),
    ("wisesight_th", ["payment_cards", "missing_separator", "small_classes"]),
    ("native/alpaca_data.json", ["payment_cards", "assistant_identity", "duplicate_rows"]),
    ("llamafactory_v1_sft_parts", ["empty_answers", "unanswered_turns"]),
    ("llamafactory_reason_tool", ["empty_answers", "unanswered_turns"]),
    ("llamafactory_dpo", ["empty_answers", "unanswered_turns", "conflicting_answers"]),
    ("snli_dev_test", ["answer_repeats_prompt", "prompt_holds_answer", "cut_off"]),
]
"""What other tools find there, and is not there."""


def shared_inspection(name: str) -> dict[str, int]:
    return counts(fp.scan(shared(f"datasets/{name}.gz" if "." in name else f"datasets/{name}.jsonl.gz")).inspect())


@pytest.mark.parametrize(("name", "expected"), SHARED_COUNTS)
def test_counts_in_real_data(name: str, expected: dict[str, int]) -> None:
    found = shared_inspection(name)
    assert {code: found.get(code) for code in expected} == expected


@pytest.mark.parametrize(("name", "silent"), SHARED_SILENT)
def test_what_is_not_in_real_data_is_not_found(name: str, silent: list[str]) -> None:
    assert shared_inspection(name).keys() & set(silent) == set()


def test_phone_numbers_with_and_without_a_country_in_real_data(tmp_path: Path) -> None:
    out = tmp_path / "findings.jsonl"
    fp.scan(shared("datasets/sgd_chat.jsonl.gz")).inspect(rows=out)
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    found = {line["row"] for line in lines if line["code"] == "phone_numbers"}
    texts = [" ".join(turn["content"] for turn in row["messages"]) for row in shared_rows("sgd_chat")]
    plain = {row for row, text in enumerate(texts) if re.search(r"\b\d{3}-\d{3}-\d{4}\b", text)}
    assert len(plain) == 3_188
    # In two rows a word follows the number and a full stop without a space.
    assert len(plain - found) <= 2
    assert len(found) > 3_500
    assert all(re.search(r"\d{2,4}[- )]+\d{2,4}", texts[row]) for row in found - plain)


def test_the_prompts_with_several_answers_in_real_data() -> None:
    for name, prompts in (("t0_50k", "826 prompts"), ("wisesight_th", "24 prompts")):
        found = fp.scan(shared(f"datasets/{name}.jsonl.gz")).inspect()
        assert [finding.detail for finding in found.findings if finding.code == "conflicting_answers"] == [prompts]


# --- what is shown


def test_the_text_fits_in_80_columns_and_marks_the_match(tmp_path: Path) -> None:
    rows = clean()
    rows[7] |= {"completion": "x" * 200 + "\x00" + "日本語" * 40}
    rows[8::9] = [row | {"prompt": row["prompt"] + "\r"} for row in rows[8::9]]
    text = str(fp.scan(jsonl(tmp_path / "rows.jsonl", rows)).inspect())
    assert max(len(line) for line in text.splitlines()) <= 80
    assert text.startswith("Repair first: 1 finding of high severity.\n")
    assert r">>\x00<<日本語" in text
    assert "  rows.jsonl:8, answer\n" in text
    bars = {line.split()[-1]: line for line in text.splitlines() if line.startswith(("high ", "medium ", "low "))}
    assert bars["control_characters"].startswith("low     ▏             0.10%           1")
    assert bars["carriage_returns"].startswith("high    █▏")


def test_the_findings_are_a_table_for_programs() -> None:
    rows = clean()
    rows[4] |= {"completion": ""}
    found = inspected(rows)
    (finding,) = found.findings
    assert (finding.code, finding.severity, finding.count, finding.checked) == ("empty_answers", "medium", 1, 1_000)
    assert finding.examples == [
        {"file": "<records>", "row": 4, "line": 5, "text": "answer", "turn": 2, "before": "", "match": "", "after": ""}
    ]
    assert json.loads(found.to_json()) == found.to_dict()
    assert repr(found) == "Inspection(1000 rows, 1 findings)"


# --- a gate


def test_a_finding_whose_share_rises_above_the_baseline_is_named(tmp_path: Path) -> None:
    rows = clean()
    rows[4] |= {"completion": ""}
    before = tmp_path / "report.json"
    before.write_text(inspected(rows).to_json(), "utf-8")
    assert inspected(rows, baseline=before).risen == []
    rows[5] |= {"completion": ""}
    rows[6] |= {"completion": "caf\ufffd"}
    found = inspected(rows, baseline=before)
    assert found.risen == [
        {"code": "empty_answers", "before": 0.001, "now": 0.002},
        {"code": "replacement_characters", "before": 0.0, "now": 0.001},
    ]
    assert "risen: empty_answers from 0.10% to 0.20%" in str(found)
    assert "- risen: `empty_answers` from 0.10% to 0.20%" in found.to_markdown()
    assert found.to_dict()["risen"] == found.risen
    assert inspected(rows, baseline=before, tolerance="0.1%").risen == []
    assert inspected(rows).risen == []


def test_the_command_line_ends_with_1_where_a_finding_has_risen(tmp_path: Path) -> None:
    rows = clean(200)
    path = jsonl(tmp_path / "rows.jsonl", rows)
    report = tmp_path / "report.json"
    code, out = command("inspect", path, "--json")
    assert code == 0
    report.write_text(out, "utf-8")
    assert command("inspect", path, "--baseline", report)[0] == 0
    rows[3] |= {"completion": "a\x00b"}
    jsonl(path, rows)
    code, out = command("inspect", path, "--baseline", report)
    assert code == 1
    assert "risen: control_characters from 0% to 0.50%" in out
    assert command("inspect", path, "--baseline", report, "--tolerance", "1%")[0] == 0
    code, out = command("inspect", path, "--markdown")
    assert out.startswith("**Usable: look at 0") or "| `control\\_characters`" in out


def test_the_plan_that_repairs_leaves_nothing_of_what_it_repairs(tmp_path: Path) -> None:
    rows = clean(300)
    for place, code in enumerate(["carriage_returns", "not_nfc", "control_characters", "emails", "empty_answers"]):
        rows[place * 7 + 3 :: 50] = [PLANTED[code][0](row) for row in rows[place * 7 + 3 :: 50]]
    path = jsonl(tmp_path / "rows.jsonl", [*rows, *rows[:30], rows[1] | {"completion": "No."}])
    before = counts(fp.scan(path).inspect())
    repaired = {*before} - {"duplicate_rows"}
    assert len(repaired) > 5
    code, out = command("inspect", path, "--fix", tmp_path / "plan.toml")
    assert code == 0, out
    text = (tmp_path / "plan.toml").read_text("utf-8")
    assert 'any = ["rows.jsonl"]' in text
    assert "# duplicate_rows: 30 rows\n" in text
    code, out = command("run", tmp_path / "plan.toml", "--out", tmp_path / "out")
    assert code == 0, out
    assert counts(fp.scan(tmp_path / "out").inspect()) == {}
    code, _ = command("inspect", path, "--fix", tmp_path / "plan.toml")
    assert code == 3
    assert (tmp_path / "plan.toml").read_text("utf-8") == text


def test_the_plan_that_repairs_reaches_messages(tmp_path: Path) -> None:
    def chat(row: Row) -> Row:
        said = [("user", row["prompt"]), ("assistant", row["completion"])]
        return {"messages": [{"role": role, "content": text} for role, text in said]}

    rows = clean(100)
    rows[3] |= {"completion": "one\r\ntwo"}
    rows[4] |= {"prompt": "Write to jane.doe@mail.firm.co.uk."}
    rows += [rows[5], rows[6] | {"completion": "No."}]
    path = jsonl(tmp_path / "rows.jsonl", map(chat, rows))
    assert len(counts(fp.scan(path).inspect())) == 4
    code, out = command("inspect", path, "--fix", tmp_path / "plan.toml")
    assert code == 0, out
    code, out = command("run", tmp_path / "plan.toml", "--out", tmp_path / "out")
    assert code == 0, out
    assert counts(fp.scan(tmp_path / "out").inspect()) == {}


def test_a_plan_is_refused_where_it_could_repair_nothing(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "rows.jsonl", clean(50))
    assert command("inspect", path, "--fix", tmp_path / "plan.toml")[0] == 2
    texts = [{"text": f"{row['completion']}\r"} for row in clean(50)]
    assert command("inspect", jsonl(path, texts), "--fix", tmp_path / "plan.toml")[0] == 2
    assert not (tmp_path / "plan.toml").exists()


def command(*args: Any) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-m", "fastprep", *map(str, args)], capture_output=True, text=True)
    return done.returncode, done.stdout


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version":2,"findings":[]}', '{"version":1,"findings":[{}]}'])
def test_a_baseline_that_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text, "utf-8")
    with refused(fp.PlanError, "bad_baseline", "is no report of inspect"):
        inspected(clean(10), baseline=path)


def test_a_baseline_that_is_missing_and_a_wrong_tolerance_are_refused(tmp_path: Path) -> None:
    with pytest.raises(fp.SourceError) as missing:
        inspected(clean(10), baseline=tmp_path / "none.json")
    assert missing.value.code == "cannot_read"
    for tolerance in ("1", -0.1, 2, True, None):
        with refused(fp.PlanError, "bad_option", "`tolerance` must be a share"):
            inspected(clean(10), tolerance=tolerance)


def test_markdown_escapes_what_the_data_holds(tmp_path: Path) -> None:
    rows = clean(100)
    rows[3] |= {"prompt": "a | b <script> @all `x` \x00"}
    shown = fp.scan(jsonl(tmp_path / "rows.jsonl", rows)).inspect().to_markdown()
    row = next(line for line in shown.splitlines() if "`control\\_characters`" in line)
    assert row.count(" | ") == 5
    assert r"rows.jsonl:4: a \| b &lt;script> &#64;all `x` →\\x00←" in row
