//! Rows that were cut from an input, before they are decoded.

use std::sync::Arc;

use crate::error::Result;
use crate::record::Batch;
use crate::report::StepCounts;

/// Rows that were cut from an input and not decoded yet; any worker decodes them.
#[derive(Clone)]
pub struct Chunk {
    /// Position in input order: 0, 1, 2, … without a gap.
    pub(crate) seq: u64,
    /// What it holds.
    pub(crate) rows: Arc<dyn Undecoded>,
}

impl Chunk {
    /// The same without the rows after this one of its file.
    pub(crate) fn until(&self, row: u64) -> Chunk {
        Chunk { seq: self.seq, rows: self.rows.until(row) }
    }

    /// The rows; those that cannot be read become rejects of the batch.
    pub fn decode(&self, counts: &mut StepCounts) -> Result<Batch> {
        Ok(Batch { seq: self.seq, ..self.rows.decode(counts)? })
    }
}

/// What a [`Chunk`] holds: a piece of an input beside what makes rows of it.
pub trait Undecoded: Send + Sync {
    /// Bytes it holds: what counts against the bytes in flight.
    fn bytes(&self) -> usize;

    /// The same without the rows after this one of its file.
    fn until(&self, row: u64) -> Arc<dyn Undecoded>;

    /// The rows, as the batch of number 0; counts those of the source's step.
    fn decode(&self, counts: &mut StepCounts) -> Result<Batch>;
}
