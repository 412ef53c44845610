"""`lint`: each limit of each target has a breach that is found in its place, and a clean file that has none."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from limits_table import PAGE, TABLES, tables

import fastprep as fp
from fastprep import _fastprep

TARGETS: list[dict[str, Any]] = json.loads(_fastprep.lint_targets())
PAIRS = {target["target"] for target in TARGETS if target["preferences"]}
"""Targets whose rows are preferences."""

MARK = b"\xef\xbb\xbf"

IN_THE_CORE = {"file_too_large", "file_may_be_too_large", "needs_upload_in_parts", "too_many_rows"}
"""Limits whose files are too large to be written here: `src/lint/tests.rs` tests them."""

LIMITS = [
    (target["target"], limit["code"], limit["severity"], limit["limit"])
    for target in TARGETS
    for limit in target["limits"]
    if limit["code"] not in IN_THE_CORE
]


def message(target: str, role: str, content: Any, **more: Any) -> dict[str, Any]:
    if target == "bedrock" and isinstance(content, str):
        content = [{"text": content}]
    return {"role": role, "content": content} | more


def row_of(target: str, *messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A row of messages; of a preference, they are its input."""
    if target not in PAIRS:
        return {"messages": list(messages)} | more
    tools = {"tools": more.pop("tools")} if "tools" in more else {}
    outputs = {"preferred_output": [answered("good")], "non_preferred_output": [answered("bad")]}
    return {"input": {"messages": list(messages)} | tools} | outputs | more


