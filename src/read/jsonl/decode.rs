//! Decodes JSON lines to batches. Text columns are views into the chunk: a string without escapes is never copied.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::buffer::Buffer;
use arrow::datatypes::{Schema, SchemaRef};
use memchr::memchr;

use super::columns::{self, Column, Line, Misfit};
use super::row::{Keys, Row, Tally};
use crate::arrow_result::ArrowResult;
use crate::error::Result;
use crate::flow::{Decode, Piece};
use crate::json::{self, Kind, Value};
use crate::read::column_builder::buffers;
use crate::read::lines::{Lines, Text};
use crate::read::{ColumnKind, Limits, ReadColumn};
use crate::record::reject_json::quote_line;
use crate::record::{Batch, Place, Places, Reject, RowPlace, finding, reason};
use crate::report::StepCounts;

/// The schema of batches with these columns.
pub(crate) fn schema(columns: &[ReadColumn]) -> SchemaRef {
    Arc::new(Schema::new(columns.iter().map(columns::field).collect::<Vec<_>>()))
}

/// Decodes the pieces of a [`LinesSource`](crate::read::lines::LinesSource).
///
/// Rejects `bad_utf8`, `bad_json`, `not_an_object`, `wrong_type` and `line_too_long`. Counts `blank_lines`, which are
/// not rows. Findings: `late_column:<name>` for a key that is not a known column, `coerced:<name>`
/// ([`ColumnKind::LenientText`]), `repeated_key:<name>` if a row has a key twice (the last value is used).
#[derive(Debug)]
pub struct JsonlDecode {
    columns: Vec<ReadColumn>,
    schema: SchemaRef,
    keys: Keys,
    max_line_bytes: usize,
    /// Bytes of unescaped text in a recent chunk: the capacity that the next chunk reserves.
    unescaped_bytes: AtomicUsize,
}

impl JsonlDecode {
    /// Reads these columns, in this order. `known` are the names of all columns of the data; other keys become
    /// findings.
    pub fn new(columns: Vec<ReadColumn>, known: &[String], limits: Limits) -> Self {
        let (schema, keys) = (schema(&columns), Keys::new(&columns, known));
        let max_line_bytes = limits.clamped().max_line_bytes;
        JsonlDecode { columns, schema, keys, max_line_bytes, unescaped_bytes: AtomicUsize::new(0) }
    }

    /// The schema of every batch.
    pub(crate) fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

impl Decode<Lines> for JsonlDecode {
    fn decode(&self, piece: Lines, counts: &mut StepCounts) -> Result<Batch> {
        let mut rows = Rows::new(self, &piece);
        let text = match piece.text {
            Text::Whole(text) => {
                rows.lines(&text, counts);
                Some(text)
            }
            Text::LongLine { head, bytes } => {
                let place = Place {
                    file: piece.file,
                    row: piece.first_row,
                    line: Some(piece.first_row + 1),
                    byte: Some(piece.byte),
                };
                rows.reject(reason::LINE_TOO_LONG, place, self.too_long(bytes), &head, counts);
                None
            }
        };
        rows.finish(text, counts)
    }
}

impl JsonlDecode {
    #[cold]
    fn too_long(&self, bytes: u64) -> String {
        format!("the line has {bytes} bytes, max_line_bytes allows {}", self.max_line_bytes)
    }
}

/// Builders for the rows of one chunk.
struct Rows<'d> {
    decode: &'d JsonlDecode,
    file: u32,
    first_row: u64,
    byte: u64,
    columns: Vec<Column>,
    /// Decoded text of strings with escapes, of all columns.
    unescaped: Vec<u8>,
    places: Vec<RowPlace>,
    rejects: Vec<Reject>,
    row: Row<'d>,
    coerced: Vec<Tally>,
    blank: u64,
}

impl<'d> Rows<'d> {
    fn new(decode: &'d JsonlDecode, piece: &Lines) -> Self {
        // An estimate of the capacity; the columns grow.
        let rows = piece.bytes() / 512;
        Rows {
            decode,
            file: piece.file,
            first_row: piece.first_row,
            byte: piece.byte,
            columns: decode.columns.iter().map(|c| Column::new(c, rows)).collect(),
            unescaped: Vec::with_capacity(decode.unescaped_bytes.load(Ordering::Relaxed)),
            places: Vec::with_capacity(rows),
            rejects: Vec::new(),
            row: Row::new(&decode.keys),
            coerced: vec![Tally::default(); decode.columns.len()],
            blank: 0,
        }
    }

    fn lines(&mut self, text: &[u8], counts: &mut StepCounts) {
        let valid = simdutf8::basic::from_utf8(text).is_ok();
        let mut start = 0;
        let mut row = self.first_row;
        while start < text.len() {
            let len = memchr(b'\n', &text[start..]).unwrap_or(text.len() - start);
            self.line(&text[start..start + len], start as u32, row, valid, counts);
            start += len + 1;
            row += 1;
        }
    }

