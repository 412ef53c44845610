//! A finding in all rows together.

use super::tally::Example;

/// A finding in all rows together.
pub(crate) struct Whole {
    /// The rows that it is about.
    pub(crate) count: u64,
    /// More about it, in a few words; may be empty.
    pub(crate) detail: String,
    pub(crate) examples: Vec<Example>,
}
