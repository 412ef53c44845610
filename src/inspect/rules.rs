//! Rules of the user: each is a finding in the rows for which it is true.

use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use serde_json::{Value, json};

use super::finding::Harm;
use super::tally::Tally;
use crate::error::Result;

/// Says for which rows a rule is true.
pub(crate) trait CheckRows: Send + Sync {
    /// The columns that it reads; none means all.
    fn columns(&self) -> Option<&[String]>;

    /// Whether it is true for each row.
    ///
    /// # Errors
    /// Those of the expression or the function of the user.
    fn check(&self, rows: &RecordBatch) -> Result<BooleanArray>;
}

/// A rule of the user.
#[derive(Clone)]
pub(crate) struct Rule {
    /// Its name, which is the code of its finding.
    pub(crate) name: String,
    pub(crate) why: String,
    pub(crate) repair: String,
    pub(crate) harm: Harm,
    pub(crate) check: Arc<dyn CheckRows>,
}

impl Rule {
    /// Its finding as JSON; none without rows.
    pub(super) fn to_json(&self, tally: &Tally, rows: u64, files: &[String]) -> Option<Value> {
        let share = tally.count as f64 / rows.max(1) as f64;
        (tally.count > 0).then(|| {
            json!({
                "code": self.name,
                "title": "rows that a rule of yours finds",
                "severity": self.harm.severity(share),
                "count": tally.count,
                "checked": rows,
                "share": (share * 1e6).round() / 1e6,
                "detail": "",
                "affix": null,
                "why": self.why,
                "repair": self.repair,
                "examples": tally.examples.iter().map(|e| e.to_json(files)).collect::<Vec<_>>(),
            })
        })
    }
}
