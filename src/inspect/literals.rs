//! One search for the literals of all findings.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::finding::{Check, Finding, Hit};
use super::row::{Match, Row};
use crate::error::{Error, Result};

/// Finds the literals of all findings at once.
pub(crate) struct Literals {
    automaton: AhoCorasick,
    /// By pattern: the index of its finding, and the literal.
    patterns: Vec<(usize, &'static str)>,
}

impl Literals {
    /// The literals of these findings.
    ///
    /// # Errors
    /// `Internal`: there are too many.
    pub(crate) fn new(findings: &[&Finding]) -> Result<Self> {
        let mut patterns = Vec::new();
        for (index, finding) in findings.iter().enumerate() {
            if let Check::Literals(literals, _) = finding.check {
                patterns.extend(literals.iter().map(|literal| (index, *literal)));
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(patterns.iter().map(|(_, literal)| literal))
            .map_err(|e| Error::internal("the literals of the findings").source(e))?;
        Ok(Literals { automaton, patterns })
    }

    /// Calls `hit` with the finding of each occurrence in the texts of the row.
    pub(crate) fn search(&self, row: &Row<'_>, mut hit: impl FnMut(usize, Hit)) {
        // By pattern: one more than the index of the last text that held it.
        let mut seen = Vec::new();
        for (text, said) in row.texts.iter().enumerate() {
            for found in self.automaton.find_overlapping_iter(said.text) {
                let pattern = found.pattern().as_usize();
                let (finding, literal) = self.patterns[pattern];
                let (start, end) = (found.start(), found.end());
                // Another case of a byte within a character is not the same character.
                if said.text.is_char_boundary(start) && said.text.is_char_boundary(end) {
                    seen.resize(self.patterns.len(), 0);
                    let before = std::mem::replace(&mut seen[pattern], text + 1);
                    let (is_first, is_first_of_text) = (before == 0, before != text + 1);
                    let found = Match { text, start, end };
                    hit(finding, Hit { found, literal, is_first, is_first_of_text });
                }
            }
        }
    }
}
