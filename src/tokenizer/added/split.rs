//! Splits a text into added tokens and the text between them.
//!
//! There are two passes, as in `tokenizers`: tokens that are not normalized are found in the raw text; then the text
//! between them is normalized, and the other tokens are found in that.

use std::ops::Range;

use tokenizers::{AddedToken, Tokenizer};

use super::finder::{Finder, Found};
use crate::tokenizer::normalizer::NormalForm;
use crate::tokenizer::span::{Span, overlaps};

/// A part of a text.
pub(crate) enum Part<'a> {
    /// An added token.
    Token(i32),
    /// Text between added tokens, normalized and not empty.
    Text(&'a str),
}

/// The added tokens of a tokenizer.
pub(crate) struct AddedTokens {
    raw: Pass,
    normalized: Pass,
}

/// Tokens that are searched for together.
struct Pass {
    finder: Finder,
    /// By pattern: the id, and whether it is a control token.
    tokens: Vec<(i32, bool)>,
}

impl AddedTokens {
    /// The added tokens of a tokenizer with the normal form `normal`.
    ///
    /// # Errors
    /// Why they cannot be found here.
    pub(crate) fn new(tokenizer: &Tokenizer, normal: NormalForm) -> Result<Self, String> {
        let vocabulary = tokenizer.get_added_vocabulary();
        if vocabulary.get_encode_special_tokens() {
            return Err("it encodes control tokens as text".to_string());
        }
        let mut lists: [Vec<(i32, &AddedToken)>; 2] = Default::default();
        for (&id, token) in vocabulary.get_added_tokens_decoder() {
            let id = i32::try_from(id).map_err(|_| "an id of its added tokens is 2³¹ or more".to_string())?;
            lists[usize::from(token.normalized)].push((id, token));
        }
        let [raw, normalized] = lists;
        let raw = raw.into_iter().map(|(id, token)| (token.content.clone(), id, token));
        let normalized =
            normalized.into_iter().map(|(id, token)| (normal.apply(&token.content).into_owned(), id, token));
        Ok(AddedTokens { raw: Pass::new(raw.collect())?, normalized: Pass::new(normalized.collect())? })
    }

    /// Whether a token depends on more than its own text: it is normalized, or matches only as a single word.
    pub(crate) fn depends_on_context(&self) -> bool {
        !self.normalized.finder.is_empty() || self.has_single_words()
    }

    /// Whether a token matches only as a single word.
    pub(crate) fn has_single_words(&self) -> bool {
        self.raw.finder.has_single_words() || self.normalized.finder.has_single_words()
    }

    /// Calls `take` with each token of a text that is normalized already, in order.
    pub(crate) fn each(&self, text: &str, mut take: impl FnMut(Found)) {
        let between = |gap: Range<usize>, take: &mut dyn FnMut(Found)| {
            let moved = |range: Range<usize>| gap.start + range.start..gap.start + range.end;
            self.normalized.finder.each(
                &text[gap.clone()],
                |_, _| false,
                |Found { pattern, taken, written }| {
                    take(Found { pattern, taken: moved(taken), written: moved(written) });
                },
            );
        };
        let mut done = 0;
        self.raw.finder.each(
            text,
            |_, _| false,
            |found| {
                between(done..found.taken.start, &mut take);
                done = found.taken.end;
                take(found);
            },
        );
        between(done..text.len(), &mut take);
    }

    /// Calls `take` with the parts of a text, in order. Control tokens within `plain` are plain text.
    #[inline]
    pub(crate) fn split(&self, text: &str, plain: &[Span], normal: NormalForm, take: &mut impl FnMut(Part)) {
        self.raw.split(text, plain, &mut |part| match part {
            Part::Token(id) => take(Part::Token(id)),
            Part::Text(text) => self.normalized.split(&normal.apply(text), &[], take),
        });
    }
}

impl Pass {
    fn new(tokens: Vec<(String, i32, &AddedToken)>) -> Result<Self, String> {
        let mut sorted: Vec<&String> = tokens.iter().map(|(text, ..)| text).collect();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) || sorted.first().is_some_and(|t| t.is_empty()) {
            return Err("an added token is empty, or two have the same text".to_string());
        }
        Ok(Pass {
            finder: Finder::new(tokens.iter().map(|(text, _, token)| (text, *token)))?,
            tokens: tokens.iter().map(|(_, id, token)| (*id, token.special)).collect(),
        })
    }

    #[inline]
    fn split(&self, text: &str, plain: &[Span], take: &mut impl FnMut(Part)) {
        let mut done = 0;
        let skip = |pattern: usize, written: &Range<usize>| {
            self.tokens[pattern].1 && overlaps(plain, written.start, written.end)
        };
        self.finder.each(text, skip, |Found { pattern, taken, .. }| {
            if done < taken.start {
                take(Part::Text(&text[done..taken.start]));
            }
            take(Part::Token(self.tokens[pattern].0));
            done = taken.end;
        });
        if done < text.len() {
            take(Part::Text(&text[done..]));
        }
    }
}
