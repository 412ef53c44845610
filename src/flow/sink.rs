//! Sinks: what takes the finished batches.

use std::sync::Arc;

use super::prepare::Prepare;
use super::totals::Totals;
use crate::error::Result;

/// Takes the finished batches, in input order.
pub trait Sink: Send {
    /// A batch, prepared.
    type Ready: Send;

    /// What prepares batches for it.
    fn preparer(&self) -> Arc<dyn Prepare<Self::Ready>>;

    /// Takes the next batch.
    fn push(&mut self, ready: Self::Ready) -> Result<()>;

    /// Called with exact totals where a barrier comes right before the sink, so that shards can be planned.
    fn expect(&mut self, totals: &Totals) -> Result<()> {
        let _ = totals;
        Ok(())
    }

    /// All batches were taken: finishes what was begun. Not called when the run failed.
    fn finish(&mut self) -> Result<()>;
}
