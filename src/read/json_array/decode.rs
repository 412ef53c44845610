//! Decodes the elements of arrays to batches.

use memchr::memchr_iter;

use super::elements::{Borders, Elements, Text};
use crate::error::Result;
use crate::flow::{Decode, Piece};
use crate::read::json_rows::{RowDecoder, RowText, Rows};
use crate::read::{Limits, ReadColumn};
use crate::record::{Batch, Place, reason};
use crate::report::StepCounts;

/// Decodes the pieces of an [`ArraySource`](super::ArraySource).
///
/// Rejects `bad_utf8`, `bad_json`, `not_an_object`, `wrong_type` and `line_too_long`. Its findings are those of
/// [`RowDecoder`].
#[derive(Debug)]
pub struct ArrayDecode {
    rows: RowDecoder,
    max_line_bytes: usize,
}

impl ArrayDecode {
    /// Reads these columns, in this order. `known` are the names of all columns of the data; other keys become
    /// findings.
    pub fn new(columns: Vec<ReadColumn>, known: &[String], limits: Limits) -> Self {
        let rows = RowDecoder::new(columns, known, "element");
        ArrayDecode { rows, max_line_bytes: limits.clamped().max_line_bytes }
    }
}

impl Decode<Elements> for ArrayDecode {
    fn decode(&self, piece: Elements, counts: &mut StepCounts) -> Result<Batch> {
        let mut rows = self.rows.rows(piece.file, piece.bytes()).with_lines();
        let first = Place {
            file: piece.file,
            row: piece.first_row,
            line: Some(piece.first_line),
            byte: Some(piece.byte),
            copy: 0,
        };
        let text = match piece.text {
            Text::Whole { text, borders } => {
                self.elements(&text, &borders, first, &mut rows, counts);
                Some(text)
            }
            Text::LongElement { head, bytes } => {
                rows.reject(reason::LINE_TOO_LONG, first, self.too_long(bytes), &head, counts);
                None
            }
        };
        rows.finish(text, piece.byte, counts)
    }
}

impl ArrayDecode {
    /// `start` is the place of the first byte of the text.
    fn elements(
        &self,
        text: &[u8],
        borders: &Borders,
        start: Place,
        rows: &mut Rows<'_>,
        counts: &mut StepCounts,
    ) {
        let valid = simdutf8::basic::from_utf8(text).is_ok();
        let mut line_feeds = memchr_iter(b'\n', text).peekable();
        let mut line = start.line.unwrap_or(1);
        for (row, element) in (start.row..).zip(borders.iter()) {
            while line_feeds.next_if(|&at| at < element.start).is_some() {
                line += 1;
            }
            let bytes = &text[element.clone()];
            let byte = start.byte.map(|byte| byte + element.start as u64);
            let place = Place { file: start.file, row, line: Some(line), byte, copy: 0 };
            if bytes.len() > self.max_line_bytes {
                let detail = self.too_long(bytes.len() as u64);
                rows.reject(reason::LINE_TOO_LONG, place, detail, bytes, counts);
                continue;
            }
            let has_line_feeds = line_feeds.peek().is_some_and(|&at| at < element.end);
            rows.push(RowText { bytes, start: element.start as u32, has_line_feeds }, place, valid, counts);
        }
    }

    #[cold]
    fn too_long(&self, bytes: u64) -> String {
        format!("the element has {bytes} bytes, max_line_bytes allows {}", self.max_line_bytes)
    }
}
