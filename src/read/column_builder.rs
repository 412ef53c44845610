//! A builder of one column of rows that are read from text.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, NullBufferBuilder};
use arrow::buffer::{BooleanBuffer, Buffer};
use arrow::datatypes::DataType;

use super::views::text;
use crate::arrow_result::ArrowResult;
use crate::error::Result;

/// A builder of one column. A reader appends a value to `values` and calls [`note_value`](Self::note_value), or calls
/// [`push_null`](Self::push_null).
pub(crate) struct ColumnBuilder {
    /// A value for each row; a placeholder where the row is null.
    pub(crate) values: Values,
    nulls: NullBufferBuilder,
}

/// The values of a column.
pub(crate) enum Values {
    /// Views into the chunk (buffer 0) and into the unescaped text (buffer 1).
    Views(Vec<u128>),
    /// Integers of 64 bits.
    Ints(Vec<i64>),
    /// Floats of 64 bits.
    Floats(Vec<f64>),
    /// `true` and `false`.
    Bools(Vec<bool>),
}

impl ColumnBuilder {
    /// An empty column with capacity for `rows` rows. Every type but numbers and booleans is text.
    pub(crate) fn new(data_type: &DataType, rows: usize) -> Self {
        let values = match data_type {
            DataType::Int64 => Values::Ints(Vec::with_capacity(rows)),
            DataType::Float64 => Values::Floats(Vec::with_capacity(rows)),
            DataType::Boolean => Values::Bools(Vec::with_capacity(rows)),
            _ => Values::Views(Vec::with_capacity(rows)),
        };
        ColumnBuilder { values, nulls: NullBufferBuilder::new(rows) }
    }

    /// Notes that a value was appended to `values`.
    pub(crate) fn note_value(&mut self) {
        self.nulls.append_non_null();
    }

    /// Appends a null.
    pub(crate) fn push_null(&mut self) {
        self.nulls.append_null();
        match &mut self.values {
            Values::Views(v) => v.push(0),
            Values::Ints(v) => v.push(0),
            Values::Floats(v) => v.push(0.0),
            Values::Bools(v) => v.push(false),
        }
    }

    /// Keeps the first `rows` rows.
    pub(crate) fn truncate(&mut self, rows: usize) {
        if self.nulls.len() > rows {
            self.nulls.truncate(rows);
        }
        match &mut self.values {
            Values::Views(v) => v.truncate(rows),
            Values::Ints(v) => v.truncate(rows),
            Values::Floats(v) => v.truncate(rows),
            Values::Bools(v) => v.truncate(rows),
        }
    }

    /// The Arrow array; `buffers` are the chunk and the unescaped text.
    pub(crate) fn finish(self, buffers: &Arc<[Buffer]>) -> Result<ArrayRef> {
        let nulls = self.nulls.build();
        Ok(match self.values {
            Values::Views(views) => text(views, buffers, nulls)?,
            Values::Ints(ints) => Arc::new(Int64Array::try_new(ints.into(), nulls).or_defect()?),
            Values::Floats(floats) => Arc::new(Float64Array::try_new(floats.into(), nulls).or_defect()?),
            Values::Bools(bools) => Arc::new(BooleanArray::new(BooleanBuffer::from(bools), nulls)),
        })
    }
}

/// The buffers of [`ColumnBuilder::finish`]: the chunk, and the unescaped text if there is any.
pub(crate) fn buffers(chunk: Option<Buffer>, unescaped: Vec<u8>) -> Arc<[Buffer]> {
    let chunk = chunk.unwrap_or_else(|| Buffer::from_vec(Vec::<u8>::new()));
    match unescaped.is_empty() {
        true => Arc::new([chunk]),
        false => Arc::new([chunk, Buffer::from_vec(unescaped)]),
    }
}
