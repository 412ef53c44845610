//! Text to ids: the prompt as `tokenizers` encodes it, the completion as its continuation.
//!
//! There are several ways to the same ids; which one a tokenizer goes is decided once, when it is loaded.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokenizers::Tokenizer;

use super::added::ControlTokens;
use super::as_text::AsText;
use super::bpe::Bpe;
use super::choose::choose;
use super::continuation::without_mark;
use super::engine::{Engine, Scratch};
use super::guard::guarded;
use super::oracle::Oracle;
use super::position::Position;
use super::ranks::Ranks;
use super::self_check;
use super::span::Span;
use crate::error::{Class, Error, Result};

/// Encodes prompts and completions; shared by all workers, each of which opens a [`Session`].
pub struct Encoder {
    start: Engine,
    /// None where it is the same.
    continuation: Option<Engine>,
    tokenizer: Arc<Tokenizer>,
    control: Arc<ControlTokens>,
    /// For a text's start, and for what goes on.
    oracles: [Oracle; 2],
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
    pub(crate) fn new(tokenizer: &Arc<Tokenizer>, json: &[u8], control: Arc<ControlTokens>) -> Result<Self> {
        let unmarked = without_mark(tokenizer)?.map_or_else(|| tokenizer.clone(), Arc::new);
        let (start, continuation, engine) = choose(tokenizer, &unmarked, json);
        let oracles = [tokenizer, &unmarked].map(|tokenizer| Oracle::Crate(tokenizer.clone()));
        Ok(Encoder::of(start, continuation, engine, oracles, tokenizer.clone(), control))
    }

    /// An encoder for a file of ranks; `tokenizer` is that of [`Ranks::without_merges`].
    ///
    /// # Errors
    /// `Tokenizer`, when the fast way does not make the ids that the ranks define.
    pub(crate) fn of_ranks(
        tokenizer: &Arc<Tokenizer>,
        ranks: Ranks,
        control: Arc<ControlTokens>,
    ) -> Result<Self> {
        let ranks = Arc::new(ranks);
        let oracle = Oracle::Ranks(tokenizer.clone(), ranks.clone());
        let way = Bpe::of_ranks(tokenizer, &ranks).map(Engine::Bpe).and_then(|way| {
            self_check::check(&way, tokenizer, &oracle)?;
            Ok(way)
        });
        let way = way.map_err(|why| Error::internal(format!("the fast way for ranks: {why}")))?;
        let engine = "byte-level BPE, ids as of tiktoken".to_string();
        Ok(Encoder::of(way, None, engine, [oracle.clone(), oracle], tokenizer.clone(), control))
    }

    fn of(
        start: Engine,
        continuation: Option<Engine>,
        engine: String,
        oracles: [Oracle; 2],
        tokenizer: Arc<Tokenizer>,
        control: Arc<ControlTokens>,
    ) -> Self {
        let (idle, as_text) = (Mutex::default(), OnceLock::new());
        Encoder { start, continuation, tokenizer, control, oracles, engine, idle, as_text }
    }

    /// A worker's own access, warm from the last worker that had it.
    pub fn session(&self) -> Session<'_> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Session { encoder: self, scratch: idle.unwrap_or_default() }
    }

    fn as_text(&self) -> Result<&AsText> {
        let built = self.as_text.get_or_init(|| {
            let built = guarded(|| AsText::new(&self.tokenizer, self.control.clone()));
            built?.map_err(|e| e.message().to_string())
        });
        built.as_ref().map_err(|e| Error::new(Class::Tokenizer, "tokenizer_broken", e.as_str()))
    }
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
        self.encoder.start.append(text, Position::Start, &mut self.scratch, out)
    }

    /// Appends the ids of a text that goes on from a prompt which is not empty, so that the ids of both decode
    /// to the text of both, where the tokenizer loses none.
    ///
    /// # Errors
    /// As [`Session::encode_prompt`].
    pub fn encode_continuation(&mut self, text: &str, out: &mut Vec<i32>) -> Result<()> {
        self.encoder.continuation.as_ref().unwrap_or(&self.encoder.start).append(
            text,
            Position::Continuation,
            &mut self.scratch,
            out,
        )
    }

    /// As [`Session::encode_prompt`], but the control tokens within `spans` (byte offsets, in order, disjoint)
    /// are encoded as the plain text they are.
    ///
    /// # Errors
    /// As [`Session::encode_prompt`].
    pub(crate) fn encode_prompt_as_text(
        &mut self,
        text: &str,
        spans: &[Span],
        out: &mut Vec<i32>,
    ) -> Result<()> {
        if self.encode_ranks_as_text(text, spans, out) {
            return Ok(());
        }
        self.encoder.as_text()?.encode_prompt(text, spans, out)
    }

    /// Where all control tokens stand apart from the model, its own way to encode will do.
    fn encode_ranks_as_text(&mut self, text: &str, spans: &[Span], out: &mut Vec<i32>) -> bool {
        let (Engine::Bpe(bpe), [Oracle::Ranks(..), _]) = (&self.encoder.start, &self.encoder.oracles) else {
            return false;
        };
        bpe.encode(text, spans, Position::Start, self.scratch.bpe.get_or_insert_default(), out);
        true
    }

    /// As [`Session::encode_continuation`], but the control tokens within `spans` are encoded as plain text.
    ///
    /// # Errors
    /// As [`Session::encode_prompt`].
    pub(crate) fn encode_continuation_as_text(
        &mut self,
        text: &str,
        spans: &[Span],
        out: &mut Vec<i32>,
    ) -> Result<()> {
        if self.encode_ranks_as_text(text, spans, out) {
            return Ok(());
        }
        self.encoder.as_text()?.encode_continuation(text, spans, out)
    }

    /// What the ids of the text should be, where they are not these.
    ///
    /// # Errors
    /// As [`Session::encode_prompt`].
    pub fn verify(&self, text: &str, at_start: bool, ids: &[i32]) -> Result<Option<Vec<i32>>> {
        let mut expected = Vec::with_capacity(ids.len());
        self.encoder.oracles[usize::from(!at_start)].append(text, &mut expected)?;
        Ok((expected != ids).then_some(expected))
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        let scratch = std::mem::take(&mut self.scratch);
        self.encoder.idle.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
    }
}
