//! The values of the columns of a batch, as dialects read them.

use arrow::array::{Array, ArrayRef, RecordBatch, StringViewArray};
use arrow::datatypes::FieldRef;

use super::cell::{Cell, Row};
use super::part_columns::PartColumns;
use crate::error::{Error, Result};
use crate::record::{is_text, json, schema, text_views};

/// A column, with what its values are.
pub(super) enum CellColumn {
    Text(StringViewArray),
    /// JSON text.
    Json(StringViewArray),
    /// Values of any other type, which are converted to JSON.
    Other(FieldRef, ArrayRef),
}

impl CellColumn {
    pub(super) fn new(field: &FieldRef, column: &ArrayRef) -> Result<Self> {
        Ok(match is_text(field.data_type()) {
            true if schema::is_json(field) => CellColumn::Json(text_views(column.as_ref())?),
            true => CellColumn::Text(text_views(column.as_ref())?),
            false => CellColumn::Other(field.clone(), column.clone()),
        })
    }

    pub(super) fn get(&self, i: usize) -> Cell<'_> {
        match self {
            CellColumn::Text(texts) if texts.is_valid(i) => Cell::Text(texts.value(i).into()),
            CellColumn::Json(texts) if texts.is_valid(i) => Cell::from_json(texts.value(i)),
            CellColumn::Text(_) | CellColumn::Json(_) => Cell::Null,
            CellColumn::Other(field, column) => {
                let mut text = Vec::new();
                json::write_value(&mut text, field, column.as_ref(), i);
                // `write_value` writes only UTF-8.
                Cell::from_json(String::from_utf8(text).unwrap_or_default())
            }
        }
    }
}

/// The columns of the parts of a dialect.
pub(crate) struct PartCells(Vec<(&'static str, CellColumn)>);

impl PartCells {
    /// The columns of a batch.
    ///
    /// # Errors
    /// `Internal`: a column is missing, since the plan was resolved against the schema.
    pub(crate) fn new(records: &RecordBatch, columns: &PartColumns) -> Result<Self> {
        let schema = records.schema();
        let part = |(part, name): &(&'static str, String)| {
            let (i, field) = schema.fields().find(name).ok_or_else(|| {
                Error::internal(format!("the plan has a column `{name}`, the batch does not"))
            })?;
            Ok((*part, CellColumn::new(field, records.column(i))?))
        };
        columns.iter().map(part).collect::<Result<_>>().map(PartCells)
    }

    /// The parts of row `i`.
    pub(crate) fn row(&self, i: usize) -> Row<'_> {
        Row(self.0.iter().map(|(part, column)| (*part, column.get(i))).collect())
    }
}
