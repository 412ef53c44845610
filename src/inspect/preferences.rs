//! Facts of rows with preferences: lengths of two answers, and labels.

use super::lengths::chars;
use super::row::Row;
use crate::record::turns::Branch;

/// Facts that merge in any order.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Preferences {
    /// Rows of a preferred answer and another one.
    pub(crate) pairs: u64,
    /// Those in which one of them is longer.
    pub(crate) chosen_longer: u64,
    pub(crate) rejected_longer: u64,
    /// The characters of all of them, reasoning and calls included.
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
                if !row.is_pair() {
                    return;
                }
                let length = |branch| row.texts_in(branch).map(|said| chars(said.text)).sum::<u64>();
                let (chosen, rejected) = (length(Branch::Chosen), length(Branch::Rejected));
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
