//! Scans: what gives the rows of an input, in order.

use std::sync::Arc;

use super::chunk::{Chunk, Undecoded};
use crate::error::Result;
use crate::record::Batch;
use crate::report::StepCounts;

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
