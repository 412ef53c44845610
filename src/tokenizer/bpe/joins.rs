//! Whether the ids of a text are those of its parts.
//!
//! They are where no part ends within an added token, and each end that is in the text between these is one of a piece,
//! whatever comes next: ids are those of pieces, and the text between added tokens is cut by itself.

use std::ops::Range;

use super::{Bpe, BpeScratch};

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
                        && !scratch.cuts.is_cut(&self.splitter, &text[start..between.end], end - start)
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
}
