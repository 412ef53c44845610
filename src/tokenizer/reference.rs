//! The ids of the crate `tokenizers`, which every faster engine must give too.

use tokenizers::Tokenizer;

use super::guard::guarded;
use crate::error::{Class, Error, Result};

/// The maximum of characters of a text in a message.
const SHOWN: usize = 60;

/// The error for a text that cannot be encoded.
#[cold]
pub(crate) fn encode_error(text: &str, why: &dyn std::fmt::Display) -> Error {
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    let message = format!("the tokenizer cannot encode {shown:?}{more}: {why}");
    Error::new(Class::Tokenizer, "cannot_encode", message)
        .help("the package tokenizers cannot encode it either: change the tokenizer, or remove the text")
}

/// Appends the ids of `text` that the crate gives.
///
/// # Errors
/// `Tokenizer`, where the crate cannot encode it.
pub(crate) fn reference(tokenizer: &Tokenizer, text: &str, out: &mut Vec<i32>) -> Result<()> {
    let encoding = guarded(|| tokenizer.encode_fast(text, false))
        .map_err(|e| encode_error(text, &e))?
        .map_err(|e| encode_error(text, &e))?;
    out.reserve(encoding.len());
    for &id in encoding.get_ids() {
        out.push(i32::try_from(id).map_err(|_| encode_error(text, &format_args!("id {id} is 2³¹ or more")))?);
    }
    Ok(())
}
