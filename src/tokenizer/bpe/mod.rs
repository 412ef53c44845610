//! The engine for byte-level BPE.
//!
//! It gives the same ids as `tokenizers`, in one pass over bytes: added tokens are found, the text between them is
//! normalized and cut into pieces, and the ids of each piece are looked up in a cache, or merged.

mod joins;
mod known_cuts;
mod merge;
mod model;
mod pairs;
mod repeated;
mod seams;

use std::sync::Arc;

use tokenizers::models::bpe::BPE;
use tokenizers::{ModelWrapper, Tokenizer};

use super::added::{AddedTokens, Part};
use super::cache::{self, Ids, Key, Keys, PieceCache};
use super::normalizer::NormalForm;
use super::position::Position;
use super::pretokenize::Splitter;
use super::ranks::Ranks;
use super::span::Span;
use known_cuts::KnownCuts;
use merge::MergeScratch;
use model::Model;
use repeated::Repeated;

/// From this length in bytes on, cutting a piece that is not ASCII into parts saves time.
const LONG: usize = 7;

/// Ids by which the output grows beyond what is needed.
const ROOM: usize = 64;

/// Encodes text as a tokenizer with a byte-level BPE model does.
pub(crate) struct Bpe {
    added: AddedTokens,
    normal: NormalForm,
    splitter: Splitter,
    model: Arc<Model>,
}

/// Caches and buffers that a worker keeps from text to text.
#[derive(Default)]
pub(crate) struct BpeScratch {
    cache: PieceCache,
    parts: Option<Parts>,
    merging: MergeScratch,
    keys: Keys,
    ids: Vec<i32>,
    /// By [`Position`].
    repeated: [Repeated; 2],
    cuts: KnownCuts,
}

/// Parts of pieces. They have a cache of their own, since a whole piece may be a token that merges do not make.
struct Parts {
    cache: PieceCache,
    /// The end of each part of a piece, and its key.
    keys: Vec<(usize, Option<Key>)>,
}

impl Default for Parts {
    fn default() -> Self {
        Parts { cache: PieceCache::small(), keys: Vec::new() }
    }
}

impl Bpe {
    /// The engine for a tokenizer; `json` is its file.
    ///
    /// # Errors
    /// Why this engine cannot encode as the tokenizer does.
    pub(crate) fn new(tokenizer: &Tokenizer, json: &[u8]) -> Result<Self, String> {
        let ModelWrapper::BPE(model) = tokenizer.get_model() else {
            return Err("its model is not BPE".to_string());
        };
        refuse(model)?;
        // Before the model, which takes the longest to read.
        let splitter = splitter(tokenizer)?;
        let model = Arc::new(Model::read(json, model.ignore_merges)?);
        Bpe::with_model(tokenizer, splitter, model)
    }

    /// The engine for a file of ranks; `tokenizer` has the other parts.
    ///
    /// # Errors
    /// As [`Bpe::new`].
    pub(crate) fn from_ranks(tokenizer: &Tokenizer, ranks: &Ranks) -> Result<Self, String> {
        Bpe::with_model(tokenizer, splitter(tokenizer)?, Arc::new(Model::from_ranks(ranks)))
    }

    /// The same model with the other parts of `tokenizer`.
    ///
    /// # Errors
    /// As [`Bpe::new`].
    pub(crate) fn with_parts_of(&self, tokenizer: &Tokenizer) -> Result<Self, String> {
        Bpe::with_model(tokenizer, splitter(tokenizer)?, self.model.clone())
    }

    fn with_model(tokenizer: &Tokenizer, splitter: Splitter, model: Arc<Model>) -> Result<Self, String> {
        let normal = NormalForm::new(tokenizer)?;
        let added = AddedTokens::new(tokenizer, normal)?;
        Ok(Bpe { added, normal, splitter, model })
    }

    /// Appends the ids of a text, in which control tokens within `plain` are plain text. What texts have in common at
    /// their start is looked for among texts of the same `position`.
    pub(crate) fn encode(
        &self,
        text: &str,
        plain: &[Span],
        position: Position,
        scratch: &mut BpeScratch,
        out: &mut Vec<i32>,
    ) {
        let mut is_first = self.splitter.can_resume();
        self.added.split(text, plain, self.normal, &mut |part| match part {
            Part::Token(id) => out.push(id),
            Part::Text(text) => {
                let text = text.as_bytes();
                let is_repeated = std::mem::take(&mut is_first)
                    && scratch.repeated[position as usize].starts_like_last(text);
                if is_repeated {
                    self.encode_repeated(text, position, scratch, out);
                } else {
                    self.encode_part(text, scratch, out);
                }
            }
        });
    }

