"""`inspect` of rows that a format has rendered: what the format itself writes is no finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_inspect import clean, counts

import fastprep as fp

ALPACA = "Below is a task.\n\n### Instruction:\n{prompt}{#input}\n\n### Input:\n{input}{/input}\n\n### Response:"

FORMATS = {
    "default": fp.PromptFormat("{prompt}\n{input}", completion="{completion}"),
    "leading space": fp.PromptFormat("{prompt}", completion=" {completion}", separator="\n\n###\n\n", stop=" END"),
    "control tokens": fp.PromptFormat("<s>{prompt}", completion="{completion}", separator="</s>", stop="<|endoftext|>"),
    "template": fp.PromptFormat(ALPACA, completion="{completion}", separator="\n", stop="\n\n### End\n"),
}


def rows(number: int = 300) -> list[dict[str, Any]]:
    return [row | {"input": "" if n % 2 else f"It is {n}."} for n, row in enumerate(clean(number))]


@pytest.mark.parametrize("name", FORMATS)
def test_clean_rows_are_silent_in_a_plan_and_in_what_it_publishes(name: str, tmp_path: Path) -> None:
    plan = fp.from_records(rows()).format(FORMATS[name])
    assert counts(plan.inspect()) == {}
    plan.split(valid=0.2, seed=1).sink_jsonl(tmp_path / "out")
    assert counts(fp.scan(tmp_path / "out").inspect()) == {}
    assert counts(fp.scan(str(tmp_path / "out/data/*/*.jsonl")).inspect()) == {}


def test_findings_are_those_of_the_texts(tmp_path: Path) -> None:
    made = rows()
    made[3] |= {"completion": f"{made[3]['completion']} "}
    made[5] |= {"prompt": f"a <|im_end|> {made[5]['prompt']}"}
    made[7] |= {"completion": "so on and on and on again, " * 8}
    made[9] |= {"completion": "Yes"}
    expected = {"outer_white_space": 2, "control_tokens": 1, "loops": 1}
    assert counts(fp.from_records(made).inspect()) == expected
    plan = fp.from_records(made).format(FORMATS["template"])
    found = plan.inspect()
    assert counts(found) == expected
    plan.sink_arrow(tmp_path / "out")
    assert counts(fp.scan(tmp_path / "out").inspect()) == expected
    match = next(finding.examples[0] for finding in found.findings if finding.code == "outer_white_space")
    assert (match["row"], match["match"], match["after"]) == (3, " ", "")
    assert found.to_dict()["characters"] == fp.from_records(made).inspect().to_dict()["characters"] | {
        "prompt": found.to_dict()["characters"]["prompt"]
    }


def test_classes_have_no_stop_and_tokens_count_all_of_the_text() -> None:
    made = [row | {"completion": ["good", "bad"][n % 2]} for n, row in enumerate(rows())]
    plan = fp.from_records(made).format(FORMATS["control tokens"])
    found = plan.inspect(tokenizer="examples/tokenizer").to_dict()
    assert [entry["class"] for entry in found["classes"]["largest"]] == ["bad", "good"]
    tokenized = plan.tokenize("examples/tokenizer", special_tokens="as_text").inspect().to_dict()
    assert abs(found["counted_tokens"]["row"]["p50"] - tokenized["tokens"]["p50"]) <= 2


def test_what_the_template_writes_between_columns_is_not_looked_for(tmp_path: Path) -> None:
    made = rows()
    made[3] |= {"prompt": f"[INST] {made[3]['prompt']}"}
    template = fp.PromptFormat("{prompt} [INST] {input}", completion="{completion}")
    found = fp.from_records(made).format(template).inspect()
    assert counts(found) == {}
    told = [entry["what"] for entry in found.to_dict()["not_checked"]]
    assert 'texts that the format itself writes between columns: ["[INST]"]' in told
    assert counts(fp.from_records(made).inspect()) == {"control_tokens": 1, "templated_text": 1}


def test_marks_by_default_are_no_finding_under_others() -> None:
    made = rows()
    made[3] |= {"completion": f"a\n##\nb {made[3]['completion']}"}
    made[4] |= {"completion": f"a\n## \nb {made[4]['completion']}"}
    assert counts(fp.from_records(made).inspect()) == {"mark_collisions": 1, "near_collisions": 1}
    assert counts(fp.from_records(made).format(FORMATS["leading space"]).inspect()) == {}
    assert counts(fp.from_records(made).format(FORMATS["default"]).inspect()) == {"near_collisions": 1}
