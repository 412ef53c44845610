//! The source of the right ids: the crate `tokenizers`, or the definition of a file of ranks.

use std::sync::Arc;

use tokenizers::Tokenizer;

use super::guard::guarded;
use super::ranks::Ranks;
use super::reference::{encode_error, reference};
use crate::error::Result;

/// The source of the right ids.
#[derive(Clone)]
pub(crate) enum Oracle {
    /// The `tokenizers` crate.
    Crate(Arc<Tokenizer>),
    /// The definition of a file of ranks; the crate finds control tokens and splits the text.
    Ranks(Arc<Tokenizer>, Arc<Ranks>),
}

impl Oracle {
    /// Appends the ids of `text`.
    pub(crate) fn append(&self, text: &str, out: &mut Vec<i32>) -> Result<()> {
        match self {
            Oracle::Crate(tokenizer) => reference(tokenizer, text, out),
            Oracle::Ranks(tokenizer, ranks) => guarded(|| ranks.encode(tokenizer, text, out))
                .map_err(|e| encode_error(text, &e))?
                .map_err(|e| encode_error(text, &e)),
        }
    }
}
