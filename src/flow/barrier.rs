//! Barriers: stages that take all rows before they give the first one.

use std::sync::Arc;

use arrow::array::RecordBatch;

use super::prepare::Prepare;
use super::scan::Scan;
use super::totals::Totals;
use crate::error::Result;

/// A stage that takes all rows before it gives the first one: it holds them in memory or on disk, and is the scan of what
/// follows it.
pub(crate) trait Barrier: Send {
    /// What prepares batches for it; any worker, any order.
    fn preparer(&self) -> Arc<dyn Prepare<Entering>>;

    /// Takes the next batch, prepared; in input order.
    fn push(&mut self, rows: Entering) -> Result<()>;

    /// All rows were taken.
    fn leave(self: Box<Self>) -> Result<Leaving>;
}

/// The rows of a batch on their way into a barrier.
pub(crate) struct Entering {
    /// The rows.
    pub records: RecordBatch,
    /// For each, what decides its order.
    pub(crate) ranks: Vec<u64>,
    /// What they hold.
    pub(crate) totals: Totals,
}

/// What a barrier gives after it has taken all rows.
pub(crate) struct Leaving {
    /// All rows.
    pub scan: Box<dyn Scan>,
    /// What they hold.
    pub(crate) totals: Totals,
    /// Sums of its step.
    pub(crate) sums: Vec<(&'static str, u64)>,
}
