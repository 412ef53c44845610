//! What speaks against a dialect in the columns that it does not read.

use super::dialect::Verdict;
use super::head::Head;
use super::part_columns::PartColumns;

/// Columns that only preferences have.
const OF_PREFERENCES: &[&str] = &["chosen", "rejected", "preferred_output", "non_preferred_output"];

/// A doubt that names the column and what it may be.
pub(super) fn doubt(column: &str, holds: &str, other: &str) -> Verdict {
    Verdict::Doubt(format!("the column `{column}` {holds}, so that the rows may be of the dialect {other}"))
}

/// Doubts about rows that have one answer: that another column has another answer, or judges this one.
pub(super) fn one_answer(head: &Head, columns: &PartColumns) -> Verdict {
    if let Some(column) = head.other_named(columns, OF_PREFERENCES) {
        return doubt(column, "is usual in preferences", "preference");
    }
    if let Some(column) = head.other_messages(columns) {
        return doubt(column, "holds messages too", "preference");
    }
    if let Some(column) = head.other_bool(columns) {
        return doubt(column, "is true or false", "kto");
    }
    Verdict::Fits
}
