//! Encodes text: a prompt as `tokenizers` encodes it, a completion as its continuation.
//!
//! There are several engines that give the same ids. The engine for a tokenizer is chosen once, when it is loaded.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokenizers::Tokenizer;

use super::added::ControlTokens;
use super::as_text::AsTextEncoder;
use super::bpe::Bpe;
use super::choose::{Choice, choose_engine};
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
    /// The engine for continuations; none where it is the same.
    continuation: Option<Engine>,
    tokenizer: Arc<Tokenizer>,
    control: Arc<ControlTokens>,
    /// For the start of a text, and for continuations.
    oracles: [Oracle; 2],
    /// The description of the engine that `explain` prints.
    pub(super) engine: String,
    /// Scratch data, with filled caches, that no session uses at present.
    idle: Mutex<Vec<Scratch>>,
    // Built on demand: it holds two more tokenizers, which few data sets need.
    as_text: OnceLock<Result<AsTextEncoder, String>>,
}

impl Encoder {
    /// An encoder for a tokenizer; `json` is its file.
    ///
    /// # Errors
    /// `Tokenizer`, where `tokenizers` cannot load a part of the tokenizer that was written as JSON.
    pub(crate) fn new(tokenizer: &Arc<Tokenizer>, json: &[u8], control: Arc<ControlTokens>) -> Result<Self> {
        let unmarked = without_mark(tokenizer)?.map_or_else(|| tokenizer.clone(), Arc::new);
        let Choice { start, continuation, description } = choose_engine(tokenizer, &unmarked, json);
        let oracles = [tokenizer, &unmarked].map(|tokenizer| Oracle::Crate(tokenizer.clone()));
        Ok(Encoder::from_parts(start, continuation, description, oracles, tokenizer.clone(), control))
    }

    /// An encoder for a file of ranks; `tokenizer` is that of [`Ranks::without_merges`].
    ///
    /// # Errors
    /// `Internal`, where the engine does not give the ids that the ranks define.
    pub(crate) fn from_ranks(
        tokenizer: &Arc<Tokenizer>,
        ranks: Ranks,
        control: Arc<ControlTokens>,
    ) -> Result<Self> {
        let ranks = Arc::new(ranks);
        let oracle = Oracle::Ranks(tokenizer.clone(), ranks.clone());
        let engine = Bpe::from_ranks(tokenizer, &ranks).map(Engine::Bpe).and_then(|engine| {
            self_check::check(&engine, tokenizer, &oracle)?;
            Ok(engine)
        });
        let engine =
            engine.map_err(|why| Error::internal(format!("no engine for a file of ranks: {why}")))?;
        let description = "byte-level BPE, ids as of tiktoken".to_string();
        Ok(Encoder::from_parts(
            engine,
            None,
            description,
            [oracle.clone(), oracle],
            tokenizer.clone(),
            control,
        ))
    }

    fn from_parts(
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

    /// Access for one worker. It reuses the caches of an earlier session.
    pub fn session(&self) -> Session<'_> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Session { encoder: self, scratch: idle.unwrap_or_default() }
    }

    fn as_text(&self) -> Result<&AsTextEncoder> {
        let built = self.as_text.get_or_init(|| {
            let built = guarded(|| AsTextEncoder::new(&self.tokenizer, self.control.clone()));
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
    /// `Tokenizer`, where the model has no id for a part of the text.
    pub fn encode_prompt(&mut self, text: &str, out: &mut Vec<i32>) -> Result<()> {
        self.encoder.start.append(text, Position::Start, &mut self.scratch, out)
    }

    /// Appends the ids of a text that follows a prompt with ids. Where the tokenizer loses no text, the ids of both
    /// decode to the text of both.
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

    /// Whether the ids of a prompt are certainly those of its parts, the first encoded as a prompt and the others as
    /// continuations. False where this is not known. `ends` are where parts end, in order.
    pub(crate) fn joins(&mut self, text: &str, ends: &[usize]) -> bool {
        match (&self.encoder.start, &self.encoder.continuation) {
            (Engine::Bpe(bpe), None) => bpe.joins(text, ends, self.scratch.bpe.get_or_insert_default()),
            _ => false,
        }
    }

    /// As [`Session::encode_prompt`], but the control tokens within `spans` (byte offsets, in order, disjoint)
    /// are encoded as plain text.
    ///
    /// # Errors
    /// As [`Session::encode_prompt`].
    pub(crate) fn encode_prompt_as_text(
        &mut self,
        text: &str,
        spans: &[Span],
        out: &mut Vec<i32>,
    ) -> Result<()> {
        self.encode_as_text(text, spans, Position::Start, out)
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
        self.encode_as_text(text, spans, Position::Continuation, out)
    }

    fn encode_as_text(
        &mut self,
        text: &str,
        spans: &[Span],
        position: Position,
        out: &mut Vec<i32>,
    ) -> Result<()> {
        // The model of a file of ranks has no control tokens as pieces: the engine itself can encode them as text.
        if let (Engine::Bpe(bpe), [Oracle::Ranks(..), _]) = (&self.encoder.start, &self.encoder.oracles) {
            bpe.encode(text, spans, position, self.scratch.bpe.get_or_insert_default(), out);
            return Ok(());
        }
        self.encoder.as_text()?.encode(text, spans, position, out)
    }

    /// The right ids of the text, where they differ from `ids`; else none.
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
