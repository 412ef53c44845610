//! Functions of the caller, over columns of a batch.

use arrow::array::RecordBatch;

use crate::arrow_result::ArrowResult;
use crate::error::{Class, Error, Result};
use crate::record::Batch;

/// Something that makes columns of columns, row by row: a batch of `n` rows gives one of `n` rows.
pub trait Function: Send + Sync {
    /// The new columns.
    fn call(&self, columns: &RecordBatch) -> Result<RecordBatch>;
}

/// Calls with a check of the promise that rows stay what they are.
pub fn call(function: &dyn Function, columns: &RecordBatch, step: &str) -> Result<RecordBatch> {
    let made = function.call(columns)?;
    if made.num_rows() != columns.num_rows() {
        return Err(Error::new(
            Class::Callback,
            "rows_changed",
            format!("{step}: {} rows went in, {} came out", columns.num_rows(), made.num_rows()),
        )
        .help("it must be row-wise: one row out for each row in; use filter to take rows out"));
    }
    Ok(made)
}

/// The columns of these names.
pub(super) fn pick(batch: &Batch, columns: &[String]) -> Result<RecordBatch> {
    let schema = batch.records.schema();
    let indices = columns
        .iter()
        .map(|c| schema.index_of(c).map_err(|_| Error::internal(format!("column `{c}` vanished"))))
        .collect::<Result<Vec<_>>>()?;
    batch.records.project(&indices).or_defect()
}