def answered(text: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def conversation(target: str, number: int) -> dict[str, Any]:
    question = message(target, "user", f"question {number}")
    return row_of(target, question, *([] if target in PAIRS else [message(target, "assistant", "answer é")]))


def clean(target: str, rows: int = 100) -> list[dict[str, Any]]:
    return [conversation(target, i) for i in range(rows)]


def content_of(target: str, rows: list[Any]) -> bytes:
    """The bytes of a file: texts are lines as they are."""
    lines = [row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode() for row in rows]
    return (MARK if target in ("azure", "azure_dpo") else b"") + b"".join(line + b"\n" for line in lines)


def write(folder: Path, target: str, rows: list[Any], name: str = "train.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content_of(target, rows))
    return path


ALSO = {
    "no_messages": {"unknown_key", "bad_output"},
    "two_formats": {"unknown_key"},
    "unknown_message_key": {"user_not_first"},
    "unknown_role": {"user_not_first"},
    "system_not_first": {"user_not_first"},
    "two_systems": {"system_not_first"},
    "user_not_first": {"system_not_first"},
    "ignored_weight": {"unknown_message_key"},
    "bad_tools": {"doubtful_tools"},
    "bad_tool_call": {"doubtful_tools"},
    "bad_tool_result": {"doubtful_tools"},
}
"""What else the rows that are planted for a limit break."""

CALL = {"id": "call00001", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}


SPEC = {"name": "f", "description": "d", "inputSchema": {"json": {"type": "object"}}}
CONFIG = {"tools": [{"toolSpec": SPEC}]}
USE = {"toolUse": {"toolUseId": "x", "name": "f", "input": {}}}
RESULT = {"toolResult": {"toolUseId": "x", "content": [{"text": "1"}]}}


def blocks(*contents: Any, config: Any = CONFIG) -> dict[str, Any]:
    """A row of Bedrock: what user and assistant say in turn."""
    says = [message("bedrock", "assistant" if i % 2 else "user", content) for i, content in enumerate(contents)]
    return {"messages": says} | ({"toolConfig": config} if config else {})


def planted(target: str, code: str) -> Any:
    """A row that breaks a limit, or a line."""

    def row(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
        return row_of(target, *messages, **more)

    def says(role: str, content: Any, **more: Any) -> dict[str, Any]:
        return message(target, role, content, **more)

    user, answer = says("user", "q"), says("assistant", "a")
    rows: dict[str, Any] = {
        "bad_utf8": b'{"messages": [{"role": "user", "content": "\xe9"}]}',
        "bad_json": b'{"messages": [}',
        "not_an_object": [1],
        "blank_line": b" ",
        "no_messages": {"prompt": "a"},
        "bad_output": row(user) | {"preferred_output": []},
        "same_outputs": row(user) | {"preferred_output": [answered("bad")]},
        "no_role": row(user, {"content": "a"}),
        "unknown_key": row(user, answer, id=7),
        "two_formats": row(user, answer, text="a"),
        "unknown_message_key": row(says("user", "q", id=7), answer),
        "unknown_role": row(says("human", "q"), answer),
        "doubtful_role": row(user, says("assistant", "a", tool_calls=[CALL]), says("tool", "r"), answer)
        if target.startswith("fireworks")
        else row(says("developer", "d"), user, answer),
        "system_not_first": row(user, says("system", "s"), answer),
        "two_systems": row(says("system", "s"), says("system", "s"), user, answer),
        "user_not_first": row(answer, user, answer),
        "no_alternation": row(user, user, answer),
        "no_answer": row(user),
        "answer_not_last": row(user, answer, user),
        "no_content": row(user, {"role": "assistant"}),
        "content_type": row(user, {"role": "assistant", "content": "a" if target == "bedrock" else {"a": 1}}),
        "system_type": row(user, answer, system="s"),
        "blank_content": row(says("user", " \n"), answer),
        "bad_weight": row(user, says("assistant", "a", weight=0.5)),
        "ignored_weight": row(user, says("assistant", "a", weight=1)),
        "bad_tool_result": blocks("q", [USE], [RESULT, RESULT], "a"),
        "doubtful_tools": blocks("q", "a"),
        "bad_tool_call": blocks("q", [USE, USE], [RESULT], "a")
        if target == "bedrock"
        else row(user, {"role": "assistant", "tool_calls": [CALL | {"function": {"name": "f"}}]}),
        "no_tool_call_id": row(user, says("assistant", "a", tool_calls=[CALL]), says("tool", "r"), answer),
        "bad_tools": blocks("q", "a", config={"tools": []})
        if target == "bedrock"
        else row(user, answer, tools=[{"name": "f"}]),
        "reserved_text": row(says("user", "a [EOS] b"), answer),
    }
    return rows[code]


@pytest.mark.parametrize("target", [target["target"] for target in TARGETS])
def test_a_clean_file_breaks_no_limit(target: str, tmp_path: Path) -> None:
    rows = clean(target)
    if target != "bedrock" and not target.startswith("fireworks"):
        called = message(target, "assistant", None, tool_calls=[CALL])
        result = message(target, "tool", "r", tool_call_id=CALL["id"])
        question, answer = message(target, "user", "q"), message(target, "assistant", "a")
        rows.append(row_of(target, message(target, "system", "s"), question, called, result, answer, tools=[TOOL]))
    valid = write(tmp_path, target, clean(target, 102)[100:], "valid.jsonl")
    found = fp.lint(write(tmp_path, target, rows), target, valid=valid)
    assert (found.problems, found.refused) == ([], False), found
    assert [file["rows"] for file in found.to_dict()["files"]] == [len(rows), 2]


@pytest.mark.parametrize(("target", "code", "severity", "limit"), LIMITS)
def test_a_breach_of_a_limit_is_found_in_its_place(
    target: str, code: str, severity: str, limit: str, tmp_path: Path
) -> None:
    rows, name, line, valid = clean(target), "train.jsonl", None, None
    content = content_of(target, rows)
    if code == "compressed":
        content = gzip.compress(content)
    elif code == "not_text":
        content = content_of("", rows).decode().encode("utf-16")
    elif code == "no_byte_order_mark":
        content = content.removeprefix(MARK)
    elif code == "byte_order_mark":
        content = MARK + content
    elif code == "file_extension":
        name = "train.json"
    elif code == "file_name":
        name = "training set.jsonl"
    elif code == "too_few_rows":
        content = content_of(
            target, clean(target, 99 if "100" in limit else 1 if target.startswith("fireworks") else 0)
        )
    elif code == "shared_row":
        line = 8
        same = json.dumps(rows[7]).replace("{", "{ ").encode()
        valid = write(tmp_path, target, [conversation(target, 1_000), same], "valid.jsonl")
    else:
        line = 3
        content = content_of(target, [*rows[:2], planted(target, code), *rows[2:]])
    path = tmp_path / name
    path.write_bytes(content)
    found = fp.lint(path, target, valid=valid or ())
    problems = {problem.code: problem for problem in found.problems}
    problem = problems[code]
    assert (problem.severity, problem.limit, problem.count) == (severity, limit, 1)
    (place,) = problem.places
    assert (place["file"], place["line"]) == (str(path), line)
    assert found.refused == any(other.severity == "error" for other in found.problems)
    assert set(problems) - {code} <= ALSO.get(code, set())


@pytest.mark.parametrize(
    ("outputs", "target", "detail"),
    [
        ({"preferred_output": "good"}, "openai_dpo", '`preferred_output` is a string ("good")'),
        ({"non_preferred_output": None}, "openai_dpo", "it has no `non_preferred_output`"),
        ({"preferred_output": [{"role": "user", "content": "x"}]}, "azure_dpo", "`preferred_output`: `user`"),
        ({"preferred_output": [answered(None)]}, "azure_dpo", "`preferred_output`: no content"),
        ({"preferred_output": [answered(["x"])]}, "azure_dpo", '`preferred_output`: content is an array (["x"])'),
        ({"preferred_output": [answered("x")] * 2}, "together_dpo", "`preferred_output` has 2 messages"),
        ({"preferred_output": [1]}, "fireworks_dpo", "`preferred_output`: an integer (1)"),
    ],
)
def test_outputs_of_preferences(outputs: dict[str, Any], target: Any, detail: str, tmp_path: Path) -> None:
    train = write(tmp_path, target, [*clean(target, 10), conversation(target, 11) | outputs])
    (problem,) = fp.lint(train, target).problems
    assert (problem.code, problem.places[0]["line"], problem.places[0]["detail"]) == ("bad_output", 11, detail)


@pytest.mark.parametrize(
    ("row", "code", "detail"),
    [
        (blocks("q", [USE], [RESULT], "a", config=None), None, None),
        (blocks("q", [USE], [RESULT], "a"), None, None),
        (blocks([USE], "a"), "bad_tool_call", "message 1: `toolUse` of `user`"),
        (blocks("q", [{"toolUse": {"name": "f", "input": {}}}]), "bad_tool_call", "a call has no `toolUseId`"),
        (blocks("q", [{"toolUse": {"toolUseId": "x", "input": {}}}]), "bad_tool_call", "a call has no `name`"),
        (
            blocks("q", [{"toolUse": USE["toolUse"] | {"input": "{}"}}]),
            "bad_tool_call",
            "a call has no `input` that is an object",
        ),
        (blocks("q", [{"toolUse": USE["toolUse"] | {"name": "g"}}]), "bad_tool_call", "`g` is not in `toolConfig`"),
        (blocks("q", [USE, USE]), "bad_tool_call", "two calls have the id `x`"),
        (blocks("q", [USE, RESULT]), "bad_tool_result", "`toolResult` of `assistant`"),
        (blocks([RESULT], [USE]), "bad_tool_result", "message 1: no call before it has the id `x`"),
        (blocks("q", [USE], [RESULT, RESULT], "a"), "bad_tool_result", "two results have the id `x`"),
        (
            blocks("q", [USE], [{"toolResult": {"toolUseId": "x", "content": []}}], "a"),
            "bad_tool_result",
            "a result has no `content` that is a list",
        ),
        (blocks("q", "a", config=[]), None, None),
        (blocks("q", "a", config=[1]), "bad_tools", "it has no `tools` that are a list"),
        (blocks("q", "a", config={"tools": [{}]}), "bad_tools", "tool 1 has no `toolSpec`"),
        (blocks("q", "a", config={"tools": [{"toolSpec": SPEC | {"description": ""}}]}), "bad_tools", "`description`"),
        (blocks("q", "a", config={"tools": [{"toolSpec": SPEC | {"inputSchema": {}}}]}), "bad_tools", "`inputSchema`"),
        (blocks("q", "a", config={"tools": CONFIG["tools"] * 2}), "bad_tools", "two tools are `f`"),
    ],
)
def test_tools_as_blocks(row: dict[str, Any], code: str | None, detail: str, tmp_path: Path) -> None:
    found = fp.lint(write(tmp_path, "bedrock", [*clean("bedrock"), row]), "bedrock")
    errors = {problem.code: problem for problem in found.problems if problem.severity == "error"}
    if code is None:
        assert not errors
    else:
        assert detail in errors[code].places[0]["detail"]


def test_every_breach_is_counted_and_listed_in_order(tmp_path: Path) -> None:
    chosen = random.Random(3)
    rows: list[Any] = []
    broken: list[tuple[int, str]] = []
    for line in range(1, 401):
        code = chosen.choice([None, "bad_json", "blank_line", "unknown_role", "bad_weight"])
        rows.append(conversation("azure", line) if code is None else planted("azure", code))
        broken += [(line, code)] * (code is not None)
    train, listed = write(tmp_path, "azure", rows), tmp_path / "problems.jsonl"
    found = fp.lint(train, "azure", rows=listed, threads=3)
    lines = [json.loads(line) for line in listed.read_text("utf-8").splitlines()]
    assert [(entry["line"], entry["code"]) for entry in lines] == broken
    counts = {problem.code: problem.count for problem in found.problems}
    assert counts == {code: sum(other == code for _, other in broken) for _, code in broken}
    assert all(len(problem.places) == 10 for problem in found.problems)
    assert fp.lint(train, "azure", threads=1).to_dict() == found.to_dict()


def test_conversations_are_compared_as_json_values(tmp_path: Path) -> None:
    train = write(
        tmp_path,
        "trl",
        [
            {"id": 1, "messages": [{"role": "user", "content": "é"}, {"role": "assistant", "content": "1"}]},
            {"messages": [{"role": "user", "content": "é"}, {"role": "assistant", "content": "2"}]},
        ],
    )
    valid = tmp_path / "valid.jsonl"
    valid.write_text(
        '{"messages":[{"content":"\\u00e9" , "role":"user"},{"role":"assistant","content":"1"}],"id":9}\n', "utf-8"
    )
    (problem,) = fp.lint(train, "trl", valid=valid).problems
    assert (problem.code, problem.count) == ("shared_row", 1)
    assert problem.places == [{"file": str(train), "line": 1, "detail": f"as {valid}:1"}]


def test_a_file_with_a_mark_is_read_back_equal(tmp_path: Path) -> None:
    marked, plain = tmp_path / "marked.jsonl", tmp_path / "plain.jsonl"
    marked.write_bytes(content_of("azure", clean("azure")))
    plain.write_bytes(content_of("openai", clean("azure")))
    assert marked.read_bytes() == MARK + plain.read_bytes()
    assert fp.scan(marked).collect()[0].equals(fp.scan(plain).collect()[0])


def test_lines_too_long_are_counted_as_rows_that_were_not_read(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    with path.open("wb") as file:
        file.write(content_of("openai", clean("openai", 9)) + b'{"messages": "')
        file.truncate(file.tell() + (64 << 20))
        file.seek(0, 2)
        file.write(b'"}\n')
    found = fp.lint(path, "openai")
    assert (found.problems, found.to_dict()["files"][0]["lines_not_read"]) == ([], 1)
    assert "1 line too long to be read" in str(found)


def test_errors_of_the_call(tmp_path: Path) -> None:
    path = write(tmp_path, "openai", clean("openai"))
    with pytest.raises(fp.PlanError, match=r"`target` must be one of azure, .*did you mean `openai`"):
        fp.lint(path, "openia")  # type: ignore[arg-type]
    with pytest.raises(fp.PlanError, match="no files"):
        fp.lint([], "openai")
    with pytest.raises(fp.SourceError, match="does not exist"):
        fp.lint(tmp_path / "none.jsonl", "openai")
    with pytest.raises(fp.SourceError, match="a folder, not a file"):
        fp.lint(tmp_path, "openai")
    with pytest.raises(fp.PublishError):
        fp.lint(path, "openai", rows=tmp_path / "none" / "rows.jsonl")


def test_the_command_line(tmp_path: Path) -> None:
    bad = write(tmp_path, "openai", [*clean("openai"), {"messages": []}])

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "fastprep", "lint", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    done = run("train.jsonl", "--target", "openai", "--rows", "rows.jsonl")
    assert done.returncode == 1
    assert "error[no_messages] 1: " in done.stdout
    assert "  train.jsonl:101: `messages` is empty" in done.stdout
    assert len((tmp_path / "rows.jsonl").read_text("utf-8").splitlines()) == 1
    done = run("train.jsonl", "--target", "openai", "--valid", "train.jsonl", "--json")
    assert json.loads(done.stdout) == fp.lint(bad, "openai", valid=bad).to_dict() | {
        key: json.loads(json.dumps(fp.lint(bad, "openai", valid=bad).to_dict()[key]).replace(str(bad), "train.jsonl"))
        for key in ("files", "problems")
    }
    write(tmp_path, "openai", clean("openai"))
    done = run("train.jsonl", "--target", "openai")
    assert (done.returncode, done.stderr) == (0, "")
    assert run("train.jsonl", "--target", "elsewhere").returncode == 2


def test_the_page_shows_the_table() -> None:
    assert TABLES.findall(PAGE.read_text("utf-8")) == [tables()]
