//! The report of a run, and the counters that it is built from.

mod counts;
mod histogram;
mod make;
mod named;
mod tally;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use counts::{StepCounts, add_pass};
pub(crate) use histogram::{Bin, histogram};
pub(crate) use make::{REPEATED, ReportContext, entries};
pub use named::Named;
pub(crate) use tally::Tally;

/// The report. Its JSON has these names in this order. They are stable, and documented in `docs/report.md`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub(crate) rows: Rows,
    pub(crate) steps: Vec<Step>,
    /// Removed rows by reason code, the most frequent first.
    pub(crate) reasons: Named<Reason>,
    /// Findings by name, the most frequent first.
    pub(crate) findings: Named<Counted>,
    /// Lines that are empty or hold only white space.
    pub(crate) blank_lines: u64,
    /// None without a tokenizer.
    pub(crate) tokens: Option<Tokens>,
    /// None without `pack`.
    pub(crate) packing: Option<Packing>,
    /// None without `split(report_by=)`.
    pub(crate) groups: Option<Groups>,
}

/// Counts of rows by what happened to them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rows {
    /// Rows that the sources read.
    pub read: u64,
    /// Rows that reached the sink.
    pub written: u64,
    /// Rows that a sink lists as rejects.
    pub rejected: u64,
    /// Duplicates, of this run and of earlier folders.
    pub duplicate: u64,
    /// Rows that a filter removed.
    pub filtered: u64,
    /// Rows that a policy dropped.
    pub dropped: u64,
    /// Copies that steps made of rows.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repeated: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Counts of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The verb of the step.
    pub(crate) step: String,
    /// Rows that came in.
    pub(crate) rows_in: u64,
    /// Rows that went to the next step.
    pub(crate) rows_out: u64,
    /// Rows that the step removed, by reason code.
    pub(crate) removed: Named<Counted>,
    /// Copies that the step made of rows.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) repeated: u64,
}

/// A count, and the first occurrence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) count: u64,
    /// The first in input order.
    pub(crate) first: First,
}

/// Rows that were removed for one reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reason {
    /// A count, and the first occurrence.
    #[serde(flatten)]
    pub(crate) rows: Counted,
    /// Rows by the column that is the cause.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    pub(crate) columns: Named<u64>,
}

/// The place of a row, for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct First {
    /// The name of the file.
    pub(crate) file: String,
    /// 0-based, counted within the file.
    pub(crate) row: u64,
    /// 1-based; none where the source has no lines.
    pub(crate) line: Option<u64>,
}

/// Counts of tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tokens {
    /// Tokens of all rows.
    pub(crate) total: u64,
    /// Tokens whose label is trained.
    pub(crate) trained: u64,
    /// `trained` divided by `total`; 0 without tokens.
    pub(crate) trained_share: f64,
    /// By kind, where kinds have weights of their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) kinds: BTreeMap<String, KindTokens>,
    /// Rows that were rejected because none of their tokens would be trained.
    pub(crate) rows_without_trained: u64,
    /// Rows that were cut to `max_length`.
    pub(crate) truncated: u64,
    /// Rows that begin with BOS twice.
    pub(crate) doubled_bos: u64,
    pub(crate) length: Length,
    /// Share of the rows in which the stop has the same ids as when it is encoded alone; none without rows.
    pub(crate) stop_stable_share: Option<f64>,
    /// Why transformers may give other ids for the tokenizer.
    pub(crate) warnings: Vec<String>,
}

/// Tokens of a kind of text of the assistant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KindTokens {
    /// Those in turns that train.
    pub(crate) total: u64,
    /// Those whose label is trained.
    pub(crate) trained: u64,
}

/// Lengths of rows in tokens; 0 without rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Length {
    /// Half of the rows are no longer.
    pub(crate) p50: u32,
    /// 99 % of the rows are no longer.
    pub(crate) p99: u32,
    /// The longest.
    pub(crate) max: u32,
    /// Rows by length, in bins that grow with it; empty in reports of earlier versions.
    #[serde(default)]
    pub(crate) histogram: Vec<Bin>,
}

/// Counts of packing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Packing {
    /// Rows that were packed.
    pub(crate) documents: u64,
    /// Packs that were made.
    pub(crate) packs: u64,
    /// Tokens of all packs.
    pub(crate) tokens: u64,
    /// The maximum of tokens in a pack.
    pub(crate) max_length: u32,
    /// `tokens` divided by `packs` × `max_length`; 0 without packs.
    pub(crate) fill: f64,
}

/// Rows by the value of a column and by split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Groups {
    pub(crate) column: String,
    /// Rows by value, then by split.
    pub(crate) rows: Named<Named<u64>>,
}

impl Report {
    /// The report as JSON.
    pub fn to_json(&self) -> Value {
        // Cannot fail: all keys are text.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The report as JSON in one line.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_json().fmt(f)
    }
}
