//! Decodes records to batches. Text columns are views into the piece: a field without doubled quotes is never copied.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, SchemaRef};

use super::borders::{End, Spot};
use super::fields::{Fault, FaultKind, Field, split};
use super::header::FileColumns;
use super::records::{Content, Position, Records};
use super::row::{Record, push};
use super::syntax::{Syntax, without_feed, without_line_end};
use crate::arrow_result::ArrowResult;
use crate::error::Result;
use crate::flow::Decode;
use crate::read::Limits;
use crate::read::column_builder::{ColumnBuilder, buffers};
use crate::record::reject_json::quote_line;
use crate::record::{Batch, Place, Places, Reject, RowPlace, reason};
use crate::report::StepCounts;

/// Decodes the pieces of a [`CsvSource`](super::cut::CsvSource).
///
/// Rejects `bad_utf8`, `bad_csv`, `wrong_field_count`, `wrong_type` and `line_too_long`. Counts `blank_lines`, which
/// are not rows, except in files of one column.
#[derive(Debug)]
pub(super) struct CsvDecode {
    schema: SchemaRef,
    syntax: Syntax,
    max_line_bytes: usize,
    /// Bytes of unquoted text in a recent piece: the capacity that the next piece reserves.
    unquoted_bytes: AtomicUsize,
}

impl CsvDecode {
    /// Reads the columns of this schema, in this order.
    pub(super) fn new(schema: SchemaRef, syntax: Syntax, limits: Limits) -> Self {
        let max_line_bytes = limits.clamped().max_line_bytes;
        CsvDecode { schema, syntax, max_line_bytes, unquoted_bytes: AtomicUsize::new(0) }
    }

    #[cold]
    fn too_long(&self, bytes: u64) -> String {
        format!("the record has {bytes} bytes, max_line_bytes allows {}", self.max_line_bytes)
    }

    #[cold]
    fn misfit(&self, column: usize, raw: &[u8]) -> String {
        let field = self.schema.field(column);
        let expected = match field.data_type() {
            DataType::Int64 => "an integer of 64 bits",
            DataType::Float64 => "a number that a float holds exactly",
            _ => "true or false",
        };
        let text = String::from_utf8_lossy(raw);
        let shown =
            text.char_indices().nth(40).map_or(text.to_string(), |(cut, _)| format!("{}…", &text[..cut]));
        format!(
            "column `{}` holds `{shown}`, not {expected}; leave it out of schema= to read it as text",
            field.name()
        )
    }
}

impl Decode<Records> for CsvDecode {
    fn decode(&self, piece: Records, counts: &mut StepCounts) -> Result<Batch> {
        let mut rows = Rows::new(self, &piece);
        let text = match piece.content {
            Content::Whole { text, ends } => {
                rows.records(&text, &ends, counts);
                Some(text)
            }
            Content::LongRecord { head, bytes } => {
                rows.reject(reason::LINE_TOO_LONG, piece.position, self.too_long(bytes), &head, counts);
                None
            }
        };
        rows.finish(text, piece.position.spot.byte, counts)
    }
}

/// Builders for the rows of one piece.
struct Rows<'d> {
    decode: &'d CsvDecode,
    file: u32,
    position: Position,
    of: Arc<FileColumns>,
    columns: Vec<ColumnBuilder>,
    fields: Vec<Field>,
    /// Text of fields with doubled quotes, of all columns.
    unquoted: Vec<u8>,
    places: Vec<RowPlace>,
    lines: Vec<u64>,
    rejects: Vec<Reject>,
    blank: u64,
}

