//! Chooses the engine for a tokenizer: the fastest that gives the right ids.

use std::sync::Arc;

use tokenizers::Tokenizer;

use super::bpe::Bpe;
use super::chunks::Chunks;
use super::engine::Engine;
use super::oracle::Oracle;
use super::self_check;

/// The chosen engines.
pub(super) struct Choice {
    /// For the start of a text.
    pub(super) start: Engine,
    /// For continuations; none where it is the same.
    pub(super) continuation: Option<Engine>,
    /// The text that `explain` prints.
    pub(super) description: String,
}

/// Chooses the engines for a tokenizer, whose file is `json`; `unmarked` is the tokenizer for continuations.
pub(super) fn choose_engine(tokenizer: &Arc<Tokenizer>, unmarked: &Arc<Tokenizer>, json: &[u8]) -> Choice {
    let is_marked = !Arc::ptr_eq(tokenizer, unmarked);
    let bpe = || {
        let bpe = Bpe::new(tokenizer, json)?;
        let continuation = is_marked.then(|| bpe.with_parts_of(unmarked)).transpose()?;
        checked(Engine::Bpe(bpe), continuation.map(Engine::Bpe), tokenizer, unmarked)
    };
    let chunks = || {
        let chunks = Chunks::new(tokenizer, unmarked)?;
        let continuation = is_marked.then(|| chunks.continuation()).transpose()?;
        checked(Engine::Chunks(chunks), continuation.map(Engine::Chunks), tokenizer, unmarked)
    };
    let choice = |(start, continuation), engine: &str| Choice {
        start,
        continuation,
        description: format!("{engine}, ids as of tokenizers 0.23"),
    };
    let no_bpe = match bpe() {
        Ok(engines) => return choice(engines, "byte-level BPE"),
        Err(why) => why,
    };
    let no_chunks = match chunks() {
        Ok(engines) => return choice(engines, "chunks of text with a cache"),
        Err(why) => why,
    };
    let oracle = |tokenizer: &Arc<Tokenizer>| Engine::Oracle(Oracle::Crate(tokenizer.clone()));
    Choice {
        start: oracle(tokenizer),
        continuation: is_marked.then(|| oracle(unmarked)),
        description: format!(
            "tokenizers 0.23 (no faster engine: for byte-level BPE, {no_bpe}; for chunks of text, {no_chunks})"
        ),
    }
}

/// Compares both engines with the crate.
fn checked(
    start: Engine,
    continuation: Option<Engine>,
    tokenizer: &Arc<Tokenizer>,
    unmarked: &Arc<Tokenizer>,
) -> Result<(Engine, Option<Engine>), String> {
    self_check::check(&start, tokenizer, &Oracle::Crate(tokenizer.clone()))?;
    if let Some(engine) = &continuation {
        self_check::check(engine, unmarked, &Oracle::Crate(unmarked.clone()))?;
    }
    Ok((start, continuation))
}
