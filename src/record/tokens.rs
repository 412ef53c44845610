//! Columns of tokens, converted to the types that `pack` and `load` use.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, ListArray, OffsetSizeTrait};
use arrow::compute::{CastOptions, cast_with_options, concat};
use arrow::datatypes::{ArrowNativeType, ArrowPrimitiveType, DataType, Float64Type};

use super::schema::{ROW_WEIGHT, list};
use crate::arrow_result::ArrowResult;
use crate::error::{Class, Error, Result};

/// Converts a column to `list<item>`. A column of that type is not copied.
///
/// # Errors
/// `Data`, where the column is not of lists, holds nulls, or holds numbers that `item` cannot represent.
pub(crate) fn lists(name: &str, column: &ArrayRef, item: DataType) -> Result<ListArray> {
    let target = list(name, item.clone());
    let refused = || wrong_type(name, column, &format!("lists of {item} without nulls"));
    let (values, within) = match column.data_type() {
        DataType::List(_) => values::<i32>(column),
        DataType::LargeList(_) => values::<i64>(column),
        _ => return Err(refused()),
    };
    let fits = match item.is_integer() {
        true => values.data_type().is_integer(),
        false => values.data_type().is_numeric(),
    };
    if !fits || column.null_count() > 0 || values.slice(within.start, within.len()).null_count() > 0 {
        return Err(refused());
    }
    // Removes values, among them nulls, that no row of a slice uses.
    let column = match values.null_count() {
        0 => column.clone(),
        _ => concat(&[column.as_ref(), column.slice(0, 0).as_ref()]).or_too_large()?,
    };
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let column = cast_with_options(&column, target.data_type(), &strict).map_err(|e| refused().source(e))?;
    Ok(column.as_list::<i32>().clone())
}

/// The items of list `i`. They must be of type `T`, as those of [`lists`] are.
pub(crate) fn items<T: ArrowPrimitiveType>(lists: &ListArray, i: usize) -> &[T::Native] {
    let offsets = &lists.value_offsets()[i..i + 2];
    &lists.values().as_primitive::<T>().values()[offsets[0].as_usize()..offsets[1].as_usize()]
}

/// The values of lists, and the range of them that the lists use.
fn values<O: OffsetSizeTrait>(column: &ArrayRef) -> (&ArrayRef, Range<usize>) {
    let lists = column.as_list::<O>();
    let offsets = lists.value_offsets();
    (lists.values(), offsets[0].as_usize()..offsets[lists.len()].as_usize())
}

/// Converts row weights to numbers.
///
/// # Errors
/// `Data`, where one is null, below 0, or not a number.
pub(crate) fn row_weights(column: &ArrayRef) -> Result<Float64Array> {
    let expected = "a number of 0 or more in every row";
    if column.null_count() > 0 || !column.data_type().is_numeric() {
        return Err(wrong_type(ROW_WEIGHT, column, expected));
    }
    let column = cast_with_options(column, &DataType::Float64, &CastOptions::default()).or_too_large()?;
    let weights = column.as_primitive::<Float64Type>();
    if weights.values().iter().any(|w| !(w.is_finite() && *w >= 0.0)) {
        return Err(wrong_type(ROW_WEIGHT, &column, expected));
    }
    Ok(weights.clone())
}

#[cold]
fn wrong_type(name: &str, column: &ArrayRef, expected: &str) -> Error {
    let message = match column.null_count() {
        0 => format!("column `{name}` must hold {expected}; got {}", column.data_type()),
        n => format!("column `{name}` must hold {expected}; got {} with {n} nulls", column.data_type()),
    };
    Error::new(Class::Data, "wrong_type", message)
        .column(name)
        .help("keep the columns of .tokenize(...) as they are, or convert them to that type")
}
