"""The words that options take, as types. Type checkers need them written out; a test compares them with the core."""

from __future__ import annotations

from typing import Literal

# The core has these too, under the same names in `_fastprep.WORDS`.
Policy = Literal["reject", "drop", "raise"]
OnCollision = Literal["reject", "drop", "raise", "insert_space"]
Train = Literal["all", "last"]
SpanKind = Literal["reasoning", "calls", "content"]
TrainedRole = Literal["system", "user", "assistant", "tool"]
History = Literal["as_rendered", "split_turns"]
OnDropped = Literal["reject", "drop", "raise", "keep"]
OnOpenEnd = Literal["reject", "drop", "raise", "keep", "append_eos"]
ToolArguments = Literal["parse", "verbatim"]
OnOverflow = Literal["reject", "drop", "raise", "truncate_prompt_left", "truncate_completion", "drop_oldest_turns"]
Boundary = Literal["part", "whole"]
SpecialTokens = Literal["reject", "drop", "raise", "strip", "as_text", "as_token"]
WrittenTokens = Literal["as_token", "as_text", "raise"]
Existing = Literal["keep", "replace"]
Normalize = Literal["unicode", "case", "whitespace"]
UnicodeForm = Literal["NFC", "NFKC"]
Role = Literal["system", "developer", "user", "assistant", "tool"]
Harm = Literal["severe", "moderate", "minor"]
Keep = Literal["first", "most", "none"]
BalanceHow = Literal["undersample", "oversample", "weights"]
MixUnit = Literal["rows", "tokens"]
OnExhausted = Literal["stop", "repeat"]
PersonalData = Literal["email", "phone", "card", "iban", "secret"]
Target = Literal[
    "azure",
    "openai",
    "together",
    "fireworks",
    "bedrock",
    "mistral",
    "trl",
    "axolotl",
    "azure_dpo",
    "openai_dpo",
    "together_dpo",
    "fireworks_dpo",
]
Format = Literal["arrow", "jsonl", "parquet"]
Compression = Literal["gzip", "zstd"]

# Only Python has these.
Layout = Literal["padded", "flat"]
PaddingSide = Literal["right", "left"]
Method = Literal["full", "lora"]
