//! What becomes of rows when a chat template renders them.

use crate::error::Result;
use crate::record::Batch;

/// Renders the rows of batches.
pub(crate) trait RenderRows: Send + Sync {
    /// Those of a batch.
    ///
    /// # Errors
    /// `Internal`: the batch lacks a column of the plan.
    fn open<'b>(&'b self, batch: &'b Batch) -> Result<Box<dyn OpenRendered + 'b>>;
}

/// The rows of a batch.
pub(crate) trait OpenRendered {
    /// What becomes of row `i`; none for a row that is none of its dialect.
    ///
    /// # Errors
    /// Those that end a run, such as `no_clock`.
    fn row(&self, i: usize) -> Result<Option<Rendered>>;
}

/// What becomes of a row.
#[derive(Debug, Default)]
pub(crate) struct Rendered {
    /// Whether a character of it trains.
    pub(crate) is_trained: bool,
    /// What is found.
    pub(crate) faults: Vec<RenderFault>,
}

/// What is found in a rendered row.
#[derive(Debug)]
pub(crate) struct RenderFault {
    /// The code of the finding.
    pub(crate) code: &'static str,
    /// The number of the message, from 1; 0 for the row.
    pub(crate) message: u32,
    /// What is wrong.
    pub(crate) detail: String,
}
