//! Reuses the ids of text that a text has in common with the one before it: the words of a template, a system prompt,
//! a whole field.
//!
//! Text is cut into pieces from left to right, and a piece does not depend on the text before it. So the ids before
//! the start of a piece are the same in two texts, if all bytes that were read up to there are the same.

/// Texts with fewer equal bytes at their start are not compared.
const HEAD: usize = 64;
/// Bytes of a text that are kept.
const KEPT: usize = 4096;

/// The last text of a position, as far as it is kept, and its ids.
#[derive(Default)]
pub(crate) struct Repeated {
    /// The head of the last text, empty where it was shorter.
    head: Vec<u8>,
    /// The last text that started like the one before it.
    text: Vec<u8>,
    ids: Vec<i32>,
    starts: Vec<PieceStart>,
    /// Whether `ids` are those of the whole text.
    is_whole: bool,
}

/// The start of a piece.
#[derive(Debug, Clone, Copy)]
struct PieceStart {
    /// Byte offset in the text.
    offset: usize,
    /// The number of ids before it.
    ids: usize,
    /// The number of bytes, from the start of the text, that were read to find it.
    seen: usize,
}

impl Repeated {
    /// Whether the text starts like the last one.
    #[inline]
    pub(crate) fn starts_like_last(&mut self, text: &[u8]) -> bool {
        let head = text.get(..HEAD).unwrap_or_default();
        let is_repeated = !head.is_empty() && self.head == head;
        if !is_repeated {
            self.head.clear();
            self.head.extend_from_slice(head);
        }
        is_repeated
    }

    /// Appends the ids of what the text has in common with the last one. Returns the offset of the rest of the text.
    pub(crate) fn reuse(&mut self, text: &[u8], out: &mut Vec<i32>) -> usize {
        let equal = text.iter().zip(&self.text).take_while(|(a, b)| a == b).count();
        if self.is_whole && equal == text.len() && equal == self.text.len() {
            out.extend_from_slice(&self.ids);
            return text.len();
        }
        let usable = self.starts.partition_point(|start| start.seen <= equal);
        self.starts.truncate(usable);
        let Some(&PieceStart { offset, ids, .. }) = self.starts.last() else { return 0 };
        out.extend_from_slice(&self.ids[..ids]);
        offset
    }

    /// Records that a piece of the current text starts at `offset`, after `ids` ids, and that `seen` bytes were read
    /// so far.
    #[inline]
    pub(crate) fn record(&mut self, offset: usize, ids: usize, seen: usize) {
        if seen <= KEPT {
            self.starts.push(PieceStart { offset, ids, seen });
        }
    }

    /// Keeps the current text and its ids.
    pub(crate) fn keep(&mut self, text: &[u8], ids: &[i32]) {
        self.is_whole = text.len() <= KEPT;
        let kept = if self.is_whole { ids.len() } else { self.starts.last().map_or(0, |start| start.ids) };
        self.text.clear();
        self.text.extend_from_slice(&text[..text.len().min(KEPT)]);
        self.ids.clear();
        self.ids.extend_from_slice(&ids[..kept]);
    }
}
