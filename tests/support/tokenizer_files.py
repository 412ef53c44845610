"""Tokenizers made here, as `tokenizer.json`: each known pattern, normaliser, model and flag, by name.

A byte-level one gets a *boundary* vocabulary: all bytes, and a merge for each pair of bytes that can stand side by side
in UTF-8, in a random order. Nearly every boundary between pretokens that moves changes ids then.
"""

from __future__ import annotations

import base64
import functools
import json
import random
import struct
from collections.abc import Callable, Iterable
from typing import Any

import pytest

tokenizers = pytest.importorskip("tokenizers", minversion="0.23", reason="tokenizers 0.23 is not installed")

Json = dict[str, Any]

# --- what the formats say: regular expressions, and the characters that bytes are written as

ENDINGS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def cl100k(digits: str) -> str:
    """The pattern of cl100k, Llama-3 and Qwen2, which differ in how digits are grouped."""
    return rf"{ENDINGS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{digits}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{SPACES}"


UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
O200K = "|".join([
    rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{ENDINGS}?",
    rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{ENDINGS}?",
    r"\p{N}{1,3}",
    r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
    SPACES,
])  # fmt: skip
DEEPSEEK = [
    r"\p{N}{1,3}",
    "[一-龥぀-ゟ゠-ヿ]+",
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
    r"| ?[\p{P}\p{S}]+[\r\n]*|" + SPACES,
]


@functools.cache
def byte_characters() -> list[str]:
    """The character that stands for each byte: its own where that is printable, else one from U+0100 on."""
    own = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(b) if b in own else chr(next(others)) for b in range(256)]


@functools.cache
def pairs_of_bytes() -> list[tuple[int, int]]:
    """Pairs of bytes that can stand side by side in UTF-8, in a random order."""
    ascii_, more, heads = range(128), range(0x80, 0xC0), range(0xC2, 0xF5)
    ends = [*ascii_, *more]
    found = {(a, b) for a in ends for b in [*ascii_, *heads]} | {(a, b) for a in [*heads, *more] for b in more}
    pairs = sorted(found)
    random.Random(7).shuffle(pairs)
    return pairs


# --- parts


def split(pattern: str, behavior: str = "Isolated", invert: bool = False) -> Json:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def byte_level(add_prefix_space: bool = False, use_regex: bool = False) -> Json:
    return {"type": "ByteLevel", "add_prefix_space": add_prefix_space, "trim_offsets": True, "use_regex": use_regex}


def sequence(*parts: Json) -> Json:
    return {"type": "Sequence", "pretokenizers": list(parts)}


def added(*tokens: str, special: bool = False, **flags: bool) -> list[Json]:
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return [{"content": token, "special": special} | plain | flags for token in tokens]


def tokenizer_json(model: Json, tokens: Iterable[Json] = (), first_id: int = 0, **parts: Any) -> str:
    """A `tokenizer.json`; added tokens that the vocabulary does not hold get ids from `first_id` on."""
    vocabulary = model.get("vocab", {})
    numbered, next_id = [], first_id
    for token in tokens:
        known = vocabulary.get(token["content"]) if isinstance(vocabulary, dict) else None
        numbered.append({"id": next_id if known is None else known} | token)
        next_id += known is None
    book = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": numbered}
    book |= dict.fromkeys(("normalizer", "pre_tokenizer", "post_processor", "decoder")) | parts
    return json.dumps(book | {"model": model})


def bpe(vocab: dict[str, int], merges: list[Any], **options: Any) -> Json:
    defaults = dict.fromkeys(("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"))
    flags = {"fuse_unk": False, "byte_fallback": False, "ignore_merges": False}
    return {"type": "BPE"} | defaults | flags | options | {"vocab": vocab, "merges": merges}


def boundary(
    pre_tokenizer: Json | None,
    tokens: Iterable[Json] = (),
    *,
    more: Iterable[str] = (),
    merges: Callable[[list[list[str]]], list[list[str]]] = lambda merges: merges,
    options: Json | None = None,
    **parts: Any,
) -> str:
    """A byte-level tokenizer over the boundary vocabulary; `more` are words that no merge makes."""
    characters = byte_characters()
    made = [[characters[a], characters[b]] for a, b in pairs_of_bytes()]
    vocab = {token: i for i, token in enumerate([*characters, *("".join(pair) for pair in made), *more])}
    model = bpe(vocab, merges(made), **(options or {}))
    parts.setdefault("decoder", byte_level())
    return tokenizer_json(model, tokens, len(vocab), pre_tokenizer=pre_tokenizer, **parts)


