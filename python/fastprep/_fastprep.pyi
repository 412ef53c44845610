"""The compiled core. Everything public is documented in `fastprep`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, final

from fastprep.exceptions import FastprepError

__all__ = [
    "ARROW",
    "CHAT_COLUMNS",
    "CHOSEN_IDS",
    "CHOSEN_LABELS",
    "COMPLETION",
    "COMPLETION_IDS",
    "COMPLETION_LABELS",
    "CONTEXT",
    "DEBUG_BUILD",
    "DUPLICATE",
    "DUPLICATE_AGAINST",
    "FILLER",
    "FILTERED",
    "IGNORE",
    "INPUT_IDS",
    "LABELLED_COLUMNS",
    "LABELS",
    "MANIFEST",
    "MAX_LINE_BYTES",
    "NEVER",
    "PAIR_COLUMNS",
    "PARQUET",
    "PLAN_VERSION",
    "PROMPT",
    "PROMPT_IDS",
    "READ",
    "REJECTED_IDS",
    "REJECTED_LABELS",
    "ROW_WEIGHT",
    "SEGMENT_KINDS",
    "SEGMENT_LENGTHS",
    "SEGMENT_WEIGHTS",
    "SEPARATOR_COLLISION",
    "SEQ_LENGTHS",
    "SPECIAL_TOKEN_IN_TEXT",
    "SPLIT",
    "STDIN",
    "STOP_COLLISION",
    "TARGET",
    "TRAIN",
    "WORDS",
    "ChatFormat",
    "Permutation",
    "Plan",
    "PromptFormat",
    "Rows",
    "Shards",
    "TextFunction",
    "TokenRows",
    "Tokenizer",
    "__version__",
    "findings",
    "inspect_findings",
    "lint",
    "lint_targets",
    "manifest",
    "reasons",
    "verify",
]

__version__: str
DEBUG_BUILD: bool
PLAN_VERSION: int

# Columns.
CHAT_COLUMNS: tuple[str, str]
PAIR_COLUMNS: tuple[str, str, str]
LABELLED_COLUMNS: tuple[str, str, str]
PROMPT: str
COMPLETION: str
CHOSEN_IDS: str
CHOSEN_LABELS: str
COMPLETION_IDS: str
COMPLETION_LABELS: str
PROMPT_IDS: str
REJECTED_IDS: str
REJECTED_LABELS: str
INPUT_IDS: str
LABELS: str
SEGMENT_LENGTHS: str
SEGMENT_KINDS: str
SEGMENT_WEIGHTS: str
SEQ_LENGTHS: str
ROW_WEIGHT: str
SPLIT: str
# The split of rows that are in no other, and what a run does first.
TRAIN: str
READ: str
# The label of a token that is not trained; kinds of segments; the number of a row of one token that weighs nothing.
IGNORE: int
NEVER: int
CONTEXT: int
TARGET: int
FILLER: int
# Reasons.
DUPLICATE: str
DUPLICATE_AGAINST: str
FILTERED: str
SEPARATOR_COLLISION: str
SPECIAL_TOKEN_IN_TEXT: str
STOP_COLLISION: str
# Files: the format of shards, the name of the manifest, the path that names standard input, and the longest line.
ARROW: str
PARQUET: str
MANIFEST: str
STDIN: str
MAX_LINE_BYTES: int
# The words of each option, by the name of its type in `words.py`.
WORDS: dict[str, tuple[str, ...]]

@final
class PromptFormat:
    def __new__(cls, prompt: str, completion: str, separator: str, stop: str, eos: bool | None) -> Self: ...
    @staticmethod
    def rendered(column: str, stop: str | None, eos: bool | None) -> PromptFormat: ...
    @staticmethod
    def from_json(text: str) -> PromptFormat: ...
    def to_json(self, /) -> str: ...
    @property
    def prompt(self) -> str: ...
    @property
    def completion(self) -> str: ...
    @property
    def separator(self) -> str | None: ...
    @property
    def stop(self) -> str | None: ...
    @property
    def eos(self) -> bool | None: ...
    @property
    def columns(self) -> list[str]: ...
    def render(self, /, **columns: Any) -> tuple[str, str]: ...
    def render_prompt(self, /, **columns: Any) -> str: ...
    def parse_completion(self, /, text: str) -> str: ...
    def check_prompt(self, /, text: str) -> None: ...
    def sampling_args(self, /) -> dict[str, list[str]]: ...

@final
class ChatFormat:
    @staticmethod
    def open(path: str, name: str | None, options_json: str) -> ChatFormat: ...
    @staticmethod
    def from_text(template: str, options_json: str) -> ChatFormat: ...
    @staticmethod
    def from_json(text: str) -> ChatFormat: ...
    def to_json(self, /) -> str: ...
    @property
    def template(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def now(self) -> str | None: ...
    def render(self, /, messages: str, tools: str | None, add_generation_prompt: bool) -> str: ...
    def render_prompt(self, /, messages: str, tools: str | None) -> str: ...
    def prompt(self, /, messages: str, tools: str | None) -> str: ...
    def prompt_ids(self, /, messages: str, tools: str | None, tokenizer: Tokenizer) -> list[int]: ...
    def stops(self, /) -> list[str]: ...
    def turns(self, /, messages: str, tools: str | None, add_generation_prompt: bool) -> str: ...

@final
class Tokenizer:
    def __new__(
        cls,
        path: str | None,
        json: str | None,
        names: Mapping[str, str | None],
        encode_special_tokens: bool,
        label: str,
    ) -> Self: ...
    def token_texts(self, /, ids: Sequence[int]) -> list[str]: ...
    def encode(self, /, text: str, add_special_tokens: bool, special_tokens: str) -> list[int]: ...
    def encode_batch(
        self, /, texts: Any, add_special_tokens: bool, special_tokens: str, threads: int | None
    ) -> Any: ...
    def count_tokens(
        self, /, texts: Any, add_special_tokens: bool, special_tokens: str, threads: int | None
    ) -> Any: ...
    def decode(self, /, ids: Sequence[int], skip_special_tokens: bool) -> str: ...
    def decode_batch(self, /, ids: Any, skip_special_tokens: bool, threads: int | None) -> Any: ...
    @property
    def vocab_size(self) -> int: ...
    @property
    def digest(self) -> str: ...
    @property
    def engine(self) -> str: ...

@final
class Shards:
    def __new__(
        cls, files: Sequence[tuple[Any, int, int]], columns: Sequence[tuple[str, str]], text: bool = False
    ) -> Self: ...
    @property
    def folder(self) -> str: ...
    @property
    def columns(self) -> list[str]: ...
    def __arrow_c_stream__(self, /, requested_schema: Any = None) -> Any: ...
    def __reduce__(self, /) -> tuple[Any, ...]: ...

@final
class TokenRows:
    def __new__(cls, data: Any) -> Self: ...
    @staticmethod
    def mapped(shards: Shards) -> TokenRows: ...
    def __len__(self, /) -> int: ...
    def lengths(self, /, rows: Sequence[int]) -> list[int]: ...
    def padded(
        self,
        /,
        rows: Sequence[int],
        prompt_loss_weight: float,
        pad_token_id: int,
        pad_to_multiple_of: int,
        left: bool,
    ) -> tuple[bytearray, int, int]: ...
    def flat(
        self, /, rows: Sequence[int], prompt_loss_weight: float, pad_token_id: int, pad_to_multiple_of: int
    ) -> tuple[bytearray, int, int, int]: ...
    def columns(self, /, rows: Sequence[int]) -> dict[str, tuple[bytearray, list[int]]]: ...

@final
class Permutation:
    def __new__(cls, rows: int, seed: int, epoch: int) -> Self: ...
    def take(self, /, start: int, stop: int, step: int) -> list[int]: ...

@final
class Plan:
    @staticmethod
    def scan_files(format: str, inputs: Sequence[str], options: str) -> Plan: ...
    @staticmethod
    def scan_stdin(max_line_bytes: int) -> Plan: ...
    @staticmethod
    def from_arrow(name: str, data: Any, once: bool, same: bool, splits: Sequence[str]) -> Plan: ...
    @staticmethod
    def from_reader(name: str, make: Callable[[], Any], again: bool) -> Plan: ...
    @staticmethod
    def concat(names: Sequence[str], plans: Sequence[Plan], column: str) -> Plan: ...
    def to_json(self, /) -> str: ...
    def verbs(self, /) -> list[str]: ...
    def push(self, /, step: str, given: Any = None) -> Plan: ...
    def on_first_rows(self, /, rows: int) -> Plan: ...
    def dialect(self, /) -> str: ...
    def explain(self, /) -> str: ...
    def schema(self, /) -> list[tuple[str, str]]: ...
    def token_texts(self, /, ids: Sequence[int]) -> list[str]: ...
    def sink(
        self,
        /,
        dir: str,
        formats: Sequence[str],
        compression: str | None,
        overwrite: bool,
        max_rejects: int | None,
        max_reject_share: float | None,
        shard_bytes: int | None,
        threads: int | None,
        report: Callable[[str], tuple[str, str, str]] | None,
    ) -> str: ...
    def with_progress(self, /, callable: Callable[[str, int, int | None], None]) -> Plan: ...
    def check(self, /) -> str: ...
    def inspect(self, /, against: Plan | None, options: Mapping[str, Any]) -> str: ...
    def collect(self, /, threads: int | None) -> tuple[Any, str, FastprepError | None]: ...
    def no_rows(self, /) -> Any: ...
    def rows(self, /, threads: int | None) -> Rows: ...

@final
class Rows:
    def next(self, /) -> Any | None: ...
    def rejects(self, /) -> str: ...
    def stop(self, /) -> None: ...

@final
class TextFunction:
    def __new__(cls, name: str, json: str) -> Self: ...
    def apply(self, /, texts: Any) -> Any: ...

def manifest(dir: Any) -> str: ...
def verify(dir: Any) -> str: ...
def findings() -> list[tuple[str, str, str]]: ...
def inspect_findings() -> list[tuple[str, str, str, str, bool, str]]: ...
def reasons() -> list[tuple[str, str]]: ...
def lint(files: list[Any], valid: list[Any], target: str, threads: int | None, lines: Any) -> str: ...
def lint_targets() -> str: ...
