//! `concat`: gives the rows of each source the columns of all sources.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringViewBuilder, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{Field, SchemaRef};

use crate::arrow_result::ArrowResult;
use crate::error::{Error, Result};
use crate::flow::Map;
use crate::record::{Batch, is_text, json, repeated, schema, text_views};
use crate::report::StepCounts;

/// Gives the rows of a source the columns of all sources. A column that the source does not have is null; a column
/// that is JSON in another source is converted to JSON.
pub(crate) struct ConcatStage {
    /// The columns of all sources; the last one names the source.
    pub schema: SchemaRef,
    /// The name of this source.
    pub name: String,
}

impl Map for ConcatStage {
    fn map(&self, mut batch: Batch, _: &mut StepCounts) -> Result<Batch> {
        let rows = batch.rows();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        let (_, fields) =
            self.schema.fields().split_last().ok_or_else(|| Error::internal("a concat without columns"))?;
        for field in fields {
            let schema = batch.records.schema();
            columns.push(match batch.records.column_by_name(field.name()) {
                None => new_null_array(field.data_type(), rows),
                Some(column) if schema::is_json(field) => {
                    as_json(schema.field_with_name(field.name()).or_defect()?, column)?
                }
                Some(column) if column.data_type() == field.data_type() => Arc::clone(column),
                Some(column) if is_text(column.data_type()) => Arc::new(text_views(column.as_ref())?),
                // The same values in another layout.
                Some(column) => cast(column, field.data_type()).or_too_large()?,
            });
        }
        columns.push(repeated(Some(&self.name), rows));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        batch.records =
            RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options).or_defect()?;
        Ok(batch)
    }
}

/// Converts each value to JSON; null stays null.
fn as_json(field: &Field, column: &ArrayRef) -> Result<ArrayRef> {
    if schema::is_json(field) {
        return Ok(Arc::new(text_views(column.as_ref())?));
    }
    let mut values = StringViewBuilder::with_capacity(column.len());
    let mut text = Vec::new();
    for i in 0..column.len() {
        text.clear();
        if column.is_valid(i) {
            json::write_value(&mut text, field, column.as_ref(), i);
        }
        // JSON is UTF-8.
        values.append_option(column.is_valid(i).then(|| String::from_utf8_lossy(&text)));
    }
    Ok(Arc::new(values.finish()))
}
