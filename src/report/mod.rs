//! What happened in a run: counts that add up while it runs, and the report that is made of them once.

mod counts;
mod make;
mod named;
mod tally;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use counts::{StepCounts, add_pass};
pub(crate) use make::Shape;
pub use named::Named;
pub(crate) use tally::Tally;

/// The report. Its JSON has these names in this order; they are documented in `docs/report.md` and stable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What became of the rows.
    pub(crate) rows: Rows,
    /// What each step did.
    pub(crate) steps: Vec<Step>,
    /// Rows taken out by reason code, the most frequent first.
    pub(crate) reasons: Named<Reason>,
    /// What was noticed, by name, the most frequent first.
    pub(crate) findings: Named<Counted>,
    /// Lines without anything but white space.
    pub(crate) blank_lines: u64,
    /// Absent without a tokenizer.
    pub(crate) tokens: Option<Tokens>,
    /// Absent without a pack.
    pub(crate) packing: Option<Packing>,
    /// Absent without `split(report_by=)`.
    pub(crate) groups: Option<Groups>,
}

/// What became of the rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rows {
    /// Rows read.
    pub read: u64,
    /// Rows that reached the sink.
    pub written: u64,
    /// Rows that a sink lists as rejects.
    pub rejected: u64,
    /// Duplicates, of this run and of earlier folders.
    pub duplicate: u64,
    /// Rows that a filter took out.
    pub filtered: u64,
    /// Rows that a policy dropped.
    pub dropped: u64,
}

/// What a step did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its verb.
    pub(crate) step: String,
    /// Rows that came in.
    pub(crate) rows_in: u64,
    /// Rows that went on.
    pub(crate) rows_out: u64,
    /// Rows that it took out, by reason code.
    pub(crate) removed: Named<Counted>,
}

/// How many, and the first of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counted {
    /// How many.
    pub(crate) count: u64,
    /// The first in input order.
    pub(crate) first: First,
}

/// Rows taken out for a reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reason {
    /// How many, and the first of them.
    #[serde(flatten)]
    pub(crate) rows: Counted,
    /// Of these rows, how many have this column to blame.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    pub(crate) columns: Named<u64>,
}

/// A place for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct First {
    /// The name of the file.
    pub(crate) file: String,
    /// The row within the file, from 0.
    pub(crate) row: u64,
    /// The line, from 1, where the source has lines.
    pub(crate) line: Option<u64>,
}

/// The tokens of all rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tokens {
    /// Tokens.
    pub(crate) total: u64,
    /// Those whose label is trained.
    pub(crate) trained: u64,
    /// The latter over the former; 0 without tokens.
    pub(crate) trained_share: f64,
    /// Rows rejected since no token of them would be trained.
    pub(crate) rows_without_trained: u64,
    /// Rows cut to the most tokens that a row may have.
    pub(crate) truncated: u64,
    /// Rows that begin with BOS twice.
    pub(crate) doubled_bos: u64,
    /// Lengths of rows.
    pub(crate) length: Length,
    /// Share of the rows in which the ids of the stop are the stop's own; none without rows.
    pub(crate) stop_stable_share: Option<f64>,
    /// Why other software may make other ids of the tokenizer.
    pub(crate) warnings: Vec<String>,
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
}

/// What a pack did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Packing {
    /// Rows that were packed.
    pub(crate) documents: u64,
    /// Packs they became.
    pub(crate) packs: u64,
    /// Tokens of all packs.
    pub(crate) tokens: u64,
    /// Most tokens of a pack.
    pub(crate) max_length: u32,
    /// Tokens over the room there is; 0 without packs.
    pub(crate) fill: f64,
}

/// Rows by the value of a column and by split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Groups {
    /// The column.
    pub(crate) column: String,
    /// Rows by value, then by split.
    pub(crate) rows: Named<Named<u64>>,
}

impl Report {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        // Nothing in it fails: all keys are text.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// As JSON in one line.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_json().fmt(f)
    }
}
