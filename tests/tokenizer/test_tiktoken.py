"""`.tiktoken` rank files: ids equal those of PyPI's `tiktoken`."""

from __future__ import annotations

import base64
import gzip
import importlib
import json
import tarfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from common import shared
from hypothesis import given, settings
from oracle_ids import EXHAUSTIVE, around, code_points
from test_exact_ids import FRAGMENTS, LONG_TEXTS, SETS, TEXTS, strings
from tokenizer_files import sentences

import fastprep as fp

tiktoken = pytest.importorskip("tiktoken", reason="tiktoken is not installed")

ENCODINGS = ["r50k_base", "cl100k_base", "o200k_base"]


def encoding(name: str, ranks: dict[bytes, int]) -> Any:
    """tiktoken's own encoding of this name, pattern and control tokens, over these ranks instead of a download."""
    module = importlib.import_module("tiktoken_ext.openai_public")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "load_tiktoken_bpe", lambda *_, **__: ranks)
        parts = getattr(module, name)()
    parts.pop("explicit_n_vocab", None)
    return tiktoken.Encoding(**parts)


def ranks_of(path: Path) -> dict[bytes, int]:
    lines = (line.split() for line in path.read_bytes().splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in lines}


def learned_ranks(count: int) -> dict[bytes, int]:
    """All bytes, then what merging the most frequent neighbours within words gives."""
    words = Counter(tuple(bytes([b]) for b in f" {word}".encode()) for line in sentences() for word in line.split())
    ranks = {bytes([b]): b for b in range(256)}
    while len(ranks) < count:
        found: Counter[tuple[bytes, bytes]] = Counter()
        for word, times in words.items():
            for pair in pairwise(word):
                found[pair] += times
        if not found:
            break
        best = max(found, key=lambda pair: (found[pair], pair))
        ranks.setdefault(best[0] + best[1], len(ranks))
        merged: Counter[tuple[bytes, ...]] = Counter()
        for word, times in words.items():
            parts: list[bytes] = []
            for part in word:
                if parts and (parts[-1], part) == best:
                    parts[-1] += part
                else:
                    parts.append(part)
            merged[tuple(parts)] += times
        words = merged
    return ranks


def must_agree(ours: fp.Tokenizer, theirs: Any, texts: list[str]) -> None:
    wanted = theirs.encode_batch(texts, num_threads=1, allowed_special="all")
    made = ours.encode_batch(texts).to_pylist()
    differ = [i for i, ids in enumerate(made) if ids != wanted[i]]
    assert not differ, [(texts[i], made[i], wanted[i]) for i in differ[:3]]


@pytest.fixture(scope="module")
def cl100k_base(tmp_path_factory: pytest.TempPathFactory) -> tuple[fp.Tokenizer, Any]:
    path = tmp_path_factory.mktemp("tiktoken") / "cl100k_base.tiktoken"
    path.write_bytes(gzip.decompress(shared("tokenizers/cl100k_base.tiktoken.gz").read_bytes()))
    return fp.Tokenizer(path), encoding("cl100k_base", ranks_of(path))


# The name tells the pattern.
@pytest.fixture(scope="module", params=ENCODINGS)
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[fp.Tokenizer, Any]:
    ranks = learned_ranks(800)
    path = tmp_path_factory.mktemp("small") / f"{request.param}.tiktoken"
    path.write_bytes(b"".join(base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks.items()))
    return fp.Tokenizer(path), encoding(request.param, ranks)


PIECES = [piece for texts in FRAGMENTS.values() for piece in texts.split(",")]
BESIDE = [f"x{a}{b}y {a} {b}" for i, a in enumerate(PIECES) for b in PIECES[i % 7 :: 7]]


def test_a_small_file(small: tuple[fp.Tokenizer, Any]) -> None:
    must_agree(*small, ["", *sentences()[:300], *BESIDE, *map(around, list(code_points())[:: 1 if EXHAUSTIVE else 10])])


def test_long_texts_through_a_small_file(small: tuple[fp.Tokenizer, Any]) -> None:
    # tiktoken itself takes time that grows with the square of a pretoken.
    must_agree(*small, [make()[:20_000] for make in LONG_TEXTS.values()])


@settings(max_examples=10_000 if EXHAUSTIVE else 60)
@given(TEXTS)
def test_seams(cl100k_base: tuple[fp.Tokenizer, Any], texts: list[str]) -> None:
    must_agree(*cl100k_base, texts)


def test_cl100k_base(cl100k_base: tuple[fp.Tokenizer, Any]) -> None:
    special = sorted(cl100k_base[1].special_tokens_set)
    must_agree(*cl100k_base, [*BESIDE, *special, *(f"a {token}b" for token in special)])
    every = list(code_points())[:: 1 if EXHAUSTIVE else 10]
    for at in range(0, len(every), 20_000):
        must_agree(*cl100k_base, [around(c) for c in every[at : at + 20_000]])


@pytest.mark.parametrize("data", SETS)
def test_real_rows(data: str, cl100k_base: tuple[fp.Tokenizer, Any]) -> None:
    with gzip.open(shared(f"datasets/{data}.jsonl.gz"), "rt", encoding="utf-8") as lines:
        taken = [line for i, line in enumerate(lines) if EXHAUSTIVE or i % 400 == 0]
    must_agree(*cl100k_base, [text for line in taken for text in strings(json.loads(line))])


@pytest.mark.parametrize("part", ["small", "mixed", "utf8"])
def test_golden_ids(part: str, cl100k_base: tuple[fp.Tokenizer, Any]) -> None:
    with tarfile.open(shared("tokenizers/kitoken_golden.tar.gz")) as files:

        def text(path: str) -> str:
            member = files.extractfile(f"kitoken_golden/{path}")
            assert member is not None
            return member.read().decode()

        source, wanted = text(f"{part}_input.txt"), text(f"tiktoken/{part}_tokens_cl100k_base.txt")
    one = part == "utf8"
    texts = [source] if one else source.rstrip("\n").replace("\\n", "\0").replace("\\s", " ").split("\n")
    ids = [[int(i) for i in line.split(",")] for line in ([wanted] if one else wanted.rstrip("\n").split("\n"))]
    assert cl100k_base[0].encode_batch([t.replace("\0", "\n") for t in texts]).to_pylist() == ids
