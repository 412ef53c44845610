//! Finds properties of a tokenizer by encoding samples, which is simpler than to derive them from its many parts.

use tokenizers::Tokenizer;

use super::errors::broken;
use super::guard::guarded;
use crate::error::Result;

/// Texts that some tokenizers change when they encode and decode them, each with the name of what is lost.
const SAMPLES: &[(&str, &str)] = &[
    ("upper case", "Ab aB"),
    ("a space at the start", " a"),
    ("a space at the end", "a "),
    ("runs of spaces", "a  b   c"),
    ("spaces before punctuation", "a , b ."),
    ("tabs", "a\tb"),
    ("line breaks", "a\nb"),
    ("runs of line breaks", "a\n\n\nb"),
    ("accents", "é à ü"),
    ("combining accents", "e\u{301}"),
    ("characters outside the vocabulary", "語 😀 \u{10ffff}"),
];

/// The properties that were found.
pub(super) struct Probed {
    pub prefix_ids: Vec<i32>,
    pub suffix_ids: Vec<i32>,
    pub losses: Vec<&'static str>,
}

/// Encodes samples with the tokenizer. For some invalid files (a template that names a missing token) the crate
/// panics only when it encodes; here that is an error.
pub(super) fn probe(tokenizer: &Tokenizer) -> Result<Probed> {
    let probed = guarded(|| {
        let (prefix_ids, suffix_ids) = affixes(tokenizer)?;
        Ok(Probed { prefix_ids, suffix_ids, losses: losses(tokenizer)? })
    });
    probed.unwrap_or_else(|why| {
        Err(broken(&format_args!("encoding \"a b\", {why}; its post-processor may name a missing token")))
    })
}

/// The kinds of text that decode(encode(text)) changes. A space that the tokenizer adds before every text does not
/// count.
fn losses(tokenizer: &Tokenizer) -> Result<Vec<&'static str>> {
    let is_unchanged = |text: &str| -> Result<bool> {
        let ids = tokenizer.encode_fast(text, false).map_err(|e| broken(&e))?;
        let back = tokenizer.decode(ids.get_ids(), false).map_err(|e| broken(&e))?;
        Ok(back == text || back.strip_prefix(' ') == Some(text))
    };
    let mut lost = Vec::new();
    for (name, text) in SAMPLES {
        // A text on which the crate panics is lost too.
        if !guarded(|| is_unchanged(text)).unwrap_or(Ok(false))? {
            lost.push(*name);
        }
    }
    Ok(lost)
}

/// The ids that the post-processor adds before and after a text.
fn affixes(tokenizer: &Tokenizer) -> Result<(Vec<i32>, Vec<i32>)> {
    let encode = |special: bool| -> Result<Vec<i32>> {
        let encoding = tokenizer.encode_fast("a b", special).map_err(|e| broken(&e))?;
        let id = |&id: &u32| i32::try_from(id).map_err(|_| broken(&format_args!("id {id} is above 2³¹")));
        encoding.get_ids().iter().map(id).collect()
    };
    let (plain, whole) = (encode(false)?, encode(true)?);
    let Some(start) = (0..=whole.len().saturating_sub(plain.len())).find(|&i| whole[i..].starts_with(&plain))
    else {
        return Err(broken(&"its post-processor changes the ids of the text"));
    };
    Ok((whole[..start].to_vec(), whole[start + plain.len()..].to_vec()))
}
