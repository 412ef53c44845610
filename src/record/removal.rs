//! Rows that are taken out: to be removed, rejected, and dropped as duplicates.

use super::place::Place;

/// A row of a batch that is to be taken out.
#[derive(Debug, Clone)]
pub struct Removal {
    /// Index within the batch.
    pub(crate) index: usize,
    /// Slug of the registry.
    pub(crate) code: &'static str,
    /// The column, where one is to blame.
    pub(crate) column: Option<String>,
    /// What exactly: the value, the offset, the limit.
    pub(crate) detail: String,
}

/// A rejected row, as `rejects.jsonl` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reject {
    /// Slug of the registry.
    pub code: &'static str,
    /// Where it came from.
    pub place: Place,
    /// Its number in the order that reached the step: [`RowPlace::row`](super::RowPlace::row).
    pub position: u64,
    /// What exactly.
    pub detail: String,
    /// The record as JSON text, valid in itself.
    pub record: String,
}

/// A dropped duplicate and the row that was kept in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Duplicate {
    /// The dropped row.
    pub(crate) dropped: Place,
    /// Its number in the order that reached the step.
    pub(crate) position: u64,
    /// The kept row; none where the key came from an earlier folder.
    pub(crate) kept: Option<Place>,
    /// The number of that earlier folder among all of the plan.
    pub(crate) against: Option<usize>,
}
