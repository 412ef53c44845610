"""The command line: exit codes, one JSON object on stdout, all else on stderr."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tiny import jsonl, rejects

import fastprep as fp
from fastprep.cli import main

ROWS = [
    {"prompt": "a", "completion": "1"},
    {"prompt": "b", "completion": "2"},
    {"prompt": "a", "completion": "1"},
    {"prompt": "c", "completion": ""},
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    jsonl(tmp_path / "raw.jsonl", ROWS)
    return tmp_path


@dataclass
class Done:
    """What a command printed, and its exit code."""

    code: object
    stdout: str
    stderr: str


def run(*arguments: str) -> Done:
    """Runs a command in this process, which is faster than in one of its own."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["fastprep", *arguments])
        patch.setenv("COLUMNS", "300")
        with pytest.raises(SystemExit) as end:
            main()
    return Done(end.value.code, out.getvalue(), err.getvalue())


def told(*arguments: str, code: int) -> str:
    """What a command that ends in this code prints on stderr; it prints nothing else."""
    done = run(*arguments)
    assert (done.code, done.stdout) == (code, ""), done.stderr
    return done.stderr


def made(*arguments: str) -> dict[str, Any]:
    """The one JSON object on stdout."""
    done = run(*arguments, "--json")
    assert done.code == 0, done.stderr
    assert done.stdout.count("\n") == 1
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_prepare_publishes_and_prints_one_object() -> None:
    report = made("prepare", "raw.jsonl", "--out", "out", "--jsonl", "--valid", "0.5", "--seed", "3")
    assert report["rows"] == {"read": 4, "written": 2, "rejected": 1, "duplicate": 1, "filtered": 0, "dropped": 0}
    assert report["next"] == "fastprep verify out"
    assert rejects(Path("out"))[0]["code"] == "empty_completion"
    assert {shard["format"] for shard in fp.load("out").manifest["shards"]} == {"arrow", "jsonl"}
    files = list(Path("out").glob("data/*/*"))
    verified = made("verify", "out")
    assert (verified["files"], verified["bytes"]) == (len(files), sum(path.stat().st_size for path in files))
    assert (verified["problems"], verified["unexpected"]) == ([], [])


def test_prepare_prints_a_report_for_people() -> None:
    done = run("prepare", "raw.jsonl", "--out", "out")
    assert done.stdout.startswith("2 rows written of 4 read")
    assert "next: fastprep verify out" in done.stdout


