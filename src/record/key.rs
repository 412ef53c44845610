//! Keys: columns of 16-byte hashes, and the bytes of values that are hashed.
//!
//! The bytes depend on the value alone, not on the type of the column, which other rows may decide: the number 1 has
//! the same bytes in a column of integers, of floats and of JSON, and differs from the text "1" in each.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryArray, RecordBatch, StringViewArray};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Int64Type, UInt64Type};
use arrow::row::{RowConverter, Rows, SortField};

use super::text::{is_text, text_views};
use super::{Batch, schema};
use crate::arrow_result::ArrowResult;
use crate::error::{Error, Result};

/// The first byte of numbers, `true` and `false`, arrays and objects, which follow as JSON text. UTF-8 text never has
/// this byte.
pub(crate) const NO_TEXT: u8 = 0xff;
/// The first byte of values of types that JSON does not have.
const NO_JSON: u8 = 0xfe;

/// Adds a column of 16-byte keys. `keys` are the keys one after another, big-endian.
pub(crate) fn with_keys(batch: Batch, name: &str, keys: Vec<u8>) -> Result<Batch> {
    let array = FixedSizeBinaryArray::try_new(16, keys.into(), None).or_defect()?;
    batch.with_column(Field::new(name, DataType::FixedSizeBinary(16), false), Arc::new(array))
}

/// The keys of a column that [`with_keys`] added.
pub(crate) fn keys_of(records: &RecordBatch, name: &str) -> Result<Vec<u128>> {
    let column = records
        .column_by_name(name)
        .ok_or_else(|| Error::internal(format!("the batch has no column `{name}`")))?;
    let keys = column.as_fixed_size_binary();
    Ok((0..keys.len()).map(|i| u128::from_be_bytes(keys.value(i).try_into().unwrap_or_default())).collect())
}

/// A column as bytes to hash.
pub(crate) enum KeyColumn {
    /// Text.
    Text(StringViewArray),
    /// JSON text; the bytes follow from the type of each value.
    Json(StringViewArray),
    /// Numbers or booleans; their bytes are JSON text.
    Scalar(ArrayRef),
    /// Anything else, in Arrow's row format, with its nulls.
    Rows(Rows, Option<NullBuffer>),
}

impl KeyColumn {
    /// Reads a column of any type.
    pub(crate) fn new(batch: &Batch, name: &str) -> Result<Self> {
        let column = batch.column(name)?;
        let data_type = match column.data_type() {
            DataType::Dictionary(_, value) => value.as_ref(),
            other => other,
        };
        let cast_to = |target: &DataType| -> Result<ArrayRef> { cast(column, target).or_too_large() };
        if is_text(data_type) {
            let text = text_views(column.as_ref())?;
            let is_json = batch.records.schema_ref().field_with_name(name).is_ok_and(schema::is_json);
            return Ok(if is_json { KeyColumn::Json(text) } else { KeyColumn::Text(text) });
        }
        match data_type {
            DataType::Boolean | DataType::Float32 | DataType::Float64 => {
                Ok(KeyColumn::Scalar(cast_to(data_type)?))
            }
            DataType::Float16 => Ok(KeyColumn::Scalar(cast_to(&DataType::Float32)?)),
            t if t.is_unsigned_integer() => Ok(KeyColumn::Scalar(cast_to(&DataType::UInt64)?)),
            t if t.is_signed_integer() => Ok(KeyColumn::Scalar(cast_to(&DataType::Int64)?)),
            t => {
                let plain = cast_to(t)?;
                let converter = RowConverter::new(vec![SortField::new(t.clone())]).or_defect()?;
                Ok(KeyColumn::Rows(
                    converter.convert_columns(&[Arc::clone(&plain)]).or_too_large()?,
                    plain.logical_nulls(),
                ))
            }
        }
    }

    /// The bytes of row `i`; none for null.
    pub(crate) fn value(&self, i: usize) -> Option<Cow<'_, [u8]>> {
        match self {
            KeyColumn::Text(a) => a.is_valid(i).then(|| a.value(i).as_bytes().into()),
            KeyColumn::Json(a) => a.is_valid(i).then(|| json(a.value(i))).flatten(),
            KeyColumn::Scalar(a) => a.is_valid(i).then(|| scalar(a.as_ref(), i).into()),
            KeyColumn::Rows(rows, nulls) => {
                let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(i));
                (!is_null).then(|| [&[NO_JSON], rows.row(i).data()].concat().into())
            }
        }
    }
}

/// The bytes of a JSON value that is not a string.
fn no_text(json: &str) -> Vec<u8> {
    [&[NO_TEXT], json.as_bytes()].concat()
}

fn scalar(column: &dyn Array, i: usize) -> Vec<u8> {
    match column.data_type() {
        DataType::Boolean => no_text(if column.as_boolean().value(i) { "true" } else { "false" }),
        DataType::Float32 => no_text(&float(column.as_primitive::<Float32Type>().value(i))),
        DataType::Float64 => no_text(&float(column.as_primitive::<Float64Type>().value(i))),
        DataType::UInt64 => no_text(&column.as_primitive::<UInt64Type>().value(i).to_string()),
        _ => no_text(&column.as_primitive::<Int64Type>().value(i).to_string()),
    }
}

/// The shortest decimal digits of the number, without an exponent; a whole number has the digits of the integer.
fn float(value: impl std::fmt::Display) -> String {
    let digits = value.to_string();
    if digits == "-0" { "0".into() } else { digits }
}

fn json(text: &str) -> Option<Cow<'_, [u8]>> {
    match text.as_bytes().first() {
        Some(b'n') => None,
        Some(b'"') => match serde_json::from_str::<String>(text) {
            Ok(text) => Some(text.into_bytes().into()),
            // A lone surrogate, which is not a character.
            Err(_) => Some(no_text(text).into()),
        },
        Some(b'-' | b'0'..=b'9') if text != "-0" && text.bytes().all(|b| b == b'-' || b.is_ascii_digit()) => {
            Some(no_text(text).into())
        }
        Some(b'-' | b'0'..=b'9') => match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Some(no_text(&float(value)).into()),
            _ => Some(no_text(text).into()),
        },
        _ => Some(no_text(text).into()),
    }
}