/// Why a record is rejected: reason, detail, and the column with the wrong value.
type Refusal = (&'static str, String, Option<usize>);

impl<'d> Rows<'d> {
    fn new(decode: &'d CsvDecode, piece: &Records) -> Self {
        let rows = match &piece.content {
            Content::Whole { ends, .. } => ends.len(),
            Content::LongRecord { .. } => 0,
        };
        let columns = decode.schema.fields().iter();
        Rows {
            decode,
            file: piece.file,
            position: piece.position,
            of: Arc::clone(&piece.columns),
            columns: columns.map(|field| ColumnBuilder::new(field.data_type(), rows)).collect(),
            fields: Vec::with_capacity(piece.columns.fields),
            unquoted: Vec::with_capacity(decode.unquoted_bytes.load(Ordering::Relaxed)),
            places: Vec::with_capacity(rows),
            lines: Vec::with_capacity(rows),
            rejects: Vec::new(),
            blank: 0,
        }
    }

    fn records(&mut self, text: &[u8], ends: &[End], counts: &mut StepCounts) {
        let valid = simdutf8::basic::from_utf8(text).is_ok();
        let mut start = 0;
        for &end in ends {
            let whole = &text[start as usize..end.end as usize];
            let bytes = without_line_end(whole);
            if bytes.is_empty() && !self.of.blank_is_row() {
                self.blank += 1;
            } else {
                self.record(whole, Record { bytes, start, quote: self.decode.syntax.quote }, valid, counts);
                self.position.row += 1;
            }
            let Spot { byte, line } = self.position.spot;
            self.position.spot = Spot { byte: byte + whole.len() as u64, line: end.next_line(line) };
            start = end.end;
        }
    }

    fn record(&mut self, whole: &[u8], record: Record<'_>, valid: bool, counts: &mut StepCounts) {
        let length = without_feed(whole).len();
        if length > self.decode.max_line_bytes {
            let detail = self.decode.too_long(length as u64);
            return self.reject(reason::LINE_TOO_LONG, self.position, detail, record.bytes, counts);
        }
        if let Err((code, detail, column)) = self.parse(record, valid) {
            if let Some(column) = column {
                counts.blame(code, self.decode.schema.field(column).name());
            }
            return self.reject(code, self.position, detail, record.bytes, counts);
        }
        self.lines.push(self.position.spot.line);
        let (row, len) = (self.position.row, record.bytes.len() as u32);
        self.places.push(RowPlace { row, start: record.start, len });
    }

    /// Appends the record to the columns; if it fails, nothing is appended.
    fn parse(&mut self, record: Record<'_>, valid: bool) -> Result<(), Refusal> {
        if !valid {
            check_utf8(record.bytes)?;
        }
        split(record.bytes, self.decode.syntax, &mut self.fields)
            .map_err(|fault| explain(fault, record.bytes))?;
        if self.fields.len() != self.of.fields {
            let detail = format!("the record has {} fields, the file {}", self.fields.len(), self.of.fields);
            return Err((reason::WRONG_FIELD_COUNT, detail, None));
        }
        let rows = self.places.len();
        push(record, &self.fields, &self.of, &mut self.columns, rows, &mut self.unquoted).map_err(|column| {
            let field = self.of.of_column[column].and_then(|field| self.fields.get(field));
            let raw = field.map_or(&[][..], |field| field.raw(record.bytes));
            (reason::WRONG_TYPE, self.decode.misfit(column, raw), Some(column))
        })
    }

    #[cold]
    fn reject(
        &mut self,
        code: &'static str,
        Position { row, spot: Spot { byte, line } }: Position,
        detail: String,
        record: &[u8],
        counts: &mut StepCounts,
    ) {
        let place = Place { file: self.file, row, line: Some(line), byte: Some(byte), copy: 0 };
        counts.add_removed(code, place);
        counts.add("rejected", 1);
        self.rejects.push(Reject { code, place, position: row, detail, record: quote_line(record) });
    }

    fn finish(self, text: Option<Buffer>, text_byte: u64, counts: &mut StepCounts) -> Result<Batch> {
        let rows = self.places.len();
        counts.rows_out += rows as u64;
        counts.rows_in += (rows + self.rejects.len()) as u64;
        if self.blank > 0 {
            counts.add("blank_lines", self.blank);
        }
        self.decode.unquoted_bytes.store(self.unquoted.len() + self.unquoted.len() / 16, Ordering::Relaxed);
        let buffers = buffers(text.clone(), self.unquoted);
        let arrays = self.columns.into_iter().map(|c| c.finish(&buffers)).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = Arc::clone(&self.decode.schema);
        let records = RecordBatch::try_new_with_options(schema, arrays, &options).or_defect()?;
        let lines = Some(self.lines);
        let places = Places { file: self.file, rows: self.places, origins: None, text, text_byte, lines };
        Ok(Batch { rejects: self.rejects, ..Batch::new(records, places) })
    }
}

fn check_utf8(record: &[u8]) -> Result<(), Refusal> {
    std::str::from_utf8(record).map(|_| ()).map_err(|e| {
        let offset = e.valid_up_to();
        let byte = record.get(offset).copied().unwrap_or_default();
        let detail = format!("byte 0x{byte:02x} at byte {offset} of the record is not valid UTF-8");
        (reason::BAD_UTF8, detail, None)
    })
}

#[cold]
fn explain(Fault { kind, offset }: Fault, record: &[u8]) -> Refusal {
    let detail = match kind {
        FaultKind::AfterQuote => {
            let after = String::from_utf8_lossy(&record[offset..]);
            let after: String = after.chars().take(20).collect();
            format!("text follows a closing quote at byte {offset} of the record: `{after}`")
        }
        FaultKind::Unclosed => {
            format!("the quote at byte {offset} of the record opens a field that does not end")
        }
        FaultKind::Return => {
            format!(
                "a carriage return at byte {offset} of the record is neither within quotes nor part of a line end"
            )
        }
    };
    (reason::BAD_CSV, detail, None)
}
