//! The lines of a file as they are stored, for checks of the file itself. Nothing is decompressed.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::Schema;
use memchr::memchr;

use super::encoding::BOM;
use super::lines::{Lines, LinesSource, Text};
use super::open::{HEAD, InputStream};
use super::{InputFile, Limits};
use crate::arrow_result::ArrowResult;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::flow::{Decode, PairedScan, Scan};
use crate::record::{Batch, Place, Places, Reject, RowPlace, reason};
use crate::report::StepCounts;

/// What a file begins with.
#[derive(Debug, Default)]
pub(crate) struct RawFile {
    pub(crate) bytes: u64,
    /// Whether it begins with a byte order mark of UTF-8.
    pub(crate) has_mark: bool,
    pub(crate) is_compressed: bool,
    /// Why it is not text in UTF-8: it is in another encoding, or of a binary format.
    pub(crate) not_text: Option<String>,
}

impl RawFile {
    /// Looks at the first bytes of a file.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn open(file: &InputFile) -> Result<RawFile> {
        let metadata = super::open::open_file(file)?.metadata();
        let bytes = metadata.map_err(|e| super::cannot_read(e, file.path.display()))?.bytes;
        let not_text = |e: crate::error::Error| match e.code() {
            "unsupported_format" => {
                Ok(RawFile { bytes, not_text: Some(e.message().to_string()), ..RawFile::default() })
            }
            _ => Err(e),
        };
        let mut stream = match InputStream::open(file) {
            Ok(stream) => stream,
            Err(e) => return not_text(e),
        };
        if stream.uncompressed().is_none() {
            return Ok(RawFile { bytes, is_compressed: true, ..RawFile::default() });
        }
        let mut head = Vec::new();
        stream.read_block(HEAD, &mut head)?;
        match stream.check_text(&head) {
            Ok(()) => Ok(RawFile { bytes, has_mark: head.starts_with(BOM), ..RawFile::default() }),
            Err(e) => not_text(e),
        }
    }
}

/// The lines of a file as batches without columns: the text of each line is that of its place. Lines that are longer than
/// [`Limits::max_line_bytes`] are rejects.
pub(crate) fn raw_lines(file: InputFile, limits: Limits, cancel: Cancel) -> Box<dyn Scan> {
    let cut = LinesSource::from_files(vec![file], limits, cancel);
    Box::new(PairedScan::new(cut, Arc::new(RawDecode { max_line_bytes: limits.clamped().max_line_bytes })))
}

struct RawDecode {
    max_line_bytes: usize,
}

impl Decode<Lines> for RawDecode {
    fn decode(&self, piece: Lines, _: &mut StepCounts) -> Result<Batch> {
        let (mut rows, mut rejects) = (Vec::new(), Vec::new());
        let mut too_long = |row: u64, byte: u64, bytes: u64| {
            let place = Place { file: piece.file, row, line: Some(row + 1), byte: Some(byte), copy: 0 };
            let detail = format!("the line has {bytes} bytes, max_line_bytes allows {}", self.max_line_bytes);
            let record = String::new();
            rejects.push(Reject { code: reason::LINE_TOO_LONG, place, position: row, detail, record });
        };
        let text = match &piece.text {
            Text::Whole(text) => {
                let (mut start, mut row) = (0, piece.first_row);
                while start < text.len() {
                    let len = memchr(b'\n', &text[start..]).unwrap_or(text.len() - start);
                    if len > self.max_line_bytes {
                        too_long(row, piece.byte + start as u64, len as u64);
                    } else {
                        // A piece is at most 2 GiB.
                        rows.push(RowPlace { row, start: start as u32, len: len as u32 });
                    }
                    start += len + 1;
                    row += 1;
                }
                Some(text.clone())
            }
            Text::LongLine { bytes, .. } => {
                too_long(piece.first_row, piece.byte, *bytes);
                None
            }
        };
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let records = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options);
        let places =
            Places { file: piece.file, rows, origins: None, text_byte: piece.byte, text, lines: None };
        Ok(Batch { rejects, ..Batch::new(records.or_defect()?, places) })
    }
}