def as_bytes(text: str) -> str:
    """The text as a byte-level vocabulary writes it."""
    return "".join(map(byte_characters().__getitem__, text.encode()))


NFC = {"type": "NFC"}
CL100K = sequence(split(cl100k(r"\p{N}{1,3}")), byte_level())
TRICKY = [
    *added("<s>", "</s>", "<s><s>", "<|endoftext|>", special=True),
    *added("<|left|>", lstrip=True),
    *added("<|right|>", rstrip=True, special=True),
    *added("<|both|>", lstrip=True, rstrip=True),
    *added("word", "12", "été", single_word=True),
    *added("<|le", "right|>", " lead", "trail ", "  ", "a\nb", "😀", "ſ", "[x]"),
    *added("é2", "Å", "norm", "e\u0301x", normalized=True),
    *added("single", normalized=True, single_word=True, lstrip=True),
]
AROUND_TEXT = {
    "type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
               {"SpecialToken": {"id": "</s>", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {},
}  # fmt: skip


def with_template(pre_tokenizer: Json) -> str:
    book = json.loads(boundary(pre_tokenizer, added("<s>", "</s>", special=True)))
    ids = {token["content"]: token["id"] for token in book["added_tokens"]}
    special = {name: {"id": name, "ids": [i], "tokens": [name]} for name, i in ids.items()}
    template = AROUND_TEXT | {"special_tokens": special}
    book["post_processor"] = {"type": "Sequence", "processors": [byte_level(), template]}
    return json.dumps(book)


# --- byte-level BPE

# Each known pattern; `test_exact_ids` gives every code point to each of these.
PATTERNS: dict[str, Callable[[], str]] = {
    "gpt2": lambda: boundary(byte_level(use_regex=True)),
    "gpt2 split": lambda: boundary(sequence(split(GPT2), byte_level())),
    "cl100k": lambda: boundary(CL100K),
    "cl100k removed": lambda: boundary(sequence(split(cl100k(r"\p{N}{1,3}"), "Removed", True), byte_level())),
    "qwen2": lambda: boundary(sequence(split(cl100k(r"\p{N}")), byte_level()), normalizer=NFC),
    "o200k": lambda: boundary(sequence(split(O200K), byte_level())),
    "deepseek-v3": lambda: boundary(sequence(*map(split, DEEPSEEK), byte_level())),
    "falcon": lambda: boundary(
        sequence({"type": "Punctuation", "behavior": "Contiguous"}, byte_level(use_regex=True),
                 {"type": "Digits", "individual_digits": False}, split("[0-9][0-9][0-9]"))
    ),
    "starcoder": lambda: boundary(sequence({"type": "Digits", "individual_digits": True}, byte_level(use_regex=True))),
    "gpt-neox": lambda: boundary(
        byte_level(use_regex=True), added(*(" " * n for n in range(24, 1, -1)), normalized=True), normalizer=NFC
    ),
}  # fmt: skip

FLAGS: dict[str, Callable[[], str]] = {
    "phi": lambda: boundary(
        byte_level(use_regex=True), added(*(" " * n for n in range(31, 1, -1)), *("\t" * n for n in range(9, 1, -1)))
    ),
    "ignore_merges": lambda: boundary(
        CL100K, more=[as_bytes(t) for t in (" Arthropoda", "café", " 日本語", "123", "\r\n\r\n", "'re", " =>")],
        options={"ignore_merges": True},
    ),
    "unreachable entries": lambda: boundary(CL100K, more=[as_bytes(t) for t in (" Arthropoda", "café", " 日本語")]),
    "long merges": lambda: learned(CL100K),
    "long merges, gpt2": lambda: learned(byte_level(use_regex=True)),
    "long merges, ignore_merges": lambda: learned(CL100K, ignore_merges=True),
    "long merges, no pattern": lambda: learned(byte_level()),
    "add_prefix_space": lambda: boundary(byte_level(add_prefix_space=True, use_regex=True), TRICKY),
    "split, add_prefix_space": lambda: boundary(sequence(split(cl100k(r"\p{N}{1,3}")), byte_level(True)), TRICKY),
    "duplicate merges": lambda: boundary(CL100K, merges=lambda m: [*m[:9000], *m[:3000], *m[9000:], *m[5000:7000]]),
    "duplicate merges, learned": lambda: learned(CL100K, again=97),
    "added": lambda: boundary(CL100K, TRICKY),
    "added, NFC": lambda: boundary(sequence(split(cl100k(r"\p{N}")), byte_level()), TRICKY, normalizer=NFC),
    "added, gpt2": lambda: boundary(byte_level(use_regex=True), TRICKY),
    "added, o200k": lambda: boundary(sequence(split(O200K), byte_level()), TRICKY),
    "added, starcoder": lambda: boundary(
        sequence({"type": "Digits", "individual_digits": True}, byte_level(use_regex=True)), TRICKY
    ),
    "added, deepseek-v3": lambda: boundary(sequence(*map(split, DEEPSEEK), byte_level()), TRICKY),
    "template": lambda: with_template(CL100K),
    "no pattern": lambda: boundary(byte_level()),
    "unknown pattern": lambda: boundary(sequence(split(r"\p{Lu}?\p{Ll}+|\d{1,2}|\s|."), byte_level())),
    "nearly cl100k, two digits": lambda: boundary(sequence(split(cl100k(r"\p{N}{1,2}")), byte_level())),
    "nearly cl100k, all digits": lambda: boundary(sequence(split(cl100k(r"\p{N}+")), byte_level())),
    "nearly gpt2, merged": lambda: boundary(sequence(split(GPT2, "MergedWithPrevious"), byte_level())),
    "cl100k, gaps removed": lambda: boundary(sequence(split(cl100k(r"\p{N}{1,3}"), "Removed"), byte_level())),
    "NFKC, lower case": lambda: boundary(
        CL100K, TRICKY, normalizer={"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"}]}
    ),
    "NFD": lambda: boundary(CL100K, TRICKY, normalizer={"type": "NFD"}),
    "bytes missing": lambda: bytes_missing(),
}  # fmt: skip

