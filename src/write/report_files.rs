//! The report on the data, which is published with them.

use std::fmt::Debug;

use serde_json::Value;

use crate::error::Result;

/// The report in its three forms.
#[derive(Debug)]
pub struct ReportFiles {
    /// `report.json`, a part of what is published.
    pub json: String,
    /// `report.md`, outside the digest of the content.
    pub markdown: String,
    /// `report.html`, outside the digest of the content, as its charts depend on the version of what draws them.
    pub html: String,
}

/// Makes the report once all rows are written.
pub trait MakeReport: Debug + Send + Sync {
    /// The report on a run, of which `run` has the names of the `inputs`, the lines of the `plan`, the `report` and the
    /// totals of the `splits`.
    ///
    /// # Errors
    /// Those of reading the rows again. `cancelled`.
    fn make(&self, run: &Value) -> Result<ReportFiles>;
}
