//! The columns that the step adds, built flat: one vector of ids for a whole batch.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, ListArray, UInt8Array};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field};

use super::row::Row;
use crate::error::{Error, Result};
use crate::record::schema::{CONTEXT, NEVER, TARGET};
use crate::record::{Batch, schema};

/// The rows so far.
pub(super) struct Columns {
    /// The ids of all rows; a row is encoded at the end.
    pub ids: Vec<i32>,
    labels: Vec<i32>,
    offsets: Vec<i32>,
    run_lengths: Vec<i32>,
    run_kinds: Vec<u8>,
}

impl Columns {
    pub fn new(rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Columns {
            ids: Vec::new(),
            labels: Vec::new(),
            offsets,
            run_lengths: Vec::with_capacity(2 * rows),
            run_kinds: Vec::with_capacity(2 * rows),
        }
    }

    /// Takes the row at the end of the ids in.
    pub fn push(&mut self, row: Row) -> Result<()> {
        // Without context the first token of the target is no target: nothing comes before it.
        let (untrained, kind) = if row.context == 0 { (1, NEVER) } else { (row.context, CONTEXT) };
        self.labels.resize(row.start + untrained, schema::IGNORE);
        self.labels.extend_from_slice(&self.ids[row.start + untrained..]);
        self.offsets.push(length(self.ids.len())?);
        self.run_lengths.extend([length(untrained)?, length(row.len() - untrained)?]);
        self.run_kinds.extend([kind, TARGET]);
        Ok(())
    }

    /// The batch with the columns added.
    pub fn add_to(self, batch: Batch) -> Result<Batch> {
        let rows = self.offsets.len() - 1;
        let runs = OffsetBuffer::from_repeated_length(2, rows);
        let tokens = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        let int32 = |values: Vec<i32>| -> ArrayRef { Arc::new(Int32Array::from(values)) };
        let kinds: ArrayRef = Arc::new(UInt8Array::from(self.run_kinds));
        let columns = [
            (schema::INPUT_IDS, DataType::Int32, tokens.clone(), int32(self.ids)),
            (schema::LABELS, DataType::Int32, tokens, int32(self.labels)),
            (schema::SEGMENT_LENGTHS, DataType::Int32, runs.clone(), int32(self.run_lengths)),
            (schema::SEGMENT_KINDS, DataType::UInt8, runs, kinds),
        ];
        columns.into_iter().try_fold(batch, |batch, (name, item, offsets, values)| {
            let field = schema::list(name, item);
            let column = ListArray::try_new(item_of(&field)?, offsets, values, None)?;
            batch.with_column(field, Arc::new(column))
        })
    }
}

fn item_of(list: &Field) -> Result<Arc<Field>> {
    match list.data_type() {
        DataType::List(item) => Ok(item.clone()),
        other => Err(Error::internal(format!("{other} is not a list"))),
    }
}

fn length(n: usize) -> Result<i32> {
    i32::try_from(n)
        .map_err(|_| Error::internal(format!("a batch of {n} tokens: a list<int32> holds fewer than 2³¹")))
}
