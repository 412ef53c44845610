//! Neighbouring columns whose rows are decoded apart from those of other columns.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;

use super::section::Section;

/// The most lanes of a source.
const LANES: usize = 8;

/// The columns of each lane: at least one lane, even without columns.
pub(super) fn lanes(schema: &SchemaRef) -> Arc<[SchemaRef]> {
    let fields = schema.fields();
    if fields.is_empty() {
        return [Arc::clone(schema)].into();
    }
    let each = fields.len().div_ceil(LANES);
    fields.chunks(each).map(|fields| Arc::new(Schema::new(fields.to_vec()))).collect()
}

/// How far a lane is read.
#[derive(Default)]
pub(super) struct Lane {
    /// The section that is read, and the next ones.
    pub(super) sections: VecDeque<Arc<Section>>,
    /// Decoded rows that are not taken yet.
    rows: Option<RecordBatch>,
}

impl Lane {
    /// How many decoded rows can be taken.
    pub(super) fn ready(&self) -> usize {
        self.rows.as_ref().map_or(0, RecordBatch::num_rows)
    }

    /// Adds decoded rows, after those before were taken.
    pub(super) fn fill(&mut self, rows: RecordBatch) {
        self.rows = Some(rows);
    }

    /// Takes the first rows, as many as are ready at most.
    pub(super) fn take(&mut self, rows: usize) -> Option<RecordBatch> {
        let ready = self.rows.take()?;
        let taken = ready.slice(0, rows);
        self.rows = Some(ready.slice(rows, ready.num_rows() - rows));
        Some(taken)
    }
}
