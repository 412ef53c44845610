//! The records of one input.

use std::sync::Arc;

use arrow::buffer::Buffer;
use memchr::memchr_iter;

use super::borders::Borders;
use super::header::{bad_header, names};
use super::options::Csv;
use super::records::{Content, Position, rows};
use super::syntax::{Syntax, is_blank, without_feed, without_line_end};
use crate::cancel::Cancel;
use crate::error::{Class, Error, Result};
use crate::limits::REJECT_RECORD_BYTES;
use crate::read::Limits;
use crate::read::open::InputStream;

/// Bytes of a long record that are kept: one more than a reject shows, so that a cut record is recognised.
const LONG_RECORD_HEAD: usize = REJECT_RECORD_BYTES + 1;

/// The records of one input after its header.
pub(super) struct InputRecords {
    opened: InputStream,
    shown: String,
    /// The names of the columns; none if the input is empty.
    names: Vec<String>,
    syntax: Syntax,
    borders: Borders,
    /// Text that was read after the last whole record, and how much of it was searched for the end of its record.
    carry: Vec<u8>,
    searched: usize,
    ended: bool,
    ready: Ready,
    /// Where the next record begins.
    position: Position,
}

/// Whole records that were read.
struct Ready {
    text: Buffer,
    ends: Arc<Vec<u32>>,
    /// How many of them were returned, and their bytes.
    taken: usize,
    taken_bytes: usize,
}

impl Ready {
    fn new(text: Vec<u8>, ends: Vec<u32>) -> Self {
        Ready { text: Buffer::from_vec(text), ends: Arc::new(ends), taken: 0, taken_bytes: 0 }
    }

    fn is_empty(&self) -> bool {
        self.taken == self.ends.len()
    }

    /// The next records, at most `most`; the ends are relative to their text.
    fn take(&mut self, most: usize) -> (Buffer, Arc<Vec<u32>>) {
        let (first, start) = (self.taken, self.taken_bytes);
        self.taken = self.ends.len().min(first.saturating_add(most));
        self.taken_bytes = self.ends[..self.taken].last().map_or(0, |&end| end as usize);
        if first == 0 && self.taken == self.ends.len() {
            return (self.text.clone(), Arc::clone(&self.ends));
        }
        let ends = self.ends[first..self.taken].iter().map(|end| end - start as u32).collect();
        (self.text.slice_with_length(start, self.taken_bytes - start), Arc::new(ends))
    }
}

impl InputRecords {
    /// Reads the header.
    ///
    /// # Errors
    /// Those of reading, and of a first record without names.
    pub(super) fn new(
        mut opened: InputStream,
        csv: &Csv,
        syntax: Syntax,
        limits: Limits,
        shown: String,
        cancel: &Cancel,
    ) -> Result<Self> {
        let mut carry = Vec::new();
        let byte = opened.start_text(&mut carry)? as u64;
        let mut input = InputRecords {
            opened,
            shown,
            names: vec![],
            syntax,
            borders: Borders::new(syntax, byte),
            carry,
            searched: 0,
            ended: false,
            ready: Ready::new(vec![], vec![]),
            position: Position { row: 0, line: 1, byte },
        };
        input.read_header(csv, limits, cancel)?;
        Ok(input)
    }

    /// Reads to the first record that is not an empty line, and takes the names of the columns from it.
    fn read_header(&mut self, csv: &Csv, limits: Limits, cancel: &Cancel) -> Result<()> {
        loop {
            if self.ready.is_empty() {
                if self.fill(limits, cancel)?.is_some() {
                    return Err(self.long_header(limits));
                }
                if self.ready.is_empty() {
                    return Ok(());
                }
            }
            let before = (self.ready.taken, self.ready.taken_bytes);
            let (record, _) = self.ready.take(1);
            if without_feed(&record).len() > limits.max_line_bytes {
                return Err(self.long_header(limits));
            }
            if !is_blank(&record) {
                self.names = names(without_line_end(&record), self.syntax, csv.has_header, &self.shown)?;
                if !csv.has_header {
                    (self.ready.taken, self.ready.taken_bytes) = before;
                    return Ok(());
                }
            }
            self.position.byte += record.len() as u64;
            self.position.line += feeds(&record);
            if !self.names.is_empty() {
                return Ok(());
            }
        }
    }

    /// The names of the columns; none if the input has no record.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The stream that it reads.
    pub(super) fn opened(&self) -> &InputStream {
        &self.opened
    }

    /// The next records, and where they begin.
    pub(super) fn next(&mut self, limits: Limits, cancel: &Cancel) -> Result<Option<(Position, Content)>> {
        let position = self.position;
        if self.ready.is_empty() {
            if let Some(long) = self.fill(limits, cancel)? {
                return Ok(Some((position, long)));
            }
            if self.ready.is_empty() {
                return Ok(None);
            }
        }
        let (text, ends) = self.ready.take(limits.batch_rows);
        let lines = feeds(&text);
        self.position.row += rows(&text, &ends, self.names.len() == 1).count() as u64;
        self.position.line += lines;
        self.position.byte += text.len() as u64;
        Ok(Some((position, Content::Whole { text, ends, lines })))
    }

