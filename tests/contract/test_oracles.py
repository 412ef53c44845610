"""Counts on real data that are known from elsewhere, and the same rows row by row from naive code."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from common import (
    SEPARATOR,
    json_lines,
    removal,
    render,
    shared,
    shared_rows,
    shared_tokenizer,
    steps_add_up,
    verify,
)

import fastprep as fp

pytestmark = pytest.mark.batches

END_OF_TEXT = "<|endoftext|>"

Pair = tuple[str, str]


def naive(pairs: list[Pair]) -> tuple[list[Pair], Counter[str], list[tuple[int, int]]]:
    """The rows that ``format`` and ``dedup`` let through, the reasons for the others, and (dropped, kept) rows."""
    kept: dict[Pair, int] = {}
    reasons: Counter[str] = Counter()
    duplicates = []
    for row, (prompt, completion) in enumerate(pairs):
        # The search at every offset is slow, and without "##" neither mark can come about, at a seam either.
        suspect = "##" in prompt + completion or not prompt.strip() or not completion.strip()
        reason = removal(prompt, completion) if suspect else None
        if reason:
            reasons[reason] += 1
            continue
        rendered = render(prompt, completion)
        first = kept.setdefault(rendered, row)
        if first != row:
            reasons["duplicate"] += 1
            duplicates.append((row, first))
    return list(kept), reasons, duplicates


def check(pipeline: fp.Pipeline, pairs: list[Pair], out: Path) -> dict[str, int]:
    """Runs and compares every row, reason and duplicate with the naive ones; gives the reasons."""
    report = pipeline.sink(out, formats=("arrow", "jsonl"))
    steps_add_up(report.to_dict())
    rows, reasons, duplicates = naive(pairs)
    assert report.reasons == dict(reasons)
    table = fp.load(out)["train"].to_arrow().select(["prompt", "completion"])
    assert list(zip(*table.to_pydict().values(), strict=True)) == rows
    data = out / fp.load(out).manifest["data"]
    assert [(r["prompt"], r["completion"]) for r in json_lines(data / "train-00000-of-00001.jsonl")] == rows
    if duplicates:
        named = json_lines(data / "duplicates.jsonl")
        assert [(d["row"], d["kept"]["row"]) for d in named] == duplicates
    assert verify(out)["problems"] == []
    return dict(reasons)


def test_alpaca_has_28_empty_outputs_8_separators_in_a_field_one_at_a_seam_and_no_duplicate(tmp_path: Path) -> None:
    with gzip.open(shared("datasets/native/alpaca_data.json.gz")) as file:
        records = json.load(file)
    assert len(records) == 52_002
    pairs = [(r["instruction"] + (f"\n\n{r['input']}" if r["input"] else ""), r["output"]) for r in records]
    template = fp.PromptFormat("{instruction}{#input}\n\n{input}{/input}", completion="{output}")
    reasons = check(fp.from_records(records).format(template).dedup(), pairs, tmp_path / "out")
    holding = sum(any(SEPARATOR in text for text in record.values()) for record in records)
    # One more answer ends in "\n##", which the stop that follows completes to a separator.
    assert (holding, records[33_956]["output"].endswith("\n##")) == (8, True)
    assert reasons == {"empty_completion": 28, "separator_collision": 8 + 1}
    rejects = json_lines(tmp_path / "out" / "rejects.jsonl")
    [seam] = [reject["detail"] for reject in rejects if reject["row"] == 33_956]
    assert seam.endswith("of the row, across the seam completion|stop")


def test_an_array_of_records_is_told_from_json_lines() -> None:
    path = shared("datasets/native/alpaca_data.json.gz")
    with pytest.raises(fp.SourceError, match="one JSON array, not JSON lines") as caught:
        fp.scan_jsonl(path).explain()
    assert (caught.value.code, "scan_json" in str(caught.value.help)) == ("json_array", True)


def test_toolformer_has_16533_duplicates(tmp_path: Path) -> None:
    name = "gpteacher_toolformer_all_variants"
    records = shared_rows(name)
    assert len(records) == 24_224
    pairs = [(r["instruction"] + "\n" + r["input"], r["response"]) for r in records]
    template = fp.PromptFormat("{instruction}\n{input}", completion="{response}")
    source = fp.scan_jsonl(shared(f"datasets/{name}.jsonl.gz"))
    assert check(source.format(template).dedup(), pairs, tmp_path / "out")["duplicate"] == 16_533


@pytest.mark.parametrize("name", ["gsm8k_train", "gsm8k_test"])
def test_every_row_of_gsm8k_collides_with_its_own_answer_mark(name: str, tmp_path: Path) -> None:
    source = fp.scan_jsonl(shared(f"datasets/{name}.jsonl.gz"))
    template = fp.PromptFormat("{question}", completion="{answer}", separator="####")
    with pytest.raises(fp.DataError, match="nothing was published") as caught:
        source.format(template).sink_arrow(tmp_path / "out")
    assert (caught.value.code, (tmp_path / "out").exists()) == ("no_rows", False)
    rejects = json_lines(Path(str(caught.value.path)))
    records = shared_rows(name)
    assert [(r["code"], r["line"], r["record"]) for r in rejects] == [
        ("separator_collision", number, record) for number, record in enumerate(records, 1)
    ]


def test_t0_has_1153_duplicates(tmp_path: Path) -> None:
    records = shared_rows("t0_50k")
    assert len(records) == 55_185
    pairs = [(r["prompt"], r["completion"]) for r in records]
    source = fp.scan_jsonl(shared("datasets/t0_50k.jsonl.gz"))
    template = fp.PromptFormat("{prompt}", completion="{completion}")
    assert check(source.format(template).dedup(), pairs, tmp_path / "out")["duplicate"] == 1_153


def test_every_completion_of_t0_holds_a_control_token_of_gpt2(tmp_path: Path) -> None:
    gpt2 = shared_tokenizer("gpt2", tmp_path)
    clean = tmp_path / "clean.jsonl"
    clean.write_text('{"prompt": "2 + 2 =", "completion": " 4"}\n')
    source = fp.scan_jsonl([shared("datasets/t0_50k.jsonl.gz"), clean])
    plan = source.format(fp.PromptFormat("{prompt}", completion="{completion}")).tokenize(gpt2)
    report = plan.sink_arrow(tmp_path / "out")
    # The bare tokenizer.json names no EOS.
    assert report.findings == {f"special_token_in_text:{END_OF_TEXT}": 55_185, "no_eos": report.rows["written"]}
    assert report.reasons == {"special_token_in_text": 55_185}
    assert report.rows["written"] == 1
    steps_add_up(report.to_dict())


@pytest.mark.parametrize(("policy", "as_token"), [("as_text", 0), ("as_token", 1), ("strip", 0)])
def test_a_control_token_in_t0_becomes_what_the_policy_says(policy: Any, as_token: int, tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers", minversion="0.23")
    path = shared_tokenizer("gpt2", tmp_path)
    gpt2 = tokenizers.Tokenizer.from_file(str(path))
    end = gpt2.token_to_id(END_OF_TEXT)
    source = fp.scan_jsonl(shared("datasets/t0_50k.jsonl.gz")).head(300)
    table = (
        source.format(fp.PromptFormat("{prompt}", completion="{completion}")).tokenize(path, special_tokens=policy)
    ).collect()
    assert table.num_rows == 300
    for row in table.to_pylist():
        assert row["input_ids"].count(end) == as_token
        assert gpt2.decode(row["input_ids"], skip_special_tokens=False) == row["prompt"] + row["completion"]
        assert (END_OF_TEXT in row["completion"]) is (policy != "strip")
        if policy != "as_text":
            ids = [gpt2.encode(row[part], add_special_tokens=False).ids for part in ("prompt", "completion")]
            assert row["input_ids"] == ids[0] + ids[1]
