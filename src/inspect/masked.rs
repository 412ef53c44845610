//! Texts as reports show them: without personal data and secrets.

use crate::error::Result;
use crate::personal_data::{Detector, Found, Kind};
use crate::word::Word;

/// Finds personal data and secrets, and masks them in what is shown.
pub(crate) struct Mask(Detector);

impl Mask {
    /// # Errors
    /// `Internal`.
    pub(crate) fn new() -> Result<Self> {
        Detector::new(Kind::ALL).map(Mask)
    }

    /// Replaces the content of `found` by what this text holds.
    pub(crate) fn find(&self, text: &str, found: &mut Vec<Found>) {
        self.0.find(text, found);
    }

    /// The text with a placeholder for each value.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut found = Vec::new();
        self.find(text, &mut found);
        hide(text, (0, text.len()), &found)
    }
}

/// A part of a text with a placeholder for each value in it; a value that is only partly in it is hidden too.
pub(super) fn hide(text: &str, (start, end): (usize, usize), found: &[Found]) -> String {
    let mut shown = String::new();
    let mut at = start;
    for Found { kind, range } in found {
        if range.end <= at || range.start >= end {
            continue;
        }
        shown.push_str(&text[at..range.start.max(at)]);
        shown.push_str(kind.placeholder());
        at = range.end.min(end);
    }
    shown.push_str(&text[at..end]);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_hidden_wherever_a_part_begins_and_ends() {
        let mask = Mask::new().unwrap();
        let text = "Write to anna@mail.de or bob@mail.de now.";
        assert_eq!(mask.text(text), "Write to [EMAIL] or [EMAIL] now.");
        let mut found = Vec::new();
        mask.find(text, &mut found);
        assert_eq!(found.len(), 2);
        for start in 0..text.len() {
            for end in start..=text.len() {
                let shown = hide(text, (start, end), &found);
                assert!(!shown.contains('@') && !shown.contains("ann") && !shown.contains("bob"), "{shown}");
            }
        }
    }
}