WORDS = (
    "the of and to in is that it was for on are as with his they at be this from have or by one had not but what all "
    "were when we there can an your which their said if do will each about how up out them then she many some so these "
    "would other into has more her two like him see time could no make than first been its who now people my made over "
    "did down only way find use may water long little very after words called just where most know naïve façade über "
    "straße être Ångström москва привет мир слово данные Ελλάδα λόγος 日本語 東京 漢字 你好 世界 数据 中文 한국어 서울 "
    "ภาษาไทย สวัสดี עברית שלום العربية مرحبا हिन्दी नमस्ते 12 345 2024 3.14 x=1 foo_bar() don't we'll I'm <b> </b> 😀 👩‍💻"
).split()


def sentences() -> list[str]:
    """Text to learn from: some words often, some seldom, with all sorts of space between."""
    random_ = random.Random(11)
    gaps = [" "] * 12 + ["\n", "  ", ", ", ".\n\n", "\t", "-"]
    weights = [1 / rank for rank in range(1, len(WORDS) + 1)]
    lines = []
    for _ in range(1500):
        words = random_.choices(WORDS, weights, k=random_.randint(3, 20)) + random_.choices(WORDS, k=3)
        lines.append("".join(w + random_.choice(gaps) for w in words))
    return lines


@functools.cache
def _learned_bpe(pre_tokenizer: str, alphabet: bool) -> tuple[dict[str, int], list[list[str]]]:
    shell = tokenizers.Tokenizer.from_str(tokenizer_json(bpe({}, []), pre_tokenizer=json.loads(pre_tokenizer)))
    first = byte_characters() if alphabet else []
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=1500, initial_alphabet=first, show_progress=False)
    shell.train_from_iterator(sentences(), trainer)
    model = json.loads(shell.to_str())["model"]
    return model["vocab"], [list(pair) for pair in model["merges"]]


def learned(pre_tokenizer: Json, again: int = 0, **options: Any) -> str:
    """A byte-level tokenizer that has learned words; every `again`-th merge is listed a second time, last."""
    vocab, merges = _learned_bpe(json.dumps(pre_tokenizer), True)
    twice = merges[::again][::-1] if again else []
    return tokenizer_json(bpe(vocab, merges + twice, **options), added("<s>", special=True), len(vocab),
                 pre_tokenizer=pre_tokenizer, decoder=byte_level())  # fmt: skip


