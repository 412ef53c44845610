//! Collects rows into record batches. Where one ends depends on the content of the rows alone.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;

use super::cut::{Fill, Limit};
use crate::arrow_result::ArrowResult;
use crate::error::Result;

/// Rows that are not yet a record batch.
pub(super) struct RecordBatches {
    schema: SchemaRef,
    limit: Limit,
    fill: Fill,
    pending: Vec<RecordBatch>,
}

impl RecordBatches {
    /// No rows; record batches will have at most `limit` rows and bytes.
    pub(super) fn new(schema: SchemaRef, limit: Limit) -> Self {
        RecordBatches { schema, limit, fill: Fill::default(), pending: vec![] }
    }

    /// Appends rows, and passes each record batch that is complete to `write`; `sizes` are the bytes of content of each
    /// row.
    pub(super) fn append(
        &mut self,
        records: &RecordBatch,
        sizes: &[u64],
        mut write: impl FnMut(&RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let mut row = 0;
        while row < sizes.len() {
            match self.fill.take(&sizes[row..], self.limit) {
                0 => write(&self.take()?)?,
                n => {
                    self.pending.push(records.slice(row, n));
                    row += n;
                }
            }
        }
        Ok(())
    }

    /// The last record batch, if there is one.
    pub(super) fn last(mut self) -> Result<Option<RecordBatch>> {
        if self.fill.is_empty() { Ok(None) } else { self.take().map(Some) }
    }

    fn take(&mut self) -> Result<RecordBatch> {
        // A single batch would be returned as it is, with the bits and bytes around its rows. With an empty batch
        // beside it, it is copied into new buffers like all others.
        self.pending.push(RecordBatch::new_empty(self.schema.clone()));
        let together = concat_batches(&self.schema, &self.pending).or_too_large()?;
        self.pending.clear();
        self.fill = Fill::default();
        Ok(together)
    }
}
