//! Facts of rows with preferences: lengths of two answers, and labels.

use super::lengths::chars;
use super::row::{Row, Speaker};

/// Facts that merge in any order.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Preferences {
    /// Rows of a preferred answer and another one.
    pub(crate) pairs: u64,
    /// Those in which one of them is longer.
    pub(crate) chosen_longer: u64,
    pub(crate) rejected_longer: u64,
    /// The characters of all of them.
    pub(crate) chosen_chars: u64,
    pub(crate) rejected_chars: u64,
    /// Rows of one answer with a label.
    pub(crate) good: u64,
    pub(crate) bad: u64,
}

impl Preferences {
    /// Adds a row.
    pub(super) fn add(&mut self, row: &Row<'_>) {
        match row.label {
            Some(true) => self.good += 1,
            Some(false) => self.bad += 1,
            None => {
                let Some(((_, chosen), (_, rejected))) = pair(row) else { return };
                let (chosen, rejected) = (chars(chosen), chars(rejected));
                self.pairs += 1;
                self.chosen_longer += u64::from(chosen > rejected);
                self.rejected_longer += u64::from(rejected > chosen);
                self.chosen_chars += chosen;
                self.rejected_chars += rejected;
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Preferences) {
        self.pairs += other.pairs;
        self.chosen_longer += other.chosen_longer;
        self.rejected_longer += other.rejected_longer;
        self.chosen_chars += other.chosen_chars;
        self.rejected_chars += other.rejected_chars;
        self.good += other.good;
        self.bad += other.bad;
    }
}

/// The last texts of the two answers of a pair, with their indexes.
pub(super) fn pair<'r>(row: &Row<'r>) -> Option<((usize, &'r str), (usize, &'r str))> {
    let rejected = row.texts_of(Speaker::Rejected).next_back().filter(|_| row.label.is_none())?;
    Some((row.answer()?, rejected))
}
