//! A finding in all rows together.

use super::excerpt::Excerpt;
use super::frequent::Counted;
use super::tally::Example;

/// A finding in all rows together.
pub(crate) struct Whole {
    /// The rows that it is about.
    pub(crate) count: u64,
    /// More about it, in a few words; may be empty.
    pub(crate) detail: String,
    pub(crate) examples: Vec<Example>,
    /// What texts begin or end with, or are to end with.
    pub(crate) affix: Option<String>,
}

impl Whole {
    /// Rows that share a text.
    pub(crate) fn of_text(speaker: &'static str, text: &Counted) -> Self {
        let excerpt = Excerpt { found: text.start.to_string(), ..Excerpt::default() };
        let example =
            Example { place: text.first, speaker: speaker.into(), turn: text.turn, excerpt, other: None };
        Whole { count: text.count, detail: format!("{:?}", text.start), examples: vec![example], affix: None }
    }
}
