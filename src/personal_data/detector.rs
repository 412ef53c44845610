//! Searches texts for personal data.

use std::ops::Range;

use aho_corasick::AhoCorasick;

use super::kind::Kind;
use super::{email, numbers, secret};
use crate::error::Result;

/// What was found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its bytes within the text; they begin and end between characters.
    pub(crate) range: Range<usize>,
}

/// Searches texts for some kinds of personal data.
pub(crate) struct Detector {
    kinds: Vec<Kind>,
    /// The starts of keys and tokens.
    starts: AhoCorasick,
}

impl Detector {
    /// A search for these kinds.
    ///
    /// # Errors
    /// `Class::Internal`: the starts of secrets cannot be searched for.
    pub(crate) fn new(kinds: &[Kind]) -> Result<Self> {
        Ok(Detector { kinds: kinds.to_vec(), starts: secret::starts()? })
    }

    /// Replaces the content of `found` by what this text holds, in order; no two overlap. Of two that do, the one that
    /// begins first counts, or else the longer one.
    pub(crate) fn find(&self, text: &str, found: &mut Vec<Found>) {
        found.clear();
        let bytes = text.as_bytes();
        let has = |kind: Kind| self.kinds.contains(&kind);
        if has(Kind::Email) {
            email::find(text, &mut |range| found.push(Found { kind: Kind::Email, range }));
        }
        if has(Kind::Secret) {
            secret::find(&self.starts, text, &mut |range| found.push(Found { kind: Kind::Secret, range }));
        }
        if has(Kind::Phone) || has(Kind::Card) || has(Kind::Iban) {
            numbers::find(bytes, &has, &mut |kind, range| found.push(Found { kind, range }));
        }
        if found.len() > 1 {
            found.sort_by_key(|f| (f.range.start, usize::MAX - f.range.end, f.kind));
            let mut end = 0;
            found.retain(|f| {
                let is_free = f.range.start >= end;
                end = if is_free { f.range.end } else { end };
                is_free
            });
        }
    }
}
