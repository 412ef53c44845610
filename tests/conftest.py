"""What all tests share: how properties are tried, and a tokenizer trained here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples in every run: whether a commit passes is not chance. To look for new ones, raise max_examples.
settings.register_profile(
    "repeatable", derandomize=True, deadline=None, max_examples=100, suppress_health_check=list(HealthCheck)
)
settings.load_profile("repeatable")

# Tests of what goes through the engine: where a batch ends must not change their answers.
BATCHES = ("sources", "verbs")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks as `batches` all tests of sources and verbs; elsewhere a module marks itself."""
    for item in items:
        if item.path.parent.name in BATCHES:
            item.add_marker("batches")


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a byte-level BPE tokenizer whose `<|endoftext|>` is named as EOS, and whose `<s>` as BOS."""
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<|endoftext|>", "<s>"],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["what is the capital of france\n##\nparis\n###\n"] * 10, trainer)
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
    )
    folder = tmp_path_factory.mktemp("tokenizer")
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"bos_token": "<s>", "eos_token": "<|endoftext|>", "tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(names), "utf-8")
    return folder
