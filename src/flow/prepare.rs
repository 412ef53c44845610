//! The work for a barrier or a sink that any worker can do.

use crate::error::Result;
use crate::record::Batch;

/// Prepares a finished batch for a barrier or a sink, on any worker, so that a sink only has to append.
pub trait Prepare<R>: Send + Sync {
    /// Does the work that does not depend on other batches.
    fn prepare(&self, batch: Batch) -> Result<R>;
}
