//! Stages between a scan and a sink: map (any worker, any order) and ordered (one batch at a time, in input order).

use crate::error::Result;
use crate::record::{Batch, Place};
use crate::report::StepCounts;

/// A stage whose result for a row depends on that row alone; any worker, any order.
pub trait Map: Send + Sync {
    /// The batch with this stage's work done.
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch>;
}

/// The rows that an ordered stage takes out, in order, each with its reason.
pub type TakenOut = Vec<(&'static str, Place)>;

/// A stage that must see the batches one at a time, in input order. What it makes of a row depends on that row and those
/// before it.
pub trait Ordered: Send {
    /// The rows that stay.
    fn push(&mut self, batch: Batch, taken_out: &mut TakenOut) -> Result<Batch>;

    /// Whether [`is_satisfied`](Self::is_satisfied) may become true.
    fn can_be_satisfied(&self) -> bool {
        false
    }

    /// Whether no row after the last that it let through matters: for the engine the input ends with that row.
    fn is_satisfied(&self) -> bool {
        false
    }
}
