"""fastprep: raw examples in, proven training shards out, and the hand-off to torch and transformers."""

from ._fastprep import PromptFormat, Tokenizer, __version__
from .data import PreparedData, Split, load
from .exceptions import (
    CallbackError,
    ColumnError,
    DataError,
    FastprepError,
    InternalError,
    PlanError,
    PublishError,
    SourceError,
    TokenizerError,
)
from .pipeline import Pipeline
from .report import Report
from .scan import from_arrow, from_records, scan_jsonl, scan_parquet

__all__ = [
    "CallbackError",
    "ColumnError",
    "DataError",
    "FastprepError",
    "InternalError",
    "Pipeline",
    "PlanError",
    "PreparedData",
    "PromptFormat",
    "PublishError",
    "Report",
    "SourceError",
    "Split",
    "Tokenizer",
    "TokenizerError",
    "__version__",
    "from_arrow",
    "from_records",
    "load",
    "scan_jsonl",
    "scan_parquet",
]