    fn line(&mut self, whole: &[u8], start: u32, row: u64, valid: bool, counts: &mut StepCounts) {
        let bytes = whole.strip_suffix(b"\r").unwrap_or(whole);
        let place =
            Place { file: self.file, row, line: Some(row + 1), byte: Some(self.byte + u64::from(start)) };
        if whole.len() > self.decode.max_line_bytes {
            let detail = self.decode.too_long(whole.len() as u64);
            return self.reject(reason::LINE_TOO_LONG, place, detail, whole, counts);
        }
        if bytes.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r')) {
            self.blank += 1;
            return;
        }
        if let Err((code, detail, column)) = self.parse(Line { bytes, start }, place, valid) {
            if let Some(column) = column {
                counts.blame(code, &self.decode.columns[column].name);
            }
            return self.reject(code, place, detail, bytes, counts);
        }
        self.places.push(RowPlace { row, start, len: bytes.len() as u32 });
    }

    /// Appends the line to the columns; if it fails, nothing is appended.
    fn parse(&mut self, line: Line<'_>, place: Place, valid: bool) -> Result<(), Refusal> {
        if !valid {
            check_utf8(line.bytes).map_err(|(code, detail)| (code, detail, None))?;
        }
        let value = self.row.scan(line.bytes, place).map_err(|e| (reason::BAD_JSON, e.to_string(), None))?;
        if value.kind != Kind::Object {
            return Err((
                reason::NOT_AN_OBJECT,
                format!("the line is {}: {}", value.kind.name(), excerpt(value, line.bytes)),
                None,
            ));
        }
        let rows = self.places.len();
        let mut coerced = false;
        for (i, column) in self.columns.iter_mut().enumerate() {
            let value = self.row.value(i);
            match column.push(value, line, &mut self.unescaped) {
                Ok(verbatim) => coerced |= verbatim,
                Err(misfit) => {
                    for column in &mut self.columns[..i] {
                        column.truncate(rows);
                    }
                    let (code, detail) = explain(&self.decode.columns[i], value, misfit, line.bytes);
                    return Err((code, detail, Some(i)));
                }
            }
        }
        if coerced {
            self.note_coerced(line, place);
        }
        Ok(())
    }

    /// Counts the columns of text that have the JSON text of another value in this row.
    #[cold]
    fn note_coerced(&mut self, line: Line<'_>, place: Place) {
        for (i, column) in self.decode.columns.iter().enumerate() {
            let Some(value) = self.row.value(i).filter(|v| v.kind != Kind::Null) else { continue };
            let decodes = || json::decode_string(value.inner(line.bytes), &mut Vec::new()).is_ok();
            if column.kind == ColumnKind::LenientText && (value.kind != Kind::String || !decodes()) {
                self.coerced[i].note(place);
            }
        }
    }

    #[cold]
    fn reject(
        &mut self,
        code: &'static str,
        place: Place,
        detail: String,
        line: &[u8],
        counts: &mut StepCounts,
    ) {
        counts.add_removed(code, place);
        counts.add("rejected", 1);
        self.rejects.push(Reject { code, place, position: place.row, detail, record: quote_line(line) });
    }

    fn finish(self, text: Option<Buffer>, counts: &mut StepCounts) -> Result<Batch> {
        let rows = self.places.len();
        counts.rows_out += rows as u64;
        counts.rows_in += (rows + self.rejects.len()) as u64;
        if self.blank > 0 {
            counts.add("blank_lines", self.blank);
        }
        for (column, tally) in self.decode.columns.iter().zip(&self.coerced) {
            tally.report(finding::COERCED, &column.name, counts);
        }
        self.row.report(counts);
        self.decode
            .unescaped_bytes
            .store(self.unescaped.len() + self.unescaped.len() / 16, Ordering::Relaxed);
        let buffers = buffers(text.clone(), self.unescaped);
        let arrays = self.columns.into_iter().map(|c| c.finish(&buffers)).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let records =
            RecordBatch::try_new_with_options(self.decode.schema(), arrays, &options).or_defect()?;
        let places = Places {
            file: self.file,
            rows: self.places,
            origins: None,
            text,
            text_byte: self.byte,
            lines: None,
        };
        Ok(Batch { rejects: self.rejects, ..Batch::new(records, places) })
    }
}

/// Why a line is rejected: reason, detail, and the index of the column with the wrong value.
type Refusal = (&'static str, String, Option<usize>);

fn check_utf8(line: &[u8]) -> Result<(), (&'static str, String)> {
    std::str::from_utf8(line).map(|_| ()).map_err(|e| {
        let offset = e.valid_up_to();
        let byte = line.get(offset).copied().unwrap_or_default();
        (reason::BAD_UTF8, format!("byte 0x{byte:02x} at byte {offset} of the line is not valid UTF-8"))
    })
}

#[cold]
fn explain(column: &ReadColumn, value: Option<Value>, misfit: Misfit, line: &[u8]) -> (&'static str, String) {
    let name = &column.name;
    match misfit {
        Misfit::Surrogate(offset) => (
            reason::BAD_JSON,
            format!("column `{name}`: a lone surrogate escape at byte {offset} of the line is no character"),
        ),
        Misfit::Type => {
            let expected = match column.kind {
                ColumnKind::Text | ColumnKind::LenientText => "a string",
                ColumnKind::Int64 => "an integer of 64 bits",
                ColumnKind::Float64 => "a number that a float holds exactly",
                ColumnKind::Bool => "true or false",
                ColumnKind::Json => "any value",
            };
            let found = value.map_or_else(
                || "nothing".to_string(),
                |v| format!("{} ({})", v.kind.name(), excerpt(v, line)),
            );
            let detail =
                format!("column `{name}` holds {found}, not {expected} or null; cast it with with_columns");
            (reason::WRONG_TYPE, detail)
        }
    }
}

/// The beginning of a value's JSON text.
fn excerpt(value: Value, line: &[u8]) -> String {
    let raw: Cow<'_, str> = String::from_utf8_lossy(value.raw(line));
    match raw.char_indices().nth(40) {
        Some((cut, _)) => format!("{}…", &raw[..cut]),
        None => raw.into_owned(),
    }
}

#[cfg(test)]
mod tests;
