//! All rows of the findings, as JSON lines.

use std::io::Write;

use serde_json::json;

use super::tally::Example;
use crate::error::{Class, Error, Result};
use crate::record::FileNames;

/// Where all rows of the findings are written, a line for each finding of each row, in input order.
pub(crate) struct RowLines {
    to: Box<dyn Write + Send>,
    pub(super) files: FileNames,
}

impl RowLines {
    pub(crate) fn new(to: Box<dyn Write + Send>) -> Self {
        RowLines { to, files: FileNames::default() }
    }

    /// Writes a row of a finding.
    ///
    /// # Errors
    /// `cannot_write`.
    pub(super) fn write(&mut self, code: &str, example: &Example) -> Result<()> {
        let mut line = json!({"code": code});
        if let (Some(line), serde_json::Value::Object(row)) =
            (line.as_object_mut(), example.to_json(&self.files))
        {
            line.extend(row);
        }
        writeln!(self.to, "{line}").map_err(cannot_write)
    }

    /// Called after the last row.
    ///
    /// # Errors
    /// `cannot_write`.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.to.flush().map_err(cannot_write)
    }
}

fn cannot_write(e: std::io::Error) -> Error {
    Error::new(Class::Publish, "cannot_write", "inspect: the rows of the findings cannot be written")
        .source(e)
}
