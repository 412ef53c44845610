"""Ids equal those of PyPI's `tokenizers`: each pattern, normaliser, model and flag, each code point, real data, seams.

FASTPREP_EXHAUSTIVE=1 asks for all code points, all rows of the shared sets, and 100,000 strings (about an hour).
"""

from __future__ import annotations

import gzip
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from common import SHARED, shared, shared_tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_ids import EXHAUSTIVE, Both, around, code_points
from tokenizer_files import ALL, FAMILIES, PATTERNS, sentences

REAL = [
    f"real {name}"
    for name in ("bert-base-uncased", "gpt2", "llama-2", "llama-3", "mistral-7b-v0.1", "phi-2", "qwen2", "t5-small")
]
SETS = [path.name.removesuffix(".jsonl.gz") for path in sorted(SHARED.glob("datasets/*.jsonl.gz"))]
_made: dict[str, Both] = {}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokenizers")


def made(name: str, folder: Path) -> Both:
    """A tokenizer of `tokenizer_files`, or a real one."""
    if name not in _made:
        path = folder / f"{name}.json"
        if name in REAL:
            path = shared_tokenizer(name.removeprefix("real "), folder)
        else:
            path.write_text(ALL[name](), "utf-8")
        _made[name] = Both(name, path)
    return _made[name]


# --- code points


@pytest.mark.parametrize("name", [*PATTERNS, *FAMILIES, "bert, accents off", "bert, Whitespace", "unigram, bytes"])
def test_every_code_point(name: str, folder: Path) -> None:
    assert made(name, folder).must_agree(map(around, code_points())) > (1_112_063 if EXHAUSTIVE else 20_000)


# --- texts

FRAGMENTS = {
    "space": " ,  ,   ,\t,\t\t,\n,\n\n,\r,\r\n,\r\n\r\n,\v,\f,\x1c,\x1f,\x85,\xa0,\u1680,\u180e,\u2003,\u2028,\u200b"
    ",\u202f,\u3000,\ufeff",
    "apostrophe": "',’,'s,'S,'t,'T,'re,'rE,'ve,'VE,'m,'M,'ll,'lL,'d,'D,'ſ,'ſt,s',I'm,x'll,''s",
    "digit": "0,1,2,12,123,1234,12345,²,½,٣,४,Ⅷ,①,〇,３",
    "letter": "a,A,z,Zz,word,Word,WORD,single,norm,é,É,e\u0301,E\u0301x,ß,ſ,ŉ,ǅ,ʰ,İ,ı,σ,ς,Å,Å,я,Я,ა,ꭰ,lead,trail,x",
    "mark": "\u0301,\u0308,\u0323\u0301,\u093c,\u0e31,\u20dd,\u200d,\ufe0f,\u3099,\U000113c2",
    "sign": "!,?!,.,...,#,##,/,//,\\,_,__,-,--,(,),[,],[x],{,},<,>,=,=>,$,€,+,^,`,|,~,@,&,«,»,、,。,「,・,—,…",
    "CJK": "日,本語,中文,你好,龥,龦,ぁ,ひらがな,カ,ー,ｶﾞ,々,㐀,𠀀,한국,가,각,\u1100\u1161,\u1100\u1161\u11a8,\u11a8",
    "other": "สวัสดี,ไทย,ำ,עברית,ﬁ,ﷺ,مرحبا,नमस्ते,क्ष,ꦱ,𞤀,𝕬,\u088f,\ua7ce,\U00010940,\U00010d4a,\u1c89",
    "emoji": "😀,👍🏽,👩‍💻,🇩🇪,🏃‍♂️,❤️,☺,1️⃣",
    "control": "\0,\x01,\x7f,\x80,\xad,\ufffd,\uffff,\U0010ffff,\ue000",
    "token": "<s>,</s>,<s><s>,<|endoftext|>,<|left|>,<|right|>,<|both|>,<|le,ft|>,right|>,[UNK],[CLS],<unk>,<0x41>,▁"
    ",▁▁, lead,trail ,word,12,été,é2,e\u03012,a\nb,##",
}
RUNS = st.tuples(st.sampled_from([" ", "\n", "a", "'", "1", "日", "▁", "\u0301"]), st.integers(1, 40))
SEAM = st.one_of(
    *(st.sampled_from(texts.split(",") + ([","] if kind == "sign" else [])) for kind, texts in FRAGMENTS.items()),
    RUNS.map(lambda run: run[0] * run[1]),
    st.text(max_size=4),
)
TEXTS = st.lists(st.lists(SEAM, max_size=12).map("".join), min_size=8, max_size=8)


