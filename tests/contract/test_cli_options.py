"""Options of the command line that would do nothing are refused."""

import subprocess
import sys
from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "examples" / "data" / "support.jsonl"


@pytest.mark.parametrize("options", [["--max-length", "5"], ["--on-overflow", "drop"], ["--special-tokens", "strip"]])
def test_options_of_the_tokenizer_need_one(options: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fastprep", "prepare", DATA, "--out", tmp_path / "out", *options]
    command += ["--template", "{instruction}", "--completion", "{output}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "--tokenizer" in done.stderr
    assert not (tmp_path / "out").exists()
