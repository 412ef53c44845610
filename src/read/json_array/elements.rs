//! Pieces of an array: whole elements.

use std::ops::Range;
use std::sync::Arc;

use arrow::buffer::Buffer;
use memchr::memchr_iter;

use crate::flow::Piece;

/// Elements of one array.
#[derive(Debug, Clone)]
pub struct Elements {
    /// Index of the file.
    pub file: u32,
    /// The number of the first element within the array.
    pub first_row: u64,
    /// The line on which the text begins, counted from 1.
    pub(crate) first_line: u64,
    /// Where the text begins in the decompressed stream.
    pub(crate) byte: u64,
    /// The text of the elements.
    pub(crate) text: Text,
}

/// The text of [`Elements`].
#[derive(Debug, Clone)]
pub(crate) enum Text {
    /// Whole elements, and what is between them.
    Whole {
        /// The text.
        text: Buffer,
        /// Where in it the elements are.
        borders: Borders,
    },
    /// An element longer than the limit, of which only the first bytes are kept.
    LongElement {
        /// The first bytes of the element.
        head: Vec<u8>,
        /// The length of the element in bytes.
        bytes: u64,
    },
}

/// Where elements begin and end in a text, in order.
#[derive(Debug, Clone)]
pub(crate) struct Borders {
    /// Those of the block that the text was cut from.
    all: Arc<[Range<u32>]>,
    /// Those of the text.
    own: Range<usize>,
    /// Where the text begins in the block.
    start: u32,
}

impl Borders {
    /// Those of a whole block.
    pub(crate) fn new(all: Vec<Range<u32>>) -> Self {
        Borders { own: 0..all.len(), all: all.into(), start: 0 }
    }

    /// The bytes of each element in the text.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = Range<usize>> {
        let start = self.start;
        self.all[self.own.clone()].iter().map(move |e| (e.start - start) as usize..(e.end - start) as usize)
    }

    /// The first `rows` of them and where the last of those ends in the text; and the others, in the text from there.
    fn split(&self, rows: usize) -> (Self, usize, Self) {
        let middle = self.own.start.saturating_add(rows).min(self.own.end);
        let end = self.all[self.own.start..middle].last().map_or(self.start, |last| last.end);
        let first = Borders { own: self.own.start..middle, ..self.clone() };
        (
            first,
            (end - self.start) as usize,
            Borders { own: middle..self.own.end, start: end, ..self.clone() },
        )
    }
}

impl Elements {
    /// The first `rows` elements, and the others if there are more.
    pub(crate) fn split(self, rows: usize) -> (Self, Option<Self>) {
        let Text::Whole { text, borders } = &self.text else { return (self, None) };
        let (first, end, others) = borders.split(rows);
        if others.own.is_empty() {
            return (self, None);
        }
        let whole = |text, borders| Text::Whole { text, borders };
        let others = Elements {
            first_row: self.first_row + rows as u64,
            first_line: self.first_line + memchr_iter(b'\n', &text[..end]).count() as u64,
            byte: self.byte + end as u64,
            text: whole(text.slice(end), others),
            ..self
        };
        (Elements { text: whole(text.slice_with_length(0, end), first), ..self }, Some(others))
    }
}

impl Piece for Elements {
    fn bytes(&self) -> usize {
        match &self.text {
            Text::Whole { text, borders } => text.len() + borders.own.len() * size_of::<Range<u32>>(),
            Text::LongElement { head, .. } => head.len(),
        }
    }

    fn until(&self, row: u64) -> Self {
        let rows = usize::try_from((row + 1).saturating_sub(self.first_row)).unwrap_or(usize::MAX);
        self.clone().split(rows).0
    }
}
