//! The work for a barrier or a sink that any worker can do.

use crate::error::Result;
use crate::record::Batch;

/// What any worker does to a finished batch ahead of the sink, so that the sink only appends.
pub trait Prepare<R>: Send + Sync {
    /// Does all that does not depend on other batches.
    fn prepare(&self, batch: Batch) -> Result<R>;
}
