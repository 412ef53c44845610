//! Why a row is not one of a dialect.

use std::fmt;

use super::cell::Cell;

/// Why a row is not one of a dialect: where, what was found, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The part of the row, such as `messages`.
    pub part: &'static str,
    /// The number of the turn within the part, from 1.
    pub turn: Option<usize>,
    /// What was found.
    pub found: String,
    /// What was expected.
    pub expected: &'static str,
    /// Whether the row is one of the dialect, but lacks the answer.
    pub unanswered: bool,
}

impl Misfit {
    /// A misfit of a whole part.
    pub(super) fn new(part: &'static str, found: impl Into<String>, expected: &'static str) -> Self {
        Misfit { part, turn: None, found: found.into(), expected, unanswered: false }
    }

    /// A misfit of a part's value.
    pub(super) fn of(part: &'static str, cell: &Cell<'_>, expected: &'static str) -> Self {
        Misfit::new(part, cell.describe(), expected)
    }

    /// The same within this turn, counted from 0.
    pub(super) fn in_turn(mut self, turn: usize) -> Self {
        self.turn = Some(turn + 1);
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.part)?;
        if let Some(turn) = self.turn {
            write!(f, ", turn {turn}")?;
        }
        write!(f, ": found {}, expected {}", self.found, self.expected)
    }
}
