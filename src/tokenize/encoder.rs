//! Text to ids: the prompt as `tokenizers` encodes it, the completion as its continuation.
//!
//! There are several ways to the same ids; which one a tokenizer goes is decided once, when it is loaded.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokenizers::Tokenizer;

use super::as_text::{AsText, Span};
use super::bpe::{Bpe, BpeScratch};
use super::chunks::{ChunkScratch, Chunks};
use super::continuation::without_mark;
use super::trust;
use crate::error::{Class, Error, Result};

/// A way from text to ids.
pub(super) enum Way {
    /// Our own, for byte-level BPE.
    Bpe(Bpe),
    /// The crate's, chunk by chunk, each only once.
    Chunks(Chunks),
    /// The `tokenizers` crate: every tokenizer, and the measure of what is right.
    Crate(Arc<Tokenizer>),
}

/// What a worker keeps from text to text.
#[derive(Default)]
pub(super) struct Scratch {
    bpe: Option<BpeScratch>,
    chunks: Option<ChunkScratch>,
}

impl Way {
    /// Appends the ids of `text`, without what a post-processor adds.
    pub(super) fn append(&self, text: &str, scratch: &mut Scratch, out: &mut Vec<i32>) -> Result<()> {
        match self {
            Way::Bpe(bpe) => bpe.encode(text, scratch.bpe.get_or_insert_default(), out),
            Way::Chunks(chunks) => chunks.encode(text, scratch.chunks.get_or_insert_default(), out)?,
            Way::Crate(tokenizer) => reference(tokenizer, text, out)?,
        }
        Ok(())
    }
}

/// Appends the ids of `text` as the crate has them.
pub(super) fn reference(tokenizer: &Tokenizer, text: &str, out: &mut Vec<i32>) -> Result<()> {
    let refused = |why: &dyn std::fmt::Display| {
        Error::new(Class::Tokenizer, "cannot_encode", format!("the tokenizer cannot encode this text: {why}"))
    };
    let encoding = tokenizer.encode_fast(text, false).map_err(|e| refused(&e))?;
    out.reserve(encoding.len());
    for &id in encoding.get_ids() {
        out.push(i32::try_from(id).map_err(|_| refused(&format_args!("id {id} is above 2³¹")))?);
    }
    Ok(())
}

/// Encodes prompts and completions; shared by all workers, each of which opens a [`Session`].
pub struct Encoder {
    start: Way,
    /// None where it is the same.
    continuation: Option<Way>,
    tokenizer: Arc<Tokenizer>,
    unmarked: Arc<Tokenizer>,
    /// Which way, and why.
    pub(super) engine: String,
    /// What workers left behind, warm.
    idle: Mutex<Vec<Scratch>>,
    // Two more tokenizers, which few data sets need.
    as_text: OnceLock<Result<AsText, String>>,
}

impl Encoder {
    /// An encoder that works as this tokenizer does; `json` is its file.
    ///
    /// # Errors
    /// `Tokenizer`, when the crate refuses a part of its own making.
    pub fn new(tokenizer: &Arc<Tokenizer>, json: &[u8]) -> Result<Self> {
        let unmarked = without_mark(tokenizer)?.map_or_else(|| tokenizer.clone(), Arc::new);
        let (start, continuation, engine) = decide(tokenizer, &unmarked, json);
        Ok(Encoder {
            start,
            continuation,
            tokenizer: tokenizer.clone(),
            unmarked,
            engine,
            idle: Mutex::default(),
            as_text: OnceLock::new(),
        })
    }

    /// A worker's own access, warm from the last worker that had it.
    pub fn session(&self) -> Session<'_> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Session { encoder: self, scratch: idle.unwrap_or_default() }
    }

    fn as_text(&self) -> Result<&AsText> {
        let built =
            self.as_text.get_or_init(|| AsText::new(&self.tokenizer).map_err(|e| e.message().to_string()));
        built.as_ref().map_err(|e| Error::new(Class::Tokenizer, "tokenizer_broken", e.as_str()))
    }
}

