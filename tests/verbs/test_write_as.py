"""`write_as` and `sink_chat`: what is published is accepted by `lint` of the same target; else it is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from common import json_lines, shared

import fastprep as fp
from fastprep import _fastprep

TABLE = json.loads(_fastprep.lint_targets())
TARGETS = [target["target"] for target in TABLE if not target["preferences"]]
PAIRS = [target["target"] for target in TABLE if target["preferences"]]
MARK = b"\xef\xbb\xbf"

NOTHING_LEFT = {("llamafactory_reason_tool", "azure")}
"""All rows have what the model thinks, for which Azure has no key."""

CALL = {"type": "function", "function": {"name": "f", "arguments": '{"a": "é"}'}}
FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object"}}
USER, ANSWER = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}


def chats() -> list[dict[str, Any]]:
    """Conversations that some targets take, and some do not."""
    rows: list[dict[str, Any]] = [
        {"messages": [{"role": "user", "content": f"question {i}"}, {"role": "assistant", "content": f"é {i}"}]}
        for i in range(12)
    ]
    rows += [
        {"messages": [{"role": "system", "content": "s"}, USER, ANSWER]},
        {"messages": [{"role": "developer", "content": "s"}, USER, ANSWER]},
        {"messages": [USER, ANSWER | {"weight": 0}, USER, ANSWER | {"weight": 1}]},
        {"messages": [USER, USER, ANSWER]},
        {"messages": [USER]},
        {"messages": [USER, ANSWER, USER]},
        {"messages": [USER, {"role": "assistant", "content": "a", "reasoning_content": "r"}]},
        {"messages": [USER, {"role": "system", "content": "late"}, ANSWER]},
        {
            "messages": [USER, {"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "content": "1"}, ANSWER],
            "tools": [{"type": "function", "function": FUNCTION}],
        },
    ]
    return rows


def lines(out: Path, split: str = "train") -> list[dict[str, Any]]:
    (path,) = out.glob(f"data/*/{split}-*.jsonl")
    return [json.loads(line) for line in path.read_text("utf-8-sig").splitlines()]


def accepted(out: Path, target: Any) -> None:
    """The files of a folder pass `lint`."""
    train = sorted(out.glob("data/*/train-*.jsonl"))
    others = [path for path in out.glob("data/*/*-of-*.jsonl") if path not in train]
    found = fp.lint(train, target, valid=others)
    assert not found.refused, found


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_published_is_accepted(target: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = fp.from_records(chats()).read_as("openai_chat").sink_chat(out, target=target)
    accepted(out, target)
    rejects = json_lines(out / "rejects.jsonl") if report.rows["rejected"] else []
    assert {reject["code"] for reject in rejects} <= {"not_in_target"}
    assert report.rows["written"] + len(rejects) == len(chats())
    (path,) = out.glob("data/*/train-*.jsonl")
    assert path.read_bytes().startswith(MARK) == (target == "azure")
    assert b"null" not in path.read_bytes()
    assert fp.scan(out).collect().num_rows == report.rows["written"]
    keys = {key for row in lines(out) for key in row}
    of_blocks = {"schemaVersion", "system", "messages", "toolConfig"}
    assert keys == (of_blocks if target == "bedrock" else {"messages", "tools"})


@pytest.mark.parametrize(
    ("target", "rejected"),
    [
        ("openai", {17: "no_answer", 19: "what the model thinks"}),
        ("mistral", {17: "answer_not_last", 18: "answer_not_last", 19: "what the model thinks"}),
        ("fireworks", {20: "system_not_first"}),
        ("together", {16: "no_alternation", 20: "no_alternation|system_not_first|user_not_first"}),
        ("trl", {15: "its weight 0 would be ignored"}),
        (
            "bedrock",
            {
                15: "its weight 0",
                16: "no_alternation",
                17: "answer_not_last",
                18: "answer_not_last",
                20: "after",
            },
        ),
    ],
)
def test_rows_that_would_be_refused_are_rejects_with_their_reason(
    target: Any, rejected: dict[int, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    fp.from_records(chats()).read_as("openai_chat").sink_chat(out, target=target)
    rejects = json_lines(out / "rejects.jsonl")
    found = {reject["row"] + 1: reject["detail"] for reject in rejects}
    assert set(found) == set(rejected)
    for row, detail in rejected.items():
        assert any(part in found[row] for part in detail.split("|")), found[row]


def test_calls_get_ids_and_developers_become_the_system(tmp_path: Path) -> None:
    out = tmp_path / "out"
    fp.from_records(chats()).read_as("openai_chat").sink_chat(out, target="azure")
    rows = lines(out)
    assert rows[13]["messages"][0] == {"role": "system", "content": "s"}
    assert [message.get("weight") for message in rows[14]["messages"]] == [None, 0, None, 1]
    call, result = rows[-1]["messages"][1:3]
    assert call == {"role": "assistant", "tool_calls": [{"id": "call00001"} | CALL]}
    assert result == {"role": "tool", "content": "1", "tool_call_id": "call00001"}
    fp.from_records(chats()).read_as("openai_chat").sink_chat(tmp_path / "trl", target="trl")
    call = lines(tmp_path / "trl")[-1]["messages"][1]["tool_calls"][0]
    assert call == {"type": "function", "function": {"name": "f", "arguments": {"a": "é"}}}


def test_a_file_with_a_mark_is_read_back_equal(tmp_path: Path) -> None:
    rows = fp.from_records(chats()).read_as("openai_chat")
    for target in ("azure", "openai"):
        rows.sink_chat(tmp_path / target, target=target)
    (marked,), (plain,) = ((tmp_path / target).glob("data/*/train-*.jsonl") for target in ("azure", "openai"))
    assert marked.read_bytes() == MARK + plain.read_bytes()
    assert fp.scan(marked).collect().equals(fp.scan(plain).collect())
    assert fp.scan(tmp_path / "azure").collect().equals(fp.scan(tmp_path / "openai").collect())


def test_files_that_would_be_refused_are_not_published(tmp_path: Path) -> None:
    rows = fp.from_records(chats()).read_as("openai_chat")
    with pytest.raises(
        fp.DataError, match=r"azure would refuse train-00000-of-00001.jsonl: too_few_rows: .*9 rows"
    ) as e:
        rows.head(9).sink_chat(tmp_path / "few", target="azure")
    assert (e.value.code, e.value.help) == ("refused_by_target", "add rows")
    assert not (tmp_path / "few").exists()
    twice = fp.from_records([row | {"part": f"{i} {part}"} for part in range(4) for i, row in enumerate(chats()[:12])])
    with pytest.raises(
        fp.DataError, match=r"line \d+: shared_row: .*: as valid-00000-of-00001.jsonl:\d+; nothing"
    ) as e:
        twice.split(valid=0.5, by="part", seed=1).read_as("openai_chat").sink_chat(tmp_path / "twice", target="openai")
    assert not (tmp_path / "twice").exists()
    out = tmp_path / "split"
    twice.split(valid=0.3, by="messages", seed=1).read_as("openai_chat").sink_chat(out, target="trl")
    accepted(out, "trl")
    # The rejects say why there are too few rows.
    with pytest.raises(fp.DataError, match="too_few_rows") as e:
        fp.from_records([{"messages": [USER]}] * 9 + chats()[:3]).read_as("openai_chat").sink_chat(
            tmp_path / "rejected", target="openai"
        )
    assert len(json_lines(Path(str(e.value.path)))) == 9


def test_pairs_and_instructions_are_questions_and_answers(tmp_path: Path) -> None:
    pairs = [{"instruction": f"i{i}", "input": "x" * (i % 2), "output": f"o{i}", "n": i} for i in range(10)]
    fp.from_records(pairs).sink_chat(tmp_path / "out", target="openai")
    assert lines(tmp_path / "out")[1] == {
        "messages": [{"role": "user", "content": "i1\n\nx"}, {"role": "assistant", "content": "o1"}]
    }


@pytest.mark.parametrize("target", PAIRS)
def test_preferences_are_an_input_and_two_outputs(target: Any, tmp_path: Path) -> None:
    rows = [{"prompt": f"p{i}", "chosen": "good", "rejected": "bad é"} for i in range(12)]
    out = tmp_path / "out"
    fp.from_records(rows).sink_chat(out, target=target)
    accepted(out, target)
    assert lines(out)[1] == {
        "input": {"messages": [{"role": "user", "content": "p1"}]},
        "preferred_output": [{"role": "assistant", "content": "good"}],
        "non_preferred_output": [{"role": "assistant", "content": "bad é"}],
    }
    with pytest.raises(fp.DataError, match="no rows are left"):
        fp.from_records(chats()).read_as("openai_chat").sink_chat(tmp_path / "chat", target=target)
    assert fp.scan(out).dialect.name == "openai_preference"


@pytest.mark.parametrize("target", PAIRS)
def test_real_preferences_are_accepted(target: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = fp.scan(shared("datasets/llamafactory_dpo.jsonl.gz")).sink_chat(out, target=target)
    accepted(out, target)
    assert report.rows["written"] + report.rows["rejected"] == report.rows["read"] == 600


def test_weights_of_rows_are_refused() -> None:
    rows = fp.from_records([{"prompt": "p", "completion": "c", "k": "a"}]).balance("k", "weights")
    with pytest.raises(fp.PlanError, match="no weights of rows"):
        rows.write_as("trl")


def test_errors_of_the_chain(tmp_path: Path) -> None:
    rows = fp.from_records([{"prompt": "p", "completion": "c"}])
    with pytest.raises(fp.PlanError, match=r"`target` must be one of azure, .*did you mean `azure`"):
        rows.sink_chat(tmp_path / "out", target="azur")  # type: ignore[arg-type]
    with pytest.raises(fp.PlanError, match="already rendered"):
        rows.format(fp.PromptFormat("{prompt}", completion="{completion}")).write_as("trl")
    with pytest.raises(fp.PlanError, match="head comes after it"):
        rows.write_as("trl").head(1).explain()
    with pytest.raises(fp.PlanError, match="was not recognised"):
        fp.from_records([{"a": 1}]).sink_chat(tmp_path / "out", target="trl")
    preferences = [{"prompt": f"p{i}", "chosen": "a", "rejected": "b"} for i in range(3)]
    with pytest.raises(fp.DataError, match="no rows are left"):
        fp.from_records(preferences).read_as("preference").sink_chat(tmp_path / "out", target="trl")


@pytest.mark.parametrize("name", ["llamafactory_glaive_toolcall_sharegpt", "gsm8k_test", "llamafactory_reason_tool"])
@pytest.mark.parametrize("target", ["azure", "together", "bedrock"])
def test_real_data_are_accepted(name: str, target: Any, tmp_path: Path) -> None:
    rows = fp.scan(shared(f"datasets/{name}.jsonl.gz")).head(300)
    if (name, target) in NOTHING_LEFT:
        with pytest.raises(fp.DataError, match="no rows are left"):
            rows.sink_chat(tmp_path / "out", target=target)
        return
    rows.sink_chat(tmp_path / "out", target=target)
    accepted(tmp_path / "out", target)
