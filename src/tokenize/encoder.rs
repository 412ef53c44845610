//! Text to ids: the prompt as `tokenizers` encodes it, the completion as its continuation.
//!
//! There are several ways to the same ids; which one a tokenizer goes is decided once, when it is loaded.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokenizers::Tokenizer;

use super::as_text::{AsText, Span};
use super::bpe::{Bpe, BpeScratch, Kind};
use super::chunks::{ChunkScratch, Chunks};
use super::continuation::without_mark;
use super::guard::guarded;
use super::ranks::Ranks;
use super::trust;
use crate::added::control::ControlTokens;
use crate::error::{Class, Error, Result};

/// A way from text to ids.
pub(super) enum Way {
    /// Our own, for byte-level BPE.
    Bpe(Bpe),
    /// The crate's, chunk by chunk, each only once.
    Chunks(Chunks),
    /// The measure of what is right, for every tokenizer.
    Oracle(Oracle),
}

/// What decides which ids are right.
#[derive(Clone)]
pub(super) enum Oracle {
    /// The `tokenizers` crate.
    Crate(Arc<Tokenizer>),
    /// The definition of ranks; the crate's part is to find control tokens and to cut.
    Ranks(Arc<Tokenizer>, Arc<Ranks>),
}

impl Oracle {
    /// Appends the ids of `text`.
    pub(super) fn append(&self, text: &str, out: &mut Vec<i32>) -> Result<()> {
        match self {
            Oracle::Crate(tokenizer) => reference(tokenizer, text, out),
            Oracle::Ranks(tokenizer, ranks) => guarded(|| ranks.encode(tokenizer, text, out))
                .map_err(|e| refused(text, &e))?
                .map_err(|e| refused(text, &e)),
        }
    }
}

/// Characters of a text that a message shows.
const SHOWN: usize = 60;

#[cold]
fn refused(text: &str, why: &dyn std::fmt::Display) -> Error {
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    let what = format!("the tokenizer cannot encode {shown:?}{more}: {why}");
    Error::new(Class::Tokenizer, "cannot_encode", what)
        .help("the package tokenizers fails on it too: change the tokenizer, or leave the text out")
}

/// What a worker keeps from text to text.
#[derive(Default)]
pub(super) struct Scratch {
    bpe: Option<BpeScratch>,
    chunks: Option<ChunkScratch>,
}

impl Way {
    /// Appends the ids of `text`, without what a post-processor adds.
    pub(super) fn append(
        &self,
        text: &str,
        kind: Kind,
        scratch: &mut Scratch,
        out: &mut Vec<i32>,
    ) -> Result<()> {
        match self {
            Way::Bpe(bpe) => bpe.encode(text, &[], kind, scratch.bpe.get_or_insert_default(), out),
            Way::Chunks(chunks) => chunks.encode(text, scratch.chunks.get_or_insert_default(), out)?,
            Way::Oracle(oracle) => oracle.append(text, out)?,
        }
        Ok(())
    }
}

/// Appends the ids of `text` as the crate has them.
pub(super) fn reference(tokenizer: &Tokenizer, text: &str, out: &mut Vec<i32>) -> Result<()> {
    let encoding = guarded(|| tokenizer.encode_fast(text, false))
        .map_err(|e| refused(text, &e))?
        .map_err(|e| refused(text, &e))?;
    out.reserve(encoding.len());
    for &id in encoding.get_ids() {
        out.push(i32::try_from(id).map_err(|_| refused(text, &format_args!("id {id} is above 2³¹")))?);
    }
    Ok(())
}

/// Encodes prompts and completions; shared by all workers, each of which opens a [`Session`].
pub struct Encoder {
    start: Way,
    /// None where it is the same.
    continuation: Option<Way>,
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
    pub fn new(tokenizer: &Arc<Tokenizer>, json: &[u8], control: Arc<ControlTokens>) -> Result<Self> {
        let unmarked = without_mark(tokenizer)?.map_or_else(|| tokenizer.clone(), Arc::new);
        let (start, continuation, engine) = decide(tokenizer, &unmarked, json);
        let oracles = [tokenizer, &unmarked].map(|tokenizer| Oracle::Crate(tokenizer.clone()));
        Ok(Encoder::of(start, continuation, engine, oracles, tokenizer.clone(), control))
    }

