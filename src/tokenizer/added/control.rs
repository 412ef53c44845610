//! Control tokens: finds where a text writes one of the tokens that begin, end or divide texts for the model.
//!
//! A tokenizer searches twice: first in the text for the tokens that are not normalized, then between those for the
//! others. Both `format` and `tokenize` find control tokens here.

use std::ops::Range;

use tokenizers::AddedToken;

use super::finder::{Finder, Found};

/// A control token: an added token marked `special`, or the BOS or EOS token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ControlToken {
    /// Its text.
    pub(crate) content: String,
    pub(crate) id: i32,
}

/// The control tokens of a tokenizer.
#[derive(Debug, Default)]
pub(crate) struct ControlTokens {
    /// Ordered by id.
    pub(crate) tokens: Vec<ControlToken>,
    /// Added tokens that are not normalized, other than control tokens too: text inside them is not searched again.
    first: Pass,
    /// Added tokens that are normalized, and control tokens that are pieces of the model.
    second: Pass,
    /// The texts of all control tokens; shows quickly that a text has none.
    any: Finder,
}

/// Tokens that are searched for together.
#[derive(Debug, Default)]
struct Pass {
    finder: Finder,
    /// By pattern: the index of the control token in [`ControlTokens::tokens`]; none for other added tokens.
    tokens: Vec<Option<usize>>,
}

/// A control token that a text writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    /// The index in [`ControlTokens::tokens`].
    pub(crate) token: usize,
    /// Byte offsets in the text.
    pub(crate) span: Range<usize>,
}

impl ControlTokens {
    /// The control tokens among the `added` tokens, and the tokens `named` as BOS or EOS.
    ///
    /// # Errors
    /// There are too many to search for together.
    pub(crate) fn new(added: &[(i32, AddedToken)], named: &[ControlToken]) -> Result<Self, String> {
        let is_named = |id: i32| named.iter().any(|token| token.id == id);
        let pieces = named.iter().filter(|token| added.iter().all(|(id, _)| *id != token.id));
        let pieces: Vec<(i32, AddedToken)> =
            pieces.map(|token| (token.id, AddedToken::from(token.content.clone(), true))).collect();
        let controls = added.iter().filter(|(id, token)| token.special || is_named(*id)).chain(&pieces);
        let mut tokens: Vec<ControlToken> = controls
            .filter(|(_, token)| !token.content.is_empty())
            .map(|(id, token)| ControlToken { content: token.content.clone(), id: *id })
            .collect();
        tokens.sort_by_key(|token| token.id);
        tokens.dedup();
        let (normalized, raw): (Vec<_>, Vec<_>) = added.iter().partition(|(_, token)| token.normalized);
        let plain = AddedToken::default();
        Ok(ControlTokens {
            first: Pass::new(&raw, &tokens)?,
            second: Pass::new(&normalized.into_iter().chain(&pieces).collect::<Vec<_>>(), &tokens)?,
            any: Finder::new(tokens.iter().map(|token| (token.content.as_str(), &plain)))?,
            tokens,
        })
    }

    /// The same tokens for a tokenizer that encodes them all as plain text (`encode_special_tokens`): no text writes
    /// one.
    #[must_use]
    pub(crate) fn never_written(self) -> Self {
        ControlTokens { any: Finder::default(), ..self }
    }

    /// The offset of the first text of a control token, even where the tokenizer would not find a token there. The
    /// bytes need not be valid UTF-8.
    pub(crate) fn first(&self, bytes: &[u8]) -> Option<usize> {
        self.any.first(bytes)
    }

    /// Whether the text of a control token may be in a part of a text, as a whole or with some of its bytes. False says
    /// that none is. The part is not empty.
    pub(crate) fn may_touch(&self, text: &str, part: Range<usize>) -> bool {
        self.any.may_touch(text, part)
    }

    /// Calls `take` with each control token that a text writes, in order: its index and its bytes. Returns false, and calls
    /// nothing, where some tokens are searched for between others: then only [`ControlTokens::written`] finds them.
    #[inline]
    pub(crate) fn each_written(&self, text: &str, mut take: impl FnMut(usize, Range<usize>)) -> bool {
        if !self.second.finder.is_empty() || self.any.is_empty() {
            return false;
        }
        self.first.finder.each(
            text,
            |_, _| false,
            |Found { pattern, written, .. }| {
                if let Some(token) = self.first.tokens[pattern] {
                    take(token, written);
                }
            },
        );
        true
    }

    /// The control tokens that a text writes, in order. Text before and after `text` has no influence.
    pub(crate) fn written(&self, text: &str) -> Vec<Written> {
        let mut written = Vec::new();
        if self.each_written(text, |token, span| written.push(Written { token, span })) {
            return written;
        }
        if self.any.first(text.as_bytes()).is_none() {
            return written;
        }
        let mut done = 0;
        let mut between = Vec::new();
        self.first.finder.each(
            text,
            |_, _| false,
            |found| {
                between.push((done..found.taken.start.max(done), Some(found.written.clone()), found.pattern));
                done = found.taken.end;
            },
        );
        for (gap, token, pattern) in between.into_iter().chain([(done..text.len(), None, 0)]) {
            let start = gap.start;
            self.second.finder.each(
                &text[gap],
                |_, _| false,
                |Found { pattern, written: span, .. }| {
                    let token = self.second.tokens[pattern];
                    written.extend(
                        token.map(|token| Written { token, span: start + span.start..start + span.end }),
                    );
                },
            );
            let number = token.and_then(|span| Some((self.first.tokens[pattern]?, span)));
            written.extend(number.map(|(token, span)| Written { token, span }));
        }
        written
    }
}

impl Pass {
    fn new(added: &[&(i32, AddedToken)], controls: &[ControlToken]) -> Result<Self, String> {
        let added: Vec<_> = added.iter().filter(|(_, token)| !token.content.is_empty()).collect();
        let number = |id: i32| controls.binary_search_by_key(&id, |token| token.id).ok();
        Ok(Pass {
            finder: Finder::new(added.iter().map(|(_, token)| (token.content.as_str(), token)))?,
            tokens: added.iter().map(|(id, _)| number(*id)).collect(),
        })
    }
}
