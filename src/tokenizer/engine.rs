//! The engines that encode text.

use super::bpe::{Bpe, BpeScratch};
use super::chunks::{ChunkScratch, Chunks};
use super::oracle::Oracle;
use super::position::Position;
use crate::error::Result;

/// An engine that encodes text.
pub(crate) enum Engine {
    /// For byte-level BPE.
    Bpe(Bpe),
    /// The crate `tokenizers` on chunks of text, with a cache of chunks.
    Chunks(Chunks),
    /// For every tokenizer: the crate `tokenizers` itself, or the definition of a file of ranks.
    Oracle(Oracle),
}

/// Caches and buffers that a worker keeps from text to text.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(super) bpe: Option<BpeScratch>,
    chunks: Option<ChunkScratch>,
}

impl Engine {
    /// Appends the ids of `text`, without the tokens of the post-processor.
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
