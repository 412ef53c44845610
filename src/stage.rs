//! What the engine runs: a scan, stages, a sink. A stage is *map* (any worker, any order), *ordered* (one batch at a
//! time, in input order, cheap) or a *barrier* (takes all rows before it gives the first one).

use std::sync::Arc;

use arrow::array::RecordBatch;

use crate::error::Result;
use crate::record::{Batch, Place};
use crate::report::StepCounts;

/// Rows that were cut from an input and not decoded yet; any worker decodes them.
#[derive(Clone)]
pub struct Chunk {
    /// Position in input order: 0, 1, 2, … without a gap.
    pub seq: u64,
    /// What it holds.
    pub rows: Arc<dyn Undecoded>,
}

impl Chunk {
    /// The same without the rows after this one of its file.
    pub fn until(&self, row: u64) -> Chunk {
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

/// Gives all rows of an input in order, in chunks; called by one thread at a time.
pub trait Scan: Send {
    /// The next chunk, or none at the end.
    fn next(&mut self) -> Result<Option<Chunk>>;
}

/// A piece of an input, of one file.
pub trait Piece: Clone + Send + Sync + 'static {
    /// Bytes it holds.
    fn bytes(&self) -> usize;

    /// The same without the rows after this one of its file.
    fn until(&self, row: u64) -> Self;
}

/// Cuts an input into pieces, in order: the half of a scan that must be done one after another.
pub trait Cut: Send {
    /// What it cuts.
    type Piece: Piece;

    /// The next piece, or none at the end.
    fn next(&mut self) -> Result<Option<Self::Piece>>;
}

/// Makes rows of pieces: the half of a scan that any worker does, in any order.
pub trait Decode<P>: Send + Sync {
    /// The rows, as the batch of number 0; those that cannot be read become its rejects.
    fn decode(&self, piece: P, counts: &mut StepCounts) -> Result<Batch>;
}

/// A scan of two halves: what cuts the input, and what decodes the pieces.
pub struct PairedScan<C, D> {
    cut: C,
    decode: Arc<D>,
    seq: u64,
}

impl<C, D> PairedScan<C, D> {
    /// At the start of the input.
    pub fn new(cut: C, decode: Arc<D>) -> Self {
        PairedScan { cut, decode, seq: 0 }
    }
}

impl<C: Cut, D: Decode<C::Piece> + 'static> Scan for PairedScan<C, D> {
    fn next(&mut self) -> Result<Option<Chunk>> {
        let Some(piece) = self.cut.next()? else { return Ok(None) };
        let seq = self.seq;
        self.seq += 1;
        Ok(Some(Chunk { seq, rows: Arc::new(Pair { piece, decode: Arc::clone(&self.decode) }) }))
    }
}

struct Pair<P, D> {
    piece: P,
    decode: Arc<D>,
}

impl<P: Piece, D: Decode<P> + 'static> Undecoded for Pair<P, D> {
    fn bytes(&self) -> usize {
        self.piece.bytes()
    }

    fn until(&self, row: u64) -> Arc<dyn Undecoded> {
        Arc::new(Pair { piece: self.piece.until(row), decode: Arc::clone(&self.decode) })
    }

    fn decode(&self, counts: &mut StepCounts) -> Result<Batch> {
        self.decode.decode(self.piece.clone(), counts)
    }
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

/// A stage that takes all rows before it gives the first one: it holds them in memory or on disk, and is the scan of what
/// follows it.
pub trait Barrier: Send {
    /// What prepares batches for it; any worker, any order.
    fn preparer(&self) -> Arc<dyn Prepare<Entering>>;

    /// Takes the next batch, prepared; in input order.
    fn push(&mut self, rows: Entering) -> Result<()>;

    /// All rows were taken.
    fn leave(self: Box<Self>) -> Result<Leaving>;
}

/// The rows of a batch on their way into a barrier.
pub struct Entering {
    /// The rows.
    pub records: RecordBatch,
    /// For each, what decides its order.
    pub ranks: Vec<u64>,
    /// What they hold.
    pub totals: Totals,
}

/// What a barrier gives after it has taken all rows.
pub struct Leaving {
    /// All rows.
    pub scan: Box<dyn Scan>,
    /// What they hold.
    pub totals: Totals,
    /// Sums of its step.
    pub sums: Vec<(&'static str, u64)>,
}

/// Rows and bytes of content by split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    /// Rows.
    pub rows: Vec<u64>,
    /// Bytes.
    pub bytes: Vec<u64>,
}

impl Totals {
    /// Of no row, for so many splits.
    pub fn none(splits: usize) -> Self {
        Totals { rows: vec![0; splits], bytes: vec![0; splits] }
    }

    /// Counts a row.
    pub fn add(&mut self, split: usize, bytes: u64) {
        self.rows[split] += 1;
        self.bytes[split] += bytes;
    }

    /// Counts all rows of `other`.
    pub fn merge(&mut self, other: &Totals) {
        let add = |all: &mut Vec<u64>, more: &[u64]| all.iter_mut().zip(more).for_each(|(a, m)| *a += m);
        add(&mut self.rows, &other.rows);
        add(&mut self.bytes, &other.bytes);
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

    /// Called with exact totals where a barrier comes right before the sink, so that shards can be planned.
    fn expect(&mut self, totals: &Totals) -> Result<()> {
        let _ = totals;
        Ok(())
    }

    /// All batches were taken: finishes what was begun. Not called when the run failed.
    fn finish(&mut self) -> Result<()>;
}
