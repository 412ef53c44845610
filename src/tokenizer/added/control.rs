//! Control tokens: where a text writes one of the tokens that begin, end or divide texts for the model.
//!
//! A tokenizer searches twice: for the tokens that are not normalized in the text, then for the others in what lies
//! between. `format` asks here what the data hold, `tokenize` which tokens a text means.

use std::ops::Range;

use tokenizers::AddedToken;

use super::finder::{Finder, Found};

/// A control token: an added token marked `special`, or what begins or ends a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ControlToken {
    /// As it is written in text.
    pub(crate) content: String,
    /// Its id.
    pub(crate) id: i32,
}

/// The control tokens of a tokenizer.
#[derive(Debug, Default)]
pub(crate) struct ControlTokens {
    /// By id.
    pub(crate) tokens: Vec<ControlToken>,
    /// Not normalized; tokens that control nothing are among them, since they take their place in the text.
    first: Pass,
    /// Normalized, or pieces of the model that are no added tokens.
    second: Pass,
    /// All, as they are written: says quickly that a text has none.
    any: Finder,
}

/// What is searched for together.
#[derive(Debug, Default)]
struct Pass {
    finder: Finder,
    /// By pattern: the number of the control token, where it is one.
    tokens: Vec<Option<usize>>,
}

/// A control token that a text writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    /// Its number in [`ControlTokens::tokens`].
    pub(crate) token: usize,
    /// Bytes of the text.
    pub(crate) span: Range<usize>,
}

impl ControlTokens {
    /// The control tokens among those `added`, by id, and those that are `named` as BOS or EOS.
    ///
    /// # Errors
    /// When they are too many to be searched for together.
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

    /// These tokens for a tokenizer that takes them all for plain text (`encode_special_tokens`): no text writes one.
    #[must_use]
    pub(crate) fn never_written(self) -> Self {
        ControlTokens { any: Finder::default(), ..self }
    }

    /// Where the text of a control token first begins, whether or not it is one there; the bytes need not be whole
    /// characters.
    pub(crate) fn first(&self, bytes: &[u8]) -> Option<usize> {
        self.any.first(bytes)
    }

    /// The control tokens that a text writes, in order. Within `text` alone: what stands before and after it does not
    /// count.
    pub(crate) fn written(&self, text: &str) -> Vec<Written> {
        let mut written = Vec::new();
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
