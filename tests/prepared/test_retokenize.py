"""`retokenize`: another tokenizer, the same rows, splits, order and format."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from common import verify
from tiny import records

import fastprep as fp

pytestmark = pytest.mark.batches

TOKENS = {"input_ids", "labels", "segment_lengths", "segment_kinds"}
FORMAT = fp.PromptFormat("Q: {q}", completion="{a} indeed", separator="\n##\n", stop="\n###\n", eos=True)
ROWS: list[dict[str, Any]] = [
    {"q": f"what is {i}", "a": f"the {i % 7} of paris", "meta": {"id": i}, "row_weight": i % 3} for i in range(80)
]


@pytest.fixture(scope="module")
def other_tokenizer(tokenizer_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same words under other numbers."""
    folder = tmp_path_factory.mktemp("other")
    shutil.copytree(tokenizer_folder, folder, dirs_exist_ok=True)
    path = folder / "tokenizer.json"
    parts = json.loads(path.read_text("utf-8"))
    names = {token["content"] for token in parts["added_tokens"]}
    plain = [token for token in parts["model"]["vocab"] if token not in names]
    numbers = sorted(parts["model"]["vocab"][token] for token in plain)
    parts["model"]["vocab"] |= dict(zip(reversed(plain), numbers, strict=True))
    path.write_text(json.dumps(parts), "utf-8")
    return folder


def plan() -> fp.Pipeline:
    return records(*ROWS).format(FORMAT).dedup().split(valid=0.2, seed=1)


def test_it_is_as_if_it_had_been_made_so(tokenizer_folder: Path, other_tokenizer: Path, tmp_path: Path) -> None:
    plan().tokenize(tokenizer_folder, max_length=60).sink_arrow(tmp_path / "old")
    plan().tokenize(other_tokenizer, max_length=60).sink_arrow(tmp_path / "wanted")
    old, wanted = fp.load(tmp_path / "old"), fp.load(tmp_path / "wanted")
    report = old.retokenize(other_tokenizer).sink_arrow(tmp_path / "new").to_dict()
    new = fp.load(tmp_path / "new")
    assert list(new) == ["train", "valid"]
    for split in wanted:
        assert new[split].to_arrow().to_pylist() == wanted[split].to_arrow().to_pylist()
        assert new[split].to_arrow().schema.equals(wanted[split].to_arrow().schema, check_metadata=True)
        assert new[split].to_arrow()["input_ids"] != old[split].to_arrow()["input_ids"]
    assert new.format == FORMAT
    assert new.manifest["tokenizer"] == wanted.manifest["tokenizer"] != old.manifest["tokenizer"]
    assert report["rows"]["read"] == report["rows"]["written"] == 80
    assert verify(tmp_path / "new")["problems"] == []


def test_it_may_go_on_with_pack(tokenizer_folder: Path, other_tokenizer: Path, tmp_path: Path) -> None:
    plan().tokenize(tokenizer_folder, max_length=60).sink_arrow(tmp_path / "old")
    report = fp.load(tmp_path / "old").retokenize(other_tokenizer).pack(max_length=200).sink_arrow(tmp_path / "new")
    assert report.to_dict()["packing"]["documents"] == 80


def test_a_limit_is_kept_or_given(tokenizer_folder: Path, tmp_path: Path) -> None:
    plan().tokenize(tokenizer_folder, max_length=60).sink_arrow(tmp_path / "old")
    data = fp.load(tmp_path / "old")
    assert "max_length=60" in data.retokenize(tokenizer_folder).explain()
    assert (
        "max_length=70; on_overflow=drop"
        in data.retokenize(tokenizer_folder, max_length=70, on_overflow="drop").explain()
    )


def test_rows_without_text_or_format_are_refused(tokenizer_folder: Path, tmp_path: Path) -> None:
    plan().tokenize(tokenizer_folder, keep_text=False).sink_arrow(tmp_path / "bare")
    with pytest.raises(fp.ColumnError, match="no text"):
        fp.load(tmp_path / "bare").retokenize(tokenizer_folder)
    records({"prompt": "a", "completion": "b"}).sink_arrow(tmp_path / "raw")
    with pytest.raises(fp.PlanError, match="no format"):
        fp.load(tmp_path / "raw").retokenize(tokenizer_folder)


def test_the_command_does_the_same(tokenizer_folder: Path, other_tokenizer: Path, tmp_path: Path) -> None:
    plan().tokenize(tokenizer_folder, max_length=60).sink_arrow(tmp_path / "old")
    command = [sys.executable, "-m", "fastprep", "retokenize", str(tmp_path / "old"), "--json"]
    command += ["--tokenizer", str(other_tokenizer), "--out", str(tmp_path / "new")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"]["written"] == 80
    wanted = fp.load(tmp_path / "old").retokenize(other_tokenizer).collect()
    columns = sorted(TOKENS)
    made = fp.load(tmp_path / "new")
    found = [row for split in made.values() for row in split.to_arrow().select(columns).to_pylist()]
    assert found == wanted.select(columns).to_pylist()
