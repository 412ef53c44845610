//! The names of the columns of a file.

use std::sync::Arc;

use super::fields::{FaultKind, Form, split, unquote};
use super::syntax::Syntax;
use crate::error::{Class, Error, Result};

/// What a scan asks of each file.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// The names of the columns to read.
    pub(super) columns: Vec<String>,
    /// The names of all columns of all files.
    pub(super) known: Vec<String>,
}

/// Where the columns to read are in one file.
#[derive(Debug)]
pub(super) struct FileColumns {
    /// The number of fields of each record.
    pub(super) fields: usize,
    /// The field of each column; `None` if the file does not have it.
    pub(super) of_column: Vec<Option<usize>>,
}

impl FileColumns {
    /// Whether an empty line is a row. A record of one column may be empty.
    pub(super) fn blank_is_row(&self) -> bool {
        self.fields == 1
    }

    /// The columns of a file with these names.
    ///
    /// # Errors
    /// `schema_changed`: a name is not among those that were found when the plan was resolved.
    pub(super) fn new(names: &[String], request: &Request, shown: &str) -> Result<Arc<Self>> {
        if let Some(name) = names.iter().find(|name| !request.known.contains(name)) {
            let message =
                format!("the file has a column `{name}` that it did not have when the plan was made");
            return Err(Error::new(Class::Source, "schema_changed", message)
                .help("run again once nothing writes to it")
                .column(name)
                .path(shown));
        }
        let of_column = request.columns.iter().map(|column| names.iter().position(|name| name == column));
        Ok(Arc::new(FileColumns { fields: names.len(), of_column: of_column.collect() }))
    }
}

/// The name under which pandas keeps row numbers without a name; columns of this name are not read.
pub(super) const PANDAS_INDEX: &str = "__index_level_0__";

/// The names of the columns, from the first record of a file.
///
/// pandas writes its row numbers as a first column with an empty name. It gets the name that they have in files of
/// other formats; whether its values are row numbers is checked where the columns of all files are found.
///
/// # Errors
/// `bad_header`, `duplicate_column`, and `unsupported_format` for lines that end in carriage returns alone.
pub(super) fn names(record: &[u8], syntax: Syntax, has_header: bool, shown: &str) -> Result<Vec<String>> {
    let mut fields = Vec::new();
    if let Err(fault) = split(record, syntax, &mut fields) {
        return Err(match fault.kind {
            FaultKind::Return => lone_returns(shown),
            FaultKind::Unclosed | FaultKind::AfterQuote => bad_header(
                format!("text follows a closing quote at byte {} of the first record", fault.offset),
                shown,
            ),
        });
    }
    if !has_header {
        return Ok((1..=fields.len()).map(|i| format!("column_{i}")).collect());
    }
    let mut names: Vec<String> = Vec::with_capacity(fields.len());
    for (i, field) in fields.iter().enumerate() {
        let mut name = field.raw(record).to_vec();
        if let (Form::Doubled, Some(quote)) = (field.form, syntax.quote) {
            name.clear();
            unquote(field.raw(record), quote, &mut name);
        }
        let name = String::from_utf8(name)
            .map_err(|_| bad_header(format!("the name of column {} is not valid UTF-8", i + 1), shown))?;
        names.push(match (name.is_empty(), i, fields.len()) {
            (false, ..) => name,
            (true, 0, 2..) => PANDAS_INDEX.into(),
            _ => return Err(bad_header(format!("column {} has no name", i + 1), shown)),
        });
    }
    match names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
        None => Ok(names),
        Some((_, name)) => Err(Error::new(
            Class::Column,
            "duplicate_column",
            format!("two columns have the name `{name}` in the first record"),
        )
        .help("rename one of them there; if that record is a row, pass has_header=False")
        .column(name)
        .path(shown)),
    }
}

#[cold]
pub(super) fn bad_header(message: impl Into<String>, shown: &str) -> Error {
    Error::new(Class::Source, "bad_header", message)
        .help("name each column in the first record; if that record is a row, pass has_header=False")
        .path(shown)
}

/// The error for a first column without a name that does not hold row numbers; `value` is one of its values.
#[cold]
pub(super) fn unnamed_column(value: &str, shown: &str) -> Error {
    let message = format!(
        "the first column has no name, and does not hold row numbers alone (0, 1, 2, … or 1, 2, 3, …): it has `{}`",
        value.escape_debug()
    );
    Error::new(Class::Source, "bad_header", message)
        .help(
            "name it in the first record, or write the file without it, as with to_csv(index=False); if that record is \
             a row, pass has_header=False",
        )
        .path(shown)
}

#[cold]
fn lone_returns(shown: &str) -> Error {
    let message = "the lines end in carriage returns (CR) alone, not in line feeds";
    Error::new(Class::Source, "unsupported_format", message)
        .help("convert it: tr '\\r' '\\n' < FILE > NEW_FILE")
        .path(shown)
}
