//! Where a row came from.

use arrow::array::BooleanArray;
use arrow::buffer::Buffer;

use crate::hash;

/// The names of the input files in reports: relative to their common folder, never absolute.
pub type FileNames = std::sync::Arc<Vec<String>>;

/// The place of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Index into [`FileNames`].
    pub file: u32,
    /// 0-based, counted within the file. In JSON lines empty lines count too, so that row = line − 1. In CSV the first
    /// record after the header is row 0, in a JSON array the first element.
    pub row: u64,
    /// The 1-based line on which the row begins; none where the source has no lines.
    pub line: Option<u64>,
    /// 0-based byte offset of the row in the decompressed stream; none where the source is not text.
    pub byte: Option<u64>,
    /// 0 for the row itself; each copy that a step makes of it has another number.
    pub copy: u64,
}

/// The place of one row within its batch's file and text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowPlace {
    /// 0-based, counted within the file.
    pub row: u64,
    /// Where the row's text starts in [`Places::text`].
    pub start: u32,
    /// Length of the row's text in bytes.
    pub len: u32,
}

/// The places of a batch's rows. All rows are of one file, until a barrier mixes the rows of several files.
#[derive(Debug, Clone)]
pub struct Places {
    /// Index into [`FileNames`]; 0 after a barrier, where `origins` are known.
    pub file: u32,
    /// One for each row, in order. After a barrier the rows are numbered in the order of the barrier.
    pub rows: Vec<RowPlace>,
    /// After a barrier, and where rows were repeated, where each row came from.
    pub origins: Option<Vec<Place>>,
    /// The text that the rows were parsed from, where the source is text. Rejects quote it.
    pub text: Option<Buffer>,
    /// Offset of `text` in the decompressed stream.
    pub text_byte: u64,
    /// The line on which each row begins, where the source is text and rows are not its lines.
    pub lines: Option<Vec<u64>>,
}

impl Places {
    /// Places of rows that have no text, numbered `first`, `first + 1`, ….
    pub fn numbered(file: u32, first: u64, rows: usize) -> Self {
        let rows = (0..rows as u64).map(|i| RowPlace { row: first + i, start: 0, len: 0 }).collect();
        Places { file, rows, origins: None, text: None, text_byte: 0, lines: None }
    }

    /// Places of rows that a barrier returns, numbered from `first`.
    pub(crate) fn after_barrier(first: u64, origins: Vec<Place>) -> Self {
        let numbered = Places::numbered(0, first, origins.len());
        Places { origins: Some(origins), ..numbered }
    }

    /// The place of row `i` of the batch.
    pub fn at(&self, i: usize) -> Place {
        if let Some(origins) = &self.origins {
            return origins[i];
        }
        let r = self.rows[i];
        let is_text = self.text.is_some();
        let line = self.lines.as_ref().map_or(r.row + 1, |lines| lines[i]);
        Place {
            file: self.file,
            row: r.row,
            line: is_text.then_some(line),
            byte: is_text.then_some(self.text_byte + u64::from(r.start)),
            copy: 0,
        }
    }

    /// The first place of these rows in input order. After a barrier that need not be the place of the first row.
    pub(crate) fn earliest(&self, rows: impl IntoIterator<Item = usize>) -> Option<Place> {
        rows.into_iter().map(|i| self.at(i)).min()
    }

    /// The text of row `i`, where the source has one.
    pub fn text_of(&self, i: usize) -> Option<&[u8]> {
        let r = self.rows[i];
        self.text.as_ref().map(|t| &t.as_slice()[r.start as usize..][..r.len as usize])
    }

    /// These rows, each with the number of its copy: 0 for the row itself.
    pub(crate) fn repeat(&self, rows: &[(usize, u64)]) -> Self {
        let copied = |&(i, nth): &(usize, u64)| {
            let place = self.at(i);
            Place { copy: if nth == 0 { place.copy } else { hash::copy_number(place.copy, nth) }, ..place }
        };
        Places {
            file: self.file,
            rows: rows.iter().map(|(i, _)| self.rows[*i]).collect(),
            origins: Some(rows.iter().map(copied).collect()),
            text: self.text.clone(),
            text_byte: self.text_byte,
            lines: self.lines.as_ref().map(|lines| rows.iter().map(|(i, _)| lines[*i]).collect()),
        }
    }

    /// Keeps the first rows.
    pub(crate) fn truncate(&mut self, rows: usize) {
        self.rows.truncate(rows);
        if let Some(origins) = &mut self.origins {
            origins.truncate(rows);
        }
        if let Some(lines) = &mut self.lines {
            lines.truncate(rows);
        }
    }

    /// Keeps the rows whose mask is true.
    pub(crate) fn keep(&mut self, mask: &BooleanArray) {
        keep(&mut self.rows, mask);
        if let Some(origins) = &mut self.origins {
            keep(origins, mask);
        }
        if let Some(lines) = &mut self.lines {
            keep(lines, mask);
        }
    }
}

fn keep<T>(rows: &mut Vec<T>, mask: &BooleanArray) {
    let mut i = 0;
    rows.retain(|_| {
        i += 1;
        mask.value(i - 1)
    });
}
