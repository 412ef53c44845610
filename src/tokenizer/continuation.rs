//! The tokenizer for continuations: texts that follow a prompt. It does not add the space mark that the start of a
//! text gets.
//!
//! SentencePiece tokenizers add `▁` before a text, and their decoders remove it. A completion that is encoded as a
//! text of its own would therefore add a space in the middle of the row. Three parts add marks: the normalizer
//! `Prepend`, the pre-tokenizer `Metaspace`, and `ByteLevel` with `add_prefix_space`. The first two may also mark the
//! text after a control token. In a completion that is off too, so that its ids decode to exactly its text.
//!
//! A mark stays where another pre-tokenizer has split the text before (T5: `WhitespaceSplit`, then `Metaspace`):
//! there it marks every word, in place of the white space that the split has removed.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper, Tokenizer};

use super::errors::broken;
use crate::error::Result;

/// The tokenizer without the space mark; none where the tokenizer adds no mark, and can be used itself.
pub(super) fn without_mark(tokenizer: &Tokenizer) -> Result<Option<Tokenizer>> {
    let mut edited = None;
    if let Some(mut part) = tokenizer.get_normalizer().map(to_json).transpose()?
        && drop_prepend(&mut part)
    {
        let part: Option<NormalizerWrapper> = from_json(part)?;
        edited.get_or_insert_with(|| tokenizer.clone()).with_normalizer(part).map_err(|e| broken(&e))?;
    }
    if let Some(mut part) = tokenizer.get_pre_tokenizer().map(to_json).transpose()?
        && unmark(&mut part, true)
    {
        let part: Option<PreTokenizerWrapper> = from_json(part)?;
        edited.get_or_insert_with(|| tokenizer.clone()).with_pre_tokenizer(part);
    }
    Ok(edited)
}

fn to_json(part: &impl Serialize) -> Result<Value> {
    serde_json::to_value(part).map_err(|e| broken(&e))
}

fn from_json<T: DeserializeOwned>(part: Value) -> Result<T> {
    serde_json::from_value(part).map_err(|e| broken(&e))
}

/// Removes `Prepend`, at any depth. Returns whether there was one.
fn drop_prepend(normalizer: &mut Value) -> bool {
    if normalizer["type"] == "Prepend" {
        *normalizer = Value::Null;
        return true;
    }
    let Some(parts) = normalizer.get_mut("normalizers").and_then(Value::as_array_mut) else { return false };
    let mut found = false;
    for part in parts.iter_mut() {
        found |= drop_prepend(part);
    }
    parts.retain(|part| !part.is_null());
    found
}

/// Switches the mark off, at any depth. `first` says that no part has split the text yet. Returns whether there was a
/// mark.
fn unmark(part: &mut Value, first: bool) -> bool {
    if part["type"] == "Metaspace" {
        let scheme = &part["prepend_scheme"];
        let marks_start = scheme == "first" || (first && scheme == "always");
        if marks_start {
            part["prepend_scheme"] = "never".into();
        }
        return marks_start;
    }
    if part["type"] == "ByteLevel" {
        let marks_start = first && part["add_prefix_space"] == true;
        if marks_start {
            part["add_prefix_space"] = false.into();
        }
        return marks_start;
    }
    let Some(parts) = part.get_mut("pretokenizers").and_then(Value::as_array_mut) else { return false };
    let mut found = false;
    for (i, part) in parts.iter_mut().enumerate() {
        found |= unmark(part, first && i == 0);
    }
    found
}
