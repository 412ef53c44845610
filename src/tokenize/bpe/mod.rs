//! The fast way for byte-level BPE: pieces, a cache of pieces, merges for the rest.
//!
//! What `tokenizers` does in passes over strings is done here in one pass over bytes, with its ids: added tokens
//! are cut out, the text between them is normalized, cut into pieces, and each piece looked up or merged.

mod cache;
mod long_cache;
mod merge;
mod model;
mod pairs;

use std::sync::Arc;

use tokenizers::models::bpe::BPE;
use tokenizers::{ModelWrapper, Tokenizer};

use super::added::{AddedTokens, Part};
use super::normal::Normal;
use super::pretokenize::Splitter;
use cache::{Cache, Found, Ids, key};
use long_cache::LongCache;
use merge::{MergeScratch, merge};
use model::Model;

/// More places than are needed at once.
const ROOM: usize = 64;

/// Encodes text as a tokenizer with a byte-level BPE model does.
pub struct Bpe {
    added: AddedTokens,
    normal: Normal,
    splitter: Splitter,
    model: Arc<Model>,
}

/// What a worker keeps from text to text.
#[derive(Default)]
pub struct BpeScratch {
    cache: Cache,
    long: LongCache,
    merging: MergeScratch,
    ids: Vec<i32>,
}

impl Bpe {
    /// The fast way for this tokenizer, of which `json` is the file; why there is none is the error.
    pub fn new(tokenizer: &Tokenizer, json: &[u8]) -> Result<Self, String> {
        let ModelWrapper::BPE(model) = tokenizer.get_model() else {
            return Err("its model is not BPE".to_string());
        };
        refuse(model)?;
        // Before the model, which takes longest to read.
        let splitter = splitter(tokenizer)?;
        let model = Arc::new(Model::read(json, model.ignore_merges)?);
        Bpe::of(tokenizer, splitter, model)
    }

    /// The same model behind the other parts of this tokenizer.
    pub fn with_parts_of(&self, tokenizer: &Tokenizer) -> Result<Self, String> {
        Bpe::of(tokenizer, splitter(tokenizer)?, self.model.clone())
    }

    fn of(tokenizer: &Tokenizer, splitter: Splitter, model: Arc<Model>) -> Result<Self, String> {
        let (added, normal) = (AddedTokens::new(tokenizer)?, Normal::new(tokenizer)?);
        Ok(Bpe { added, normal, splitter, model })
    }

    /// Appends the ids of a text.
    pub fn encode(&self, text: &str, scratch: &mut BpeScratch, out: &mut Vec<i32>) {
        self.added.split(text, &self.normal, &mut |part| match part {
            Part::Token(id) => out.push(id),
            Part::Text(text) => self.encode_part(text.as_bytes(), scratch, out),
        });
    }

    fn encode_part(&self, text: &[u8], scratch: &mut BpeScratch, out: &mut Vec<i32>) {
        let mut n = out.len();
        self.splitter.pieces(text, &mut |text, mut start, ends| {
            // Room for what most pieces have, and for the whole of what the cache gives.
            let room = n + Ids::default().len() * (ends.len() + 1);
            if out.len() < room {
                out.resize(room, 0);
            }
            for &end in ends {
                let key = key(text, start, end);
                match key.and_then(|key| scratch.cache.get(key)) {
                    Some(Found::Inline(ids, count)) if n + ids.len() <= out.len() => {
                        out[n..n + ids.len()].copy_from_slice(ids);
                        n += count;
                    }
                    Some(Found::Inline(ids, count)) => n = write(out, n, &ids[..count]),
                    Some(Found::Spilled(ids)) => n = write(out, n, ids),
                    None => n = self.encode_piece(&text[start..end], key, scratch, out, n),
                }
                start = end;
            }
        });
        out.truncate(n);
    }

    /// Writes the ids of a piece that is not in the cache; where the next ids go.
    #[cold]
    fn encode_piece(
        &self,
        piece: &[u8],
        key: Option<u128>,
        scratch: &mut BpeScratch,
        out: &mut Vec<i32>,
        n: usize,
    ) -> usize {
        if key.is_none()
            && let Some(ids) = scratch.long.get(piece)
        {
            return write(out, n, ids);
        }
        scratch.ids.clear();
        match self.model.whole.as_ref().and_then(|whole| whole.get(piece)) {
            Some(&id) => scratch.ids.push(id as i32),
            None => {
                let symbols = piece.iter().map(|&b| self.model.byte_ids[usize::from(b)]);
                merge(&self.model.pairs, symbols, &mut scratch.merging, &mut scratch.ids);
            }
        }
        match key {
            Some(key) => scratch.cache.insert(key, &scratch.ids),
            None => scratch.long.insert(piece, &scratch.ids),
        }
        write(out, n, &scratch.ids)
    }
}

/// Writes ids at `n`; where the next go.
fn write(out: &mut Vec<i32>, n: usize, ids: &[i32]) -> usize {
    let end = n + ids.len();
    if out.len() < end {
        out.resize(end + ROOM, 0);
    }
    out[n..end].copy_from_slice(ids);
    end
}

fn splitter(tokenizer: &Tokenizer) -> Result<Splitter, String> {
    let json = serde_json::to_value(tokenizer.get_pre_tokenizer());
    Splitter::new(&json.map_err(|e| format!("its pre-tokenizer: {e}"))?)
}

/// What a model may hold that is not done here.
fn refuse(model: &BPE) -> Result<(), String> {
    let has = |part: &Option<String>| part.as_ref().is_some_and(|text| !text.is_empty());
    let odd = [
        (model.dropout.is_some_and(|share| share > 0.0), "dropout"),
        (has(&model.continuing_subword_prefix), "continuing_subword_prefix"),
        (has(&model.end_of_word_suffix), "end_of_word_suffix"),
        (model.byte_fallback, "byte_fallback"),
    ];
    match odd.iter().find(|(is, _)| *is) {
        Some((_, what)) => Err(format!("its model has {what}")),
        None => Ok(()),
    }
}
