//! The stations of a pass, and how the rows that pass one are counted.

use std::sync::Arc;

use crate::error::Result;
use crate::flow::Map;
use crate::record::Batch;
use crate::report::StepCounts;

/// A station: some map stages that run together, or an ordered stage, with the numbers of their steps.
pub(crate) enum Station {
    Map(Vec<(usize, Arc<dyn Map>)>),
    Ordered(usize),
}

/// Runs `work` on a batch, and adds the numbers of rows before and after to `counts`.
pub(crate) fn counted(
    step: usize,
    batch: Batch,
    counts: &mut Vec<(usize, StepCounts)>,
    work: impl FnOnce(Batch, &mut StepCounts) -> Result<Batch>,
) -> Result<Batch> {
    let mut count = StepCounts { rows_in: batch.rows() as u64, ..StepCounts::default() };
    let batch = work(batch, &mut count)?;
    count.rows_out = batch.rows() as u64;
    counts.push((step, count));
    Ok(batch)
}
