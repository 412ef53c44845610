//! Rows of a text, one a line, as dialects read them.

use fastprep::dialect::{Cell, DIALECTS, Dialect, PartColumns, Row};
use fastprep::json;

/// The members of a row, with the JSON of each.
pub type Members<'a> = Vec<(String, &'a str)>;

/// The members of each line that is an object, and the names of up to 40 columns.
pub fn rows(text: &str) -> (Vec<Members<'_>>, Vec<String>) {
    let rows: Vec<Members<'_>> = text.lines().filter_map(members).collect();
    let mut names: Vec<String> = Vec::new();
    for (name, _) in rows.iter().flatten() {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names.truncate(40);
    (rows, names)
}

/// The members of a line that is an object; of a repeated key the last.
fn members(line: &str) -> Option<Members<'_>> {
    let mut found: Members<'_> = Vec::new();
    let value = json::scan(line.as_bytes(), |key, value| {
        let mut name = Vec::new();
        if json::decode_string(key.inner(line.as_bytes()), &mut name).is_err() {
            return;
        }
        let name = String::from_utf8(name).unwrap();
        found.retain(|(known, _)| *known != name);
        found.push((name, &line[value.start..value.end]));
    });
    value.ok().filter(|value| value.kind == json::Kind::Object).map(|_| found)
}

/// Each choice of columns that a dialect has for a row.
pub fn each_reading<'a>(
    row: &[(String, &'a str)],
    names: &[String],
    mut reading: impl FnMut(&'static dyn Dialect, &PartColumns, &Row<'a>),
) {
    for dialect in DIALECTS {
        for columns in dialect.candidates(names) {
            let cells = columns.iter().map(|(part, column)| (*part, cell(row, column)));
            reading(*dialect, &columns, &Row(cells.collect()));
        }
    }
}

/// The cell of a column.
fn cell<'a>(row: &[(String, &'a str)], column: &str) -> Cell<'a> {
    row.iter().find(|(name, _)| name == column).map_or(Cell::Null, |(_, text)| Cell::from_json(*text))
}