def test_prepare_takes_every_option(tokenizer_folder: Path) -> None:
    report = made(
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
    assert done.stderr.splitlines()[1] == b"error[not_found]: there is no such file or folder"


def test_parquet_is_read() -> None:
    fp.scan_jsonl("raw.jsonl").to_polars().write_parquet("raw.parquet")
    assert made("prepare", "raw.parquet", "--out", "out")["rows"]["read"] == 4


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
    report = made("prepare", "raw.jsonl", "--out", "out", *options)
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


def test_preview_prints_rows() -> None:
    text = run("preview", "raw.jsonl", "-n", "1", "--separator", "=>").stdout
    assert "row 1" in text
    assert "a=>1↵\n###↵" in text
    assert "row 2" not in text


def test_verify_finds_damage() -> None:
    made("prepare", "raw.jsonl", "--out", "out")
    assert run("verify", "out").stdout.startswith("whole: ")
    (shard,) = Path("out").glob("data/*/train-*.arrow")
    shard.write_bytes(shard.read_bytes() + b"x")
    done = run("verify", "out")
    assert done.code == 3
    assert done.stdout.startswith("damaged: ")
    assert f"{shard.name}: has {shard.stat().st_size} bytes, the manifest says" in done.stderr
    done = run("verify", "out", "--json")
    assert done.code == 3
    assert len(json.loads(done.stdout)["problems"]) == 1


def test_run_runs_a_plan_file() -> None:
    plan = '[source]\njsonl = "raw.jsonl"\n[[step]]\nverb = "head"\nn = 2\n[sink]\npath = "out"\n'
    Path("plan.toml").write_text(plan, "utf-8")
    explained = run("run", "plan.toml", "--explain")
    assert "HEAD         2 rows" in explained.stdout
    assert not Path("out").exists()
    assert made("run", "plan.toml")["rows"]["written"] == 2
    assert "error[exists]" in told("run", "plan.toml", code=3)
    assert made("run", "plan.toml", "--overwrite", "--set", "head.n=3")["rows"]["written"] == 3
    assert made("run", "plan.toml", "--out", "other", "--set", "1.n=1")["rows"]["written"] == 1
    assert Path("other/manifest.json").exists()


# What is set, the exit code, and what stderr says.
SETTINGS = {
    "no step": (["--set", "dedup.verify=true"], 2, "no step `dedup`; it has source, 1 filter, 2 filter, 3 head, sink"),
    "no number": (["--set", "4.n=2"], 2, "the plan has no step `4`"),
    "step nearly right": (["--set", "haed.n=2"], 2, "did you mean `head`?"),
    "two steps": (["--set", "filter.sql=n > 1"], 2, "the plan has 2 steps `filter`: say which by its number, 1.sql or"),
    "option nearly right": (["--set", "3.m=2"], 2, "step 3 (head): there is no option `m`; options are n"),
    "option of the sink": (["--set", "sink.overwrit=true"], 2, "[sink]: there is no option `overwrit`; did you mean"),
    "option of the source": (["--set", "source.json=x"], 2, "[source]: there is no option `json`; did you mean"),
    "the verb": (["--set", "3.verb=dedup"], 2, "step 3 (head): there is no option `verb`"),
    "value": (["--set", "head.n=many"], 2, "step 3 (head) with --set head.n=many: n='many' is not a whole number"),
    "no value": (["--set", "head.n"], 2, "'head.n' sets nothing: write STEP.OPTION=VALUE, such as "),
    "no option": (["--set", "head=2"], 2, "'head=2' sets nothing"),
    "backslash": (["--set", r"2.sql=prompt <> '\n'"], 2, "has a backslash: write the value as a TOML string"),
    "target": (["--out", "s3://x"], 2, "[sink] with --out: 's3://x' is a URL"),
    "no target": ([], 2, "error[bad_plan_file]: [sink] has no path at plan.toml help: write path"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_wrong_setting_is_named(name: str) -> None:
    arguments, code, says = SETTINGS[name]
    steps = "".join(f'[[step]]\nverb = "filter"\nsql = "prompt <> {i}"\n' for i in ("'x'", "'y'"))
    Path("plan.toml").write_text(f'[source]\njsonl = "raw.jsonl"\n{steps}[[step]]\nverb = "head"\nn = 2\n', "utf-8")
    assert says in " ".join(told("run", "plan.toml", *arguments, code=code).split())


def test_settings_are_toml_or_text_and_their_paths_start_at_the_current_folder(tokenizer_folder: Path) -> None:
    jsonl(Path("b.jsonl"), [{"q": "one", "a": "1"}, {"q": "two", "a": "2"}, {"q": "one", "a": "3"}])
    Path("plans").mkdir()
    Path("plans/plan.toml").write_text(
        """
        version = 2
        [source]
        parquet = "absent.parquet"
        [[step]]
        verb = "rename"
        [[step]]
        verb = "format"
        prompt = "{q}"
        completion = "{a}"
        [[step]]
        verb = "dedup"
        [[step]]
        verb = "split"
        [[step]]
        verb = "tokenize"
        """, "utf-8",
    )  # fmt: skip
    given = {
        "source.jsonl": "b*.jsonl",
        "rename.a": "b",
        "format.completion": "{b}",
        "format.stop": '"\\n==\\n"',
        "dedup.on": '["prompt"]',
        "split.valid": "40%",
        "tokenize.tokenizer": str(tokenizer_folder),
        "tokenize.max_length": "64",
    }
    settings = [word for name, value in given.items() for word in ("--set", f"{name}={value}")]
    report = made("run", "plans/plan.toml", "--out", "out", *settings)
    assert report["rows"] == {"read": 3, "written": 2, "rejected": 0, "duplicate": 1, "filtered": 0, "dropped": 0}
    data = fp.load("out")
    assert data.format.stop == "\n==\n"
    assert data.manifest["tokenizer"]["max_length"] == 64
    assert list(data) == ["train", "valid"]
    explained = run("run", "plans/plan.toml", "--explain", *settings)
    assert "valid=0.4" in explained.stdout


# --- check, suggest, show


def test_check_says_what_prepare_would_reject_and_writes_nothing() -> None:
    before = sorted(Path().iterdir())
    done = run("check", "raw.jsonl")
    assert done.code == 0
    assert done.stdout.splitlines() == [
        "2 rows would be written of 4 read",
        "  -         1  duplicate         first: raw.jsonl:3",
        "  -         1  empty_completion  first: raw.jsonl:4",
    ]
    assert sorted(Path().iterdir()) == before
    assert made("check", "raw.jsonl")["error"] is None
    counted, written = made("check", "raw.jsonl"), made("prepare", "raw.jsonl", "--out", "out")
    assert (counted["rows"], counted["reasons"]) == (written["rows"], written["reasons"])


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--max-rejects", "0"], "too_many_rejects", "1 of 4 rows would be rejected, more than --max-rejects allows"),
        (["--max-rejects", "20%"], "too_many_rejects", "1 of 4 rows would be rejected"),
        (["--filter", "prompt = 'z'"], "no_rows", "no row would be left of the 4 read"),
        (["--max-rejects", "1"], None, None),
        (["--max-rejects", "25%"], None, None),
    ],
)
def test_check_ends_as_prepare_would(options: list[str], code: str | None, says: str | None) -> None:
    done = run("check", "raw.jsonl", *options, "--json")
    error = json.loads(done.stdout)["error"]
    prepared = run("prepare", "raw.jsonl", "--out", "out", *options)
    assert done.code == prepared.code == (1 if code else 0)
    if code:
        assert error["code"] == code
        assert says in error["message"]
        assert f"error[{code}]: " in prepared.stderr
        shown = run("check", "raw.jsonl", *options)
        assert shown.code == 1
        assert f"error[{code}]: {error['message']}\n  help: {error['help']}" in shown.stderr
        assert prepared.stderr.split("help: ")[1].strip() == error["help"]


def test_suggest_prints_flags_that_prepare_takes(tokenizer_folder: Path) -> None:
    jsonl(Path("raw.jsonl"), [{"q": "a\n##\nb", "a": "1"}, {"q": "b", "a": "2"}])
    templates = ["--template", "{q}", "--completion", "{a}"]
    done = run("suggest", "raw.jsonl", *templates)
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout == "--separator '\\n\\n###\\n\\n' --stop ' END'\n"
    assert made("suggest", "raw.jsonl", *templates) == {"separator": "\n\n###\n\n", "stop": " END", "warnings": []}
    report = made("prepare", "raw.jsonl", "--out", "out", *templates, *shlex.split(done.stdout))
    assert report["rows"]["written"] == 2
    assert run("suggest", "raw.jsonl", *templates, "--tokenizer", str(tokenizer_folder), "--no-eos").code == 0
    assert "error[missing_column]" in told("suggest", "raw.jsonl", code=2)


def test_a_suggested_stop_without_ids_of_its_own_is_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    from fastprep import suggest

    monkeypatch.setattr(suggest, "_stable_share", lambda *_: 0.5)
    done = run("suggest", "raw.jsonl", "--tokenizer", "any")
    assert done.stderr.startswith("warning: stop ")
    warned = made("suggest", "raw.jsonl", "--tokenizer", "any")["warnings"]
    assert warned == [done.stderr.removeprefix("warning: ").strip()]


def test_show_prints_what_a_folder_holds(tokenizer_folder: Path) -> None:
    made("prepare", "raw.jsonl", "--out", "out", "--tokenizer", str(tokenizer_folder), "--test", "0.5", "--no-shuffle")
    data = fp.load("out")
    shown = run("show", "out").stdout
    assert shown.startswith(f"out: 2 rows, written by fastprep {fp.__version__}\n")
    assert f"{data['train'].tokens:>13,} tokens" in shown
    for part in ("prompt str, completion str, input_ids list<int32>", "stop '\\n###\\n'", "vocab_size", "raw.jsonl: ",
                 "4 read, 2 written, 1 rejected, 1 duplicate", "    TOKENIZE     tokenizer"):  # fmt: skip
        assert part in shown
    assert made("show", "out") == {"path": "out", **data.manifest}
    rows = run("show", "out", "-n", "1").stdout
    assert rows.startswith(shown)
    assert "a↵\n##↵\n1↵" in rows
    assert "error[not_prepared]" in told("show", "absent", code=3)


def test_show_has_no_rows_of_ids_alone(tokenizer_folder: Path) -> None:
    options = ["--tokenizer", str(tokenizer_folder), "--max-length", "64", "--pack"]
    made("prepare", "raw.jsonl", "--out", "out", *options)
    assert "the folder keeps no text, ids alone: leave -n out" in told("show", "out", "-n", "1", code=2)
    done = run("show", "out", "-n", "1", "--json")
    assert (done.code, json.loads(done.stdout)["code"]) == (2, "usage")


# The command, its exit code, and what it says on stderr.
FAILURES = {
    "too many rejects": (["--max-rejects", "0"], 1, "error[too_many_rejects]: 1 of 4 rows were rejected, more than"),
    "row refused": (
        ["--on-collision", "raise", "--separator", "a", "--template", "{prompt} {prompt}"],
        1,
        "error[separator_collision]: separator",
    ),
    "no such column": (["--template", "{promt}"], 2, "there are: prompt, completion; did you mean `prompt`?"),
    "broken template": (["--template", "{prompt"], 2, "error[bad_template]: "),
    "wrong word": (["--on-collision", "nope"], 2, "'nope' is not one of 'reject', 'drop', 'raise', 'insert_space'"),
    "broken filter": (["--filter", "n > ("], 2, "Invalid value for --filter: 'n > (' is not polars SQL"),
    "filter over rows": (["--filter", "prompt > MAX(prompt)"], 2, "error[not_row_wise]: filter: "),
    "filter of no column": (["--filter", "promt = 'a'"], 2, "did you mean `prompt`? help: name a column that is there"),
    "select of no column": (["--select", "promt"], 2, "did you mean `prompt`?"),
    "select of a template's column": (["--select", "prompt", "--template", "Q: {prompt}"], 2, "they use it up"),
    "by of no column": (["--valid", "0.1", "--by", "lang"], 2, "error[missing_column]: split: "),
    "by without a split": (["--by", "lang"], 2, "--by and --existing need a split: --valid or --test"),
    "existing without a split": (["--existing", "keep"], 2, "--by and --existing need a split: --valid or --test"),
    "shares above 1": (["--valid", "0.5", "--test", "60%"], 2, "error[bad_option]: split: the shares add up to 1.1"),
    "packs in order": (["--pack", "--no-shuffle"], 2, "--pack makes packs in an order of its own"),
    "packs with columns": (["--pack", "--select", "lang"], 2, "--pack keeps the columns of tokens alone"),
    "empty mark": (["--stop", ""], 2, "error[bad_prompt_format]: the stop is empty"),
    "no tokenizer": (["--tokenizer", "nope"], 2, "error[tokenizer_not_found]: there is no such tokenizer"),
    "no number": (["--max-rejects", "few"], 2, "'few' is neither a number of rows nor a share such as 0.01 or 1%"),
    "unknown option": (["--lenght", "3"], 2, "No such option: --lenght"),
    "option nearly right": (["--separater", "x"], 2, "No such option: --separater (Possible options: --separator"),
    "trailing backslash": (["--separator", "x\\"], 2, "has a backslash that escapes nothing"),
    "broken escape": (["--stop", r"\u12"], 2, "has a backslash that escapes nothing"),
    "share above 1": (["--valid", "2"], 2, "error[bad_option]: split: valid=2 is not a share"),
    "target in a file": (["--out", "raw.jsonl/x"], 3, "error[cannot_write]: cannot write to this folder"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_fails_has_its_exit_code_and_no_traceback(name: str) -> None:
    arguments, code, says = FAILURES[name]
    assert says in " ".join(told("prepare", "raw.jsonl", "--out", "out", *arguments, code=code).split())
    assert not Path("out").exists()


def test_missing_files_are_input_errors() -> None:
    assert "error[not_found]: there is no such file or folder\n  at no.jsonl" in told(
        "prepare", "no.jsonl", "--out", "out", code=3
    )
    assert "error[not_prepared]: " in told("verify", "no", code=3)
    assert "error[cannot_read]: the plan file cannot be read" in told("run", "no.toml", code=3)


def test_usage_is_told() -> None:
    assert "Missing option '--out'" in told("prepare", "raw.jsonl", code=2)
    assert "No such command 'frobnicate'" in told("frobnicate", code=2)
    done = run("--help")
    assert done.code == 0
    for command in ("prepare", "check", "explain", "preview", "suggest", "run", "show", "verify", "retokenize"):
        assert command in done.stdout
