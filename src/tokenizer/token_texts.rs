//! The text of each token, for a preview that colours them.

use tokenizers::Tokenizer;

use super::guard::guarded;
use super::load::LoadedTokenizer;
use crate::error::Result;

impl LoadedTokenizer {
    /// The text of each token; all of them, joined, are the text that the ids decode to, control tokens
    /// included. A character made by several tokens is the last one's, the others are empty.
    ///
    /// # Errors
    /// `Tokenizer`, when its decoder refuses.
    pub(crate) fn token_texts(&self, ids: &[i32]) -> Result<Vec<String>> {
        let whole = self.decode(ids, false)?;
        if let Ok(Some(texts)) = guarded(|| streamed(self.reference(), ids, &whole)) {
            return Ok(texts);
        }
        self.by_prefixes(ids, &whole)
    }

    /// Decodes ever longer prefixes: right for any decoder, in time that grows with the square of the ids.
    fn by_prefixes(&self, ids: &[i32], whole: &str) -> Result<Vec<String>> {
        let mut texts = Vec::with_capacity(ids.len());
        let mut done = 0;
        for n in 1..=ids.len() {
            let shared = if n == ids.len() {
                whole.len()
            } else {
                shared_prefix(&self.decode(&ids[..n], false)?, whole)
            };
            let end = shared.max(done);
            texts.push(whole[done..end].to_string());
            done = end;
        }
        Ok(texts)
    }
}

/// Decodes token by token; none where the decoder is not one that can go on from where it was.
fn streamed(tokenizer: &Tokenizer, ids: &[i32], whole: &str) -> Option<Vec<String>> {
    let mut stream = tokenizer.decode_stream(false);
    let mut texts = Vec::with_capacity(ids.len());
    let mut rest = whole;
    for &id in ids {
        let text = stream.step(id.cast_unsigned()).ok()?.unwrap_or_default();
        rest = rest.strip_prefix(text.as_str())?;
        texts.push(text);
    }
    // Bytes that end the ids without making a character.
    match texts.last_mut() {
        Some(last) => last.push_str(rest),
        None if !rest.is_empty() => return None,
        None => {}
    }
    Some(texts)
}

/// Bytes that both begin with, whole characters only.
fn shared_prefix(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum()
}
