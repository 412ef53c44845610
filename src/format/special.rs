//! Control tokens of a tokenizer that stand in the data as text.

use std::ops::Range;

use aho_corasick::{AhoCorasick, Input, MatchKind};

use super::foreign::foreign;
use super::render::{FieldSpan, Page};
use crate::error::{Class, Error, Result};
use crate::record::SpecialPolicy;

/// How often text is stripped again because taking an occurrence out made another: enough for all but texts made
/// to be slow, whose rows are rejected.
const STRIP_PASSES: usize = 16;

/// The strings that a tokenizer takes for control tokens, and what is done where the data hold one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecialTokens {
    /// As the tokenizer writes them. Where several match, the longest at the leftmost place counts.
    pub patterns: Vec<String>,
    /// What is done.
    pub policy: SpecialPolicy,
}

/// Finds control tokens in rendered rows.
pub(super) struct Scanner {
    automaton: AhoCorasick,
    /// Those of the tokenizer, then those of other models.
    pub patterns: Vec<String>,
    /// How many are the tokenizer's.
    own: usize,
}

/// A control token that touches text of a column.
pub(super) struct Hit {
    /// Index into the page's rows.
    pub index: usize,
    /// Index into the patterns.
    pub pattern: usize,
    /// Bytes of the page.
    pub span: Range<usize>,
    /// The first column's text that it touches.
    pub field: FieldSpan,
}

impl Scanner {
    /// A scanner for these strings, and for what other models have in their place; empty ones are left out.
    pub fn new(patterns: &[String]) -> Result<Self> {
        let mut patterns: Vec<String> = patterns.iter().filter(|p| !p.is_empty()).cloned().collect();
        let own = patterns.len();
        let others: Vec<String> = foreign(&patterns).map(str::to_string).collect();
        patterns.extend(others);
        let automaton =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&patterns).map_err(|e| {
                Error::new(
                    Class::Plan,
                    "too_many_patterns",
                    format!("{} control tokens are too many", patterns.len()),
                )
                .source(e)
            })?;
        Ok(Scanner { automaton, patterns, own })
    }

    /// Whether the tokenizer has no such token: it is another model's.
    pub fn is_foreign(&self, pattern: usize) -> bool {
        pattern >= self.own
    }

    /// The control tokens of the page's prompts and completions, each searched on its own as the tokenizer does,
    /// in order. Those that the format wrote itself are left out: what counts is a byte from a column. So one
    /// that a column's text only completes is found too.
    pub fn scan(&self, page: &Page) -> Vec<Hit> {
        let mut hits = vec![];
        // The part that is searched: the prompt (even) or completion (odd) of row `part / 2`.
        let (mut at, mut part, mut field) = (0, 0, 0);
        let end_of = |part: usize| {
            page.rows.get(part / 2).map(|row| if part.is_multiple_of(2) { row.completion } else { row.end })
        };
        while let Some(mut hit) = self.find(page, at..page.text().len()) {
            while end_of(part).is_some_and(|end| end <= hit.start()) {
                part += 1;
            }
            let Some(end) = end_of(part) else { break };
            if hit.end() > end {
                // It runs into the next part, where no tokenizer sees it; what it hides may end before.
                match self.find(page, hit.start()..end) {
                    Some(within) => hit = within,
                    None => {
                        at = end;
                        continue;
                    }
                }
            }
            at = hit.end();
            while page.fields.get(field).is_some_and(|f| f.end <= hit.start()) {
                field += 1;
            }
            if let Some(touched) = page.fields.get(field).filter(|f| f.start < hit.end()) {
                let (pattern, span) = (hit.pattern().as_usize(), hit.range());
                hits.push(Hit { index: part / 2, pattern, span, field: *touched });
            }
        }
        hits
    }

    /// The text without control tokens, nor those that came to be by taking others out.
    pub fn strip(&self, text: &str) -> String {
        let mut text = text.to_string();
        for _ in 0..STRIP_PASSES {
            if self.automaton.find_iter(&text).all(|found| self.is_foreign(found.pattern().as_usize())) {
                break;
            }
            let mut kept = String::with_capacity(text.len());
            self.automaton.replace_all_with(&text, &mut kept, |found, token, kept| {
                if self.is_foreign(found.pattern().as_usize()) {
                    kept.push_str(token);
                }
                true
            });
            text = kept;
        }
        text
    }

    fn find(&self, page: &Page, range: Range<usize>) -> Option<aho_corasick::Match> {
        self.automaton.find(Input::new(page.text()).range(range))
    }
}

#[cfg(test)]
mod tests;
