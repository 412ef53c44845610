//! Decodes rows, each of them one JSON object, to a batch.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::buffer::Buffer;
use arrow::datatypes::{Schema, SchemaRef};

use super::columns::{self, Column, Misfit, RowText};
use super::row::{Keys, Row, Tally};
use crate::arrow_result::ArrowResult;
use crate::error::Result;
use crate::json::{self, Kind, Value};
use crate::read::column_builder::buffers;
use crate::read::{ColumnKind, ReadColumn};
use crate::record::reject_json::quote_line;
use crate::record::{Batch, Place, Places, Reject, RowPlace, finding, reason};
use crate::report::StepCounts;

/// The schema of batches with these columns.
pub(crate) fn schema(columns: &[ReadColumn]) -> SchemaRef {
    Arc::new(Schema::new(columns.iter().map(columns::field).collect::<Vec<_>>()))
}

/// Which columns are read from rows, and how.
///
/// Rejects `bad_utf8`, `bad_json`, `not_an_object` and `wrong_type`. Findings: `late_column:<name>` for a key that is
/// not a known column, `coerced:<name>` ([`ColumnKind::LenientText`]), `repeated_key:<name>` if a row has a key twice
/// (the last value is used).
#[derive(Debug)]
pub(crate) struct RowDecoder {
    columns: Vec<ReadColumn>,
    schema: SchemaRef,
    keys: Keys,
    /// What a row is in the input: `line` or `element`. Details of rejects name it.
    unit: &'static str,
    /// Bytes of unescaped text in a recent chunk: the capacity that the next chunk reserves.
    unescaped_bytes: AtomicUsize,
}

impl RowDecoder {
    /// Reads these columns, in this order. `known` are the names of all columns of the data; other keys become
    /// findings.
    pub(crate) fn new(columns: Vec<ReadColumn>, known: &[String], unit: &'static str) -> Self {
        let (schema, keys) = (schema(&columns), Keys::new(&columns, known));
        RowDecoder { columns, schema, keys, unit, unescaped_bytes: AtomicUsize::new(0) }
    }

    /// Builders for the rows of a chunk of about so many bytes.
    pub(crate) fn rows(&self, file: u32, bytes: usize) -> Rows<'_> {
        // An estimate of the capacity; the columns grow.
        let rows = bytes / 512;
        Rows {
            decode: self,
            file,
            columns: self.columns.iter().map(|c| Column::new(c, rows)).collect(),
            unescaped: Vec::with_capacity(self.unescaped_bytes.load(Ordering::Relaxed)),
            places: Vec::with_capacity(rows),
            lines: None,
            rejects: Vec::new(),
            row: Row::new(&self.keys),
            coerced: vec![Tally::default(); self.columns.len()],
        }
    }
}

/// Builders for the rows of one chunk.
pub(crate) struct Rows<'d> {
    decode: &'d RowDecoder,
    file: u32,
    columns: Vec<Column>,
    /// Decoded text of strings with escapes, of all columns.
    unescaped: Vec<u8>,
    places: Vec<RowPlace>,
    /// The line of each row, where rows are not lines.
    lines: Option<Vec<u64>>,
    rejects: Vec<Reject>,
    row: Row<'d>,
    coerced: Vec<Tally>,
}

