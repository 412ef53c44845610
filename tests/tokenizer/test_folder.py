"""A tokenizer's folder: its ids are those of `AutoTokenizer`, or `explain` and the report say why they may not be."""

from __future__ import annotations

import ast
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from common import ROOT
from hypothesis import given
from hypothesis import strategies as st
from tiny import PAIR, pairs, refused, rows
from tokenizer_files import Json, added, bpe, byte_characters, byte_level, split, tokenizer_json

import fastprep as fp

transformers = pytest.importorskip("transformers", minversion="5", reason="transformers 5 is not installed")

PLAIN = ["PreTrainedTokenizerFast", "TokenizersBackend", "PreTrainedTokenizer", "NoSuchTokenizer", None]
OWN = ["GPT2Tokenizer", "GPT2TokenizerFast", "LlamaTokenizer", "Qwen2TokenizerFast", "BertTokenizer"]
QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TOKENS = ["<s>", "</s>", "<|a|>", "<|ab|>", "[W]", "ab", "Word", "\n"]
FRAGMENTS = [*TOKENS, "a", "b", " ", "  ", "²", "\u0301", "w", "WORD", "'s", "12", "."]


def byte_bpe(tokens: list[Json] = [], **parts: Any) -> Json:  # noqa: B006
    """A byte-level model with a few merges; `ab` is a token of the model."""
    alphabet = sorted(byte_characters())
    vocab = {token: id for id, token in enumerate([*alphabet, "ab", "Ġa", "Ġab", "12"])}
    merges = [["a", "b"], ["Ġ", "a"], ["Ġ", "ab"], ["1", "2"]]
    pipeline: Json = {"pre_tokenizer": byte_level(use_regex=True), "decoder": byte_level(), **parts}
    made: Json = json.loads(tokenizer_json(bpe(vocab, merges), tokens, len(vocab), **pipeline))
    return made


