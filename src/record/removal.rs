//! Rows that steps remove: removals, rejects and duplicates.

use super::place::Place;

/// A row of a batch that a step removes.
#[derive(Debug, Clone)]
pub struct Removal {
    /// The index of the row within the batch.
    pub(crate) index: usize,
    /// The code of the reason.
    pub(crate) code: &'static str,
    /// The column that is the cause, where there is one.
    pub(crate) column: Option<String>,
    /// Details such as the value, the offset or the limit.
    pub(crate) detail: String,
}

/// A rejected row, as written to `rejects.jsonl`.
#[derive(Debug, Clone, PartialEq)]
pub struct Reject {
    /// The code of the reason.
    pub code: &'static str,
    /// Where it came from.
    pub place: Place,
    /// The number of the row in the order that reached the step: [`RowPlace::row`](super::RowPlace::row).
    pub position: u64,
    /// Details such as the value, the offset or the limit.
    pub detail: String,
    /// The record as a JSON value.
    pub record: String,
}

/// A dropped duplicate and the row that was kept in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Duplicate {
    pub(crate) dropped: Place,
    /// The number of the row in the order that reached the step.
    pub(crate) position: u64,
    /// The kept row; none where the key came from an earlier folder.
    pub(crate) kept: Option<Place>,
    /// The number of that folder among the `against` folders of the plan.
    pub(crate) against: Option<usize>,
}
