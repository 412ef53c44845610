//! Whether the ids of a text are those of its parts.
//!
//! They are where no part ends within an added token, and each end that is in the text between these is one of a piece,
//! whatever comes next: ids are those of pieces, and the text between added tokens is cut by itself.

use std::collections::HashMap;
use std::ops::Range;

use super::{Bpe, BpeScratch};

/// Whether text is cut before its last character, whatever comes next.
pub(super) type KnownCuts = HashMap<Box<[u8]>, bool>;

/// From the start of the text between added tokens to an end, in bytes. Further ends are not looked at: texts with long
/// starts do not repeat.
const FAR: usize = 64;
/// Starts of texts that are remembered.
const KEPT: usize = 4096;

impl Bpe {
    /// Whether the ids of a text are those of its parts, each encoded by itself. False where this is not known. `ends` are
    /// where parts end, in order.
    pub(crate) fn joins(&self, text: &str, ends: &[usize], scratch: &mut BpeScratch) -> bool {
        // A token that stands alone depends on the text beside it; so does a character that is composed with others.
        if !self.splitter.can_resume() || self.added.has_single_words() || !self.normal.keeps(text) {
            return false;
        }
        let mut ends = ends.iter().copied().peekable();
        let mut are_cut = |between: Range<usize>| {
            let mut start = between.start;
            while let Some(end) = ends.next_if(|end| *end <= between.end) {
                // Before `between.start` it is within the token there.
                let is_edge = end == between.start || end == between.end;
                if end < between.start
                    || !is_edge
                        && end > start
                        && !self.is_cut(&text[start..between.end], end - start, scratch)
                {
                    return false;
                }
                start = end;
            }
            true
        };
        let (mut joins, mut start) = (true, 0);
        self.added.each(text, |token| {
            // With white space beside it that it takes, a token is another one alone.
            joins = joins && token.taken == token.written && are_cut(start..token.written.start);
            start = token.written.end;
        });
        joins && are_cut(start..text.len())
    }

    /// Whether a text, from the start of a piece on, is cut at `at`, which is within it.
    fn is_cut(&self, text: &str, at: usize, scratch: &mut BpeScratch) -> bool {
        let Some(next) = text[at..].chars().next().filter(|_| at <= FAR) else { return false };
        let start = &text.as_bytes()[..at + next.len_utf8()];
        if let Some(is_cut) = scratch.cuts.get(start) {
            return *is_cut;
        }
        if scratch.cuts.len() >= KEPT {
            scratch.cuts.clear();
        }
        let is_cut = self.splitter.always_cuts(start, at);
        scratch.cuts.insert(start.into(), is_cut);
        is_cut
    }
}
