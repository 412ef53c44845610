"""fastprep: raw examples in, proven training shards out, and the hand-off to torch and transformers."""

import warnings as _warnings

from . import polars_namespace as _polars_namespace
from ._fastprep import DEBUG_BUILD as _DEBUG_BUILD
from ._fastprep import __version__
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
from .prompt_format import PromptFormat
from .recommend import Recommendation, recommend
from .report import Report
from .scan import concat, from_arrow, from_records, scan_jsonl, scan_parquet
from .tokenizer import Tokenizer

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
    "Recommendation",
    "Report",
    "SourceError",
    "Split",
    "Tokenizer",
    "TokenizerError",
    "__version__",
    "concat",
    "from_arrow",
    "from_records",
    "load",
    "recommend",
    "scan_jsonl",
    "scan_parquet",
]

_polars_namespace.register()

if _DEBUG_BUILD:
    _warnings.warn("this fastprep was built without optimisation and is many times slower", stacklevel=2)
