//! The work for a barrier or a sink that any worker can do.

use crate::error::Result;
use crate::record::Batch;

/// Prepares a finished batch for a barrier or a sink, on any worker, so that a sink only has to append.
pub trait MakeReady<R>: Send + Sync {
    /// Does the work that does not depend on other batches.
    fn make_ready(&self, batch: Batch) -> Result<R>;
}
