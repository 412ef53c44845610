//! Scans: read the rows of an input, in order.

use std::sync::Arc;

use super::chunk::{Chunk, Undecoded};
use crate::error::Result;
use crate::record::Batch;
use crate::report::StepCounts;

/// Reads all rows of an input in order, in chunks. Called by one thread at a time.
pub trait Scan: Send {
    /// The next chunk; none at the end.
    fn next(&mut self) -> Result<Option<Chunk>>;

    /// Work for later chunks that other workers can do meanwhile, if there is any such work.
    fn ahead(&self) -> Option<Arc<dyn Ahead>> {
        None
    }
}

/// Work for chunks that a scan returns later. Workers do it that have nothing else to do.
pub trait Ahead: Send + Sync {
    /// Does some of the work, about that for a chunk; false if there is none at the moment. The memory that the results
    /// take until the scan comes to them is limited. Errors are kept for the scan to return.
    fn work(&self) -> bool;
}

/// A piece of an input. A piece belongs to one file.
pub trait Piece: Clone + Send + Sync + 'static {
    /// Size in bytes.
    fn bytes(&self) -> usize;

    /// The rows up to and including row `row` of the file.
    fn until(&self, row: u64) -> Self;
}

/// Cuts an input into pieces, in order: the sequential half of a scan.
pub trait Cut: Send {
    /// The type of the pieces.
    type Piece: Piece;

    /// The next piece; none at the end.
    fn next(&mut self) -> Result<Option<Self::Piece>>;

    /// See [`Scan::ahead`].
    fn ahead(&self) -> Option<Arc<dyn Ahead>> {
        None
    }
}

/// Decodes pieces into rows: the half of a scan that any worker does, in any order.
pub trait Decode<P>: Send + Sync {
    /// Decodes the rows into a batch with the number 0. Rows that cannot be read become its rejects.
    fn decode(&self, piece: P, counts: &mut StepCounts) -> Result<Batch>;
}

/// A scan made of a [`Cut`] and a [`Decode`].
pub struct PairedScan<C, D> {
    cut: C,
    decode: Arc<D>,
    seq: u64,
}

impl<C, D> PairedScan<C, D> {
    /// A scan whose first chunk has the number 0.
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

    fn ahead(&self) -> Option<Arc<dyn Ahead>> {
        self.cut.ahead()
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
