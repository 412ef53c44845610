//! What a tokenizer does to text, found by trying: a file's parts are too many to be read for it.

use tokenizers::Tokenizer;

use super::errors::broken;
use super::guard::guarded;
use crate::error::Result;

/// Texts that some tokenizers do not give back, and what is lost then.
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

/// What a few texts tell about the tokenizer.
pub(super) struct Probed {
    pub prefix_ids: Vec<i32>,
    pub suffix_ids: Vec<i32>,
    pub losses: Vec<&'static str>,
}

/// Tries the tokenizer. Some defects of a file are found only by a panic of the crate (a template that names a
/// token it does not hold): an error here, so that none can come later.
pub(super) fn probe(tokenizer: &Tokenizer) -> Result<Probed> {
    let tried = guarded(|| {
        let (prefix_ids, suffix_ids) = affixes(tokenizer)?;
        Ok(Probed { prefix_ids, suffix_ids, losses: losses(tokenizer)? })
    });
    tried.unwrap_or_else(|why| {
        Err(broken(&format_args!("encoding \"a b\", {why}; its post-processor may name a missing token")))
    })
}

/// The sorts of text that decode(encode(text)) does not give back; the space that a tokenizer puts before
/// every text does not count.
fn losses(tokenizer: &Tokenizer) -> Result<Vec<&'static str>> {
    let comes_back = |text: &str| -> Result<bool> {
        let ids = tokenizer.encode_fast(text, false).map_err(|e| broken(&e))?;
        let back = tokenizer.decode(ids.get_ids(), false).map_err(|e| broken(&e))?;
        Ok(back == text || back.strip_prefix(' ') == Some(text))
    };
    let mut lost = Vec::new();
    for (name, text) in SAMPLES {
        // Texts on which the crate panics do not come back either.
        if !guarded(|| comes_back(text)).unwrap_or(Ok(false))? {
            lost.push(*name);
        }
    }
    Ok(lost)
}

/// What the post-processor puts before and after a text.
fn affixes(tokenizer: &Tokenizer) -> Result<(Vec<i32>, Vec<i32>)> {
    let encode = |special: bool| -> Result<Vec<i32>> {
        let encoding = tokenizer.encode_fast("a b", special).map_err(|e| broken(&e))?;
        let id = |&id: &u32| i32::try_from(id).map_err(|_| broken(&format_args!("id {id} is above 2³¹")));
        encoding.get_ids().iter().map(id).collect()
    };
    let (plain, whole) = (encode(false)?, encode(true)?);
    let Some(start) = (0..=whole.len().saturating_sub(plain.len())).find(|&i| whole[i..].starts_with(&plain))
    else {
        return Err(broken(&"its post-processor changes the ids of the text itself"));
    };
    Ok((whole[..start].to_vec(), whole[start + plain.len()..].to_vec()))
}
