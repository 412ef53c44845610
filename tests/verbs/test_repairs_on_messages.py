"""`normalize`, `strip_affix`, `ensure_affix` and `redact` with `on`: the texts of messages of some roles."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from common import json_lines, shared_rows
from hypothesis import given
from hypothesis import strategies as st
from tiny import column, pairs, records, refused

import fastprep as fp

CHAT = (
    '{"id": 1.0, "messages": [ {"role":"system","content":" s "},{"content" : " q\\u00e9 ", "role":"user"}, '
    '{"role":"assistant","content":" a ","tool_calls":[{"id":"1","function":{"name":"f","arguments":" x "}}]} ]}'
)


def scanned(folder: Path, *lines: str) -> fp.Pipeline:
    path = folder / "chat.jsonl"
    path.write_text("".join(line + "\n" for line in lines), "utf-8")
    return fp.scan_jsonl(path)


def published(pipeline: fp.Pipeline, out: Path) -> list[str]:
    """The lines of the shard."""
    pipeline.sink_jsonl(out)
    (shard,) = (out / fp.load(out).manifest["data"]).glob("train-*.jsonl")
    return shard.read_text("utf-8").splitlines()


STEPS: dict[str, tuple[Callable[..., fp.Pipeline], str]] = {
    "normalize": (fp.Pipeline.normalize, "a"),
    "strip_affix": (lambda plan, columns, on: plan.strip_affix(columns, prefix=" ", on=on), "a "),
    "ensure_affix": (lambda plan, columns, on: plan.ensure_affix(columns, suffix="!", on=on), " a !"),
}


@pytest.mark.parametrize("verb", STEPS)
def test_one_text_changes_and_all_else_keeps_its_bytes(verb: str, tmp_path: Path) -> None:
    step, changed = STEPS[verb]
    chat = scanned(tmp_path, CHAT)
    same = published(chat, tmp_path / "same")
    (line,) = published(step(chat, "messages", on="assistant"), tmp_path / "out")
    assert line == same[0].replace('" a "', json.dumps(changed))
    assert line != same[0]


def test_the_columns_of_the_dialect_are_the_default(tmp_path: Path) -> None:
    plan = scanned(tmp_path, CHAT).read_as("openai_chat").normalize(on=["user", "system"])
    assert "messages on user, system; line_ends=true" in plan.explain()
    (text,) = column(plan, "messages")
    assert [message["content"] for message in json.loads(text)] == ["s", "qé", " a "]
    report = plan.sink_jsonl(tmp_path / "out")
    assert report.findings == {"repaired:normalize(messages)": 1}


def test_shared_conversations_and_preferences(tmp_path: Path) -> None:
    shared = '{"conversations": [{"from": "human", "value": " q "}, {"from": "gpt", "value": " a "}], "system": " s "}'
    (text,) = column(scanned(tmp_path, shared).read_as("sharegpt").normalize(on="assistant"), "conversations")
    assert [message["value"] for message in json.loads(text)] == [" q ", "a"]
    message = '[{"role": "assistant", "content": " %s "}]'
    prompt = '[{"role": "user", "content": " q "}]'
    row = f'{{"prompt": {prompt}, "chosen": {message % "c"}, "rejected": {message % "r"}}}'
    plan = scanned(tmp_path, row).read_as("preference").normalize(on="assistant")
    for name, content in (("prompt", " q "), ("chosen", "c"), ("rejected", "r")):
        assert json.loads(column(plan, name)[0])[0]["content"] == content


def test_messages_written_as_text(tmp_path: Path) -> None:
    inner = json.dumps([{"role": "user", "content": " q "}])
    plan = scanned(tmp_path, json.dumps({"messages": inner})).normalize("messages", on="user")
    (line,) = published(plan, tmp_path / "out")
    assert json.loads(json.loads(line)["messages"])[0]["content"] == "q"
    table = pa.table({"messages": [inner, "plain", None]})
    made = column(fp.from_arrow(table).normalize("messages", on="user"), "messages")
    assert made == [inner.replace(" q ", "q"), "plain", None]


ROLES = ["system", "user", "assistant", "tool"]
CONTENT = st.text('a \n"\\é\u200b', max_size=6)
MESSAGES = st.lists(st.fixed_dictionaries({"role": st.sampled_from(ROLES), "content": CONTENT}), min_size=1)


@given(st.lists(MESSAGES, min_size=1, max_size=4), st.sets(st.sampled_from(ROLES), min_size=1))
def test_as_in_plain_python(dialogues: list[list[dict[str, str]]], on: Any) -> None:
    made = column(records(*({"m": messages} for messages in dialogues)).normalize("m", on=sorted(on)), "m")
    clean = lambda text: text.replace("\u200b", "").strip()  # noqa: E731
    assert [json.loads(text) for text in made] == [
        [m | {"content": clean(m["content"])} if m["role"] in on else m for m in messages] for messages in dialogues
    ]


def test_real_dialogues_are_redacted_and_nothing_else_changes(tmp_path: Path) -> None:
    dialogues = shared_rows("sgd_chat")[:3_000]
    plan = scanned(tmp_path, *(json.dumps(row) for row in dialogues)).read_as("openai_chat")
    plan.redact(on="assistant", kinds="phone").sink_jsonl(tmp_path / "out")
    (shard,) = (tmp_path / "out" / fp.load(tmp_path / "out").manifest["data"]).glob("train-*.jsonl")
    changed = 0
    for before, after in zip(dialogues, json_lines(shard), strict=True):
        assert {**before, "messages": 0} == {**after, "messages": 0}
        for old, new in zip(before["messages"], after["messages"], strict=True):
            assert old["role"] == new["role"]
            if old != new:
                changed += 1
                assert old["role"] == "assistant"
                assert "[PHONE]" in new["content"]
    assert changed > 400


def test_redaction_reaches_calls_and_results(tmp_path: Path) -> None:
    arguments = json.dumps({"to": "a\njoe@firm.com", "phone": 4155552671, "n": 1})
    call = {"id": "c1", "type": "function", "function": {"name": "send", "arguments": arguments}}
    messages = [
        {"role": "user", "content": "Send it."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": '{"by": "ann@firm.com"}'},
        {"role": "assistant", "content": "Done."},
    ]
    line = json.dumps({"messages": messages})
    plan = scanned(tmp_path, line, line).read_as("openai_chat")
    assert {finding.code for finding in plan.inspect().findings} >= {"emails", "phone_numbers"}
    cleaned = plan.redact(on=["assistant", "tool"])
    (first, _) = column(cleaned, "messages")
    made = json.loads(first)
    assert json.loads(made[1]["tool_calls"][0]["function"].pop("arguments")) == {
        "to": "a\n[EMAIL]",
        "phone": "[PHONE]",
        "n": 1,
    }
    assert json.loads(made[2]["content"]) == {"by": "[EMAIL]"}
    call["function"].pop("arguments")
    messages[2]["content"] = made[2]["content"]
    assert made == messages
    assert {finding.code for finding in cleaned.inspect().findings} <= {"duplicate_rows"}
    assert column(plan.redact(on="user"), "messages")[0] == column(plan, "messages")[0]
    assert (
        json.loads(column(plan.redact(on="tool"), "messages")[0])[1]["tool_calls"][0]["function"]["arguments"]
        == arguments
    )


@pytest.mark.parametrize(
    ("build", "kind", "code", "says"),
    [
        (lambda: pairs(("a", "b")).normalize(on="user"), fp.PlanError, "bad_option", "needs the columns of messages"),
        (lambda: pairs(("a", "b")).normalize("prompt", on=[]), fp.PlanError, "bad_option", "`on` is empty"),
        (lambda: pairs(("a", "b")).normalize("prompt", on="human"), fp.PlanError, "bad_option", "one of system"),
        (
            lambda: pairs(("a", "b")).read_as("pairs").redact(on="user").explain(),
            fp.PlanError,
            "bad_option",
            "redact: `on` needs messages, which the rows do not have",
        ),
        (
            lambda: fp.from_arrow(pa.table({"m": [[{"role": "user"}]]})).redact("m", on="user").explain(),
            fp.ColumnError,
            "wrong_type",
            "redact: column `m` must be messages as JSON; it is nested",
        ),
        (
            lambda: records({"m": 1}).redact("x", on="user").explain(),
            fp.ColumnError,
            "missing_column",
            "redact: there is no column `x`",
        ),
    ],
)
def test_what_cannot_be_is_refused(build: Any, kind: type[fp.FastprepError], code: str, says: str) -> None:
    with refused(kind, code, says):
        build()
