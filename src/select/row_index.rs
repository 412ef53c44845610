//! `with_row_index`: adds a column of row numbers.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};

use crate::arrow_result::ArrowResult;
use crate::error::{Class, Error, Result};
use crate::flow::{Ordered, RemovedRows};
use crate::record::Batch;

/// Adds the number of each row, as the first column.
pub(crate) struct RowIndexStage {
    column: String,
    next: i64,
}

impl RowIndexStage {
    /// A stage that gives the first row the number `offset`.
    pub(crate) fn new(column: String, offset: i64) -> Self {
        RowIndexStage { column, next: offset }
    }
}

impl Ordered for RowIndexStage {
    fn push(&mut self, mut batch: Batch, _: &mut RemovedRows) -> Result<Batch> {
        let end = i64::try_from(batch.rows()).ok().and_then(|rows| self.next.checked_add(rows));
        let Some(end) = end else {
            let message =
                format!("with_row_index: the row numbers in `{}` are greater than 2^63 - 1", self.column);
            return Err(
                Error::new(Class::Data, "row_index_too_large", message).help("give a smaller offset=")
            );
        };
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(self.next..end));
        self.next = end;
        let schema = batch.records.schema();
        let number = Arc::new(Field::new(&self.column, DataType::Int64, false));
        let fields: Vec<_> = std::iter::once(number).chain(schema.fields().iter().cloned()).collect();
        let columns = std::iter::once(numbers).chain(batch.records.columns().iter().cloned()).collect();
        batch.records = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).or_defect()?;
        Ok(batch)
    }
}
