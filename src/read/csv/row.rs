//! Appends the fields of a record to columns.

use arrow::array::make_view;

use super::fields::{Field, Form, unquote};
use super::header::FileColumns;
use super::values::{boolean, float64, int64};
use crate::read::column_builder::{ColumnBuilder, Values};

/// A record within the text of its piece.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    /// Without its line end.
    pub(super) bytes: &'a [u8],
    /// Offset of its first byte in the text.
    pub(super) start: u32,
    pub(super) quote: Option<u8>,
}

/// Appends the fields of a record to the columns. Text with doubled quotes is copied to `unquoted`.
///
/// # Errors
/// The index of the first column whose value has another type; nothing is appended.
pub(super) fn push(
    record: Record<'_>,
    fields: &[Field],
    of: &FileColumns,
    columns: &mut [ColumnBuilder],
    rows: usize,
    unquoted: &mut Vec<u8>,
) -> Result<(), usize> {
    for (i, field) in of.of_column.iter().enumerate() {
        let field = field.and_then(|field| fields.get(field));
        if push_field(record, field, &mut columns[i], unquoted).is_none() {
            columns[..i].iter_mut().for_each(|column| column.truncate(rows));
            return Err(i);
        }
    }
    Ok(())
}

/// Appends a field to a column; `None` if it has another type.
fn push_field(
    record: Record<'_>,
    field: Option<&Field>,
    column: &mut ColumnBuilder,
    unquoted: &mut Vec<u8>,
) -> Option<()> {
    let Some(field) = field.filter(|field| !field.is_null()) else {
        column.push_null();
        return Some(());
    };
    let raw = field.raw(record.bytes);
    match &mut column.values {
        Values::Views(views) => views.push(match (field.form, record.quote) {
            (Form::Doubled, Some(quote)) => {
                let start = unquoted.len();
                unquote(raw, quote, unquoted);
                make_view(&unquoted[start..], 1, start as u32)
            }
            _ => make_view(raw, 0, record.start + field.start),
        }),
        // Programs that put quotes around every field have no other way to write a null.
        _ if raw.is_empty() => {
            column.push_null();
            return Some(());
        }
        Values::Ints(ints) => ints.push(int64(raw)?),
        Values::Floats(floats) => floats.push(float64(raw)?),
        Values::Bools(bools) => bools.push(boolean(raw)?),
    }
    column.note_value();
    Some(())
}
