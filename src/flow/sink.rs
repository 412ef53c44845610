//! Sinks: take the finished batches.

use std::sync::Arc;

use super::make_ready::MakeReady;
use super::totals::Totals;
use crate::error::Result;

/// Takes the finished batches, in input order.
pub trait Sink: Send {
    /// A batch that is ready for the sink.
    type Ready: Send;

    /// Prepares batches for [`push`](Self::push).
    fn ready_maker(&self) -> Arc<dyn MakeReady<Self::Ready>>;

    /// Takes the next batch, made ready.
    fn push(&mut self, ready: Self::Ready) -> Result<()>;

    /// Called before the first batch with the exact totals, where the step before the sink is a barrier. A sink can
    /// plan its shards with them.
    fn expect(&mut self, totals: &Totals) -> Result<()> {
        let _ = totals;
        Ok(())
    }

    /// Called once after the last batch. Not called where the run failed.
    fn finish(&mut self) -> Result<()>;
}
