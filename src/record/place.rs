//! Where a row came from.

use arrow::array::BooleanArray;
use arrow::buffer::Buffer;

/// The names of the input files as reports show them: relative to the folder they share, never absolute.
pub type FileNames = std::sync::Arc<Vec<String>>;

/// The place of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Index into [`FileNames`].
    pub file: u32,
    /// 0-based, counted within the file. In JSON lines an empty line takes a number too, so row = line − 1.
    pub row: u64,
    /// 1-based, where the source has lines.
    pub line: Option<u64>,
    /// 0-based offset of the row in the decompressed stream, where the source has bytes.
    pub byte: Option<u64>,
}

/// The place of one row within its batch's file and text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowPlace {
    /// 0-based, counted within the file.
    pub row: u64,
    /// Where the row's text starts in [`Places::text`].
    pub start: u32,
    /// Bytes of the row's text.
    pub len: u32,
}

/// The places of a batch's rows, all of one file.
#[derive(Debug, Clone)]
pub struct Places {
    /// Index into [`FileNames`].
    pub file: u32,
    /// One for each row, in order.
    pub rows: Vec<RowPlace>,
    /// The text the rows were parsed from, where the source is text: what a reject quotes.
    pub text: Option<Buffer>,
    /// Offset of `text` in the decompressed stream.
    pub text_byte: u64,
}

impl Places {
    /// Places of rows that have no text: `first`, `first + 1`, ….
    pub fn numbered(file: u32, first: u64, rows: usize) -> Self {
        let rows = (0..rows as u64).map(|i| RowPlace { row: first + i, start: 0, len: 0 }).collect();
        Places { file, rows, text: None, text_byte: 0 }
    }

    /// The place of row `i` of the batch.
    pub fn at(&self, i: usize) -> Place {
        let r = self.rows[i];
        let lines = self.text.is_some();
        Place {
            file: self.file,
            row: r.row,
            line: lines.then_some(r.row + 1),
            byte: lines.then_some(self.text_byte + u64::from(r.start)),
        }
    }

    /// The text of row `i`, where the source has one.
    pub fn text_of(&self, i: usize) -> Option<&[u8]> {
        let r = self.rows[i];
        self.text.as_ref().map(|t| &t.as_slice()[r.start as usize..][..r.len as usize])
    }

    /// Keeps the rows whose mask is true.
    pub fn keep(&mut self, mask: &BooleanArray) {
        let mut i = 0;
        self.rows.retain(|_| {
            i += 1;
            mask.value(i - 1)
        });
    }
}
