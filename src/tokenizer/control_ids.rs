//! Finds control tokens among the ids of a text that the text does not write.
//!
//! `format` searches the text for control tokens. But a tokenizer may change the text first, so that full-width
//! `＜/s＞` or `</S>` becomes `</s>`, and its model may have that piece. So the ids are checked too.

use std::sync::Arc;

use tokenizers::{Model, Tokenizer};

use super::added::{ControlToken, ControlTokens};
use super::guard::guarded;
use super::span::{Span, overlaps};

/// The ids of a tokenizer's control tokens.
#[derive(Debug)]
pub struct ControlIds {
    ids: IdSet,
    tokens: Arc<ControlTokens>,
}

impl ControlIds {
    /// The ids of the control tokens `tokens`; `ends` are BOS and EOS.
    pub(super) fn new(tokenizer: &Tokenizer, tokens: Arc<ControlTokens>, ends: [Option<i32>; 2]) -> Self {
        // The token for unknown characters is expected in ids of any text, unless it is BOS or EOS.
        let unknown = guarded(|| tokenizer.get_model().tokenize("\u{10ffff}"));
        let unknown = unknown.ok().and_then(Result::ok).unwrap_or_default();
        let unknown = unknown.iter().filter_map(|token| i32::try_from(token.id).ok());
        let expected: Vec<i32> = unknown.filter(|id| !ends.contains(&Some(*id))).collect();
        let ids = tokens.tokens.iter().map(|t| t.id).filter(|id| !expected.contains(id));
        ControlIds { ids: IdSet::new(ids.collect()), tokens }
    }

    /// The control tokens, and where a text writes them.
    pub(crate) fn tokens(&self) -> &Arc<ControlTokens> {
        &self.tokens
    }

    /// The control tokens among `ids` that `text` does not write, one for each such id. A control token that overlaps
    /// `spans` is plain text, and does not count as written.
    pub(crate) fn unwritten(&self, text: &str, spans: &[Span], ids: &[i32]) -> Vec<&ControlToken> {
        if !self.ids.any_of(ids) {
            return Vec::new();
        }
        // In nearly all texts the control tokens are those that it writes, in order.
        let mut own = ids.iter().copied().filter(|&id| self.ids.contains(id));
        let mut are_written = spans.is_empty();
        let is_searched = self.tokens.each_written(text, |token, _| {
            are_written = are_written && own.next() == Some(self.tokens.tokens[token].id);
        });
        if is_searched && are_written && own.next().is_none() {
            return Vec::new();
        }
        let mut unwritten: Vec<i32> = ids.iter().copied().filter(|&id| self.ids.contains(id)).collect();
        for written in self.tokens.written(text) {
            let id = self.tokens.tokens[written.token].id;
            let plain = overlaps(spans, written.span.start, written.span.end);
            if let Some(position) = unwritten.iter().position(|other| !plain && *other == id) {
                unwritten.remove(position);
            }
        }
        unwritten.iter().filter_map(|id| self.tokens.tokens.iter().find(|t| t.id == *id)).collect()
    }
}

/// A small set of ids. For nearly all texts a comparison with the lowest and the highest shows that none is in it.
#[derive(Debug, Default)]
struct IdSet {
    low: i32,
    /// One item for each id from `low` on.
    bits: Vec<bool>,
}

impl IdSet {
    fn new(ids: Vec<i32>) -> Self {
        let (Some(&low), Some(&high)) = (ids.iter().min(), ids.iter().max()) else { return IdSet::default() };
        let mut bits = vec![false; (high - low) as usize + 1];
        ids.iter().for_each(|id| bits[(id - low) as usize] = true);
        IdSet { low, bits }
    }

    fn contains(&self, id: i32) -> bool {
        self.bits.get(id.wrapping_sub(self.low).cast_unsigned() as usize).is_some_and(|&bit| bit)
    }

    fn any_of(&self, ids: &[i32]) -> bool {
        let width = self.bits.len() as u32;
        let in_range = |id: i32| id.wrapping_sub(self.low).cast_unsigned() < width;
        // Without a branch on each id, so that it becomes a few vector instructions.
        ids.iter().fold(false, |any, &id| any | in_range(id)) && ids.iter().any(|&id| self.contains(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_its_ids_and_no_others() {
        for set in [vec![], vec![0], vec![7, 3, 900], vec![i32::MAX, i32::MAX - 2]] {
            let id_set = IdSet::new(set.clone());
            for id in [0, 1, 3, 4, 7, 899, 900, 901, i32::MAX - 2, i32::MAX - 1, i32::MAX] {
                assert_eq!(
                    (id_set.contains(id), id_set.any_of(&[5, id])),
                    (set.contains(&id), set.contains(&id))
                );
            }
            assert!(!id_set.any_of(&[]));
        }
    }
}
