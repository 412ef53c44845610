"""fastprep: prepares fine-tuning data, from raw examples to training shards for torch and transformers."""

import warnings as _warnings

from fastprep import polars_namespace as _polars_namespace
from fastprep._fastprep import DEBUG_BUILD as _DEBUG_BUILD
from fastprep._fastprep import __version__
from fastprep.chat_format import ChatFormat
from fastprep.chat_turn import ChatText, ChatTurn
from fastprep.dialect import Dialect
from fastprep.exceptions import (
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
from fastprep.inspection.expectation import Expectation, expect
from fastprep.inspection.inspection import Finding, Inspection
from fastprep.inspection.rules import Rule
from fastprep.lint import Lint, Problem, lint
from fastprep.pipeline import Pipeline
from fastprep.prepared.prepared_data import PreparedData, load
from fastprep.prepared.recommend import Recommendation, recommend
from fastprep.prepared.split import Split
from fastprep.prompt_format import PromptFormat
from fastprep.report.run_report import Report
from fastprep.scan import (
    concat,
    from_arrow,
    from_datasets,
    from_records,
    scan,
    scan_csv,
    scan_ipc,
    scan_json,
    scan_jsonl,
    scan_parquet,
)
from fastprep.tokenizer import Tokenizer

__all__ = [
    "CallbackError",
    "ChatFormat",
    "ChatText",
    "ChatTurn",
    "ColumnError",
    "DataError",
    "Dialect",
    "Expectation",
    "FastprepError",
    "Finding",
    "Inspection",
    "InternalError",
    "Lint",
    "Pipeline",
    "PlanError",
    "PreparedData",
    "Problem",
    "PromptFormat",
    "PublishError",
    "Recommendation",
    "Report",
    "Rule",
    "SourceError",
    "Split",
    "Tokenizer",
    "TokenizerError",
    "__version__",
    "concat",
    "expect",
    "from_arrow",
    "from_datasets",
    "from_records",
    "lint",
    "load",
    "recommend",
    "scan",
    "scan_csv",
    "scan_ipc",
    "scan_json",
    "scan_jsonl",
    "scan_parquet",
]

_polars_namespace.register()

if _DEBUG_BUILD:
    _warnings.warn("this build of fastprep is not optimised and many times slower; build with --release", stacklevel=2)
