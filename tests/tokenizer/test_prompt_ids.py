"""Inference matches training: the ids of a rendered prompt are the first of its training row, over real sets.

FASTPREP_EXHAUSTIVE=1 takes all rows of all sets (some minutes).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from common import shared_rows, shared_tokenizer
from oracle_ids import EXHAUSTIVE

import fastprep as fp

pytestmark = pytest.mark.heavy

tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")

EVERY = 1 if EXHAUSTIVE else 200
# Byte-level BPE, SentencePiece BPE, Unigram, WordPiece; with the tokens that each adds after a text.
FAMILIES = {"llama-3": 0, "llama-2": 0, "t5-small": 1, "bert-base-uncased": 1}
PAIR = ("{prompt}", "{completion}")
INSTRUCTION = ("{instruction}{#input}\n\n{input}{/input}", "{output}")
SETS = {
    "arsarcasm": ("Tweet: {tweet}", "{sentiment}"),
    "codealpaca_2k": INSTRUCTION,
    "gpteacher_toolformer_all_variants": (INSTRUCTION[0], "{response}"),
    "gsm8k_train": ("{question}", "{answer}"),
    "llamafactory_alpaca_en": INSTRUCTION,
    "llamafactory_alpaca_zh": INSTRUCTION,
    "snli_dev_test": PAIR,
    "t0_50k": PAIR,
    "wisesight_th": PAIR,
    "xquad_12lang": PAIR,
}


@pytest.fixture(scope="module", params=SETS)
def rows(request: pytest.FixtureRequest) -> tuple[fp.PromptFormat, list[dict[str, Any]]]:
    prompt, completion = SETS[request.param]
    taken = shared_rows(request.param)[::EVERY]
    return fp.PromptFormat(prompt, completion=completion), [row | {"number": i} for i, row in enumerate(taken)]


@pytest.fixture(scope="module", params=FAMILIES)
def tokenizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_tokenizer(request.param, tmp_path_factory.mktemp("tokenizer"))


def test_a_rendered_prompt_has_the_first_ids_of_its_row(
    rows: tuple[fp.PromptFormat, list[dict[str, Any]]], tokenizer: Path, tmp_path: Path
) -> None:
    fmt, raw = rows
    plan = fp.from_records(raw).format(fmt).tokenize(tokenizer, max_length=1 << 20, special_tokens="as_token")
    plan.sink_arrow(tmp_path / "out")
    data = fp.load(tmp_path / "out")
    kept = data["train"].to_arrow().to_pylist()
    assert len(kept) > 0.9 * len(raw)
    prompts = [data.format.render_prompt(**raw[int(row["number"])]) for row in kept]
    measure = tokenizers.Tokenizer.from_file(str(tokenizer))
    measure.no_truncation()
    encodings = measure.encode_batch_fast(prompts)
    for row, prompt, encoded in zip(kept, prompts, encodings, strict=True):
        assert row["prompt"] == prompt
        assert row["segment_kinds"] == [1, 2]
        length = row["segment_lengths"][0]
        assert row["input_ids"][:length] == encoded.ids[:length]
        # What a tokenizer adds after a text ends the row, not its prompt.
        assert len(encoded.ids) - length == FAMILIES[tokenizer.parent.name]
