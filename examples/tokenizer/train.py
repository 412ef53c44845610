"""Trains the demo tokenizer: byte-level BPE over the demo data.

Run `python examples/tokenizer/train.py` (needs `tokenizers` 0.23); it writes the same bytes every time,
beside itself or in `--out`.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

HERE = Path(__file__).parent
END, PAD = "<|endoftext|>", "<|pad|>"
VOCABULARY = 1_800


def texts(path: Path) -> Iterator[str]:
    """The text fields of all rows that can be read; planted control tokens are left out."""
    for line in path.read_bytes().split(b"\n"):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            fields = (row.get(name) for name in ("instruction", "input", "output"))
            yield from (text for text in fields if isinstance(text, str) and END not in text)


def train() -> Tokenizer:
    """The tokenizer."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts(HERE.parent / "data" / "support.jsonl"), trainer)
    return tokenizer


def main() -> None:
    """Writes `tokenizer.json` and `tokenizer_config.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE)
    out = parser.parse_args().out
    (out / "tokenizer.json").write_text(train().to_str(pretty=False) + "\n", "utf-8")
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "pad_token": PAD,
        "model_max_length": 512,
        "clean_up_tokenization_spaces": False,
    }
    (out / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
