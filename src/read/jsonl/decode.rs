//! Decodes JSON lines to batches. Text columns are views into the chunk: a string without escapes is never copied.

use memchr::memchr;

use crate::error::Result;
use crate::flow::{Decode, Piece};
use crate::read::json_rows::{RowDecoder, RowText, Rows};
use crate::read::lines::{Lines, Text};
use crate::read::{Limits, ReadColumn};
use crate::record::{Batch, Place, reason};
use crate::report::StepCounts;

/// Decodes the pieces of a [`LinesSource`](crate::read::lines::LinesSource).
///
/// Rejects `bad_utf8`, `bad_json`, `not_an_object`, `wrong_type` and `line_too_long`. Counts `blank_lines`, which are
/// not rows. Its findings are those of [`RowDecoder`].
#[derive(Debug)]
pub struct JsonlDecode {
    rows: RowDecoder,
    max_line_bytes: usize,
}

impl JsonlDecode {
    /// Reads these columns, in this order. `known` are the names of all columns of the data; other keys become
    /// findings.
    pub fn new(columns: Vec<ReadColumn>, known: &[String], limits: Limits) -> Self {
        let rows = RowDecoder::new(columns, known, "line");
        JsonlDecode { rows, max_line_bytes: limits.clamped().max_line_bytes }
    }
}

impl Decode<Lines> for JsonlDecode {
    fn decode(&self, piece: Lines, counts: &mut StepCounts) -> Result<Batch> {
        let mut rows = self.rows.rows(piece.file, piece.bytes());
        let place = |row, byte| Place {
            file: piece.file,
            row,
            line: Some(row + 1),
            byte: Some(piece.byte + byte),
            copy: 0,
        };
        let text = match piece.text {
            Text::Whole(text) => {
                self.lines(&text, piece.first_row, place, &mut rows, counts);
                Some(text)
            }
            Text::LongLine { head, bytes } => {
                let detail = self.too_long(bytes);
                rows.reject(reason::LINE_TOO_LONG, place(piece.first_row, 0), detail, &head, counts);
                None
            }
        };
        rows.finish(text, piece.byte, counts)
    }
}

impl JsonlDecode {
    fn lines(
        &self,
        text: &[u8],
        first_row: u64,
        place: impl Fn(u64, u64) -> Place,
        rows: &mut Rows<'_>,
        counts: &mut StepCounts,
    ) {
        let valid = simdutf8::basic::from_utf8(text).is_ok();
        let (mut row, mut start, mut blank) = (first_row, 0, 0);
        while start < text.len() {
            let len = memchr(b'\n', &text[start..]).unwrap_or(text.len() - start);
            let whole = &text[start..start + len];
            let (place, bytes) = (place(row, start as u64), whole.strip_suffix(b"\r").unwrap_or(whole));
            if len > self.max_line_bytes {
                rows.reject(reason::LINE_TOO_LONG, place, self.too_long(len as u64), whole, counts);
            } else if bytes.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r')) {
                blank += 1;
            } else {
                let text = RowText { bytes, start: start as u32, has_line_feeds: false };
                rows.push(text, place, valid, counts);
            }
            start += len + 1;
            row += 1;
        }
        if blank > 0 {
            counts.add("blank_lines", blank);
        }
    }

    #[cold]
    fn too_long(&self, bytes: u64) -> String {
        format!("the line has {bytes} bytes, max_line_bytes allows {}", self.max_line_bytes)
    }
}

#[cfg(test)]
mod tests;