def bytes_missing() -> str:
    """A byte-level vocabulary that lacks bytes: what has no id is left out, and neighbours may merge."""
    vocab, merges = _learned_bpe(json.dumps(CL100K), True)
    lost = {byte_characters()[b] for b in (*b"qQ7~", 0xE6, 0x9F)}
    kept = [token for token in sorted(vocab, key=vocab.__getitem__) if not lost & set(token)]
    merges = [pair for pair in merges if not lost & set("".join(pair))]
    return tokenizer_json(bpe({t: i for i, t in enumerate(kept)}, merges), pre_tokenizer=CL100K, decoder=byte_level())


# --- SentencePiece, Unigram, WordPiece


def metaspace(scheme: str = "always", split: bool = True) -> Json:
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}


REPLACE = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
LLAMA2 = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, REPLACE]}
CONTROLS = added("<unk>", "<s>", "</s>", special=True)


def sentencepiece(
    tokens: Iterable[Json] = (), *, fallback: bool = True, options: Json | None = None, **parts: Any
) -> str:
    """A BPE of characters that falls back to bytes."""
    words, merges = _learned_bpe(json.dumps(metaspace()), False)
    byte_tokens = [f"<0x{b:02X}>" for b in range(256)] if fallback else []
    spaces, runs = [["▁" * n, "▁" * n] for n in (1, 2, 4)], ["▁▁", "▁▁▁▁", "▁" * 8]
    listed = dict.fromkeys(["<unk>", "<s>", "</s>", *byte_tokens, *words, "▁", *runs])
    flags = {"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": fallback} | (options or {})
    model = bpe({token: i for i, token in enumerate(listed)}, [*merges, *spaces], **flags)
    return tokenizer_json(model, [*CONTROLS, *tokens], len(listed), **parts)


def unigram(pre_tokenizer: Json | None, tokens: Iterable[Json] = (), byte_fallback: bool = False, **parts: Any) -> str:
    pieces, unk = _learned_unigram()
    if byte_fallback:
        pieces = [*pieces, *([f"<0x{b:02X}>", -20.0] for b in range(256))]
    model = {"type": "Unigram", "unk_id": unk, "vocab": pieces, "byte_fallback": byte_fallback}
    return tokenizer_json(model, [*CONTROLS[1:], *tokens], len(pieces), pre_tokenizer=pre_tokenizer, **parts)


@functools.cache
def _learned_unigram() -> tuple[list[Any], int]:
    shell = tokenizers.Tokenizer(tokenizers.models.Unigram())
    shell.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    trainer = tokenizers.trainers.UnigramTrainer(
        vocab_size=800, unk_token="<unk>", special_tokens=["<unk>", "<pad>"], show_progress=False
    )
    shell.train_from_iterator(sentences(), trainer)
    model = json.loads(shell.to_str())["model"]
    return model["vocab"], model["unk_id"]


def bert(tokens: Iterable[Json] = (), longest: int = 100, pre_tokenizer: Json | None = None, **normalizer: Any) -> str:
    vocab = _learned_wordpiece()
    flags = {"clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True} | normalizer
    model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
             "max_input_chars_per_word": longest, "vocab": vocab}  # fmt: skip
    return tokenizer_json(
        model, [*added("[UNK]", "[CLS]", "[SEP]", special=True), *tokens], len(vocab),
        normalizer={"type": "BertNormalizer"} | flags, pre_tokenizer=pre_tokenizer or {"type": "BertPreTokenizer"},
        decoder={"type": "WordPiece", "prefix": "##", "cleanup": True},
    )  # fmt: skip


@functools.cache
def _learned_wordpiece() -> dict[str, int]:
    shell = tokenizers.Tokenizer(tokenizers.models.WordPiece(unk_token="[UNK]"))
    shell.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    trainer = tokenizers.trainers.WordPieceTrainer(
        vocab_size=900, special_tokens=["[UNK]", "[CLS]", "[SEP]"], show_progress=False
    )
    shell.train_from_iterator(sentences(), trainer)
    vocab: dict[str, int] = json.loads(shell.to_str())["model"]["vocab"]
    return vocab


def precompiled(mapping: dict[str, str]) -> Json:
    """SentencePiece's own normaliser: a double-array trie from strings to places in a list of strings."""
    texts, places = b"", {}
    for source, target in mapping.items():
        places[source.encode()] = len(texts)
        texts += target.encode() + b"\0"
    units, free = [0] * 256, 256

    def place(node: int, prefix: bytes) -> None:
        """Each node has a block of 256 for its children, so that none can meet another's."""
        nonlocal free
        block, free = free, free + 256
        units.extend([0] * 256)
        ends = prefix in places
        units[node] |= (node ^ block) << 10 | ends << 8
        if ends:
            units[block] = 1 << 31 | places[prefix]
        for byte in sorted({key[len(prefix)] for key in places if key.startswith(prefix) and len(key) > len(prefix)}):
            units[block ^ byte] = byte
            place(block ^ byte, prefix + bytes([byte]))

    place(0, b"")
    trie = struct.pack(f"<{len(units)}I", *units)
    blob = struct.pack("<I", len(trie)) + trie + texts
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(blob).decode()}


