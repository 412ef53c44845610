//! The record of a reject as a JSON value.

use super::batch::Batch;
use super::json;
use crate::limits::REJECT_RECORD_BYTES;

/// The record as the source had it: its line where the source has lines, else its columns as an object.
pub(crate) fn record_json(batch: &Batch, index: usize) -> String {
    match batch.places.text_of(index) {
        Some(line) => quote_line(line),
        None => quote_row(json::row(&batch.records, index)),
    }
}

/// A row as a JSON object; where that is longer than the limit, its beginning as a JSON string.
fn quote_row(row: String) -> String {
    if row.len() <= REJECT_RECORD_BYTES {
        return row;
    }
    beginning(row.as_bytes())
}

/// A line as a JSON value: verbatim where it is valid JSON and within the limit, else its beginning as a JSON string.
pub(crate) fn quote_line(line: &[u8]) -> String {
    if line.len() <= REJECT_RECORD_BYTES
        && let Ok(text) = std::str::from_utf8(line)
        && serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
    {
        return text.trim().to_string();
    }
    beginning(line)
}

/// The beginning of a record, as a JSON string.
fn beginning(record: &[u8]) -> String {
    let start = &record[..record.len().min(REJECT_RECORD_BYTES)];
    serde_json::Value::String(String::from_utf8_lossy(start).into_owned()).to_string()
}
