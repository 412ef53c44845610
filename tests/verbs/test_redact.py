"""`redact`: personal data and secrets replaced by placeholders."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from common import shared_rows
from tiny import PAIR, column, jsonl, pairs, records, refused, rows

import fastprep as fp

TEXT = "joe@firm.com, 415-555-2671, 4539578763621486, DE89370400440532013000, ghp_" + "aB3" * 12
PLACEHOLDERS = {"email": "[EMAIL]", "phone": "[PHONE]", "card": "[CARD]", "iban": "[IBAN]", "secret": "[SECRET]"}


def test_every_kind_has_a_placeholder() -> None:
    assert column(records({"t": TEXT}).redact("t"), "t") == [", ".join(PLACEHOLDERS.values())]
    for kind, placeholder in PLACEHOLDERS.items():
        (text,) = column(records({"t": TEXT}).redact("t", kinds=kind), "t")  # type: ignore[arg-type]
        assert re.findall(r"\[[A-Z]+\]", text) == [placeholder]


def test_what_is_replaced_is_counted_by_kind(tmp_path: Path) -> None:
    texts = [{"t": "x"}, {"t": "a@firm.com b@firm.com"}, {"t": "c@firm.com or 415-555-2671"}, {"t": None}]
    report = fp.scan_jsonl(jsonl(tmp_path / "x.jsonl", texts)).redact("t").sink_jsonl(tmp_path / "out")
    findings = report.to_dict()["findings"]
    assert {name: found["count"] for name, found in findings.items()} == {
        "redacted:email": 3,
        "repaired:redact(t)": 2,
        "redacted:phone": 1,
    }
    assert findings["redacted:phone"]["first"] == {"file": "x.jsonl", "row": 2, "line": 3}
    # No value is anywhere in what was published.
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            assert b"firm.com" not in path.read_bytes(), path


def test_the_columns_of_the_templates_are_the_default() -> None:
    data = records({"q": "a@firm.com", "r": "ok", "s": "a@firm.com"})
    (row,) = rows(data.redact().format(fp.PromptFormat("{q}", completion="{r}")))
    assert row["prompt"].startswith("[EMAIL]")
    assert row["s"] == "a@firm.com"


@pytest.mark.parametrize(
    ("build", "code", "says"),
    [
        (lambda: records({"a": "b"}).redact("a", kinds=[]), "bad_option", "`kinds` is empty"),
        (lambda: records({"a": "b"}).redact("a", kinds="mail"), "bad_option", "must be one of email, phone, card"),
        (lambda: pairs(("a", "b")).format(PAIR).redact(), "bad_chain", "after format"),
    ],
)
def test_what_cannot_be_is_refused(build: Any, code: str, says: str) -> None:
    with refused(fp.PlanError, code, says):
        build()


def test_phone_numbers_of_dialogues_with_and_without_plus() -> None:
    dialogues = shared_rows("sgd_chat")
    texts = ["\n".join(message["content"] for message in row["messages"]) for row in dialogues]
    redacted = column(records(*({"t": text} for text in texts)).redact("t", kinds="phone"), "t")
    plain = re.compile(r"(?<![\d-])\d{3}-\d{3}-\d{4}(?![\d-])")
    with_phone = [text for text in texts if plain.search(text)]
    assert len(with_phone) > 3_000
    assert not [text for text in redacted if plain.search(text)]


def test_numbers_that_are_no_cards_stay() -> None:
    """Coordinates, ids of posts, decimals: another tool takes these for cards."""
    for name in ("mxeval_mbxp", "wisesight_th"):
        data = [{"t": " ".join(str(value) for value in row.values())} for row in shared_rows(name)]
        assert column(records(*data).redact("t", kinds="card"), "t") == [row["t"] for row in data], name
