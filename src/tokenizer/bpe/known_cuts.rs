//! Places at which text is cut, whatever comes next: the ends of what templates print before texts.

use std::collections::HashMap;

use super::super::pretokenize::Splitter;

/// From the start of a text to a cut, in bytes. Further cuts are not looked at: long starts of texts do not repeat.
const FAR: usize = 64;
/// Starts that are remembered.
const KEPT: usize = 4096;

/// Starts of texts that were looked at, and whether every text that begins so is cut before its last character.
#[derive(Default)]
pub(super) struct KnownCuts {
    known: HashMap<Box<[u8]>, bool>,
}

impl KnownCuts {
    /// Whether a text, from the start of a piece on, is cut at `at`, which is within it. False where this is not known.
    pub(super) fn is_cut(&mut self, splitter: &Splitter, text: &str, at: usize) -> bool {
        let Some(next) = text[at..].chars().next().filter(|_| at <= FAR) else { return false };
        let start = &text.as_bytes()[..at + next.len_utf8()];
        if let Some(is_cut) = self.known.get(start) {
            return *is_cut;
        }
        if self.known.len() >= KEPT {
            self.known.clear();
        }
        let is_cut = splitter.always_cuts(start, at);
        self.known.insert(start.into(), is_cut);
        is_cut
    }
}
