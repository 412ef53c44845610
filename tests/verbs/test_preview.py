"""`preview`: the first rows as the model sees them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import PAIR, jsonl, pairs, records, refused

import fastprep as fp


def shown(plan: fp.Pipeline, capsys: pytest.CaptureFixture[str], n: int = 3) -> str:
    plan.preview(n)
    return capsys.readouterr().out


def test_shows_context_and_target_with_marked_line_ends(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(pairs(("what\tis\x07it", "this"), ("x", "y")).format(PAIR), capsys, 1)
    assert text.startswith("context · trained\nrow 1 ")
    assert "what→is\\x07it↵\n##↵\nthis↵\n###↵" in text
    assert "row 2" not in text


def test_shows_tokens_and_counts(tokenizer_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = pairs(("what is", "paris")).format(PAIR).split(valid=0.5).tokenize(tokenizer_folder)
    row = plan.collect().to_pylist()[0]
    trained = sum(label != -100 for label in row["labels"])
    text = shown(plan, capsys)
    assert f"row 1 · {row['split']} · {len(row['input_ids'])} tokens, {trained} trained" in text
    assert "what is↵\n##↵\nparis↵\n###↵" in text


def test_shows_columns_where_there_is_no_format(capsys: pytest.CaptureFixture[str]) -> None:
    assert "a: x\nn: 1\n" in shown(records({"a": "x", "n": 1}), capsys)


def test_says_what_was_taken_out(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(pairs(("a", ""), ("a", "b")).format(PAIR), capsys)
    assert "removed from the first 2 rows of the input:\n  1 empty_completion, first: data:1\n" in text


def test_needs_no_shuffle_of_all_rows(capsys: pytest.CaptureFixture[str]) -> None:
    def endless() -> object:
        while True:
            yield {"prompt": "a", "completion": "b" * 1000}

    plan = fp.from_records(endless()).format(PAIR).shuffle()  # type: ignore[arg-type]
    assert "row 1" in shown(plan, capsys, 1)


def test_a_plan_that_rejects_every_row_ends_soon_and_says_why() -> None:
    read = 0

    def endless() -> object:
        nonlocal read
        while True:
            read += 1
            yield {"prompt": "a", "completion": "" if read % 10 else None, "long": "x" * 1000}

    with refused(fp.DataError, "no_rows", "no rows are left of the 1000 read; removed: 900 empty_completion, ") as e:
        fp.from_records(endless()).format(PAIR).preview()  # type: ignore[arg-type]
    assert e.value.reason == "empty_completion"
    assert "completion=" in e.value.help
    assert read < 100_000


def test_places_of_sources_without_lines_count_rows_from_1(capsys: pytest.CaptureFixture[str]) -> None:
    table = pairs(("x", "y"), ("a", ""), ("c", "d")).collect()
    assert "first: frame:2" in shown(fp.from_arrow(table, name="frame").format(PAIR), capsys)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_any_terminal_can_show_it(encoding: str, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "u.jsonl", [{"prompt": "a\tb", "completion": "é → 日"}])
    code = f"import fastprep as fp; fp.scan_jsonl({str(path)!r}).format(fp.PromptFormat('{{prompt}}', completion="
    code += "'{completion}')).preview()"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode(encoding)
    assert {
        "cp1252": "a\\tb\\n\n##\\n\né \\u2192 \\u65e5\\n",
        "ascii": "a\\tb\\n\n##\\n\n\\xe9 \\u2192 \\u65e5\\n",
        "utf-8": "a→b↵\n##↵\né → 日↵",
    }[encoding] in text.replace("\r\n", "\n")


@pytest.mark.parametrize("n", [0, -1, "3"])
def test_shows_a_number_of_rows_above_0(n: object) -> None:
    with refused(fp.PlanError, "bad_option", "preview: `n` must be"):
        pairs(("a", "b")).preview(n)  # type: ignore[arg-type]


def test_characters_that_steer_a_terminal_are_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    plan = records({"q": "a\x00\x1b[31m\u202e\nz"})
    for shown_plan in (plan, plan.format(fp.PromptFormat("{q}", completion="{q}"))):
        text = shown(shown_plan, capsys)
        assert "a\\x00\\x1b[31m\\u202e↵\nz" in text
        assert not {"\x00", "\x1b", "\u202e"} & set(text)


def test_a_plan_that_cannot_run_has_no_preview(tokenizer_folder: Path) -> None:
    pl = pytest.importorskip("polars", reason="polars is not installed")
    plan = pairs(("a", "b")).format(PAIR).tokenize(tokenizer_folder, max_length=64).pack()
    with refused(fp.ColumnError, "missing_column", "no column `prompt`"):
        plan.filter(pl.col("prompt") != "").preview(1)
