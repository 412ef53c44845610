"""The command line: exit codes, one JSON object on stdout, all else on stderr."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from shell import answer, failure, run
from shell import folder as folder
from tiny import jsonl, rejects

import fastprep as fp


def test_prepare_publishes_and_prints_one_object() -> None:
    report = answer("prepare", "raw.jsonl", "--out", "out", "--jsonl", "--valid", "0.5", "--seed", "3")
    assert report["rows"] == {"read": 4, "written": 2, "rejected": 1, "duplicate": 1, "filtered": 0, "dropped": 0}
    assert report["next"] == "fastprep verify out"
    assert rejects(Path("out"))[0]["code"] == "empty_completion"
    assert {shard["format"] for shard in fp.load("out").manifest["shards"]} == {"arrow", "jsonl"}
    files = list(Path("out").glob("data/*/*"))
    verified = answer("verify", "out")
    assert (verified["files"], verified["bytes"]) == (len(files), sum(path.stat().st_size for path in files))
    assert (verified["problems"], verified["unexpected"]) == ([], [])


def test_prepare_prints_a_report_for_people() -> None:
    done = run("prepare", "raw.jsonl", "--out", "out")
    assert done.stdout.startswith("2 rows written of 4 read")
    assert "next: fastprep verify out" in done.stdout


def test_prepare_takes_every_option(tokenizer_folder: Path) -> None:
    report = answer(
        "prepare", "raw.jsonl", "--out", "out", "--template", r"Q:\t{prompt}", "--completion", "A: {completion}",
        "--separator", "=>", "--stop", r"\x00END", "--tokenizer", str(tokenizer_folder), "--max-length", "40",
        "--on-overflow", "truncate_prompt_left", "--on-collision", "drop", "--special-tokens", "as_text",
        "--no-dedup", "--eos", "--max-rejects", "50%",
    )  # fmt: skip
    assert report["rows"]["written"] == 4
    assert report["tokens"]["length"]["max"] <= 40
    data = fp.load("out")
    assert data.format.render(prompt="x", completion="y") == ("Q:\tx=>", "A: y\x00END")
    assert all(ids[-1] == 0 for ids in data["train"].to_arrow()["input_ids"].to_pylist())


@pytest.mark.parametrize(
    ("given", "meant"),
    [(r"\n##\n", "\n##\n"), (r"\t→é", "\t→é"), (r"\\n", "\\n"), (r"\u00e9#", "é#"), ("\n=\n", "\n=\n")],
)
def test_escapes_are_decoded_and_echoed(given: str, meant: str) -> None:
    done = run("prepare", "raw.jsonl", "--out", "out", "--separator", given)
    assert done.code == 0
    assert done.stderr.startswith(f"separator {meant!r}, stop '\\n###\\n'")
    assert fp.load("out").format.separator == meant


def test_standard_input_is_read_by_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "fastprep", "prepare", "-", "--out", "out", "--json"]
    done = subprocess.run(command, input=Path("raw.jsonl").read_bytes(), capture_output=True, check=True)
    report = json.loads(done.stdout)
    assert report["rows"]["read"] == 4
    assert report["steps"][0]["step"] == "scan_jsonl"
    assert report["reasons"]["duplicate"]["first"] == {"file": "<stdin>", "row": 2, "line": 3}


def test_a_failing_process_has_its_exit_code_and_no_traceback() -> None:
    command = [sys.executable, "-m", "fastprep", "prepare", "no.jsonl", "--out", "out"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"Traceback" not in done.stderr
    assert done.stderr.splitlines()[0] == b"error[not_found]: the file or folder does not exist"


def test_parquet_is_read() -> None:
    fp.scan_jsonl("raw.jsonl").to_polars().write_parquet("raw.parquet")
    assert answer("prepare", "raw.parquet", "--out", "out")["rows"]["read"] == 4


def test_explain_prints_the_plan_of_prepare(tokenizer_folder: Path) -> None:
    options = "--on-overflow drop --on-collision drop --special-tokens strip --valid 0.1 --max-length 99".split()
    text = run("explain", "raw.jsonl", "--tokenizer", str(tokenizer_folder), *options).stdout
    for part in ("SCAN_JSONL", "on_collision=drop", "DEDUP", "valid=0.1", "max_length=99; on_overflow=drop", "SHUFFLE"):
        assert part in text
    assert not Path("out").exists()


def test_rows_are_filtered_selected_split_and_left_in_order() -> None:
    row = {"completion": "x", "more": 1}
    rows = [{"prompt": str(i), "lang": "en" if i < 200 else "de", "user": i // 4, **row} for i in range(400)]
    jsonl(Path("raw.jsonl"), rows)
    options = ["--filter", "lang = 'en'", "--filter", "LENGTH(prompt) > 2", "--select", "user", "--select", "lang"]
    options += ["--valid", "20%", "--test", "0.2", "--by", "user", "--no-shuffle", "--seed", "1"]
    report = answer("prepare", "raw.jsonl", "--out", "out", *options)
    assert report["rows"]["filtered"] == 300
    data = fp.load("out")
    assert list(data) == ["train", "valid", "test"]
    users = []
    for split in data.values():
        rows = split.to_arrow().to_pylist()
        assert all(list(row) == ["prompt", "completion", "user", "lang"] for row in rows)
        assert [row["prompt"] for row in rows] == sorted(row["prompt"] for row in rows)
        users.append({row["user"] for row in rows})
    assert all(users)
    assert sum(map(len, users)) == len(set.union(*users))


def test_explain_and_preview_take_the_flags_of_prepare() -> None:
    jsonl(Path("raw.jsonl"), [{"prompt": p, "completion": "x", "n": p} for p in "abc"])
    options = ["--filter", "n <> 'a'", "--select", "n", "--test", "0.5", "--by", "n", "--no-shuffle"]
    explained = run("explain", "raw.jsonl", *options).stdout
    assert "SHUFFLE" not in explained
    for part in ("FILTER", "SELECT       prompt, completion, n", "SPLIT        test=0.5, train the rest; by n"):
        assert part in explained
    previewed = run("preview", "raw.jsonl", *options).stdout
    assert "b↵" in previewed
    assert "a↵" not in previewed


def test_a_chat_template_renders_rows_of_any_dialect() -> None:
    template = "{% for m in messages %}[{{ m.role }}]{{ m.content }}</s>{% endfor %}"
    Path("chat.jinja").write_text(template + "{% if add_generation_prompt %}[assistant]{% endif %}", "utf-8")
    options = ["--chat-template", "chat.jinja", "--no-shuffle"]
    answer("prepare", "raw.jsonl", "--out", "out", *options, "--train", "last")
    (row, *_) = fp.load("out")["train"].to_arrow().to_pylist()
    assert row["text"] == "[user]a</s>[assistant]1</s>"
    explained = run("explain", "raw.jsonl", *options).stdout
    assert "of pairs" in explained
    assert "train=all; on_dropped=reject" in explained
    assert "chat_template" in run("show", "out").stdout
    done = run("prepare", "raw.jsonl", "--out", "no", *options, "--stop", "x")
    assert (done.code, "leave them out beside --chat-template" in done.stderr.replace("\n", " ")) == (2, True)
    assert run("explain", "raw.jsonl", "--train", "last").code == 2


def test_preview_prints_rows() -> None:
    text = run("preview", "raw.jsonl", "-n", "1", "--separator", "=>").stdout
    assert "row 1" in text
    assert "a=>1↵\n###↵" in text
    assert "row 2" not in text


def test_verify_finds_damage() -> None:
    answer("prepare", "raw.jsonl", "--out", "out")
    assert run("verify", "out").stdout.startswith("OK: all ")
    (shard,) = Path("out").glob("data/*/train-*.arrow")
    shard.write_bytes(shard.read_bytes() + b"x")
    done = run("verify", "out")
    assert done.code == 3
    assert done.stdout.startswith("damaged: ")
    assert f"{shard.name}: has {shard.stat().st_size} bytes, the manifest says" in done.stderr
    done = run("verify", "out", "--json")
    assert done.code == 3
    assert len(json.loads(done.stdout)["problems"]) == 1


# The command, its exit code, and what it says on stderr.
FAILURES = {
    "too many rejects": (["--max-rejects", "0"], 1, "error[too_many_rejects]: 1 of 4 rows were rejected, more than"),
    "row refused": (
        ["--on-collision", "raise", "--separator", "a", "--template", "{prompt} {prompt}"],
        1,
        "error[separator_collision]: separator",
    ),
    "no such column": (["--template", "{promt}"], 2, "columns: prompt, completion; did you mean `prompt`?"),
    "broken template": (["--template", "{prompt"], 2, "error[bad_template]: "),
    "wrong word": (["--on-collision", "nope"], 2, "'nope' is not one of 'reject', 'drop', 'raise', 'insert_space'"),
    "broken filter": (["--filter", "n > ("], 2, "Invalid value for --filter: 'n > (' is not polars SQL"),
    "filter over rows": (["--filter", "prompt > MAX(prompt)"], 2, "error[not_row_wise]: filter: "),
    "filter of no column": (["--filter", "promt = 'a'"], 2, "did you mean `prompt`? help: name an existing column"),
    "select of no column": (["--select", "promt"], 2, "did you mean `prompt`?"),
    "select of a template's column": (
        ["--select", "prompt", "--template", "Q: {prompt}"],
        2,
        "'prompt' is a column of the templates: its text is in prompt or completion already",
    ),
    "by of no column": (["--valid", "0.1", "--by", "lang"], 2, "error[missing_column]: split: "),
    "by without a split": (["--by", "lang"], 2, "--by and --existing need a split: --valid or --test"),
    "existing without a split": (["--existing", "keep"], 2, "--by and --existing need a split: --valid or --test"),
    "shares above 1": (["--valid", "0.5", "--test", "60%"], 2, "split: the sum of the shares must be less"),
    "length without a tokenizer": (["--max-length", "5"], 2, "need a --tokenizer"),
    "overflow without a tokenizer": (["--on-overflow", "drop"], 2, "need a --tokenizer"),
    "tokens without a tokenizer": (["--special-tokens", "strip"], 2, "need a --tokenizer"),
    "packs in order": (["--pack", "--no-shuffle"], 2, "--pack shuffles the packs: leave --no-shuffle out"),
    "packs with columns": (["--pack", "--select", "lang"], 2, "--pack keeps only the token columns"),
    "empty mark": (["--stop", ""], 2, "error[bad_prompt_format]: `stop` must not be empty"),
    "no tokenizer": (["--tokenizer", "nope"], 2, "error[tokenizer_not_found]: there is no such tokenizer"),
    "no number": (["--max-rejects", "few"], 2, "'few' is neither a number of rows nor a share such as 0.01 or 1%"),
    "unknown option": (["--lenght", "3"], 2, "No such option: --lenght"),
    "option nearly right": (["--separater", "x"], 2, "--separater (Possible options: --report, --separator"),
    "trailing backslash": (["--separator", "x\\"], 2, "has an invalid escape"),
    "broken escape": (["--stop", r"\u12"], 2, "has an invalid escape"),
    "share above 1": (["--valid", "2"], 2, "error[bad_option]: split: `valid` must be a share between 0 and 1; got 2"),
    "target in a file": (["--out", "raw.jsonl/x"], 3, "error[cannot_write]: cannot write to this folder"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_fails_has_its_exit_code_and_no_traceback(name: str) -> None:
    arguments, code, says = FAILURES[name]
    assert says in " ".join(failure("prepare", "raw.jsonl", "--out", "out", *arguments, code=code).split())
    assert not Path("out").exists()


def test_missing_files_are_input_errors() -> None:
    assert "error[not_found]: the file or folder does not exist\n  at no.jsonl" in failure(
        "prepare", "no.jsonl", "--out", "out", code=3
    )
    assert "error[not_prepared]: " in failure("verify", "no", code=3)
    assert "error[cannot_read]: the plan file cannot be read" in failure("run", "no.toml", code=3)


def test_usage_is_told() -> None:
    assert "Missing option '--out'" in failure("prepare", "raw.jsonl", code=2)
    assert "No such command 'frobnicate'" in failure("frobnicate", code=2)
    done = run("--help")
    assert done.code == 0
    for command in ("prepare", "check", "explain", "preview", "suggest", "run", "show", "verify", "retokenize"):
        assert command in done.stdout
