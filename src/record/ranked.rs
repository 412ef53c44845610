//! Rows with their ranks. The rank is the last column.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{DataType, Field, Schema, UInt64Type};

use super::size;
use crate::arrow_result::ArrowResult;
use crate::error::Result;

const RANK: &str = "__fastprep_rank";

/// Adds the ranks as the last column.
pub(crate) fn with_ranks(records: &RecordBatch, ranks: Vec<u64>) -> Result<RecordBatch> {
    let mut fields: Vec<Arc<Field>> = records.schema().fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(RANK, DataType::UInt64, false)));
    let mut columns = records.columns().to_vec();
    columns.push(Arc::new(UInt64Array::from(ranks)) as ArrayRef);
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).or_defect()
}

/// Removes the column of the ranks.
pub(crate) fn without_ranks(ranked: &RecordBatch) -> Result<RecordBatch> {
    let columns: Vec<usize> = (0..ranked.num_columns() - 1).collect();
    ranked.project(&columns).or_defect()
}

/// The rank of each row.
pub(crate) fn ranks_of(ranked: &RecordBatch) -> &[u64] {
    ranked.column(ranked.num_columns() - 1).as_primitive::<UInt64Type>().values()
}

/// Rows of several batches, ordered by rank.
#[derive(Debug, Clone)]
pub(crate) struct Ranked {
    batches: Arc<Vec<RecordBatch>>,
    /// Rank, number of the batch, and row within it.
    order: Arc<Vec<(u64, u32, u32)>>,
}

impl Ranked {
    /// All rows of these batches, ordered by rank. Rows of equal rank keep their order.
    pub(crate) fn new(batches: Vec<RecordBatch>) -> Self {
        let mut order = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
        for (batch, rows) in (0..).zip(&batches) {
            order.extend(ranks_of(rows).iter().zip(0..).map(|(rank, row)| (*rank, batch, row)));
        }
        order.sort_unstable();
        Ranked { batches: Arc::new(batches), order: Arc::new(order) }
    }

    pub(crate) fn rows(&self) -> usize {
        self.order.len()
    }

    pub(crate) fn rank(&self, position: usize) -> u64 {
        self.order[position].0
    }

    /// Size of all rows in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.batches.iter().map(size::bytes).sum()
    }

    /// Copies the rows at these positions into one batch, whose last column are the ranks.
    pub(crate) fn take(&self, positions: Range<usize>) -> Result<RecordBatch> {
        let rows: Vec<(usize, usize)> =
            self.order[positions].iter().map(|(_, batch, row)| (*batch as usize, *row as usize)).collect();
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        interleave_record_batch(&batches, &rows).or_too_large()
    }
}
