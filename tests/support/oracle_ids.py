"""The proof of ids: the same texts through fastprep and through the PyPI package `tokenizers`, compared id by id."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import fastprep as fp

tokenizers = pytest.importorskip("tokenizers", minversion="0.23", reason="tokenizers 0.23 is not installed")

# All code points, all rows, 100,000 strings; without it a sample of each, for every day.
EXHAUSTIVE = os.environ.get("FASTPREP_EXHAUSTIVE", "") not in ("", "0")

# Texts that are compared at a time, so that memory stays small.
TEXTS_PER_CALL = 20_000


class Both:
    """A tokenizer, and the oracle that says what its ids must be."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.ours = fp.Tokenizer(path)
        self.oracle: Any = tokenizers.Tokenizer.from_file(str(path))
        self.oracle.no_truncation()
        self.oracle.no_padding()

    def must_agree(self, texts: Iterable[str]) -> int:
        """Compares all texts; gives how many they were."""
        total, left = 0, iter(texts)
        while batch := list(islice(left, TEXTS_PER_CALL)):
            self._compare(batch)
            total += len(batch)
        return total

    def _compare(self, texts: list[str]) -> None:
        right = [e.ids for e in self.oracle.encode_batch_fast(texts, add_special_tokens=False)]
        made = self.ours.encode_batch(texts)
        assert len(made) == len(texts)
        assert made.null_count == 0
        flat, lengths = flattened(made)
        expected = np.fromiter(map(len, right), np.int64, len(right))
        right_flat = np.fromiter(chain.from_iterable(right), np.int64, int(expected.sum()))
        if np.array_equal(lengths, expected) and np.array_equal(flat, right_flat):
            return
        differ = [i for i, ids in enumerate(made.to_pylist()) if ids != right[i]]
        shown = "\n".join(f"  {texts[i]!r}: {made[i].as_py()}, not {right[i]}"[:500] for i in differ[:5])
        pytest.fail(f"{self.name} ({self.ours.engine}): {len(differ)} of {len(texts)} texts differ\n{shown}")


def flattened(made: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """All ids, and how many each row has."""
    empty = np.array([], np.int64)
    flat = [chunk.flatten().to_numpy() for chunk in made.chunks]
    lengths = [np.diff(chunk.offsets.to_numpy()) for chunk in made.chunks]
    return np.concatenate([empty, *flat]), np.concatenate([empty, *lengths])


def around(code_point: int) -> str:
    """A character beside letters of both cases, digits, an apostrophe, white space, punctuation, and itself."""
    c = chr(code_point)
    return f"a{c}b A{c}B 1{c}2 '{c}'{c}\n!{c}/{c} x{c}{c}X  {c}\u0301 {c}"


def code_points() -> Iterator[int]:
    """All 1,112,064; for every day those below U+3400, and elsewhere the edges of each run of one category and every
    97th, since Unicode's newer versions fill what Python's tables call unassigned.
    """
    import unicodedata

    before = ""
    for c in chain(range(0xD800), range(0xE000, 0x110000)):
        category = unicodedata.category(chr(c))
        edge, before = category != before, category
        if EXHAUSTIVE or edge or c < 0x3400 or c % 97 == 0:
            if edge and c > 0 and not EXHAUSTIVE and c != 0xE000:
                yield c - 1
            yield c