/// The way, that of what goes on from a prompt where it is another one, and what people are told of it.
fn decide(tokenizer: &Arc<Tokenizer>, unmarked: &Arc<Tokenizer>, json: &[u8]) -> (Way, Option<Way>, String) {
    let is_marked = !Arc::ptr_eq(tokenizer, unmarked);
    let bpe = || {
        let bpe = Bpe::new(tokenizer, json)?;
        let on = is_marked.then(|| bpe.with_parts_of(unmarked)).transpose()?;
        trusted(Way::Bpe(bpe), on.map(Way::Bpe), tokenizer, unmarked)
    };
    let chunks = || {
        let chunks = Chunks::new(tokenizer, unmarked)?;
        let on = is_marked.then(|| chunks.continuation()).transpose()?;
        trusted(Way::Chunks(chunks), on.map(Way::Chunks), tokenizer, unmarked)
    };
    let told = |way: &str| format!("{way}, ids as of tokenizers 0.23");
    match bpe() {
        Ok((start, on)) => (start, on, told("byte-level BPE")),
        Err(no_bpe) => match chunks() {
            Ok((start, on)) => (start, on, told("chunks of text, each encoded once")),
            Err(no_chunks) => {
                let on = is_marked.then(|| Way::Crate(unmarked.clone()));
                let why = format!("for byte-level BPE, {no_bpe}; for chunks, {no_chunks}");
                (Way::Crate(tokenizer.clone()), on, format!("tokenizers 0.23, the general way ({why})"))
            }
        },
    }
}

/// Both ways, tried out against the crate.
fn trusted(
    start: Way,
    on: Option<Way>,
    tokenizer: &Tokenizer,
    unmarked: &Tokenizer,
) -> Result<(Way, Option<Way>), String> {
    trust::check(&start, tokenizer)?;
    if let Some(on) = &on {
        trust::check(on, unmarked)?;
    }
    Ok((start, on))
}

/// One worker's access to an [`Encoder`].
pub struct Session<'e> {
    encoder: &'e Encoder,
    scratch: Scratch,
}

impl Session<'_> {
    /// Appends the ids of a prompt: exactly `encode(text, add_special_tokens=False)`.
    ///
    /// # Errors
    /// `Tokenizer`, when the model has no id for a part of the text.
    pub fn encode_prompt(&mut self, text: &str, out: &mut Vec<i32>) -> Result<()> {
        self.encoder.start.append(text, &mut self.scratch, out)
    }

    /// Appends the ids of a text that goes on from a prompt which is not empty, so that the ids of both decode
    /// to the text of both, where the tokenizer loses none.
    ///
    /// # Errors
    /// As [`Session::encode_prompt`].
    pub fn encode_continuation(&mut self, text: &str, out: &mut Vec<i32>) -> Result<()> {
        self.encoder.continuation.as_ref().unwrap_or(&self.encoder.start).append(text, &mut self.scratch, out)
    }

    /// As [`Session::encode_prompt`], but the control tokens within `spans` (byte offsets, in order, disjoint)
    /// are encoded as the plain text they are.
    ///
    /// # Errors
    /// As [`Session::encode_prompt`].
    pub fn encode_prompt_as_text(&self, text: &str, spans: &[Span], out: &mut Vec<i32>) -> Result<()> {
        self.encoder.as_text()?.encode_prompt(text, spans, out)
    }

    /// As [`Session::encode_continuation`], but the control tokens within `spans` are encoded as plain text.
    ///
    /// # Errors
    /// As [`Session::encode_prompt`].
    pub fn encode_continuation_as_text(&self, text: &str, spans: &[Span], out: &mut Vec<i32>) -> Result<()> {
        self.encoder.as_text()?.encode_continuation(text, spans, out)
    }

    /// Whether the crate has these ids for the text; its own, where it has not.
    ///
    /// # Errors
    /// As [`Session::encode_prompt`].
    pub fn verify(&self, text: &str, at_start: bool, ids: &[i32]) -> Result<Option<Vec<i32>>> {
        let tokenizer = if at_start { &self.encoder.tokenizer } else { &self.encoder.unmarked };
        let mut expected = Vec::with_capacity(ids.len());
        reference(tokenizer, text, &mut expected)?;
        Ok((expected != ids).then_some(expected))
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        let scratch = std::mem::take(&mut self.scratch);
        self.encoder.idle.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
    }
}
