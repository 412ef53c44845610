//! What decides which ids are right: the crate `tokenizers`, or the definition of a file of ranks.

use std::sync::Arc;

use tokenizers::Tokenizer;

use super::guard::guarded;
use super::ranks::Ranks;
use super::reference::{reference, refused};
use crate::error::Result;

/// What decides which ids are right.
#[derive(Clone)]
pub(crate) enum Oracle {
    /// The `tokenizers` crate.
    Crate(Arc<Tokenizer>),
    /// The definition of ranks; the crate's part is to find control tokens and to cut.
    Ranks(Arc<Tokenizer>, Arc<Ranks>),
}

impl Oracle {
    /// Appends the ids of `text`.
    pub(crate) fn append(&self, text: &str, out: &mut Vec<i32>) -> Result<()> {
        match self {
            Oracle::Crate(tokenizer) => reference(tokenizer, text, out),
            Oracle::Ranks(tokenizer, ranks) => guarded(|| ranks.encode(tokenizer, text, out))
                .map_err(|e| refused(text, &e))?
                .map_err(|e| refused(text, &e)),
        }
    }
}
