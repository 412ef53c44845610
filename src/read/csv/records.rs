//! A piece of CSV: whole records of one file.

use std::sync::Arc;

use arrow::buffer::Buffer;

use super::borders::{End, Spot};
use super::header::FileColumns;
use super::syntax::is_blank;
use crate::flow::Piece;

/// Records of one file.
#[derive(Debug, Clone)]
pub(super) struct Records {
    /// Index of the file.
    pub(super) file: u32,
    /// Where the first record begins.
    pub(super) position: Position,
    pub(super) columns: Arc<FileColumns>,
    pub(super) content: Content,
}

/// Where a record begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    /// The number of its row, counted after the header.
    pub(super) row: u64,
    /// Where it begins in the text.
    pub(super) spot: Spot,
}

/// The text of [`Records`].
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// Whole records, up to a line end or the end of the file.
    Whole {
        text: Buffer,
        /// Where each record ends.
        ends: Arc<Vec<End>>,
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
            Content::Whole { text, ends } => text.len() + size_of_val(ends.as_slice()),
            Content::LongRecord { head, .. } => head.len(),
        }
    }

    fn until(&self, row: u64) -> Self {
        let Content::Whole { text, ends } = &self.content else { return self.clone() };
        let wanted = usize::try_from((row + 1).saturating_sub(self.position.row)).unwrap_or(usize::MAX);
        let kept = match wanted {
            0 => 0,
            _ => {
                let rows = rows(text, ends, self.columns.blank_is_row());
                rows.take(wanted).last().map_or(0, |last| last + 1)
            }
        };
        let ends = Arc::new(ends[..kept].to_vec());
        let text = text.slice_with_length(0, ends.last().map_or(0, |last| last.end as usize));
        Records { content: Content::Whole { text, ends }, columns: Arc::clone(&self.columns), ..*self }
    }
}

/// The indices of the records that are rows.
pub(super) fn rows(text: &[u8], ends: &[End], blank_is_row: bool) -> impl Iterator<Item = usize> {
    let row = move |(i, record)| (blank_is_row || !is_blank(record)).then_some(i);
    records(text, ends).enumerate().filter_map(row)
}

/// The records of a text, with their line ends.
pub(super) fn records<'t>(text: &'t [u8], ends: &[End]) -> impl Iterator<Item = &'t [u8]> {
    let starts = std::iter::once(0).chain(ends.iter().map(|end| end.end as usize));
    starts.zip(ends).map(|(start, end)| &text[start..end.end as usize])
}
