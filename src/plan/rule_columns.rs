//! Rules of the user for `inspect`, as functions of the columns of a batch.

use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};

use crate::compute::{Function, mask};
use crate::error::Result;
use crate::inspect::CheckRows;

/// A rule as a function that returns one Boolean column.
pub(crate) struct RuleColumns {
    /// The columns that are passed to the function; none means all.
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) function: Arc<dyn Function>,
    /// Its name in errors.
    pub(crate) shown: String,
}

impl CheckRows for RuleColumns {
    fn columns(&self) -> Option<&[String]> {
        self.columns.as_deref()
    }

    fn check(&self, rows: &RecordBatch) -> Result<BooleanArray> {
        mask(self.function.as_ref(), self.columns(), rows, &self.shown)
    }
}