def all_names() -> Iterator[str]:
    yield from ALL
    yield from (name for name in REAL if (SHARED / f"tokenizers/{name.removeprefix('real ')}.json.gz").is_file())


@pytest.fixture(scope="module")
def every(folder: Path) -> list[Both]:
    return [made(name, folder) for name in all_names()]


@settings(max_examples=100_000 // 8 if EXHAUSTIVE else 60)
@given(TEXTS)
def test_texts_of_seams(every: list[Both], texts: list[str]) -> None:
    for both in every:
        both.must_agree(texts)


@pytest.mark.parametrize("name", ALL)
def test_learned_text_and_all_fragments_side_by_side(name: str, folder: Path) -> None:
    pieces = [piece for texts in FRAGMENTS.values() for piece in texts.split(",")]
    beside = [f"x{a}{b}y {a} {b}" for i, a in enumerate(pieces) for b in pieces[i % 7 :: 7]]
    made(name, folder).must_agree(["", *sentences()[:300], *beside])


LONG_TEXTS = {
    "text": lambda: " ".join(sentences() * 200)[: 10_000_000 if EXHAUSTIVE else 500_000],
    "spaces": lambda: " " * 1_000_000,
    "a": lambda: "a" * 1_000_000,
    "line ends": lambda: "\r\n" * 500_000,
    "a word again and again": lambda: " the" * 100_000,
    "日": lambda: "日" * 100_000,
    "marks": lambda: "a" + "\u0301" * 100_000,
}
LONG_NAMES = ["gpt2", "cl100k", "qwen2", "o200k", "long merges", "long merges, no pattern", "llama-2", "gemma"]
LONG_NAMES += ["unigram", "bert"]


@pytest.mark.parametrize("kind", LONG_TEXTS)
@pytest.mark.parametrize("name", LONG_NAMES)
def test_a_long_row(name: str, kind: str, folder: Path) -> None:
    # Anything quadratic in the length of a row would not end here.
    made(name, folder).must_agree([LONG_TEXTS[kind]()])


# --- real tokenizers and data


def strings(value: Any) -> Iterator[str]:
    """All texts within a row of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def test_a_piece_may_begin_within_a_character(folder: Path) -> None:
    # To the stage after ByteLevel the byte 0xBE is ¾, a number.
    made("falcon", folder).must_agree(["\U0003e3bb👍🏽", "\U0003e3bb\U0003e3bb é", "Ӿ漢字Ӿ漢字", "¾½ Ⅷ漢"])


@pytest.mark.parametrize("name", REAL)
def test_code_points_through_a_real_tokenizer(name: str, folder: Path) -> None:
    made(name, folder).must_agree(map(around, code_points()))


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("data", SETS)
def test_real_rows(data: str, name: str, folder: Path) -> None:
    both = made(name, folder)
    with gzip.open(shared(f"datasets/{data}.jsonl.gz"), "rt", encoding="utf-8") as lines:
        taken = [line for i, line in enumerate(lines) if EXHAUSTIVE or i % 400 == 0]
    assert both.must_agree(text for line in taken for text in strings(json.loads(line))) >= len(taken)


@pytest.mark.parametrize("part", ["small", "mixed", "utf8"])
@pytest.mark.parametrize("golden", ["gpt2", "llama2", "mistral01"])
def test_golden_ids(golden: str, part: str, folder: Path) -> None:
    with tarfile.open(shared("tokenizers/kitoken_golden.tar.gz")) as files:

        def lines(path: str) -> list[str]:
            member = files.extractfile(f"kitoken_golden/{path}")
            assert member is not None
            text = member.read().decode()
            # A text a line, `\n` and `\s` escaped; of `utf8`, the whole file is one text.
            return [text] if part == "utf8" else text.rstrip("\n").split("\n")

        texts, wanted = lines(f"{part}_input.txt"), lines(f"tokenizers/{part}_tokens_{golden}.txt")
    if part != "utf8":
        texts = [text.replace("\\n", "\n").replace("\\s", " ") for text in texts]
    ids = [[int(i) for i in line.split(",")] for line in wanted]
    name = {"llama2": "llama-2", "mistral01": "mistral-7b-v0.1"}.get(golden, golden)
    both = made(f"real {name}", folder)
    assert both.ours.encode_batch(texts).to_pylist() == ids
    both.must_agree(texts)