    /// An encoder for a file of ranks; `tokenizer` is that of [`Ranks::without_merges`].
    ///
    /// # Errors
    /// `Tokenizer`, when the fast way does not make the ids that the ranks define.
    pub fn of_ranks(tokenizer: &Arc<Tokenizer>, ranks: Ranks, control: Arc<ControlTokens>) -> Result<Self> {
        let ranks = Arc::new(ranks);
        let oracle = Oracle::Ranks(tokenizer.clone(), ranks.clone());
        let way = Bpe::of_ranks(tokenizer, &ranks).map(Way::Bpe).and_then(|way| {
            trust::check(&way, tokenizer, &oracle)?;
            Ok(way)
        });
        let way = way.map_err(|why| Error::internal(format!("the fast way for ranks: {why}")))?;
        let engine = "byte-level BPE, ids as of tiktoken".to_string();
        Ok(Encoder::of(way, None, engine, [oracle.clone(), oracle], tokenizer.clone(), control))
    }

    fn of(
        start: Way,
        continuation: Option<Way>,
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
                let on = is_marked.then(|| Way::Oracle(Oracle::Crate(unmarked.clone())));
                let why = format!("for byte-level BPE, {no_bpe}; for chunks, {no_chunks}");
                (
                    Way::Oracle(Oracle::Crate(tokenizer.clone())),
                    on,
                    format!("tokenizers 0.23, the general way ({why})"),
                )
            }
        },
    }
}

/// Both ways, tried out against the crate.
fn trusted(
    start: Way,
    on: Option<Way>,
    tokenizer: &Arc<Tokenizer>,
    unmarked: &Arc<Tokenizer>,
) -> Result<(Way, Option<Way>), String> {
    trust::check(&start, tokenizer, &Oracle::Crate(tokenizer.clone()))?;
    if let Some(on) = &on {
        trust::check(on, unmarked, &Oracle::Crate(unmarked.clone()))?;
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
        self.encoder.start.append(text, Kind::Start, &mut self.scratch, out)
    }

    /// Appends the ids of a text that goes on from a prompt which is not empty, so that the ids of both decode
    /// to the text of both, where the tokenizer loses none.
    ///
    /// # Errors
    /// As [`Session::encode_prompt`].
    pub fn encode_continuation(&mut self, text: &str, out: &mut Vec<i32>) -> Result<()> {
        self.encoder.continuation.as_ref().unwrap_or(&self.encoder.start).append(
            text,
            Kind::On,
            &mut self.scratch,
            out,
        )
    }

    /// As [`Session::encode_prompt`], but the control tokens within `spans` (byte offsets, in order, disjoint)
    /// are encoded as the plain text they are.
    ///
    /// # Errors
    /// As [`Session::encode_prompt`].
    pub fn encode_prompt_as_text(&mut self, text: &str, spans: &[Span], out: &mut Vec<i32>) -> Result<()> {
        if self.encode_ranks_as_text(text, spans, out) {
            return Ok(());
        }
        self.encoder.as_text()?.encode_prompt(text, spans, out)
    }

    /// Where all control tokens stand apart from the model, its own way to encode will do.
    fn encode_ranks_as_text(&mut self, text: &str, spans: &[Span], out: &mut Vec<i32>) -> bool {
        let (Way::Bpe(bpe), [Oracle::Ranks(..), _]) = (&self.encoder.start, &self.encoder.oracles) else {
            return false;
        };
        bpe.encode(text, spans, Kind::Start, self.scratch.bpe.get_or_insert_default(), out);
        true
    }

    /// As [`Session::encode_continuation`], but the control tokens within `spans` are encoded as plain text.
    ///
    /// # Errors
    /// As [`Session::encode_prompt`].
    pub fn encode_continuation_as_text(
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
