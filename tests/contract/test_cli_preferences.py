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
