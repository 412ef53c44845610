//! The engine for SentencePiece BPE, Unigram and WordPiece. A text is cut into chunks, at places where its ids are
//! those of both sides. The ids of each chunk come from a cache, else from the crate `tokenizers`.
//!
//! There are two kinds of such places:
//!
//! - **White space** between two visible ASCII characters, where the pre-tokenizer splits at white space: each side
//!   is normalized, split and encoded independently of the other.
//! - **Pairs of characters that no token of a BPE model has next to each other**: no merge can cross the place
//!   between them. A space counts as the mark that replaces it.
//!
//! A chunk begins with its white space. The first chunk of a text is encoded as the start of a text, all others as
//! continuations (`continuation.rs`).

use std::sync::Arc;

use serde_json::Value;
use tokenizers::models::bpe::BPE;
use tokenizers::{ModelWrapper, NormalizedString, Normalizer, Tokenizer};

use super::added::{AddedTokens, Part};
use super::cache::{PieceCache, key};
use super::normalizer::NormalForm;
use super::reference::reference;
use crate::error::Result;

/// The character that SentencePiece writes for a space.
const MARK: char = '▁';

/// Encodes text chunk by chunk.
pub(crate) struct Chunks {
    first: Arc<Tokenizer>,
    rest: Arc<Tokenizer>,
    /// Whether text after an added token is encoded as the start of a text.
    restarts_after_token: bool,
    added: AddedTokens,
    cuts: Arc<Cuts>,
}

/// Caches that a worker keeps from text to text.
#[derive(Default)]
pub(crate) struct ChunkScratch {
    first: PieceCache,
    rest: PieceCache,
}

impl Chunks {
    /// The engine for a tokenizer; `unmarked` is the tokenizer for continuations.
    ///
    /// # Errors
    /// Why this engine cannot encode as the tokenizer does.
    pub(crate) fn new(tokenizer: &Arc<Tokenizer>, unmarked: &Arc<Tokenizer>) -> Result<Self, String> {
        let added = AddedTokens::new(tokenizer, NormalForm::AsIs)?;
        if added.depends_on_context() {
            return Err("an added token is normalized, or matches only as a single word".to_string());
        }
        let part = |json: serde_json::Result<Value>| json.map_err(|e| e.to_string());
        let normalizer = part(serde_json::to_value(tokenizer.get_normalizer()))?;
        let pre_tokenizer = part(serde_json::to_value(tokenizer.get_pre_tokenizer()))?;
        let cuts = match tokenizer.get_model() {
            ModelWrapper::BPE(model) => Cuts::between_tokens(model, &normalizer, &pre_tokenizer)?,
            _ => Cuts::at_white_space(tokenizer, &normalizer, &pre_tokenizer)?,
        };
        Ok(Chunks {
            first: tokenizer.clone(),
            rest: unmarked.clone(),
            restarts_after_token: !any_part(&pre_tokenizer, &|part| part["prepend_scheme"] == "first"),
            added,
            cuts: Arc::new(cuts),
        })
    }

    /// The engine for continuations.
    ///
    /// # Errors
    /// As [`Chunks::new`].
    pub(crate) fn continuation(&self) -> Result<Self, String> {
        Ok(Chunks {
            first: self.rest.clone(),
            rest: self.rest.clone(),
            restarts_after_token: true,
            added: AddedTokens::new(&self.rest, NormalForm::AsIs)?,
            cuts: self.cuts.clone(),
        })
    }

    /// Appends the ids of a text.
    pub(crate) fn encode(&self, text: &str, scratch: &mut ChunkScratch, out: &mut Vec<i32>) -> Result<()> {
        let mut outcome = Ok(());
        let mut is_first = !Arc::ptr_eq(&self.first, &self.rest);
        self.added.split(text, &[], NormalForm::AsIs, &mut |part| match part {
            Part::Token(id) => {
                out.push(id);
                is_first &= self.restarts_after_token;
            }
            Part::Text(text) if outcome.is_ok() => {
                outcome = self.encode_part(text, is_first, scratch, out);
                is_first &= self.restarts_after_token;
            }
            Part::Text(_) => {}
        });
        outcome
    }

    fn encode_part(
        &self,
        text: &str,
        is_first: bool,
        scratch: &mut ChunkScratch,
        out: &mut Vec<i32>,
    ) -> Result<()> {
        let (mut start, mut is_first) = (0, is_first);
        while start < text.len() {
            let end = self.cuts.next(text.as_bytes(), start);
            let (cache, tokenizer) =
                if is_first { (&mut scratch.first, &self.first) } else { (&mut scratch.rest, &self.rest) };
            is_first = false;
            let (chunk, key) = (&text[start..end], key(text.as_bytes(), start, end));
            if !cache.append(key, chunk.as_bytes(), out) {
                let first_id = out.len();
                reference(tokenizer, chunk, out)?;
                cache.insert(key, chunk.as_bytes(), &out[first_id..]);
            }
            start = end;
        }
        Ok(())
    }
}

/// The places where text may be cut.
struct Cuts {
    /// By ASCII character: a bit for each ASCII character before which there may be a cut.
    before: [u128; 128],
    /// Whether the character after the cut must be followed by a visible one.
    needs_next: bool,
}

impl Cuts {
    /// The end of the chunk that begins at `start`.
    #[inline]
    fn next(&self, text: &[u8], start: usize) -> usize {
        let mut left = text[start];
        for (position, &right) in text.iter().enumerate().skip(start + 1) {
            if left < 0x80
                && right < 0x80
                && self.before[usize::from(left)] >> right & 1 == 1
                && (!self.needs_next || text.get(position + 1).is_some_and(u8::is_ascii_graphic))
            {
                return position;
            }
            left = right;
        }
        text.len()
    }

