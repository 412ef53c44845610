"""Paths that a user gives: `~` is the home folder everywhere, and a URL is refused everywhere."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny import jsonl, refused, rows

import fastprep as fp
from fastprep.cli.plan_file import read_plan

PAIR = fp.PromptFormat("{prompt}", completion="{completion}")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder, and another one to be in."""
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    jsonl(tmp_path / "home" / "x.jsonl", [{"prompt": "a", "completion": "b"}])
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "home"


def test_home_is_expanded_in_sources_sinks_and_readers(home: Path, tokenizer_folder: Path) -> None:
    for given in ("~/x.jsonl", "~/*.jsonl", Path("~/x.jsonl"), ["~/x.jsonl"], "~"):
        assert len(rows(fp.scan_jsonl(given))) == 1
    shutil.copytree(tokenizer_folder, home / "t")
    plan = fp.scan_jsonl("~/x.jsonl").format(PAIR).dedup().tokenize("~/t")
    plan.sink_arrow("~/out")
    assert len(fp.load("~/out")["train"]) == 1
    report = fp.scan_jsonl("~/x.jsonl").format(PAIR).dedup(against="~/out").sink_arrow
    with refused(fp.DataError, "no_rows", "1 duplicate_against"):
        report("~/again")
    assert fp.Tokenizer(Path("~/t/tokenizer.json")).encode("a") == fp.Tokenizer(tokenizer_folder).encode("a")
    fp.load(Path("~/out")).retokenize("~/t").sink_arrow("~/other")
    fp.scan_jsonl("~/x.jsonl").to_polars().write_parquet(home / "x.parquet")
    assert len(rows(fp.scan_parquet("~/x.parquet"))) == 1
    assert list(Path().iterdir()) == []


def test_home_is_expanded_in_plan_files_and_by_the_command(home: Path) -> None:
    (home / "plan.toml").write_text('[source]\njsonl = "~/x.jsonl"\n[sink]\npath = "~/planned"\n')
    read_plan(home / "plan.toml").run()
    command = [sys.executable, "-m", "fastprep"]
    for arguments in (
        ["verify", "~/planned"],
        ["run", "~/plan.toml", "--explain"],
        ["prepare", "~/x.jsonl", "--out=~/made", "--json"],
        ["retokenize", "~/made", "--tokenizer=~/none", "--out=~/again"],
    ):
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        if arguments[0] == "retokenize":
            assert f"at {home}/none" in done.stderr
        else:
            assert done.returncode == 0, done.stderr
    assert (home / "made" / "manifest.json").exists()
    assert list(Path().iterdir()) == []


URLS = ["https://x/y.jsonl", "s3://b/k.jsonl", "hf://datasets/x", "file:///tmp/x.jsonl"]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    "use",
    [
        fp.scan_jsonl,
        fp.scan_parquet,
        fp.load,
        fp.Tokenizer,
        lambda url: fp.from_records([{"a": "x"}]).sink_jsonl(url),
        lambda url: fp.from_records([{"a": "x"}]).dedup(against=url),
        lambda url: fp.from_records([{"a": "x"}]).tokenize(url),
    ],
    ids=["scan_jsonl", "scan_parquet", "load", "Tokenizer", "sink", "dedup", "tokenize"],
)
def test_a_url_is_refused_with_the_way_out(use: Callable[[str], object], url: str, home: Path) -> None:
    with refused(fp.PlanError, "remote_path", "is a URL; fastprep reads and writes local files only"):
        use(url)
    assert list(Path().iterdir()) == []


def test_a_folder_called_like_home_is_named_by_a_dot(home: Path) -> None:
    Path("~").mkdir()
    jsonl(Path("~") / "y.jsonl", [{"y": json.dumps(1)}])
    assert rows(fp.scan_jsonl("./~/y.jsonl")) == [{"y": "1"}]
