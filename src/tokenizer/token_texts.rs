//! The text of each token, for `preview`.

use tokenizers::Tokenizer;

use super::guard::guarded;
use super::load::LoadedTokenizer;
use crate::error::Result;

impl LoadedTokenizer {
    /// The text of each token. Joined, the texts are the text that the ids decode to, with control tokens. A
    /// character made of several tokens belongs to the last of them.
    ///
    /// # Errors
    /// `Tokenizer`, where the decoder fails.
    pub(crate) fn token_texts(&self, ids: &[i32]) -> Result<Vec<String>> {
        let whole = self.decode(ids, false)?;
        if let Ok(Some(texts)) = guarded(|| streamed(self.reference(), ids, &whole)) {
            return Ok(texts);
        }
        self.by_prefixes(ids, &whole)
    }

    /// Decodes longer and longer prefixes. Right for any decoder, in time that grows with the square of the number of
    /// ids.
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

/// Decodes token by token; none where the decoder cannot decode that way.
fn streamed(tokenizer: &Tokenizer, ids: &[i32], whole: &str) -> Option<Vec<String>> {
    let mut stream = tokenizer.decode_stream(false);
    let mut texts = Vec::with_capacity(ids.len());
    let mut rest = whole;
    for &id in ids {
        let text = stream.step(id.cast_unsigned()).ok()?.unwrap_or_default();
        rest = rest.strip_prefix(text.as_str())?;
        texts.push(text);
    }
    // Trailing bytes that are not a whole character.
    match texts.last_mut() {
        Some(last) => last.push_str(rest),
        None if !rest.is_empty() => return None,
        None => {}
    }
    Some(texts)
}

/// The number of bytes, in whole characters, that both texts begin with.
fn shared_prefix(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum()
}
