"""`fastprep prepare` of rows with preferences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shell import answer, failure
from shell import folder as folder
from tiny import jsonl

import fastprep as fp


def columns() -> list[dict[str, Any]]:
    return fp.load("out")["train"].to_arrow().drop_columns(["n"]).to_pylist()


def test_prepare_takes_another_answer_or_a_label() -> None:
    rows = [{"q": "a", "x": "yes", "y": "no", "n": 1}, {"q": "b", "x": "yes", "y": "yes", "n": 2}]
    jsonl(Path("pairs.jsonl"), rows)
    format = ("--template", "{q}", "--completion", "{x}", "--separator", "=>", "--stop", ".")
    options = ("prepare", "pairs.jsonl", "--out", "out", *format, "--select", "n", "--overwrite")
    report = answer(*options, "--rejected", "{y}")
    assert (report["rows"]["written"], report["reasons"]["same_answers"]["count"]) == (1, 1)
    assert columns() == [{"prompt": "a=>", "chosen": "yes.", "rejected": "no."}]
    assert answer(*options, "--rejected", "{y}", "--on-same-answers", "keep")["rows"]["written"] == 2
    jsonl(Path("pairs.jsonl"), [{**row, "good": row["n"] > 1} for row in rows])
    answer(*options, "--label", "good", "--no-shuffle")
    assert [row["label"] for row in columns()] == [False, True]
    chat = ("prepare", "pairs.jsonl", "--out", "out", "--chat-template", "x.jinja")
    assert "--rejected, --label" in failure(*chat, "--label", "good", code=2)
    assert "--on-untrained" in failure(*options, "--on-untrained", "keep", code=2)


def test_a_template_of_the_other_answer_is_decoded_and_names_a_column() -> None:
    jsonl(Path("pairs.jsonl"), [{"q": "a", "x": "yes", "y": "no", "n": 1}])
    format = ("--template", "{q}", "--completion", "a\\n{x}", "--separator", "=>", "--stop", ".")
    options = ("prepare", "pairs.jsonl", "--out", "out", *format, "--select", "n")
    failed = failure(*options, "--rejected", "y", code=2)
    assert "error[bad_option]" in failed
    assert "--rejected '{column}'" in failed
    answer(*options, "--rejected", "a\\n{y}")
    assert columns() == [{"prompt": "a=>", "chosen": "a\nyes.", "rejected": "a\nno."}]


def test_prepare_without_flags_says_what_rows_with_preferences_need() -> None:
    jsonl(Path("pairs.jsonl"), [{"prompt": f"q{i}", "chosen": f"a{i}", "rejected": f"b{i}"} for i in range(20)])
    failed = failure("prepare", "pairs.jsonl", "--out", "out", code=2)
    assert "--chat-template" in failed
    assert "--rejected" in failed
    rows = [{"prompt": f"q{i}", "completion": f"a{i}", "label": i % 2 == 0} for i in range(20)]
    jsonl(Path("labels.jsonl"), rows)
    failed = failure("prepare", "labels.jsonl", "--out", "out", code=2)
    assert "--chat-template" in failed
    assert "--label" in failed