    fn encode_part(&self, text: &[u8], scratch: &mut BpeScratch, out: &mut Vec<i32>) {
        let mut n = out.len();
        self.splitter.pieces(text, &mut |text, start, ends| {
            n = self.encode_pieces(text, start, ends, scratch, out, n);
        });
        out.truncate(n);
    }

    /// The same for a text that starts like the last one of its position.
    fn encode_repeated(&self, text: &[u8], position: Position, scratch: &mut BpeScratch, out: &mut Vec<i32>) {
        let begin = out.len();
        let mut repeated = std::mem::take(&mut scratch.repeated[position as usize]);
        let from = repeated.reuse(text, out);
        if from < text.len() {
            let mut n = out.len();
            self.splitter.pieces_from(text, from, &mut |text, start, ends, seen| {
                n = self.encode_pieces(text, start, ends, scratch, out, n);
                repeated.record(ends.last().copied().unwrap_or(start), n - begin, seen);
            });
            out.truncate(n);
            repeated.keep(text, &out[begin..]);
        }
        scratch.repeated[position as usize] = repeated;
    }

    /// Writes the ids of neighbouring pieces at `n`. Returns the position after them.
    #[inline]
    fn encode_pieces(
        &self,
        text: &[u8],
        start: usize,
        ends: &[usize],
        scratch: &mut BpeScratch,
        out: &mut Vec<i32>,
        mut n: usize,
    ) -> usize {
        // Room for the ids of most pieces, and for one whole entry of the cache.
        let room = n + Ids::default().len() * (ends.len() + 1);
        if out.len() < room {
            out.resize(room, 0);
        }
        scratch.cache.prepare_all(text, start, ends, &mut scratch.keys);
        let mut i = 0;
        loop {
            (i, n) = scratch.cache.copy_known(&scratch.keys, i, ends.len(), out, n);
            let Some(&end) = ends.get(i) else { return n };
            let start = if i == 0 { start } else { ends[i - 1] };
            let key = scratch.keys.at(i);
            n = self.encode_piece(&text[start..end], key, scratch, out, n);
            i += 1;
        }
    }

    /// Writes the ids of a piece that is long, has many ids, or is not in the cache. Returns the position after them.
    #[inline(never)]
    fn encode_piece(
        &self,
        piece: &[u8],
        key: Option<Key>,
        scratch: &mut BpeScratch,
        out: &mut Vec<i32>,
        n: usize,
    ) -> usize {
        let BpeScratch { cache, parts, merging, ids, .. } = scratch;
        if let Some(ids) = cache.get(key, piece) {
            return write(out, n, ids);
        }
        ids.clear();
        if piece.is_ascii() || piece.len() < LONG {
            match self.model.token(piece) {
                Some(id) => ids.push(id),
                None => self.model.merge(piece, merging, ids),
            }
        } else {
            self.encode_parts(piece, parts.get_or_insert_default(), merging, ids);
        }
        cache.insert(key, piece, ids);
        write(out, n, ids)
    }

    /// Appends the ids of a piece, part by part.
    fn encode_parts(&self, piece: &[u8], parts: &mut Parts, merging: &mut MergeScratch, ids: &mut Vec<i32>) {
        let Parts { cache, keys } = parts;
        keys.clear();
        self.model.seams.parts(piece, |start, end| {
            let key = cache::key(piece, start, end).inspect(|&key| cache.prepare(key));
            keys.push((end, key));
        });
        // A piece that can be cut is not a token: no token crosses a cut.
        if let [_] = keys[..]
            && let Some(id) = self.model.token(piece)
        {
            ids.push(id);
            return;
        }
        let mut start = 0;
        for &(end, key) in keys.iter() {
            let part = &piece[start..end];
            if !cache.append(key, part, ids) {
                let done = ids.len();
                self.model.merge(part, merging, ids);
                cache.insert(key, part, &ids[done..]);
            }
            start = end;
        }
    }
}

/// Writes ids at `n`. Returns the position after them.
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
    Splitter::new(&json.map_err(|e| format!("its pre-tokenizer cannot be read: {e}"))?)
}

/// Fails for a model with options that are not supported here.
fn refuse(model: &BPE) -> Result<(), String> {
    let has = |part: &Option<String>| part.as_ref().is_some_and(|text| !text.is_empty());
    let unsupported = [
        (model.dropout.is_some_and(|share| share > 0.0), "dropout"),
        (has(&model.continuing_subword_prefix), "continuing_subword_prefix"),
        (has(&model.end_of_word_suffix), "end_of_word_suffix"),
        (model.byte_fallback, "byte_fallback"),
    ];
    match unsupported.iter().find(|(is_set, _)| *is_set) {
        Some((_, option)) => Err(format!("its model has {option}")),
        None => Ok(()),
    }
}
