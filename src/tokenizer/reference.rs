//! The ids that the crate `tokenizers` gives: what every faster engine must equal.

use tokenizers::Tokenizer;

use super::guard::guarded;
use crate::error::{Class, Error, Result};

/// Characters of a text that a message shows.
const SHOWN: usize = 60;

/// The error for a text that has no ids.
#[cold]
pub(crate) fn refused(text: &str, why: &dyn std::fmt::Display) -> Error {
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    let what = format!("the tokenizer cannot encode {shown:?}{more}: {why}");
    Error::new(Class::Tokenizer, "cannot_encode", what)
        .help("the package tokenizers fails on it too: change the tokenizer, or leave the text out")
}

/// Appends the ids of `text` as the crate has them.
pub(crate) fn reference(tokenizer: &Tokenizer, text: &str, out: &mut Vec<i32>) -> Result<()> {
    let encoding = guarded(|| tokenizer.encode_fast(text, false))
        .map_err(|e| refused(text, &e))?
        .map_err(|e| refused(text, &e))?;
    out.reserve(encoding.len());
    for &id in encoding.get_ids() {
        out.push(i32::try_from(id).map_err(|_| refused(text, &format_args!("id {id} is above 2³¹")))?);
    }
    Ok(())
}
