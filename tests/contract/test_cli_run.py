"""`fastprep run`: plan files, and what the command line sets in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell import answer, failure, run
from shell import folder as folder
from tiny import jsonl

import fastprep as fp


def test_run_runs_a_plan_file() -> None:
    plan = '[source]\njsonl = "raw.jsonl"\n[[step]]\nverb = "head"\nn = 2\n[sink]\npath = "out"\n'
    Path("plan.toml").write_text(plan, "utf-8")
    explained = run("run", "plan.toml", "--explain")
    assert "HEAD         2 rows" in explained.stdout
    assert not Path("out").exists()
    assert answer("run", "plan.toml")["rows"]["written"] == 2
    assert "error[exists]" in failure("run", "plan.toml", code=3)
    assert answer("run", "plan.toml", "--overwrite", "--set", "head.n=3")["rows"]["written"] == 3
    assert answer("run", "plan.toml", "--out", "other", "--set", "1.n=1")["rows"]["written"] == 1
    assert Path("other/manifest.json").exists()


# What is set, the exit code, and what stderr says.
SETTINGS = {
    "no step": (["--set", "dedup.verify=true"], 2, "no step `dedup`; it has source, 1 filter, 2 filter, 3 head, sink"),
    "no number": (["--set", "4.n=2"], 2, "the plan has no step `4`"),
    "step nearly right": (["--set", "haed.n=2"], 2, "did you mean `head`?"),
    "two steps": (["--set", "filter.sql=n > 1"], 2, "the plan has 2 steps `filter`: choose one by its number"),
    "option nearly right": (["--set", "3.m=2"], 2, "step 3 (head): there is no option `m`; options are n"),
    "option of the sink": (["--set", "sink.overwrit=true"], 2, "[sink]: there is no option `overwrit`; did you mean"),
    "option of the source": (["--set", "source.jsonline=x"], 2, "[source]: there is no option `jsonline`; did you"),
    "the verb": (["--set", "3.verb=dedup"], 2, "step 3 (head): there is no option `verb`"),
    "value": (["--set", "head.n=many"], 2, "step 3 (head) with --set head.n=many: `n` must be a whole number"),
    "no value": (["--set", "head.n"], 2, "'head.n' is not a setting: write STEP.OPTION=VALUE, such as "),
    "no option": (["--set", "head=2"], 2, "'head=2' is not a setting"),
    "backslash": (["--set", r"2.sql=prompt <> '\n'"], 2, "has a backslash: write the value as a TOML string"),
    "target": (["--out", "s3://x"], 2, "[sink] with --out: 's3://x' is a URL"),
    "no target": ([], 2, "error[bad_plan_file]: [sink] needs a path at plan.toml help: write path"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_wrong_setting_is_named(name: str) -> None:
    arguments, code, says = SETTINGS[name]
    steps = "".join(f'[[step]]\nverb = "filter"\nsql = "prompt <> {i}"\n' for i in ("'x'", "'y'"))
    Path("plan.toml").write_text(f'[source]\njsonl = "raw.jsonl"\n{steps}[[step]]\nverb = "head"\nn = 2\n', "utf-8")
    assert says in " ".join(failure("run", "plan.toml", *arguments, code=code).split())


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
    report = answer("run", "plans/plan.toml", "--out", "out", *settings)
    assert report["rows"] == {"read": 3, "written": 2, "rejected": 0, "duplicate": 1, "filtered": 0, "dropped": 0}
    data = fp.load("out")
    assert data.format.stop == "\n==\n"
    assert data.manifest["tokenizer"]["max_length"] == 64
    assert list(data) == ["train", "valid"]
    explained = run("run", "plans/plan.toml", "--explain", *settings)
    assert "valid=0.4" in explained.stdout
