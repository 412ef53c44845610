//! A piece of CSV: whole records of one file.

use std::sync::Arc;

use arrow::buffer::Buffer;

use super::header::FileColumns;
use super::syntax::is_blank;
use crate::flow::Piece;

/// Records of one file.
#[derive(Debug, Clone)]
pub struct Records {
    /// Index of the file.
    pub(crate) file: u32,
    /// Where the first record begins.
    pub(crate) position: Position,
    pub(crate) columns: Arc<FileColumns>,
    pub(crate) content: Content,
}

/// Where a record begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    /// The number of its row, counted after the header.
    pub(crate) row: u64,
    /// Its 1-based line.
    pub(crate) line: u64,
    /// Its offset in the text.
    pub(crate) byte: u64,
}

/// The text of [`Records`].
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// Whole records, up to a line end or the end of the file.
    Whole {
        text: Buffer,
        /// Where each record ends.
        ends: Arc<Vec<u32>>,
        /// The number of line feeds in the text.
        lines: u64,
    },
    /// A record longer than the limit, of which only the first bytes are kept.
    LongRecord {
        head: Vec<u8>,
        /// The length of the record in bytes, without its line feed.
        bytes: u64,
    },
}

impl Piece for Records {
    fn bytes(&self) -> usize {
        match &self.content {
            Content::Whole { text, ends, .. } => text.len() + size_of_val(ends.as_slice()),
            Content::LongRecord { head, .. } => head.len(),
        }
    }

    fn until(&self, row: u64) -> Self {
        let Content::Whole { text, ends, .. } = &self.content else { return self.clone() };
        let wanted = usize::try_from((row + 1).saturating_sub(self.position.row)).unwrap_or(usize::MAX);
        let kept = match wanted {
            0 => 0,
            _ => {
                let rows = rows(text, ends, self.columns.blank_is_row());
                rows.take(wanted).last().map_or(0, |last| last + 1)
            }
        };
        let ends = Arc::new(ends[..kept].to_vec());
        let text = text.slice_with_length(0, ends.last().map_or(0, |&end| end as usize));
        let lines = memchr::memchr_iter(b'\n', &text).count() as u64;
        Records { content: Content::Whole { text, ends, lines }, columns: Arc::clone(&self.columns), ..*self }
    }
}

/// The indices of the records that are rows.
pub(super) fn rows(text: &[u8], ends: &[u32], blank_is_row: bool) -> impl Iterator<Item = usize> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let row = move |(i, (start, &end)): (usize, (u32, &u32))| {
        (blank_is_row || !is_blank(&text[start as usize..end as usize])).then_some(i)
    };
    starts.zip(ends).enumerate().filter_map(row)
}
