"""`fastprep show` of raw files, and commands without templates."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from shell import answer, failure, run
from shell import folder as folder
from tiny import jsonl

import fastprep as fp

ALPACA = [{"instruction": f"do {i}", "input": "it" * (i % 2), "output": f"done {i}"} for i in range(20)]
CHAT = [
    {"messages": [{"role": "user", "content": f"{i}?"}, {"role": "assistant", "content": f"{i}."}]} for i in range(9)
]


def raw(rows: list[dict[str, Any]]) -> None:
    jsonl(Path("rows.jsonl"), rows)


def test_show_says_what_a_file_is_and_how_to_prepare_it() -> None:
    raw(ALPACA)
    shown = run("show", "rows.jsonl").stdout
    assert shown.startswith("SCAN_JSONL   1 file: rows.jsonl")
    for says in ["instruction str, input str, output str", "alpaca: ", "20 of 20 rows fit (100.0%)", "user: do 1 it"]:
        assert says in shown.replace("\\n\\n", " ").replace(" | ", " "), shown
    command = next(line for line in shown.splitlines() if "fastprep prepare" in line)
    assert "rows.jsonl --out OUT" in command
    (line,) = [line for line in shown.splitlines() if "fp.scan(" in line]
    written = eval(line.replace(".sink_arrow('OUT')", ""), {"fp": fp})
    run(*shlex.split(command)[1:])
    assert fp.load("OUT")["train"].to_polars().equals(written.to_polars())


def test_show_of_several_files_names_all_in_its_commands() -> None:
    raw(ALPACA)
    jsonl(Path("-more rows.jsonl"), ALPACA[:3])
    shown = run("show", "rows.jsonl", "./-more rows.jsonl").stdout
    assert "fastprep prepare rows.jsonl './-more rows.jsonl' --out OUT" in shown
    assert "fp.scan(['rows.jsonl', '-more rows.jsonl'])" in shown
    shown = run("show", "--", "-more rows.jsonl").stdout
    assert "fastprep prepare './-more rows.jsonl' --out OUT" in shown


def test_show_says_what_is_left_out() -> None:
    Path("x.csv").write_text(",prompt,completion\n0,a,b\n1,c,d\n")
    assert "row numbers of a pandas frame" in run("show", "x.csv").stdout


def test_show_of_a_dialogue_shows_its_end() -> None:
    raw([{"prompt": "q", "chosen": CHAT[0]["messages"] * 5, "rejected": CHAT[1]["messages"] * 5}] * 9)
    shown = run("show", "rows.jsonl").stdout
    assert "… 15 more turns …" in shown
    assert "rejected assistant: 1." in shown


def test_standard_input_cannot_be_shown() -> None:
    says = " ".join(failure("show", "-", code=2).replace("│", " ").split())
    assert "standard input can be read only once: save it to a file" in says


def test_show_of_raw_files_as_one_object() -> None:
    raw(CHAT)
    shown = answer("show", "rows.jsonl")
    assert shown["columns"] == {"messages": "json"}
    assert (shown["dialect"]["name"], shown["dialect"]["rows"], shown["dialect"]["fits"]) == ("openai_chat", 9, 9)


def test_rows_of_a_prepared_folder_are_not_those_of_raw_files() -> None:
    raw(CHAT)
    assert "-n is for prepared folders" in " ".join(failure("show", "rows.jsonl", "-n", "1", code=2).split())


def test_prepare_without_templates_uses_those_of_the_dialect() -> None:
    raw(ALPACA)
    done = run("prepare", "rows.jsonl", "--out", "out", "--separator", "=>")
    assert "20 of the first 20 rows fit" in done.stderr
    data = fp.load("out")
    assert data.format.prompt == "{instruction}{#input}\n\n{input}{/input}"
    assert (data.format.completion, data.format.separator) == ("{output}", "=>")
    assert sorted(data["train"].to_polars()["prompt"])[:2] == ["do 0=>", "do 1\n\nit=>"]


@pytest.mark.parametrize("command", ["check", "explain", "preview", "suggest"])
def test_other_commands_use_them_too(command: str) -> None:
    raw(ALPACA)
    assert "20 of the first 20 rows fit" in run(command, "rows.jsonl").stderr


def test_rows_of_no_dialect_are_named() -> None:
    raw([{"prompt": "a", "completion": "b", "good": True}] * 5)
    said = " ".join(run("prepare", "rows.jsonl", "--out", "out").stderr.split())
    assert "the dialect of the rows is unknown" in said
    assert "kto" in said
    assert "--template '{prompt}' --completion '{completion}'" in said
    raw([{"a": "x", "b": [1]}] * 5)
    says = " ".join(failure("prepare", "rows.jsonl", "--out", "out", code=2).split())
    assert "the dialect of the rows is unknown" in says
    assert "there is no column `prompt`" in says


def test_rows_without_templates_are_named() -> None:
    raw(CHAT)
    says = " ".join(failure("prepare", "rows.jsonl", "--out", "out", code=2).replace("│", " ").split())
    assert "no template is given, and the rows are messages of role and content (openai_chat)" in says
    assert "fastprep show FILE" in says
