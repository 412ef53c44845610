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
    /// The offset in the text of the next block.
    offset: u64,
    /// The last byte of the last block.
    previous: Option<u8>,
    /// The offset of the quote that opened the current field.
    open: Option<u64>,
    /// Whether the last byte is a quote within a quoted field. The next byte decides what it is.
    at_quote: bool,
}

impl Borders {
    /// The next block begins with a record, at this offset in the text.
    pub(super) fn new(syntax: Syntax, offset: u64) -> Self {
        Borders { syntax, offset, previous: None, open: None, at_quote: false }
    }

    /// The offset of the quote that opened a field which has not ended yet.
    pub(super) fn open(&self) -> Option<u64> {
        self.open
    }

    /// No block follows.
    pub(super) fn end(&mut self) {
        if std::mem::take(&mut self.at_quote) {
            self.open = None;
        }
    }

    /// Searches the next block, and appends the ends of records, each after its line feed and increased by `base`.
    pub(super) fn find(&mut self, block: &[u8], base: usize, ends: &mut Vec<u32>) {
        let Some(&last) = block.last() else { return };
        match self.syntax.quote {
            None => ends.extend(memchr_iter(b'\n', block).map(|feed| (base + feed + 1) as u32)),
            Some(quote) => self.find_quoted(block, quote, base, ends),
        }
        self.previous = Some(last);
        self.offset += block.len() as u64;
    }

    fn find_quoted(&mut self, block: &[u8], quote: u8, base: usize, ends: &mut Vec<u32>) {
        let mut at = 0;
        if std::mem::take(&mut self.at_quote) {
            match block.first() == Some(&quote) {
                true => at = 1,
                false => self.open = None,
            }
        }
        loop {
            if self.open.is_some() {
                let Some(close) = memchr(quote, &block[at..]).map(|i| at + i) else { return };
                match block.get(close + 1) {
                    Some(&next) if next == quote => at = close + 2,
                    Some(_) => {
                        self.open = None;
                        at = close + 1;
                    }
                    None => {
                        self.at_quote = true;
                        return;
                    }
                }
            } else {
                let Some(found) = memchr2(quote, b'\n', &block[at..]).map(|i| at + i) else { return };
                at = found + 1;
                let previous = found.checked_sub(1).map_or(self.previous, |i| Some(block[i]));
                if block[found] == b'\n' {
                    ends.push((base + at) as u32);
                } else if previous.is_none_or(|byte| byte == self.syntax.separator || byte == b'\n') {
                    self.open = Some(self.offset + found as u64);
                }
            }
        }
    }
}
