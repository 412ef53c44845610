//! Converts all columns, hidden ones too, to the layout in which they are written. A stage before each barrier does
//! so, because views would keep the text of removed rows in memory.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::Schema;

use super::layout::{written_column, written_field};
use crate::arrow_result::ArrowResult;
use crate::error::Result;
use crate::flow::Map;
use crate::record::Batch;
use crate::report::StepCounts;

/// Converts every column.
pub(crate) struct LayoutStage;

impl Map for LayoutStage {
    fn map(&self, mut batch: Batch, _: &mut StepCounts) -> Result<Batch> {
        let fields: Vec<_> = batch.records.schema().fields().iter().map(written_field).collect();
        let columns = fields.iter().zip(batch.records.columns()).map(|(f, c)| written_column(c, f));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.rows()));
        batch.records = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
            .or_defect()?;
        Ok(batch)
    }
}
