//! The engines that turn text into ids, and the choice of one for a tokenizer, made once when it is loaded.

use super::bpe::{Bpe, BpeScratch};
use super::chunks::{ChunkScratch, Chunks};
use super::oracle::Oracle;
use super::position::Position;
use crate::error::Result;

/// A way from text to ids.
pub(crate) enum Engine {
    /// Our own, for byte-level BPE.
    Bpe(Bpe),
    /// The crate's, chunk by chunk, each only once.
    Chunks(Chunks),
    /// The measure of what is right, for every tokenizer.
    Oracle(Oracle),
}

/// What a worker keeps from text to text.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(super) bpe: Option<BpeScratch>,
    chunks: Option<ChunkScratch>,
}

impl Engine {
    /// Appends the ids of `text`, without what a post-processor adds.
    pub(crate) fn append(
        &self,
        text: &str,
        position: Position,
        scratch: &mut Scratch,
        out: &mut Vec<i32>,
    ) -> Result<()> {
        match self {
            Engine::Bpe(bpe) => bpe.encode(text, &[], position, scratch.bpe.get_or_insert_default(), out),
            Engine::Chunks(chunks) => chunks.encode(text, scratch.chunks.get_or_insert_default(), out)?,
            Engine::Oracle(oracle) => oracle.append(text, out)?,
        }
        Ok(())
    }
}
