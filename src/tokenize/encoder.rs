//! Text to ids: the prompt as `tokenizers` encodes it, the completion as its continuation.

use std::sync::{Arc, OnceLock};

use tokenizers::Tokenizer;

use super::as_text::{AsText, Span};
use super::continuation::without_mark;
use crate::error::{Class, Error, Result};

/// The seam where a faster encoder slots in: it must give the ids of `tokenizers`, text by text.
pub trait Engine: Send + Sync {
    /// Appends the ids of `text`, without what a post-processor adds.
    ///
    /// # Errors
    /// `Tokenizer`, when the model has no id for a part of the text.
    fn append(&self, text: &str, out: &mut Vec<i32>) -> Result<()>;
}

/// The `tokenizers` crate: every tokenizer, and the measure of what is right.
pub struct Reference(pub Arc<Tokenizer>);

impl Engine for Reference {
    fn append(&self, text: &str, out: &mut Vec<i32>) -> Result<()> {
        let refused = |why: &dyn std::fmt::Display| {
            Error::new(
                Class::Tokenizer,
                "cannot_encode",
                format!("the tokenizer cannot encode this text: {why}"),
            )
        };
        let encoding = self.0.encode_fast(text, false).map_err(|e| refused(&e))?;
        out.reserve(encoding.len());
        for &id in encoding.get_ids() {
            out.push(i32::try_from(id).map_err(|_| refused(&format_args!("id {id} is above 2³¹")))?);
        }
        Ok(())
    }
}

/// Encodes prompts and completions; shared by all workers, without a lock of ours.
pub struct Encoder {
    start: Arc<dyn Engine>,
    continuation: Arc<dyn Engine>,
    tokenizer: Arc<Tokenizer>,
    // Two more tokenizers, which few data sets need.
    as_text: OnceLock<Result<AsText, String>>,
}

impl Encoder {
    /// An encoder that works as this tokenizer does.
    ///
    /// # Errors
    /// `Tokenizer`, when the crate refuses a part of its own making.
    pub fn new(tokenizer: &Arc<Tokenizer>) -> Result<Self> {
        let start: Arc<dyn Engine> = Arc::new(Reference(tokenizer.clone()));
        let continuation = match without_mark(tokenizer)? {
            Some(unmarked) => Arc::new(Reference(Arc::new(unmarked))),
            None => start.clone(),
        };
        Ok(Encoder { start, continuation, tokenizer: tokenizer.clone(), as_text: OnceLock::new() })
    }

    /// Appends the ids of a prompt: exactly `encode(text, add_special_tokens=False)`.
    ///
    /// # Errors
    /// See [`Engine::append`].
    pub fn encode_prompt(&self, text: &str, out: &mut Vec<i32>) -> Result<()> {
        self.start.append(text, out)
    }

    /// Appends the ids of a text that goes on from a prompt which is not empty, so that the ids of both decode
    /// to the text of both, where the tokenizer loses none.
    ///
    /// # Errors
    /// See [`Engine::append`].
    pub fn encode_continuation(&self, text: &str, out: &mut Vec<i32>) -> Result<()> {
        self.continuation.append(text, out)
    }

    /// As [`Encoder::encode_prompt`], but the control tokens within `spans` (byte offsets, in order, disjoint)
    /// are encoded as the plain text they are.
    ///
    /// # Errors
    /// See [`Engine::append`].
    pub fn encode_prompt_as_text(&self, text: &str, spans: &[Span], out: &mut Vec<i32>) -> Result<()> {
        self.as_text()?.encode_prompt(text, spans, out)
    }

    /// As [`Encoder::encode_continuation`], but the control tokens within `spans` are encoded as plain text.
    ///
    /// # Errors
    /// See [`Engine::append`].
    pub fn encode_continuation_as_text(&self, text: &str, spans: &[Span], out: &mut Vec<i32>) -> Result<()> {
        self.as_text()?.encode_continuation(text, spans, out)
    }

    fn as_text(&self) -> Result<&AsText> {
        let built =
            self.as_text.get_or_init(|| AsText::new(&self.tokenizer).map_err(|e| e.message().to_string()));
        built.as_ref().map_err(|e| Error::new(Class::Tokenizer, "tokenizer_broken", e.as_str()))
    }
}
