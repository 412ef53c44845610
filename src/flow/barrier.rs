//! Barriers: stages that read all rows before they return the first one.

use std::sync::Arc;

use arrow::array::RecordBatch;

use super::make_ready::MakeReady;
use super::scan::Scan;
use super::totals::Totals;
use crate::error::Result;

/// A stage that reads all rows before it returns the first one. It holds them in memory or on disk, and becomes the
/// scan of the steps after it.
pub(crate) trait Barrier: Send {
    /// Prepares batches for [`push`](Self::push); called by any worker, in any order.
    fn ready_maker(&self) -> Arc<dyn MakeReady<BarrierRows>>;

    /// Takes the next batch, made ready. Batches arrive in input order.
    fn push(&mut self, rows: BarrierRows) -> Result<()>;

    /// Called once after the last batch.
    fn finish(self: Box<Self>) -> Result<BarrierOutput>;
}

/// The rows of a batch, made ready for a barrier.
pub(crate) struct BarrierRows {
    pub records: RecordBatch,
    /// The rank of each row, which decides the order.
    pub(crate) ranks: Vec<u64>,
    pub(crate) totals: Totals,
}

/// What a barrier returns after it has taken all rows.
pub(crate) struct BarrierOutput {
    /// All rows, in the order of the barrier.
    pub scan: Box<dyn Scan>,
    pub(crate) totals: Totals,
    /// Sums for the report, counted for the step of the barrier.
    pub(crate) sums: Vec<(&'static str, u64)>,
}
