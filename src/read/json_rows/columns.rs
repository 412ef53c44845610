//! Builders of columns: JSON values are appended, and an Arrow array is returned at the end.

use std::sync::Arc;

use arrow::array::{ArrayRef, make_view};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field};
use memchr::memchr;

use crate::error::Result;
use crate::json::{self, Kind, Value};
use crate::read::column_builder::{ColumnBuilder, Values};
use crate::read::{ColumnKind, ReadColumn};
use crate::record::schema;

/// The Arrow field of a column that is read from JSON.
pub(crate) fn field(column: &ReadColumn) -> Field {
    match column.kind {
        ColumnKind::Text | ColumnKind::LenientText => schema::text(&column.name),
        ColumnKind::Json => schema::json(&column.name),
        ColumnKind::Int64 => Field::new(&column.name, DataType::Int64, true),
        ColumnKind::Float64 => Field::new(&column.name, DataType::Float64, true),
        ColumnKind::Bool => Field::new(&column.name, DataType::Boolean, true),
    }
}

/// The text of a row within that of its chunk.
#[derive(Clone, Copy)]
pub(crate) struct RowText<'a> {
    pub(crate) bytes: &'a [u8],
    /// Offset of its first byte in the chunk.
    pub(crate) start: u32,
    /// Whether there are line feeds in it.
    pub(crate) has_line_feeds: bool,
}

/// Why a value does not fit its column.
#[derive(Debug, PartialEq)]
pub(crate) enum Misfit {
    /// It has another type than the column.
    Type,
    /// A lone surrogate escape, at this offset of the row.
    Surrogate(usize),
}

/// A builder of one column.
pub(crate) struct Column {
    kind: ColumnKind,
    builder: ColumnBuilder,
}

impl Column {
    /// An empty column with capacity for `rows` rows.
    pub(crate) fn new(column: &ReadColumn, rows: usize) -> Self {
        Column { kind: column.kind, builder: ColumnBuilder::new(field(column).data_type(), rows) }
    }

    /// Appends a value, null if it is absent. Text that has escapes is decoded to `unescaped`; JSON text over several
    /// lines is written there as one line. Returns whether the JSON text of the value was appended to a column of text.
    pub(crate) fn push(
        &mut self,
        value: Option<Value>,
        row: RowText<'_>,
        unescaped: &mut Vec<u8>,
    ) -> Result<bool, Misfit> {
        let Some(value) = value.filter(|v| v.kind != Kind::Null) else {
            self.builder.push_null();
            return Ok(false);
        };
        let raw = value.raw(row.bytes);
        let mut coerced = false;
        match &mut self.builder.values {
            Values::Views(views) => {
                let verbatim =
                    |unescaped: &mut Vec<u8>| match row.has_line_feeds && memchr(b'\n', raw).is_some() {
                        false => make_view(raw, 0, row.start + value.start as u32),
                        true => {
                            let start = unescaped.len();
                            json::single_line(raw, unescaped);
                            make_view(&unescaped[start..], 1, start as u32)
                        }
                    };
                views.push(match (self.kind, value.kind) {
                    (ColumnKind::Json, _) => verbatim(unescaped),
                    (_, Kind::String) => match text_view(value, row, unescaped) {
                        Ok(view) => view,
                        Err(_) if self.kind == ColumnKind::LenientText => {
                            coerced = true;
                            verbatim(unescaped)
                        }
                        Err(misfit) => return Err(misfit),
                    },
                    (ColumnKind::LenientText, _) => {
                        coerced = true;
                        verbatim(unescaped)
                    }
                    _ => return Err(Misfit::Type),
                });
            }
            Values::Ints(ints) => match value.kind {
                Kind::Int => ints.push(json::int64(raw).ok_or(Misfit::Type)?),
                _ => return Err(Misfit::Type),
            },
            Values::Floats(floats) => match value.kind {
                Kind::Int | Kind::Float => floats.push(json::exact_float64(raw).ok_or(Misfit::Type)?),
                _ => return Err(Misfit::Type),
            },
            Values::Bools(bools) => match value.kind {
                Kind::Bool => bools.push(raw == b"true"),
                _ => return Err(Misfit::Type),
            },
        }
        self.builder.note_value();
        Ok(coerced)
    }

    /// Keeps the first `rows` rows.
    pub(crate) fn truncate(&mut self, rows: usize) {
        self.builder.truncate(rows);
    }

    /// The Arrow array; `buffers` are the chunk and the unescaped text.
    pub(crate) fn finish(self, buffers: &Arc<[Buffer]>) -> Result<ArrayRef> {
        self.builder.finish(buffers)
    }
}

/// The view of a string: into the chunk if it has no escapes, else into its text in `unescaped`.
fn text_view(value: Value, row: RowText<'_>, unescaped: &mut Vec<u8>) -> Result<u128, Misfit> {
    let inner = value.inner(row.bytes);
    let offset = value.start + 1;
    if !value.escaped {
        return Ok(make_view(inner, 0, row.start + offset as u32));
    }
    let start = unescaped.len();
    json::decode_string(inner, unescaped).map_err(|inner_offset| {
        unescaped.truncate(start);
        Misfit::Surrogate(offset + inner_offset)
    })?;
    Ok(make_view(&unescaped[start..], 1, start as u32))
}