CHARSMAP = {
    "ﬁ": "fi", "①": "1", "　": " ", "\u200b": "", "\t": " ", "\n": " ", "e\u0301": "é", "Å": "Å", "…": "...", "ſ": "s",
    "№": "No", "½": "1/2", "\u1100\u1161": "가",
}  # fmt: skip
T5 = {
    "type": "Sequence",
    "normalizers": [precompiled(CHARSMAP), {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}],
}

SPLIT_AT_SPACES = {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False}

# What added tokens they are given: none, simple ones, ones that take white space in, all that is tricky.
FAMILIES: dict[str, Callable[[list[Json]], str]] = {
    "llama-2": lambda t: sentencepiece(t, normalizer=LLAMA2),
    "mistral": lambda t: sentencepiece(t, pre_tokenizer=metaspace("first", split=False)),
    "metaspace, always": lambda t: sentencepiece(t, pre_tokenizer=metaspace()),
    "metaspace, never": lambda t: sentencepiece(t, pre_tokenizer=metaspace("never")),
    "gemma": lambda t: sentencepiece(t, normalizer=REPLACE),
    "gemma, split": lambda t: sentencepiece(t, normalizer=REPLACE, pre_tokenizer=SPLIT_AT_SPACES),
    "unigram": lambda t: unigram(metaspace(), t),
    "unigram, first": lambda t: unigram(metaspace("first"), t),
    "unigram, NFKC": lambda t: unigram(metaspace(), t, normalizer={"type": "NFKC"}),
    "unigram, precompiled": lambda t: unigram(metaspace(), t, normalizer=precompiled(CHARSMAP)),
    "t5": lambda t: unigram(sequence({"type": "WhitespaceSplit"}, metaspace()), t, normalizer=T5),
    "bert": lambda t: bert(t),
    "bert, cased": lambda t: bert(t, lowercase=False),
}
SIMPLE = [
    *added("<s>", "</s>", "<s><s>", "<|endoftext|>", special=True),
    *added("[x]", "  ", "été", " lead", "<0x41>", "▁"),
]
SIDES = [
    *added("<|left|>", lstrip=True),
    *added("<|right|>", rstrip=True),
    *added("<|both|>", lstrip=True, rstrip=True),
]

OTHERS: dict[str, Callable[[], str]] = {
    name + suffix: functools.partial(make, tokens)
    for name, make in FAMILIES.items()
    for suffix, tokens in {"": [], ", simple": SIMPLE, ", sides": SIDES, ", added": TRICKY}.items()
} | {
    "llama-2, no fuse": lambda: sentencepiece(normalizer=LLAMA2, options={"fuse_unk": False}, fallback=False),
    "llama-2, unk": lambda: sentencepiece(normalizer=LLAMA2, fallback=False),
    "llama-2, ignore_merges": lambda: sentencepiece(normalizer=LLAMA2, options={"ignore_merges": True}),
    "llama-2, no unk": lambda: sentencepiece(normalizer=LLAMA2, options={"unk_token": None}, fallback=False),
    "metaspace, ignore_merges": lambda: sentencepiece(pre_tokenizer=metaspace(), options={"ignore_merges": True}),
    "unigram, not split": lambda: unigram(metaspace("always", split=False)),
    "unigram, bytes": lambda: unigram(metaspace(), byte_fallback=True),
    "bert, accents kept": lambda: bert(strip_accents=False),
    "bert, accents off": lambda: bert(strip_accents=True, lowercase=False),
    "bert, not cleaned": lambda: bert(clean_text=False),
    "bert, Chinese in words": lambda: bert(handle_chinese_chars=False),
    "bert, short words": lambda: bert(longest=5),
    "bert, Whitespace": lambda: bert(pre_tokenizer={"type": "Whitespace"}),
    "bert, WhitespaceSplit": lambda: bert(pre_tokenizer={"type": "WhitespaceSplit"}),
}  # fmt: skip

ALL = PATTERNS | FLAGS | OTHERS
