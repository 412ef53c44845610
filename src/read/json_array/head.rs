//! Infers the columns of arrays from their first elements.

use super::elements::{Elements, Text};
use super::input::InputArray;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::json::Kind;
use crate::limits::{PEEK_BYTES_FIRST, PEEK_BYTES_OTHER};
use crate::read::json_rows::HeadColumns;
use crate::read::open::InputStream;
use crate::read::{InputFile, Limits, ReadColumn};

/// The [columns](HeadColumns) in the first elements of these files. Elements that are not objects are skipped: the run
/// rejects them. A file is read at least up to its first object.
///
/// # Errors
/// Those of opening the files; the structure of a file is damaged in what is read.
pub(super) fn infer(files: &[InputFile], max_line_bytes: usize, cancel: &Cancel) -> Result<Vec<ReadColumn>> {
    let mut columns = HeadColumns::default();
    let mut batch_bytes = PEEK_BYTES_FIRST;
    for file in files {
        let limits = Limits { batch_bytes, batch_rows: usize::MAX, max_line_bytes }.clamped();
        let mut array = InputArray::new(InputStream::open(file)?)?;
        let mut has_object = false;
        // If the file has ended, what is left are its last elements, or the error for its end.
        while array.has_ended() || !has_object {
            let Some(elements) = array.next(limits, cancel)? else { break };
            has_object |= learn(&elements, &mut columns);
        }
        batch_bytes = PEEK_BYTES_OTHER;
    }
    Ok(columns.finish())
}

/// Returns whether one of the elements is an object.
fn learn(elements: &Elements, columns: &mut HeadColumns) -> bool {
    let Text::Whole { text, borders } = &elements.text else { return false };
    let mut has_object = false;
    for element in borders.iter() {
        has_object |= columns.learn(&text[element]) == Some(Kind::Object);
    }
    has_object
}
