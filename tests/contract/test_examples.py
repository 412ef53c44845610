"""The demo data and tokenizer: their scripts give the committed bytes, and the faults are as listed."""

import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

pytestmark = pytest.mark.heavy

EXAMPLES = Path(__file__).parents[2] / "examples"
DATA = EXAMPLES / "data"
LEDGER = json.loads((DATA / "faults.json").read_text("utf-8"))


def content(path: Path) -> bytes:
    """A file's bytes, decompressed: how well gzip packs is up to the version of zlib."""
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


@pytest.mark.parametrize(
    ("script", "outputs"),
    [
        ("data/make.py", ["support.jsonl", "tickets.jsonl.gz", "faults.json", "README.md"]),
        ("tokenizer/train.py", ["tokenizer.json", "tokenizer_config.json"]),
    ],
)
def test_scripts_reproduce_what_is_committed(script: str, outputs: list[str], tmp_path: Path) -> None:
    if script.startswith("tokenizer"):
        pytest.importorskip("tokenizers", minversion="0.23")
    subprocess.run([sys.executable, EXAMPLES / script, "--out", tmp_path], check=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(outputs)
    for name in outputs:
        assert content(tmp_path / name) == content((EXAMPLES / script).parent / name), name


def reason(line: bytes) -> str | None:
    """Why this line is not a row of the README's format, apart from token counts and duplicates."""
    try:
        row = json.loads(line.decode())
    except UnicodeDecodeError:
        return "bad_utf8"
    except ValueError:
        return "bad_json"
    if not isinstance(row, dict):
        return "not_an_object"
    fields = [row.get(name) for name in ("instruction", "input", "output")]
    if None in fields:
        return "missing_field"
    if not all(isinstance(field, str) for field in fields):
        return "wrong_type"
    prompt, completion = f"{fields[0]}\n{fields[1]}", str(fields[2])
    if not prompt.strip():
        return "empty_prompt"
    if not completion.strip():
        return "empty_completion"
    separator, stop = LEDGER["format"]["separator"], LEDGER["format"]["stop"]
    text = prompt + separator + completion + stop
    places = {s: [i for i in range(len(text)) if text.startswith(s, i)] for s in (separator, stop)}
    if places[separator] != [len(prompt)]:
        return "separator_collision"
    if places[stop] != [len(text) - len(stop)]:
        return "stop_collision"
    if "<|endoftext|>" in text:
        return "special_token_in_text"
    return "too_long" if len(text) > 4_000 else None


def test_ledger_agrees_with_a_naive_reading() -> None:
    seen: dict[tuple[str, str], tuple[str, int]] = {}
    found, lines, blank = [], 0, 0
    for name in ("support.jsonl", "tickets.jsonl.gz"):
        for number, line in enumerate(content(DATA / name).split(b"\n"), 1):
            lines += 1
            blank += not line.strip()
            if not line.strip():
                continue
            place = {"file": name, "line": number}
            if code := reason(line):
                found.append(place | {"code": code})
                continue
            row = json.loads(line)
            key = (f"{row['instruction']}\n{row['input']}", row["output"])
            if key in seen:
                kept = dict(zip(("file", "line"), seen[key], strict=True))
                found.append(place | {"code": "duplicate", "kept": kept})
            seen.setdefault(key, (name, number))
    listed = [{k: v for k, v in entry.items() if k != "what"} for entry in LEDGER["removed"]]
    assert found == listed
    assert Counter(entry["code"] for entry in found) == LEDGER["counts"]
    assert (lines, blank, len(seen)) == (
        LEDGER["lines"],
        LEDGER["blank_lines"],
        LEDGER["rows_written"],
    )
    assert LEDGER["rows_read"] == LEDGER["rows_written"] + len(found)


def test_only_the_planted_row_is_too_long() -> None:
    tokenizers = pytest.importorskip("tokenizers", minversion="0.23")
    tokenizer = tokenizers.Tokenizer.from_file(str(EXAMPLES / "tokenizer" / "tokenizer.json"))
    limit = LEDGER["format"]["max_length"]
    for line in content(DATA / "support.jsonl").split(b"\n"):
        code = reason(line) if line.strip() else "blank"
        if code in (None, "too_long"):
            row = json.loads(line)
            text = "\n".join([row["instruction"], row["input"], row["output"]])
            tokens = len(tokenizer.encode(text).ids) + len(LEDGER["format"]["separator"])
            assert (tokens > limit) == (code == "too_long"), row["id"]


def test_the_finetune_example_trains_and_answers(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="transformers is not installed")
    script = EXAMPLES / "finetune" / "train.py"
    small = "--rows 150 --epochs 1 --hidden 16 --batch-size 16".split()
    env = os.environ | {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, script, "--out", tmp_path, *small]
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("exact") == 2
    assert "</svg>" in (tmp_path / "losses.svg").read_text("utf-8")
    assert (tmp_path / "prompt_format.json").is_file()
