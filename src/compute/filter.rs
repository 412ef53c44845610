//! `filter`: keeps the rows for which an expression is true.

use std::sync::Arc;

use super::function::Function;
use super::mask::mask;
use crate::error::Result;
use crate::flow::Map;
use crate::record::{Batch, reason};
use crate::report::StepCounts;

/// Keeps the rows for which the function returns true.
pub(crate) struct FilterStage {
    /// The columns that are passed to the function.
    pub(crate) columns: Vec<String>,
    /// Returns one Boolean column.
    pub(crate) function: Arc<dyn Function>,
}

impl Map for FilterStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let keep = mask(self.function.as_ref(), Some(&self.columns), &batch.records, "filter")?;
        for i in (0..keep.len()).filter(|i| !keep.value(*i)) {
            counts.add_removed(reason::FILTERED, batch.places.at(i));
        }
        batch.keep(&keep)
    }
}
