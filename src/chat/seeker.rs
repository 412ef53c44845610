//! Finds what a template may look for in a text.

use std::collections::HashSet;

use aho_corasick::AhoCorasick;

/// The texts that a template may look for.
#[derive(Debug)]
pub(super) struct Seeker {
    texts: Vec<String>,
    known: HashSet<String>,
    automaton: AhoCorasick,
}

/// Which of the texts occur in another, as bits: anywhere, at its start, at its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sought {
    pub(super) anywhere: u128,
    pub(super) at_start: u128,
    pub(super) at_end: u128,
}

impl Seeker {
    /// None where there are more than 128 texts.
    pub(super) fn new(texts: &[String]) -> Option<Self> {
        let automaton = AhoCorasick::new(texts).ok().filter(|_| texts.len() <= 128)?;
        Some(Seeker { texts: texts.to_vec(), known: texts.iter().cloned().collect(), automaton })
    }

    /// Whether a text is one of the texts.
    pub(super) fn is_sought(&self, text: &str) -> bool {
        self.known.contains(text)
    }

    pub(super) fn seek(&self, text: &str) -> Sought {
        let mut sought = Sought::default();
        if self.texts.is_empty() {
            return sought;
        }
        for hit in self.automaton.find_overlapping_iter(text) {
            let bit = 1 << hit.pattern().as_usize();
            sought.anywhere |= bit;
            sought.at_start |= if hit.start() == 0 { bit } else { 0 };
            sought.at_end |= if hit.end() == text.len() { bit } else { 0 };
        }
        sought
    }

    /// All texts.
    pub(super) fn all(&self) -> &[String] {
        &self.texts
    }

    /// The texts of these bits, the longest first.
    pub(super) fn texts(&self, bits: u128) -> impl Iterator<Item = &str> {
        self.texts.iter().enumerate().filter(move |(i, _)| bits >> i & 1 == 1).map(|(_, text)| text.as_str())
    }
}