def write(folder: Path, files: dict[str, Json | None]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        if content is not None:
            (folder / name).write_text(json.dumps(content))
    return folder


def warnings(folder: Path) -> list[str]:
    lines = pairs(("a", "b")).format(PAIR).tokenize(folder).explain().splitlines()
    return [line.strip() for line in lines if line.strip().startswith("warning:")]


def same(folder: Path, texts: list[str]) -> None:
    """The ids of the folder are those of AutoTokenizer, with and without what is put around a text."""
    auto = transformers.AutoTokenizer.from_pretrained(folder)
    ours = fp.Tokenizer(folder)
    in_memory = fp.Tokenizer(auto)
    for special in (False, True):
        for text in texts:
            wanted = auto.encode(text, add_special_tokens=special)
            assert ours.encode(text, add_special_tokens=special) == wanted, text
            assert in_memory.encode(text, add_special_tokens=special) == wanted, text


NEW: Json = {
    "content": "<|new|>",
    "special": True,
    "normalized": False,
    "lstrip": False,
    "rstrip": False,
    "single_word": False,
}
FOLDERS: dict[str, dict[str, Json]] = {
    "added_tokens_decoder": {"tokenizer_config.json": {"added_tokens_decoder": {"260": NEW}}},
    "flags of the decoder win": {
        "tokenizer.json": byte_bpe(added("<|new|>", special=True)),
        "tokenizer_config.json": {"added_tokens_decoder": {"260": {**NEW, "lstrip": True, "rstrip": True}}},
    },
    "ids that are not free": {
        "tokenizer_config.json": {"added_tokens_decoder": {"700": NEW, "3": {**NEW, "content": "<|x|>"}}}
    },
    "added_tokens.json": {"added_tokens.json": {"<|new|>": 261, "<|x|>": 260}},
    "added_tokens.json, named": {
        "added_tokens.json": {"<|new|>": 260, "<|x|>": 261},
        "special_tokens_map.json": {"eos_token": "<|new|>"},
    },
    "special_tokens_map.json": {
        "special_tokens_map.json": {"bos_token": "<|x|>", "eos_token": {**NEW, "rstrip": True}, "pad_token": "<|new|>"}
    },
    "the map wins over the configuration": {
        "tokenizer_config.json": {"eos_token": "<|x|>"},
        "special_tokens_map.json": {"eos_token": "<|new|>"},
    },
    "but not over a decoder": {
        "tokenizer_config.json": {"added_tokens_decoder": {}, "eos_token": "<|x|>"},
        "special_tokens_map.json": {"eos_token": "<|new|>"},
    },
    "additional_special_tokens": {"tokenizer_config.json": {"additional_special_tokens": ["<|new|>", "<|x|>"]}},
    "extra_special_tokens": {"tokenizer_config.json": {"extra_special_tokens": {"image_token": "<|new|>"}}},
    "a name of its own": {"tokenizer_config.json": {"image_token": "<|new|>"}},
    "split_special_tokens": {
        "tokenizer.json": byte_bpe(added("<|new|>", special=True)),
        "tokenizer_config.json": {"split_special_tokens": True},
    },
    "add_bos_token does not count": {
        "tokenizer_config.json": {"bos_token": "<|new|>", "add_bos_token": True, "add_eos_token": True}
    },
    "a pad token of tokenizer.json": {
        "tokenizer.json": byte_bpe(
            padding={"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0,
                     "pad_type_id": 0, "pad_token": "<|new|>"}
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("name", FOLDERS)
def test_tokens_of_a_folder(name: str, tmp_path: Path) -> None:
    files = {"tokenizer.json": byte_bpe(), **FOLDERS[name]}
    folder = write(tmp_path / "made", files)
    same(folder, ["a<|new|>b <|new|> b", "<|x|>", " <|x|> ab", "<|new|>\n<|new|>"])
    assert warnings(folder) == []


def test_names_of_a_folder_are_its_bos_and_eos(tmp_path: Path) -> None:
    config = {"eos_token": {"__type": "AddedToken", **NEW}, "bos_token": "<|x|>", "pad_token": None}
    folder = write(tmp_path / "made", {"tokenizer.json": byte_bpe(), "tokenizer_config.json": config})
    auto = transformers.AutoTokenizer.from_pretrained(folder)
    eos = fp.PromptFormat("{prompt}", completion="{completion}", eos=True)
    pairs(("a", "b")).format(eos).tokenize(folder).sink_arrow(tmp_path / "out")
    data = fp.load(tmp_path / "out")
    assert data["train"].to_arrow().to_pylist()[0]["input_ids"][-1] == auto.eos_token_id
    recorded = data.manifest["tokenizer"]
    assert recorded["bos_token_id"] == auto.bos_token_id is not None
    assert recorded["pad_token_id"] is None


def test_a_token_that_only_the_folder_names_is_a_control_token(tmp_path: Path) -> None:
    config = {"added_tokens_decoder": {"260": NEW}}
    folder = write(tmp_path / "made", {"tokenizer.json": byte_bpe(), "tokenizer_config.json": config})
    report = pairs(("a <|new|>", "b"), ("c", "d")).format(PAIR).tokenize(folder).sink_arrow(tmp_path / "out")
    assert report.reasons == {"special_token_in_text": 1}


def test_a_file_by_its_own_name_is_that_file_alone(tmp_path: Path) -> None:
    config = {"added_tokens_decoder": {"260": NEW}, "eos_token": "<|new|>"}
    folder = write(tmp_path / "made", {"tokenizer.json": byte_bpe(), "tokenizer_config.json": config})
    file = folder / "tokenizer.json"
    tokenizers = pytest.importorskip("tokenizers")
    assert fp.Tokenizer(file).encode("<|new|>") == tokenizers.Tokenizer.from_file(str(file)).encode("<|new|>").ids
    explained = pairs(("a", "b")).format(PAIR).tokenize(file).explain()
    assert 'the token "<|new|>" is named, but tokenizer.json does not hold it' in explained


@pytest.mark.parametrize(
    ("config", "model"),
    [
        pytest.param({"tokenizer_class": "LlamaTokenizer"}, {}, id="named"),
        pytest.param({"tokenizer_class": "LlamaTokenizerFast"}, {"model_type": "llama"}, id="fast"),
        pytest.param({}, {"model_type": "gpt2"}, id="by model"),
        pytest.param({}, {"tokenizer_class": "BertTokenizer"}, id="by configuration"),
    ],
)
def test_a_class_that_builds_its_own_pipeline_is_named(config: Json, model: Json, tmp_path: Path) -> None:
    metaspace = {"type": "Prepend", "prepend": "_"}
    made = byte_bpe(added("<s>"), normalizer=metaspace, pre_tokenizer=None, decoder=None)
    folder = write(tmp_path / "made", {"tokenizer.json": made, "tokenizer_config.json": config, "config.json": model})
    [warning] = warnings(folder)
    assert "AutoTokenizer.from_pretrained(folder)" in warning
    report = pairs(("a", "b")).format(PAIR).tokenize(folder).sink_arrow(tmp_path / "out")
    [warned] = report.to_dict()["tokens"]["warnings"]
    assert f"warning: {warned}" == warning
    assert warned in str(report)


@pytest.mark.parametrize(
    ("config", "model"),
    [
        # A byte-level file is never loaded as LlamaTokenizer.
        pytest.param({"tokenizer_class": "LlamaTokenizer"}, {"model_type": "llama"}, id="byte-level"),
        # Folders of this model are known to name a class that is not theirs.
        pytest.param({"tokenizer_class": "LlamaTokenizer"}, {"model_type": "phi3"}, id="misnamed"),
        pytest.param({"tokenizer_class": "LlamaTokenizer"}, {"model_type": "mistral"}, id="mistral"),
        pytest.param({"tokenizer_class": "GPT2Tokenizer", "bos_token": None, "eos_token": None, "unk_token": None}, {},
                     id="the same pipeline"),
        pytest.param({"tokenizer_class": "NoSuchTokenizer"}, {"model_type": "no_such_model"}, id="not known"),
    ],
)  # fmt: skip
def test_a_class_that_takes_the_file_as_it_is_is_not(config: Json, model: Json, tmp_path: Path) -> None:
    files = {"tokenizer.json": byte_bpe(), "tokenizer_config.json": config, "config.json": model}
    folder = write(tmp_path / "made", files)
    same(folder, ["a ab's 12", " x"])
    assert warnings(folder) == []


def test_qwen2_and_gpt2_folders_as_they_are_published(tmp_path: Path) -> None:
    end = added("<|endoftext|>", special=True)
    pre_tokenizer = {"type": "Sequence", "pretokenizers": [split(QWEN2), byte_level()]}
    made = byte_bpe(end, normalizer={"type": "NFC"}, pre_tokenizer=pre_tokenizer)
    decoder = {str(token["id"]): {k: v for k, v in token.items() if k != "id"} for token in made["added_tokens"]}
    config = {"tokenizer_class": "Qwen2Tokenizer", "added_tokens_decoder": decoder, "eos_token": "<|endoftext|>"}
    qwen2 = write(tmp_path / "qwen2", {"tokenizer.json": made, "tokenizer_config.json": config})
    gpt2 = write(tmp_path / "gpt2", {"tokenizer.json": byte_bpe(end), "config.json": {"model_type": "gpt2"}})
    for folder in (qwen2, gpt2):
        same(folder, ["ab ab'S 123<|endoftext|>", "e\u0301"])
        assert warnings(folder) == []


@pytest.mark.parametrize("kind", ["LlamaTokenizer", "GemmaTokenizer"])
def test_llama_and_gemma_folders_as_transformers_5_writes_them(kind: str, tmp_path: Path) -> None:
    gemma = kind == "GemmaTokenizer"
    names = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"] if gemma else ["<unk>", "<s>", "</s>"]
    vocab = {token: id for id, token in enumerate([*names, *(f"<0x{b:02X}>" for b in range(256)), *"▁abc", "ab", "▁a"])}
    model = bpe(vocab, [["a", "b"], ["▁", "a"]], fuse_unk=True, byte_fallback=True, unk_token="<unk>")
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
    space: Json = {"pattern": {"String": " "}}
    parts: Json = {"pre_tokenizer": metaspace}
    if gemma:
        parts["normalizer"] = {"type": "Replace", **space, "content": "▁"}
        parts["pre_tokenizer"] = {"type": "Split", **space, "behavior": "MergedWithPrevious", "invert": False}
    made = json.loads(tokenizer_json(model, added(*names, special=True), **parts))
    folder = write(tmp_path / "made", {"tokenizer.json": made, "tokenizer_config.json": {"tokenizer_class": kind}})
    assert type(transformers.AutoTokenizer.from_pretrained(folder)).__name__ == kind
    same(folder, ["ab c", f"{names[1]} a", " a  b", "é\n"])
    assert warnings(folder) == []


@pytest.mark.parametrize(
    ("name", "content", "code", "match"),
    [
        ("tokenizer_config.json", {"fast_tokenizer_files": ["tokenizer.4.0.0.json"]}, "tokenizer_folder", "4.0.0"),
        ("tokenizer_config.json", {"fix_mistral_regex": True}, "tokenizer_folder", "fix_mistral_regex"),
        ("tokenizer_config.json", {"added_tokens_decoder": {"x": NEW}}, "tokenizer_broken", "a whole number; got"),
        ("tokenizer_config.json", {"eos_token": 5}, "tokenizer_broken", "a token must be a string or an object; got 5"),
        ("added_tokens.json", {"<|new|>": "x"}, "tokenizer_broken", "a whole number; got"),
        ("special_tokens_map.json", [1], "tokenizer_not_json", "special_tokens_map.json"),
    ],
)
def test_what_cannot_be_honoured_is_an_error(name: str, content: Any, code: str, match: str, tmp_path: Path) -> None:
    model = {"model_type": "mistral", "transformers_version": "4.57.1"}
    folder = write(tmp_path / "made", {"tokenizer.json": byte_bpe(), "config.json": model, name: content})
    with refused(fp.TokenizerError, code, match):
        fp.Tokenizer(folder)


@pytest.mark.parametrize(
    "model", [None, {"model_type": "mistral", "transformers_version": "5.1.0"}, {"model_type": "x"}]
)
def test_a_regex_that_is_right_already_is_no_error(model: Json | None, tmp_path: Path) -> None:
    config = {"fix_mistral_regex": True, "tokenizer_class": "TokenizersBackend"}
    files = {"tokenizer.json": byte_bpe(), "tokenizer_config.json": config, "config.json": model}
    same(write(tmp_path / "made", files), ["a b", "12"])


FLAGS = st.fixed_dictionaries(
    {name: st.booleans() for name in ("special", "normalized", "lstrip", "rstrip", "single_word")}
)
CONTENT = st.sampled_from(TOKENS)
TOKEN = st.builds(lambda content, flags: {"content": content, **flags}, CONTENT, FLAGS)
TYPED = TOKEN.map(lambda token: {"__type": "AddedToken", **token})
NAMED = st.sampled_from(["bos_token", "eos_token", "pad_token", "unk_token", "image_token"])
MERGED: Any = {"type": "Sequence", "normalizers": [{"type": "Lowercase"}, {"type": "NFC"}]}


def unique(tokens: list[Json]) -> list[Json]:
    """One a content: the crate does not take two."""
    return list({token["content"]: token for token in tokens}.values())


@st.composite
def folders(draw: st.DrawFn) -> dict[str, Json | None]:
    """What save_pretrained of any version might have written, and worse."""
    there = unique(draw(st.lists(TOKEN, max_size=3)))
    normalizer = draw(st.sampled_from([None, {"type": "NFC"}, {"type": "Lowercase"}, MERGED]))
    made = byte_bpe(there, normalizer=normalizer)
    config: Json = draw(st.dictionaries(NAMED, CONTENT | TYPED | st.none(), max_size=4))
    name = draw(st.sampled_from(PLAIN) | st.sampled_from(OWN))
    if name is not None:
        config["tokenizer_class"] = name
    if draw(st.booleans()):
        decoder = unique(draw(st.lists(TOKEN, max_size=4)))
        ids = draw(st.permutations(range(250, 270)))
        config["added_tokens_decoder"] = {str(id): token for id, token in zip(ids, decoder, strict=False)}
    for key in ("additional_special_tokens", "extra_special_tokens"):
        if draw(st.integers(0, 3)) == 0:
            config[key] = draw(st.lists(CONTENT | TYPED, max_size=3))
    for key in ("split_special_tokens", "add_bos_token", "add_eos_token", "add_prefix_space"):
        if draw(st.integers(0, 3)) == 0:
            config[key] = draw(st.booleans())
    known = draw(st.none() | st.dictionaries(NAMED, CONTENT | TOKEN, max_size=4))
    more = draw(st.none() | st.dictionaries(CONTENT, st.integers(256, 270), max_size=3))
    return {
        "tokenizer.json": made,
        "tokenizer_config.json": draw(st.sampled_from([config, None])),
        "special_tokens_map.json": known,
        "added_tokens.json": more,
    }


def ids(tokenizer: Any, failure: type[BaseException], text: str, special: bool) -> list[int] | None:
    """None where the crate panics, which is no `Exception` in its own package."""
    try:
        encoded: list[int] = tokenizer.encode(text, add_special_tokens=special)
    except failure:
        return None
    return encoded


@given(files=folders(), texts=st.lists(st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join), max_size=6))
def test_any_folder_is_as_auto_tokenizer_or_says_so(files: dict[str, Json | None], texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as base:
        folder = write(Path(base) / "made", files)
        auto = transformers.AutoTokenizer.from_pretrained(folder)
        warned = warnings(folder)
        ours = fp.Tokenizer(folder)
        asked = [(text, special) for text in texts for special in (False, True)]
        wanted = [ids(auto, BaseException, *each) for each in asked]
        found = [ids(ours, fp.TokenizerError, *each) for each in asked]
        own = (files["tokenizer_config.json"] or {}).get("tokenizer_class") in OWN
        assert found == wanted or (own and warned)
        if not own:
            assert not warned


def test_the_classes_are_those_of_transformers() -> None:
    """`classes.txt` is what transformers says. `python` on this file writes it for the version that is installed."""
    text = (ROOT / "src/tokenizer/model_folder/classes.txt").read_text()
    version = text.split()[2]
    if transformers.__version__ != version:
        pytest.skip(f"the file is that of transformers {version}, and {transformers.__version__} is installed")
    assert text == classes()


def classes() -> str:
    """Model types with their classes, `!` before those whose folders misname it; then the classes that build their own
    pipelines.
    """
    from transformers.models.auto import tokenization_auto as auto

    # From the source: which classes are there depends on what is installed.
    of_model: dict[str, str] = {}
    for node in ast.walk(ast.parse(Path(auto.__file__).read_text())):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2 and isinstance(node.elts[0], ast.Constant):
            constants = [c.value for c in ast.walk(node.elts[1]) if isinstance(c, ast.Constant)]
            names = [constant for constant in constants if isinstance(constant, str)]
            if names and isinstance(node.elts[0].value, str):
                of_model[node.elts[0].value] = names[0]
    misnamed = auto.MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS
    for name in misnamed:
        of_model.setdefault(name, "TokenizersBackend")
    named = {name for name in dir(transformers) if name.endswith(("Tokenizer", "TokenizerFast"))}
    own = [name for name in sorted({*of_model.values(), *named}) if _is_own(auto.tokenizer_class_from_name(name))]
    models = [f"{'!' if name in misnamed else ''}{name} {of_model[name]}" for name in sorted(of_model)]
    return "\n".join([f"# transformers {transformers.__version__}", *models, "", *own, ""])


def _is_own(found: Any) -> bool:
    if found is None or found.__name__ in ("PythonBackend", "TokenizersBackend"):
        return False
    return not issubclass(found, transformers.PreTrainedTokenizerFast) or "__init__" in found.__dict__


def test_ids_of_rows_are_those_of_the_folder(tmp_path: Path) -> None:
    config = {"added_tokens_decoder": {"260": {**NEW, "special": False}}}
    folder = write(tmp_path / "made", {"tokenizer.json": byte_bpe(), "tokenizer_config.json": config})
    auto = transformers.AutoTokenizer.from_pretrained(folder)
    [row] = rows(pairs(("a<|new|>", "b<|new|>")).format(PAIR).tokenize(folder))
    assert row["input_ids"] == auto.encode(row["prompt"]) + auto.encode(row["completion"])


if __name__ == "__main__":
    (ROOT / "src/tokenizer/model_folder/classes.txt").write_text(classes())
