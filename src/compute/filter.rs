//! `filter`: keeps the rows for which an expression is true.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;

use super::function::{Function, call, pick};
use crate::arrow_result::ArrowResult;
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
        let result = call(self.function.as_ref(), &pick(&batch, &self.columns)?, "filter")?;
        let mask = cast(result.column(0), &DataType::Boolean).or_too_large()?;
        let mask = mask.as_boolean();
        // Null counts as false, as in polars.
        let keep: BooleanArray = (0..mask.len()).map(|i| Some(mask.is_valid(i) && mask.value(i))).collect();
        for i in (0..keep.len()).filter(|i| !keep.value(*i)) {
            counts.add_removed(reason::FILTERED, batch.places.at(i));
        }
        batch.keep(&keep)
    }
}
