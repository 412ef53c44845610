"""`preview` of conversations: turns, trained tokens, control tokens, documents of packs; on a terminal and a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from shell import run
from test_format_chat import CHAT, byte_level, chats, said
from tiny import PAIR, jsonl, pairs, refused

import fastprep as fp

TALKS = [said("a <|im_end|> b", "first\nsecond", "more?", "third"), said("q <b>&", "a" * 30)]
PLAN = chats(*TALKS).format(CHAT)
TURNS = """\
     user │ <|im_start|>user↵
          │ a <|im_end|> b<|im_end|>↵
assistant │ <|im_start|>assistant↵
          │ first↵
          │ second<|im_end|>↵
     user │ <|im_start|>user↵
          │ more?<|im_end|>↵
assistant │ <|im_start|>assistant↵
          │ third<|im_end|>↵
"""
GREEN, GREEN_TOKEN, TOKEN, DIM = "\x1b[1;32m", "\x1b[1;7;32m", "\x1b[36m", "\x1b[2m"


def shown(plan: fp.Pipeline, capsys: pytest.CaptureFixture[str], n: int = 2) -> str:
    plan.preview(n)
    return capsys.readouterr().out


@pytest.mark.parametrize("tokenized", [False, True])
def test_each_line_has_the_role_of_its_turn(capsys: pytest.CaptureFixture[str], tokenized: bool) -> None:
    text = shown(PLAN.tokenize(byte_level()) if tokenized else PLAN, capsys)
    assert TURNS in text
    assert text.count("user │") == 3


@pytest.mark.parametrize("tokenized", [False, True])
def test_control_tokens_of_the_template_are_told_from_those_of_the_data(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tokenized: bool
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    text = shown(PLAN.tokenize(byte_level()) if tokenized else PLAN, capsys, 1)
    assert text.count(f"{TOKEN}<|im_end|>") == 2
    assert text.count(f"{GREEN_TOKEN}<|im_end|>") == 2
    trained = re.findall(r"\x1b\[1;32m([^\x1b]*)\x1b", text)
    assert "".join(trained).replace("\n", "") == "first↵secondthird"


def test_packs_have_a_line_above_each_document(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(PLAN.tokenize(byte_level(), max_length=400).pack(), capsys)
    assert "tokens, " in text
    assert " · 2 documents" in text
    first, second = text.index("── document 1 ──\n<|im_start|>user"), text.index("── document 2 ──\n<|im_start|>user")
    assert first < text.index("third") < second < text.index("q <b>&")
    plain = pairs(("what", "this"), ("is", "that")).format(PAIR)
    assert "document" not in shown(plain, capsys)


def test_a_page_shows_the_same(tmp_path: Path) -> None:
    PLAN.preview(2, html=tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "a &lt;|im_end|&gt; b<i>&lt;|im_end|&gt;</i>" in page
    assert "<b>first↵\nsecond</b><b><i>&lt;|im_end|&gt;</i></b>" in page
    assert "q &lt;b&gt;&amp;" in page
    assert page.count('<div class="role">assistant</div>') == 3
    PLAN.tokenize(byte_level(), max_length=400).pack().preview(1, html=tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count('<div class="border">') == 2
    pairs(("what", "this"), ("", "x")).format(PAIR).preview(1, html=str(tmp_path / "page.html"))
    assert "Removed from the first 2 rows" in (tmp_path / "page.html").read_text("utf-8")


def test_a_page_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with refused(fp.PublishError, "cannot_write", "the file of html"):
        PLAN.preview(1, html=tmp_path)


def test_the_command_line_writes_a_page_and_shows_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chat.jinja").write_text(CHAT.template, "utf-8")
    raw = str(jsonl(tmp_path / "raw.jsonl", [{"messages": talk} for talk in TALKS]))
    done = run("preview", raw, "--chat-template", "chat.jinja", "--html", "page.html")
    assert (done.code, done.stdout) == (0, "")
    assert "<b>third</b>" in (tmp_path / "page.html").read_text("utf-8")
    PLAN.tokenize(byte_level(), max_length=400).sink_arrow("out")
    assert TURNS in run("show", "out", "-n", "1").stdout


def texts(made: Any) -> str:
    return "".join(piece.text for piece in made)


def test_no_character_is_lost() -> None:
    from fastprep.report.preview_pieces import pieces

    for plan in (PLAN, PLAN.tokenize(byte_level())):
        for row in plan.collect().to_pylist():
            assert texts(pieces(plan._plan, row) or []) == row["text"]