    /// Reads until there are whole records or the input ends. Returns a record that is too long to hold.
    fn fill(&mut self, limits: Limits, cancel: &Cancel) -> Result<Option<Content>> {
        let mut text = std::mem::take(&mut self.carry);
        let mut ends = Vec::new();
        while ends.is_empty() {
            cancel.check()?;
            if !self.ended {
                // At least half a batch, so that a long carry does not lead to tiny reads.
                let want = limits.batch_bytes.saturating_sub(text.len()).max(limits.batch_bytes.div_ceil(2));
                self.ended = self.opened.read_block(want, &mut text)? < want;
            }
            self.borders.find(&text[self.searched..], self.searched, &mut ends);
            self.searched = text.len();
            if ends.is_empty() && text.len() > limits.max_line_bytes {
                return self.skip_long_record(text, limits, cancel).map(Some);
            }
            if ends.is_empty() && self.ended {
                if text.is_empty() {
                    break;
                }
                self.end(|open| line_of(&text, open))?;
                ends.push(text.len() as u32);
            }
        }
        if text.len() > limits.max_line_bytes {
            self.end_before_long_record(&text, &mut ends, limits)?;
        }
        let end = ends.last().map_or(0, |&end| end as usize);
        self.searched -= end.min(self.searched);
        if end < text.len() {
            self.carry = Vec::with_capacity(limits.batch_bytes.max(text.len() - end));
            self.carry.extend_from_slice(&text[end..]);
            text.truncate(end);
        }
        self.ready = Ready::new(text, ends);
        Ok(None)
    }

    /// Keeps the ends before the first record that is longer than the limit, or only that record if it is the first.
    fn end_before_long_record(&mut self, text: &[u8], ends: &mut Vec<u32>, limits: Limits) -> Result<()> {
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let mut lengths = starts
            .zip(ends.iter())
            .map(|(start, &end)| without_feed(&text[start as usize..end as usize]).len());
        let Some(long) = lengths.position(|length| length > limits.max_line_bytes) else { return Ok(()) };
        if long == 0 {
            self.check_limit(text, limits)?;
        }
        ends.truncate(long.max(1));
        // The rest is searched again.
        let end = ends.last().map_or(0, |&end| end as usize);
        self.borders = Borders::new(self.syntax, self.position.byte + end as u64);
        self.searched = end;
        Ok(())
    }

    /// Reads to the end of the record that begins with `text`, keeping only its first bytes.
    fn skip_long_record(&mut self, mut text: Vec<u8>, limits: Limits, cancel: &Cancel) -> Result<Content> {
        self.check_limit(&text, limits)?;
        let mut head = text[..text.len().min(LONG_RECORD_HEAD)].to_vec();
        let mut bytes = text.len() as u64;
        let mut lines = feeds(&text);
        // The line, counted within the record, of the last quote that opened a field.
        let mut opening = self.borders.open().map_or(0, |open| line_of(&text, open - self.position.byte));
        let mut with_feed = bytes;
        loop {
            if self.ended {
                self.end(|_| opening)?;
                break;
            }
            cancel.check()?;
            text.clear();
            self.ended = self.opened.read_block(limits.batch_bytes, &mut text)? < limits.batch_bytes;
            let mut ends = Vec::new();
            self.borders.find(&text, 0, &mut ends);
            let end = ends.first().map(|&end| end as usize);
            let block = &text[..end.unwrap_or(text.len())];
            let record = if end.is_some() { &block[..block.len() - 1] } else { block };
            head.extend_from_slice(&record[..record.len().min(LONG_RECORD_HEAD - head.len())]);
            bytes += record.len() as u64;
            with_feed += block.len() as u64;
            if let Some(open) = self.borders.open() {
                // The first byte of the block is at this offset.
                let start = self.position.byte + with_feed - block.len() as u64;
                opening = open.checked_sub(start).map_or(opening, |open| lines + line_of(&text, open));
            }
            lines += feeds(block);
            if let Some(end) = end {
                self.carry = text[end..].to_vec();
                break;
            }
        }
        self.position.row += 1;
        self.position.line += lines;
        self.position.byte += with_feed;
        self.borders = Borders::new(self.syntax, self.position.byte);
        self.searched = 0;
        Ok(Content::LongRecord { head, bytes })
    }

    /// Fails if the input has ended within a quoted field; `line` is the line of an offset in the text, counted from
    /// the record that was read last.
    fn end(&mut self, line: impl Fn(u64) -> u64) -> Result<()> {
        self.borders.end();
        let Some(open) = self.borders.open() else { return Ok(()) };
        let line = self.position.line + line(open - self.position.byte);
        Err(self.unclosed(open, line, "the end of the file"))
    }

    /// Fails if the record at the start of the text is within a quoted field where it passes the limit.
    fn check_limit(&self, text: &[u8], limits: Limits) -> Result<()> {
        let mut borders = Borders::new(self.syntax, 0);
        borders.find(&text[..limits.max_line_bytes], 0, &mut Vec::new());
        let Some(open) = borders.open() else { return Ok(()) };
        let line = self.position.line + line_of(text, open);
        let limit = format!("{} bytes of its record, which max_line_bytes allows", limits.max_line_bytes);
        Err(self.unclosed(self.position.byte + open, line, &limit))
    }

    #[cold]
    fn long_header(&self, limits: Limits) -> Error {
        let message = format!(
            "the first record is longer than {} bytes, which max_line_bytes allows",
            limits.max_line_bytes
        );
        bad_header(message, &self.shown)
    }

    #[cold]
    fn unclosed(&self, byte: u64, line: u64, before: &str) -> Error {
        let message = format!(
            "the quote on line {line}, at byte {byte} of the text, opens a field that does not end before {before}"
        );
        Error::new(Class::Source, "corrupt_csv", message)
            .help(
                "write two quotes for a quote within a quoted field, or close this one; if quotes are ordinary text \
                 in this file, pass quote_char=None",
            )
            .path(&self.shown)
            .line(Some(line))
    }
}

fn feeds(text: &[u8]) -> u64 {
    memchr_iter(b'\n', text).count() as u64
}

/// How many line feeds are before an offset.
fn line_of(text: &[u8], offset: u64) -> u64 {
    feeds(&text[..usize::try_from(offset).map_or(text.len(), |offset| offset.min(text.len()))])
}
