//! The tokens of texts, where a tokenizer counts them.

use super::lengths::Lengths;
use super::row::Row;

/// The tokens of a row: those of its texts and of its tools, without what a format or a template writes around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CountedTokens {
    /// All before the last turn of the model.
    pub(super) prompt: u64,
    /// The last turn of the model; of two answers, the longer one.
    pub(super) answer: u64,
}

impl CountedTokens {
    pub(super) fn all(&self) -> u64 {
        self.prompt + self.answer
    }
}

/// The lengths of all rows in tokens. Merging is commutative.
#[derive(Debug, Default)]
pub(crate) struct CountedLengths {
    pub(super) prompt: Lengths,
    pub(super) answer: Lengths,
    pub(super) row: Lengths,
}

impl CountedLengths {
    pub(super) fn add(&mut self, row: &Row<'_>, tokens: &CountedTokens) {
        if row.prompt_len() > 0 {
            self.prompt.add(tokens.prompt);
        }
        if row.prompt_len() < row.texts.len() {
            self.answer.add(tokens.answer);
        }
        self.row.add(tokens.all());
    }

    pub(super) fn merge(&mut self, other: CountedLengths) {
        self.prompt.merge(other.prompt);
        self.answer.merge(other.answer);
        self.row.merge(other.row);
    }
}