    /// Cuts between characters that no token has next to each other.
    fn between_tokens(model: &BPE, normalizer: &Value, pre_tokenizer: &Value) -> Result<Self, String> {
        let has = |part: &Option<String>| part.as_ref().is_some_and(|text| !text.is_empty());
        if model.dropout.is_some_and(|share| share > 0.0)
            || has(&model.continuing_subword_prefix)
            || has(&model.end_of_word_suffix)
        {
            return Err("its model has dropout, continuing_subword_prefix or end_of_word_suffix".to_string());
        }
        if model.ignore_merges {
            // A chunk could be a token that merges do not make.
            return Err("its model has ignore_merges".to_string());
        }
        let is_mark = |value: &Value| value.as_str() == Some("▁");
        let is_known = |part: &Value| match part["type"].as_str() {
            None | Some("Sequence") => true,
            Some("Prepend") => is_mark(&part["prepend"]),
            Some("Replace") => part["pattern"]["String"] == " " && is_mark(&part["content"]),
            Some("Metaspace") => is_mark(&part["replacement"]),
            Some(_) => false,
        };
        for part in [normalizer, pre_tokenizer] {
            if any_part(part, &|part| !is_known(part)) {
                return Err("its normalizer or pre-tokenizer is not one of SentencePiece BPE".to_string());
            }
        }
        let marks_spaces = |part: &Value| matches!(part["type"].as_str(), Some("Replace" | "Metaspace"));
        if !any_part(normalizer, &marks_spaces) && !any_part(pre_tokenizer, &marks_spaces) {
            return Err("it does not replace spaces by a mark".to_string());
        }
        let vocab = model.get_vocab();
        let ascii = |c: char| if c == MARK { Some(b' ') } else { u8::try_from(c).ok().filter(u8::is_ascii) };
        let mut spanned = [0u128; 128];
        for token in vocab.keys() {
            for (left, right) in token.chars().zip(token.chars().skip(1)) {
                if let (Some(left), Some(right)) = (ascii(left), ascii(right)) {
                    spanned[usize::from(left)] |= 1 << right;
                }
            }
        }
        // Neighbouring unknown characters may become one token.
        let by_bytes =
            model.byte_fallback && (0..=255u8).all(|b| vocab.contains_key(&format!("<0x{b:02X}>")));
        let unknown: Vec<u8> = (0..128u8)
            .filter(|&b| {
                let c = if b == b' ' { MARK } else { char::from(b) };
                !by_bytes && !vocab.contains_key(c.encode_utf8(&mut [0; 4]) as &str)
            })
            .collect();
        for &left in &unknown {
            for &right in &unknown {
                spanned[usize::from(left)] |= 1 << right;
            }
        }
        Ok(Cuts { before: spanned.map(|bits| !bits), needs_next: false })
    }

    /// Cuts at single spaces, and at line ends where the pre-tokenizer splits at them.
    fn at_white_space(
        tokenizer: &Tokenizer,
        normalizer: &Value,
        pre_tokenizer: &Value,
    ) -> Result<Self, String> {
        let is_local = |part: &Value| match part["type"].as_str() {
            None
            | Some(
                "Sequence" | "BertNormalizer" | "Precompiled" | "NFC" | "NFD" | "NFKC" | "NFKD" | "Lowercase"
                | "StripAccents" | "Nmt",
            ) => true,
            // Replaces runs of spaces by one; a single space stays.
            Some("Replace") => {
                part["pattern"]["Regex"] == " {2,}" && (part["content"] == " " || part["content"] == "▁")
            }
            Some("Strip") => part["strip_left"] == false,
            Some(_) => false,
        };
        if any_part(normalizer, &|part| !is_local(part)) {
            return Err("its normalizer may depend on text across white space".to_string());
        }
        let splits = |part: &Value| {
            matches!(part["type"].as_str(), Some("BertPreTokenizer" | "WhitespaceSplit" | "Whitespace"))
        };
        let parts = pre_tokenizer["pretokenizers"]
            .as_array()
            .map_or(std::slice::from_ref(pre_tokenizer), Vec::as_slice);
        let white = match parts {
            [part] if splits(part) => " \n",
            [first, second] if splits(first) && is_splitting_metaspace(second) => " \n",
            [part] if is_splitting_metaspace(part) => " ",
            _ => return Err("its pre-tokenizer does not split at white space".to_string()),
        };
        // White space that the normalizer changes may no longer split.
        let stays = |c: char| -> Result<bool, String> {
            let mut text = NormalizedString::from(format!("a{c}b"));
            if let Some(normalizer) = tokenizer.get_normalizer() {
                normalizer.normalize(&mut text).map_err(|e| e.to_string())?;
            }
            let middle = text.get().strip_prefix('a').and_then(|rest| rest.strip_suffix('b'));
            Ok(middle.is_some_and(|m| {
                m.chars().count() == 1 && m.chars().all(|m| m == ' ' || (m == '\n' && c == m))
            }))
        };
        let mut bits = 0;
        for c in white.chars() {
            if stays(c)? {
                bits |= 1u128 << u32::from(c);
            }
        }
        let mut before = [0; 128];
        before[0x21..0x7f].fill(bits);
        Ok(Cuts { before, needs_next: true })
    }
}

fn is_splitting_metaspace(part: &Value) -> bool {
    part["type"] == "Metaspace" && part["split"] != false && part["replacement"] == "▁"
}

/// Whether `matches` is true for the part, or for a part of it at any depth.
fn any_part(part: &Value, matches: &impl Fn(&Value) -> bool) -> bool {
    let inner = ["normalizers", "pretokenizers"].iter().filter_map(|key| part.get(key)?.as_array()).flatten();
    matches(part) || inner.into_iter().any(|part| any_part(part, matches))
}
