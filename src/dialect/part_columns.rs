//! The columns that a dialect reads.

/// The column of each part, in the order of the dialect's parts.
pub type PartColumns = Vec<(&'static str, String)>;

/// The column of a part.
pub(super) fn column_of<'c>(columns: &'c PartColumns, part: &str) -> Option<&'c str> {
    columns.iter().find(|(name, _)| *name == part).map(|(_, column)| column.as_str())
}

/// The template that is the text of a column.
pub(super) fn template_of(column: &str) -> String {
    format!("{{{column}}}")
}

/// The template that is the text of a column between two others; nothing where the column is empty.
pub(super) fn optional_template(column: &str, before: &str, after: &str) -> String {
    format!("{{#{column}}}{before}{{{column}}}{after}{{/{column}}}")
}
