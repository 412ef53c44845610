//! Text to ids: the prompt as `tokenizers` encodes it, the completion as its continuation.
//!
//! There are several ways to the same ids; which one a tokenizer goes is decided once, when it is loaded.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokenizers::Tokenizer;

use super::as_text::{AsText, Span};
use super::bpe::{Bpe, BpeScratch};
use super::continuation::without_mark;
use super::trust;
use crate::error::{Class, Error, Result};

/// A way from text to ids.
pub(super) enum Way {
    /// Ours, for byte-level BPE.
    Bpe(Bpe),
    /// The `tokenizers` crate: every tokenizer, and the measure of what is right.
    Crate(Arc<Tokenizer>),
}

/// What a worker keeps from text to text.
#[derive(Default)]
struct Scratch {
    bpe: Option<BpeScratch>,
}

impl Way {
    /// Appends the ids of `text`, without what a post-processor adds.
    fn append(&self, text: &str, scratch: &mut Scratch, out: &mut Vec<i32>) -> Result<()> {
        match self {
            Way::Bpe(bpe) => bpe.encode(text, scratch.bpe.get_or_insert_default(), out),
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
    start: Arc<Way>,
    continuation: Arc<Way>,
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
        let unmarked = without_mark(tokenizer)?.map(Arc::new);
        let (ways, engine) = match fast(tokenizer, unmarked.as_deref(), json) {
            Ok(ways) => (ways, "byte-level BPE, ids as of tokenizers 0.23".to_string()),
            Err(why) => {
                let start = Arc::new(Way::Crate(tokenizer.clone()));
                let continuation = unmarked.as_ref().map(|unmarked| Arc::new(Way::Crate(unmarked.clone())));
                ((start, continuation), format!("tokenizers 0.23; not the fast way, since {why}"))
            }
        };
        let (start, continuation) = ways;
        Ok(Encoder {
            continuation: continuation.unwrap_or_else(|| start.clone()),
            start,
            tokenizer: tokenizer.clone(),
            unmarked: unmarked.unwrap_or_else(|| tokenizer.clone()),
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

/// The way, and the way of what goes on from a prompt where that is another one.
type Ways = (Arc<Way>, Option<Arc<Way>>);

/// The fast way, tried out against the crate; why there is none is the error.
fn fast(tokenizer: &Tokenizer, unmarked: Option<&Tokenizer>, json: &[u8]) -> Result<Ways, String> {
    let start = Bpe::new(tokenizer, json)?;
    let continuation = unmarked.map(|unmarked| start.with_parts_of(unmarked)).transpose()?;
    trust::check(&start, tokenizer)?;
    if let (Some(bpe), Some(unmarked)) = (&continuation, unmarked) {
        trust::check(bpe, unmarked)?;
    }
    Ok((Arc::new(Way::Bpe(start)), continuation.map(|bpe| Arc::new(Way::Bpe(bpe)))))
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
        self.encoder.continuation.append(text, &mut self.scratch, out)
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
