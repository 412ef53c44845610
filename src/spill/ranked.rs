//! Rows with their ranks: the rank travels as the last column.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, UInt64Type};

use crate::error::Result;

const RANK: &str = "__fastprep_rank";

/// The rows with their ranks.
pub fn with_ranks(records: &RecordBatch, ranks: Vec<u64>) -> Result<RecordBatch> {
    let mut fields: Vec<Arc<Field>> = records.schema().fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(RANK, DataType::UInt64, false)));
    let mut columns = records.columns().to_vec();
    columns.push(Arc::new(UInt64Array::from(ranks)) as ArrayRef);
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

/// The rows without their ranks.
pub fn without_ranks(ranked: &RecordBatch) -> Result<RecordBatch> {
    let columns: Vec<usize> = (0..ranked.num_columns() - 1).collect();
    Ok(ranked.project(&columns)?)
}

/// The rank of each row.
pub fn ranks_of(ranked: &RecordBatch) -> &[u64] {
    ranked.column(ranked.num_columns() - 1).as_primitive::<UInt64Type>().values()
}

/// The rows in one batch, and the order that their ranks give them; ties keep their order.
pub fn by_rank(batches: Vec<RecordBatch>) -> Result<Option<(RecordBatch, Vec<u32>)>> {
    let Some(first) = batches.first() else { return Ok(None) };
    let all = concat_batches(&first.schema(), &batches)?;
    drop(batches);
    let ranks = ranks_of(&all);
    let mut order: Vec<u32> = (0..ranks.len() as u32).collect();
    order.sort_by_key(|i| ranks[*i as usize]);
    Ok(Some((all, order)))
}
