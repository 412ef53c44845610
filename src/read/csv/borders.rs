//! Finds where records end.

use memchr::{memchr, memchr_iter, memchr2};

use super::syntax::Syntax;

/// Finds the ends of records in a text that is read in blocks.
///
/// A quote opens a quoted field only at the start of a field; anywhere else outside a quoted field it is text. Within a
/// quoted field two quotes are one quote of the text, and a single quote ends the field. A line feed outside quoted
/// fields ends a record.
#[derive(Debug, Clone)]
pub(super) struct Borders {
    syntax: Syntax,
    /// Where the next block begins.
    next: Spot,
    /// The last byte of the last block.
    previous: Option<u8>,
    /// The quote that opened the current field.
    open: Option<Spot>,
    /// Whether the last byte is a quote within a quoted field. The next byte decides what it is.
    at_quote: bool,
}

/// A place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    /// The offset.
    pub(super) byte: u64,
    /// The 1-based line.
    pub(super) line: u64,
}

/// The end of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// Where the next record begins, in the block or piece.
    pub(super) end: u32,
    /// The line on which the next record begins, modulo 2³².
    line: u32,
}

impl End {
    /// The same end in a text that begins this many bytes later.
    pub(super) fn after(self, bytes: usize) -> Self {
        End { end: self.end - bytes as u32, ..self }
    }

    /// The line on which the next record begins, if the record begins on this line.
    pub(super) fn next_line(self, line: u64) -> u64 {
        line + u64::from(self.line.wrapping_sub(line as u32))
    }
}

impl Borders {
    /// The next block begins with a record, at this place.
    pub(super) fn new(syntax: Syntax, next: Spot) -> Self {
        Borders { syntax, next, previous: None, open: None, at_quote: false }
    }

    /// The quote that opened a field which has not ended yet.
    pub(super) fn open(&self) -> Option<Spot> {
        self.open
    }

    /// No block follows. Returns the end of a last record without a line feed, `bytes` after the start of its text.
    pub(super) fn end(&mut self, bytes: usize) -> End {
        if std::mem::take(&mut self.at_quote) {
            self.open = None;
        }
        End { end: bytes as u32, line: self.next.line as u32 }
    }

    /// Searches the next block, and appends the ends of records, each after its line feed and increased by `base`.
    pub(super) fn find(&mut self, block: &[u8], base: usize, ends: &mut Vec<End>) {
        let Some(&last) = block.last() else { return };
        match self.syntax.quote {
            None => memchr_iter(b'\n', block).for_each(|feed| ends.push(self.record_end(base + feed + 1))),
            Some(quote) => self.find_quoted(block, quote, base, ends),
        }
        self.previous = Some(last);
        self.next.byte += block.len() as u64;
    }

    fn find_quoted(&mut self, block: &[u8], quote: u8, base: usize, ends: &mut Vec<End>) {
        let mut at = 0;
        if std::mem::take(&mut self.at_quote) {
            match block.first() == Some(&quote) {
                true => at = 1,
                false => self.open = None,
            }
        }
        loop {
            if self.open.is_some() {
                let close = self.closing(&block[at..], quote);
                let end = close.map_or(block.len(), |close| at + close);
                self.next.line += memchr_iter(b'\n', &block[at..end]).count() as u64;
                if close.is_none() {
                    return;
                }
                self.open = None;
                at = end + 1;
            }
            let Some(found) = memchr2(quote, b'\n', &block[at..]).map(|i| at + i) else { return };
            at = found + 1;
            let previous = found.checked_sub(1).map_or(self.previous, |i| Some(block[i]));
            if block[found] == b'\n' {
                ends.push(self.record_end(base + at));
            } else if previous.is_none_or(|byte| byte == self.syntax.separator || byte == b'\n') {
                self.open = Some(Spot { byte: self.next.byte + found as u64, line: self.next.line });
            }
        }
    }

    /// Where the quote is that ends a quoted field; `None` if the field goes on after the text.
    fn closing(&mut self, text: &[u8], quote: u8) -> Option<usize> {
        let mut at = 0;
        loop {
            let found = at + memchr(quote, &text[at..])?;
            match text.get(found + 1) {
                Some(&next) if next == quote => at = found + 2,
                Some(_) => return Some(found),
                None => {
                    self.at_quote = true;
                    return None;
                }
            }
        }
    }

    fn record_end(&mut self, end: usize) -> End {
        self.next.line += 1;
        End { end: end as u32, line: self.next.line as u32 }
    }
}
