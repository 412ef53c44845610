//! Keys: columns of 16 bytes, and the bytes that other columns are hashed by.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryArray, RecordBatch, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use arrow::row::{RowConverter, Rows, SortField};

use super::Batch;
use crate::error::{Error, Result};

/// Adds a column of 16-byte keys, given one after the other, big-endian.
pub fn with_keys(batch: Batch, name: &str, keys: Vec<u8>) -> Result<Batch> {
    let array = FixedSizeBinaryArray::try_new(16, keys.into(), None)?;
    batch.with_column(Field::new(name, DataType::FixedSizeBinary(16), false), Arc::new(array))
}

/// The keys of such a column.
pub fn keys_of(records: &RecordBatch, name: &str) -> Result<Vec<u128>> {
    let column =
        records.column_by_name(name).ok_or_else(|| Error::internal(format!("no column `{name}`")))?;
    let keys = column.as_fixed_size_binary();
    Ok((0..keys.len()).map(|i| u128::from_be_bytes(keys.value(i).try_into().unwrap_or_default())).collect())
}

/// Whether a type is text in any of Arrow's forms.
pub fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

/// A column as bytes to hash: text as it is, anything else in Arrow's row format.
pub enum KeyColumn {
    /// Text.
    Text(StringViewArray),
    /// Anything else, with its nulls.
    Rows(Rows, ArrayRef),
}

impl KeyColumn {
    /// Reads a column of any type.
    pub fn new(column: &ArrayRef) -> Result<Self> {
        if is_text(column.data_type()) {
            return Ok(KeyColumn::Text(cast(column, &DataType::Utf8View)?.as_string_view().clone()));
        }
        let converter = RowConverter::new(vec![SortField::new(column.data_type().clone())])?;
        Ok(KeyColumn::Rows(converter.convert_columns(&[Arc::clone(column)])?, Arc::clone(column)))
    }

    /// The bytes of row `i`; none for null.
    pub fn value(&self, i: usize) -> Option<&[u8]> {
        match self {
            KeyColumn::Text(a) => a.is_valid(i).then(|| a.value(i).as_bytes()),
            KeyColumn::Rows(rows, a) => a.is_valid(i).then(|| rows.row(i).data()),
        }
    }
}
