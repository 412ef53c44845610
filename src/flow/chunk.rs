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
    pub(crate) rows: Arc<dyn Undecoded>,
}

impl Chunk {
    /// The rows up to and including row `row` of the file.
    pub(crate) fn until(&self, row: u64) -> Chunk {
        Chunk { seq: self.seq, rows: self.rows.until(row) }
    }

    /// Decodes the rows. Rows that cannot be read become rejects of the batch.
    pub fn decode(&self, counts: &mut StepCounts) -> Result<Batch> {
        Ok(Batch { seq: self.seq, ..self.rows.decode(counts)? })
    }
}

/// Rows that are not decoded yet: a piece of an input together with its decoder.
pub trait Undecoded: Send + Sync {
    /// Size in bytes; counts towards the limit of bytes in flight.
    fn bytes(&self) -> usize;

    /// The rows up to and including row `row` of the file.
    fn until(&self, row: u64) -> Arc<dyn Undecoded>;

    /// Decodes the rows into a batch with the number 0, and counts them for the step of the source.
    fn decode(&self, counts: &mut StepCounts) -> Result<Batch>;
}