impl Rows<'_> {
    /// The same, for rows that are not lines: the line of each is kept.
    pub(crate) fn with_lines(self) -> Self {
        Rows { lines: Some(Vec::with_capacity(self.places.capacity())), ..self }
    }

    /// Appends a row, or rejects it. `valid` says that its text is known to be UTF-8.
    pub(crate) fn push(&mut self, text: RowText<'_>, place: Place, valid: bool, counts: &mut StepCounts) {
        if let Err((code, detail, column)) = self.parse(text, place, valid) {
            if let Some(column) = column {
                counts.blame(code, &self.decode.columns[column].name);
            }
            return self.reject(code, place, detail, text.bytes, counts);
        }
        self.places.push(RowPlace { row: place.row, start: text.start, len: text.bytes.len() as u32 });
        if let (Some(lines), Some(line)) = (&mut self.lines, place.line) {
            lines.push(line);
        }
    }

    /// Appends the row to the columns; if it fails, nothing is appended.
    fn parse(&mut self, text: RowText<'_>, place: Place, valid: bool) -> Result<(), Refusal> {
        let unit = self.decode.unit;
        if !valid {
            check_utf8(text.bytes, unit).map_err(|detail| (reason::BAD_UTF8, detail, None))?;
        }
        let value = self.row.scan(text.bytes, place).map_err(|e| (reason::BAD_JSON, e.within(unit), None))?;
        if value.kind != Kind::Object {
            let detail = format!("the {unit} is {}: {}", value.kind.name(), excerpt(value, text.bytes));
            return Err((reason::NOT_AN_OBJECT, detail, None));
        }
        let rows = self.places.len();
        let mut coerced = false;
        for (i, column) in self.columns.iter_mut().enumerate() {
            let value = self.row.value(i);
            match column.push(value, text, &mut self.unescaped) {
                Ok(verbatim) => coerced |= verbatim,
                Err(misfit) => {
                    for column in &mut self.columns[..i] {
                        column.truncate(rows);
                    }
                    let (code, detail) = self.explain(i, value, misfit, text.bytes);
                    return Err((code, detail, Some(i)));
                }
            }
        }
        if coerced {
            self.note_coerced(text, place);
        }
        Ok(())
    }

    #[cold]
    fn explain(
        &self,
        column: usize,
        value: Option<Value>,
        misfit: Misfit,
        text: &[u8],
    ) -> (&'static str, String) {
        let (ReadColumn { name, kind, .. }, unit) = (&self.decode.columns[column], self.decode.unit);
        match misfit {
            Misfit::Surrogate(offset) => (
                reason::BAD_JSON,
                format!(
                    "column `{name}`: a lone surrogate escape at byte {offset} of the {unit} is no character"
                ),
            ),
            Misfit::Type => {
                let expected = match kind {
                    ColumnKind::Text | ColumnKind::LenientText => "a string",
                    ColumnKind::Int64 => "an integer of 64 bits",
                    ColumnKind::Float64 => "a number that a float holds exactly",
                    ColumnKind::Bool => "true or false",
                    ColumnKind::Json => "any value",
                };
                let found = value.map_or_else(
                    || "nothing".to_string(),
                    |v| format!("{} ({})", v.kind.name(), excerpt(v, text)),
                );
                let detail = format!(
                    "column `{name}` holds {found}, not {expected} or null; cast it with with_columns"
                );
                (reason::WRONG_TYPE, detail)
            }
        }
    }

    /// Counts the columns of text that have the JSON text of another value in this row.
    #[cold]
    fn note_coerced(&mut self, text: RowText<'_>, place: Place) {
        for (i, column) in self.decode.columns.iter().enumerate() {
            let Some(value) = self.row.value(i).filter(|v| v.kind != Kind::Null) else { continue };
            let decodes = || json::decode_string(value.inner(text.bytes), &mut Vec::new()).is_ok();
            if column.kind == ColumnKind::LenientText && (value.kind != Kind::String || !decodes()) {
                self.coerced[i].note(place);
            }
        }
    }

    /// Rejects a row with this text.
    #[cold]
    pub(crate) fn reject(
        &mut self,
        code: &'static str,
        place: Place,
        detail: String,
        text: &[u8],
        counts: &mut StepCounts,
    ) {
        counts.add_removed(code, place);
        counts.add("rejected", 1);
        self.rejects.push(Reject { code, place, position: place.row, detail, record: quote_line(text) });
    }

    /// The batch; its rows were parsed from `text`, which begins at `byte` of the decompressed stream.
    pub(crate) fn finish(self, text: Option<Buffer>, byte: u64, counts: &mut StepCounts) -> Result<Batch> {
        let rows = self.places.len();
        counts.rows_out += rows as u64;
        counts.rows_in += (rows + self.rejects.len()) as u64;
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
            RecordBatch::try_new_with_options(self.decode.schema.clone(), arrays, &options).or_defect()?;
        let places = Places {
            file: self.file,
            rows: self.places,
            origins: None,
            text,
            text_byte: byte,
            lines: self.lines,
        };
        Ok(Batch { rejects: self.rejects, ..Batch::new(records, places) })
    }
}

/// Why a row is rejected: reason, detail, and the index of the column with the wrong value.
type Refusal = (&'static str, String, Option<usize>);

fn check_utf8(text: &[u8], unit: &str) -> Result<(), String> {
    std::str::from_utf8(text).map(|_| ()).map_err(|e| {
        let offset = e.valid_up_to();
        let byte = text.get(offset).copied().unwrap_or_default();
        format!("byte 0x{byte:02x} at byte {offset} of the {unit} is not valid UTF-8")
    })
}

/// The beginning of a value's JSON text.
fn excerpt(value: Value, text: &[u8]) -> String {
    let raw: Cow<'_, str> = String::from_utf8_lossy(value.raw(text));
    match raw.char_indices().nth(40) {
        Some((cut, _)) => format!("{}…", &raw[..cut]),
        None => raw.into_owned(),
    }
}
