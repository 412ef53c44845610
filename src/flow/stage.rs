//! Stages between a scan and a sink: map (any worker, any order) and ordered (one batch at a time, in input order).

use crate::error::Result;
use crate::record::{Batch, Place};
use crate::report::StepCounts;

/// A stage whose result for a row depends on that row alone; any worker, any order.
pub trait Map: Send + Sync {
    /// Transforms a batch.
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch>;
}

/// The rows that an ordered stage removes, in order: the reason code and the place of each.
pub type RemovedRows = Vec<(&'static str, Place)>;

/// A stage that takes the batches one at a time, in input order. Its result for a row depends on that row and the
/// rows before it.
pub trait Ordered: Send {
    /// Returns the rows that stay, and appends the others to `removed`.
    fn push(&mut self, batch: Batch, removed: &mut RemovedRows) -> Result<Batch>;

    /// Whether [`is_satisfied`](Self::is_satisfied) may become true.
    fn can_be_satisfied(&self) -> bool {
        false
    }

    /// Whether the stage needs no more rows. For the engine the input then ends with the last row that the stage
    /// kept.
    fn is_satisfied(&self) -> bool {
        false
    }
}
