//! The tools that a model may call: a column of JSON, or of text that holds JSON.

use std::borrow::Cow;

use super::cell::{Cell, Row};
use super::misfit::Misfit;

/// The part.
pub(crate) const TOOLS: &str = "tools";
/// The names of its column.
pub(super) const COLUMNS: &[&str] = &["tools", "functions"];

/// The tools of a row, as JSON text; none where the row has none.
pub(super) fn read<'r>(row: &'r Row<'_>) -> Result<Option<Cow<'r, str>>, Misfit> {
    let cell = row.get(TOOLS);
    match cell {
        Cell::Null => Ok(None),
        Cell::Text(text) if text.trim().is_empty() => Ok(None),
        _ => match cell.nested() {
            Some(json) => Ok(Some(Cow::Borrowed(json.text))),
            None => Err(Misfit::of(TOOLS, cell, "a list of tools, as JSON")),
        },
    }
}
