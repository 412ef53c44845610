//! Functions of the user over the columns of a batch.

use arrow::array::RecordBatch;

use crate::arrow_result::ArrowResult;
use crate::error::{Class, Error, Result};
use crate::record::schema;

/// A row-wise function from columns to columns: the result has a row for each row of the argument.
pub trait Function: Send + Sync {
    /// Calls the function.
    ///
    /// # Errors
    /// `Callback` if it fails.
    fn call(&self, columns: &RecordBatch) -> Result<RecordBatch>;
}

/// Calls a function, and checks the number of rows of its result; errors name `step`.
///
/// # Errors
/// Those of the function; `rows_changed`.
pub fn call(function: &dyn Function, columns: &RecordBatch, step: &str) -> Result<RecordBatch> {
    let result = function.call(columns)?;
    if result.num_rows() != columns.num_rows() {
        return Err(Error::new(
            Class::Callback,
            "rows_changed",
            format!(
                "{step}: must return {} rows, one for each row; got {}",
                columns.num_rows(),
                result.num_rows()
            ),
        )
        .help("return one row for each row; use filter to remove rows"));
    }
    Ok(result)
}

/// The columns with these names.
pub(super) fn pick(records: &RecordBatch, columns: &[String]) -> Result<RecordBatch> {
    let schema = records.schema();
    let indices = columns
        .iter()
        .map(|c| schema.index_of(c).map_err(|_| Error::internal(format!("column `{c}` is missing"))))
        .collect::<Result<Vec<_>>>()?;
    records.project(&indices).or_defect()
}

/// The columns that are not hidden.
pub(super) fn visible(records: &RecordBatch) -> Result<RecordBatch> {
    let fields = records.schema();
    let indices: Vec<usize> =
        (0..fields.fields().len()).filter(|i| !schema::is_hidden(fields.field(*i).name())).collect();
    records.project(&indices).or_defect()
}
