//! Columns of tokens and what belongs to them, as all that trains on them wants them, whoever made them.

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, ListArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Float64Type};

use super::schema::{ROW_WEIGHT, list};
use crate::error::{Class, Error, Result};

/// A column as `list<item>`; one of the pipeline's own is so already and is not copied.
pub fn lists(name: &str, column: &ArrayRef, item: DataType) -> Result<ListArray> {
    let items = match column.data_type() {
        DataType::List(_) => Some(column.as_list::<i32>().values().null_count()),
        DataType::LargeList(_) => Some(column.as_list::<i64>().values().null_count()),
        _ => None,
    };
    if items != Some(0) || column.null_count() > 0 {
        return Err(wrong_type(name, column, "lists without nulls"));
    }
    let wanted = list(name, item);
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let column = cast_with_options(column, wanted.data_type(), &strict)
        .map_err(|e| wrong_type(name, column, &format!("values of {}", wanted.data_type())).source(e))?;
    Ok(column.as_list::<i32>().clone())
}

/// Row weights as numbers.
pub fn row_weights(column: &ArrayRef) -> Result<Float64Array> {
    let wanted = "a number of 0 or more in every row";
    if column.null_count() > 0 || !column.data_type().is_numeric() {
        return Err(wrong_type(ROW_WEIGHT, column, wanted));
    }
    let column = cast_with_options(column, &DataType::Float64, &CastOptions::default())?;
    let weights = column.as_primitive::<Float64Type>();
    if weights.values().iter().any(|w| !(w.is_finite() && *w >= 0.0)) {
        return Err(wrong_type(ROW_WEIGHT, &column, wanted));
    }
    Ok(weights.clone())
}

#[cold]
fn wrong_type(name: &str, column: &ArrayRef, wanted: &str) -> Error {
    let message = format!(
        "column `{name}` must hold {wanted}, but is {} with {} nulls",
        column.data_type(),
        column.null_count()
    );
    Error::new(Class::Data, "wrong_type", message)
        .column(name)
        .help("keep the columns that .tokenize(...) makes as they are")
}
