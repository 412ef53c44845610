//! Whether a function of the user is true for each row.

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;

use super::function::{Function, call, pick, visible};
use crate::arrow_result::ArrowResult;
use crate::error::Result;

/// Whether the function, which returns one Boolean column, is true for each row. Null counts as false, as in polars.
/// It gets these columns; without names, all that are visible. Errors name `step`.
///
/// # Errors
/// Those of the function; `rows_changed`.
pub(crate) fn mask(
    function: &dyn Function,
    columns: Option<&[String]>,
    records: &RecordBatch,
    step: &str,
) -> Result<BooleanArray> {
    let argument = match columns {
        Some(columns) => pick(records, columns)?,
        None => visible(records)?,
    };
    let result = call(function, &argument, step)?;
    let mask = cast(result.column(0), &DataType::Boolean).or_too_large()?;
    let mask = mask.as_boolean();
    Ok((0..mask.len()).map(|i| Some(mask.is_valid(i) && mask.value(i))).collect())
}
