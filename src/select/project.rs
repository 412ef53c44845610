//! `select`, `drop` and `rename`: keeps some columns, with an order and new names.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::Schema;

use crate::arrow_result::ArrowResult;
use crate::error::{Error, Result};
use crate::flow::Map;
use crate::record::{Batch, schema};
use crate::report::StepCounts;

/// Keeps some columns, in a new order and with new names.
pub(crate) struct ProjectStage {
    /// The old and the new name of each column to keep, in the new order. Hidden columns are always kept.
    pub(crate) columns: Vec<(String, String)>,
}

impl Map for ProjectStage {
    fn map(&self, mut batch: Batch, _: &mut StepCounts) -> Result<Batch> {
        let old = batch.records.schema();
        let mut fields = Vec::new();
        let mut columns = Vec::new();
        for (from, to) in &self.columns {
            let (i, field) = old
                .column_with_name(from)
                .ok_or_else(|| Error::internal(format!("column `{from}` is missing")))?;
            fields.push(Arc::new(field.clone().with_name(to)));
            columns.push(Arc::clone(batch.records.column(i)));
        }
        for (i, field) in old.fields().iter().enumerate().filter(|(_, f)| schema::is_hidden(f.name())) {
            fields.push(Arc::clone(field));
            columns.push(Arc::clone(batch.records.column(i)));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.rows()));
        let schema = Arc::new(Schema::new(fields));
        batch.records = RecordBatch::try_new_with_options(schema, columns, &options).or_defect()?;
        Ok(batch)
    }
}
