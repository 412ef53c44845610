//! The engine for a tokenizer: the fastest that makes the right ids.

use std::sync::Arc;

use tokenizers::Tokenizer;

use super::bpe::Bpe;
use super::chunks::Chunks;
use super::engine::Engine;
use super::oracle::Oracle;
use super::self_check;

/// The way, that of what goes on from a prompt where it is another one, and what people are told of it.
pub(super) fn choose(
    tokenizer: &Arc<Tokenizer>,
    unmarked: &Arc<Tokenizer>,
    json: &[u8],
) -> (Engine, Option<Engine>, String) {
    let is_marked = !Arc::ptr_eq(tokenizer, unmarked);
    let bpe = || {
        let bpe = Bpe::new(tokenizer, json)?;
        let on = is_marked.then(|| bpe.with_parts_of(unmarked)).transpose()?;
        trusted(Engine::Bpe(bpe), on.map(Engine::Bpe), tokenizer, unmarked)
    };
    let chunks = || {
        let chunks = Chunks::new(tokenizer, unmarked)?;
        let on = is_marked.then(|| chunks.continuation()).transpose()?;
        trusted(Engine::Chunks(chunks), on.map(Engine::Chunks), tokenizer, unmarked)
    };
    let told = |way: &str| format!("{way}, ids as of tokenizers 0.23");
    match bpe() {
        Ok((start, on)) => (start, on, told("byte-level BPE")),
        Err(no_bpe) => match chunks() {
            Ok((start, on)) => (start, on, told("chunks of text, each encoded once")),
            Err(no_chunks) => {
                let on = is_marked.then(|| Engine::Oracle(Oracle::Crate(unmarked.clone())));
                let why = format!("for byte-level BPE, {no_bpe}; for chunks, {no_chunks}");
                (
                    Engine::Oracle(Oracle::Crate(tokenizer.clone())),
                    on,
                    format!("tokenizers 0.23, the general way ({why})"),
                )
            }
        },
    }
}

/// Both ways, tried out against the crate.
fn trusted(
    start: Engine,
    on: Option<Engine>,
    tokenizer: &Arc<Tokenizer>,
    unmarked: &Arc<Tokenizer>,
) -> Result<(Engine, Option<Engine>), String> {
    self_check::check(&start, tokenizer, &Oracle::Crate(tokenizer.clone()))?;
    if let Some(on) = &on {
        self_check::check(on, unmarked, &Oracle::Crate(unmarked.clone()))?;
    }
    Ok((start, on))
}
