//! The stations of a pass, and the counts of the rows that go through one.

use std::sync::Arc;

use crate::error::Result;
use crate::flow::Map;
use crate::record::Batch;
use crate::report::StepCounts;

/// A part of the line: fused map stages, or an ordered stage.
pub(crate) enum Station {
    Map(Vec<(usize, Arc<dyn Map>)>),
    Ordered(usize),
}

/// What `work` makes of a batch; how many rows went in and came out goes to `counts`.
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
