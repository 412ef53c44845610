//! What the engine runs: a source, stages, a sink. A stage is *map* (any worker, any order) or *ordered*
//! (one batch at a time, in input order, cheap).

use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use memchr::memchr_iter;

use crate::error::Result;
use crate::record::ranked::Ranked;
use crate::record::{Batch, Place, RowPlace, size};
use crate::report::StepCounts;

/// A piece of input as the source hands it on: cut in order, decoded by any worker.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// Position in input order: 0, 1, 2, … without a gap.
    pub seq: u64,
    /// Index of the file.
    pub file: u32,
    /// The first row's number within its file.
    pub first_row: u64,
    /// What it holds.
    pub payload: Payload,
}

impl Chunk {
    /// The same without the rows after this one of its file.
    pub fn until(&self, row: u64) -> Chunk {
        let rows = usize::try_from((row + 1).saturating_sub(self.first_row)).unwrap_or(usize::MAX);
        let payload = match &self.payload {
            Payload::Lines { text, byte } => {
                let end =
                    rows.checked_sub(1).map_or(Some(0), |i| memchr_iter(b'\n', text).nth(i).map(|at| at + 1));
                let text = text.slice_with_length(0, end.unwrap_or(text.len()));
                Payload::Lines { text, byte: *byte }
            }
            Payload::Records(records) => Payload::Records(records.slice(0, rows.min(records.num_rows()))),
            // One line; and ranked rows come after all that looks for the end of the input.
            Payload::LongLine { .. } | Payload::Picked { .. } => self.payload.clone(),
        };
        Chunk { payload, ..*self }
    }
}

/// What a chunk holds.
#[derive(Debug, Clone)]
pub enum Payload {
    /// Whole lines; `byte` is the offset of the first in the decompressed stream.
    Lines {
        /// The text, ending at a line's end or the file's.
        text: Buffer,
        /// Offset in the decompressed stream.
        byte: u64,
    },
    /// A line longer than the limit, of which only the head was kept.
    LongLine {
        /// Its head.
        head: Vec<u8>,
        /// Its bytes in all.
        bytes: u64,
        /// Offset in the decompressed stream.
        byte: u64,
    },
    /// Rows of a columnar source.
    Records(RecordBatch),
    /// Some of ranked rows: what a shuffle hands on.
    Picked {
        /// The rows in their order.
        of: Ranked,
        /// Which.
        at: Range<usize>,
        /// Bytes of a row, on average.
        row_bytes: usize,
    },
}

impl Payload {
    /// Bytes it holds: what counts against the bytes in flight.
    pub fn bytes(&self) -> usize {
        match self {
            Payload::Lines { text, .. } => text.len(),
            Payload::LongLine { head, .. } => head.len(),
            // Not what its buffers take, since a slice shares them with all of its neighbours; and its places.
            Payload::Records(records) => size::bytes(records) + records.num_rows() * size_of::<RowPlace>(),
            Payload::Picked { at, row_bytes, .. } => at.len() * row_bytes,
        }
    }
}

/// Cuts the input into chunks, in order; called by one thread at a time.
pub trait Source: Send {
    /// The next chunk, or none at the end.
    fn next(&mut self) -> Result<Option<Chunk>>;
}

/// Makes rows of a chunk; any worker, any order.
pub trait Decode: Send + Sync {
    /// The rows; those that cannot be read become rejects of the batch.
    fn decode(&self, chunk: Chunk, counts: &mut StepCounts) -> Result<Batch>;
}

/// A stage whose result for a row depends on that row alone; any worker, any order.
pub trait Map: Send + Sync {
    /// The batch with this stage's work done.
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch>;
}

/// The rows that an ordered stage takes out, in order, each with its reason.
pub type TakenOut = Vec<(&'static str, Place)>;

/// A stage that must see the batches one at a time, in input order. What it makes of a row depends on that row and those
/// before it.
pub trait Ordered: Send {
    /// The rows that stay.
    fn push(&mut self, batch: Batch, taken_out: &mut TakenOut) -> Result<Batch>;

    /// Whether [`is_satisfied`](Self::is_satisfied) may become true.
    fn can_be_satisfied(&self) -> bool {
        false
    }

    /// Whether no row after the last that it let through matters: for the engine the input ends with that row.
    fn is_satisfied(&self) -> bool {
        false
    }
}

/// What any worker does to a finished batch ahead of the sink, so that the sink only appends.
pub trait Prepare<R>: Send + Sync {
    /// Does all that does not depend on other batches.
    fn prepare(&self, batch: Batch) -> Result<R>;
}

/// Takes the finished batches, in input order.
pub trait Sink: Send {
    /// A batch, prepared.
    type Ready: Send;

    /// What prepares batches for it.
    fn preparer(&self) -> Arc<dyn Prepare<Self::Ready>>;

    /// Takes the next batch.
    fn push(&mut self, ready: Self::Ready) -> Result<()>;

    /// Told by a barrier before the first row: rows and bytes of content to come, by split.
    fn expect(&mut self, rows: &[u64], bytes: &[u64]) -> Result<()> {
        let _ = (rows, bytes);
        Ok(())
    }

    /// All batches were taken: finishes what was begun. Not called when the run failed.
    fn finish(&mut self) -> Result<()>;
}
