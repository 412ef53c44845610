//! The records of one input.

use std::sync::Arc;

use arrow::buffer::Buffer;

use super::borders::{Borders, End, Spot};
use super::header::{PANDAS_INDEX, bad_header, names, unnamed_column};
use super::options::Csv;
use super::records::{Content, Position, records, rows};
use super::row_numbers::first_other;
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
    /// Whether the first of them is not in the file.
    first_is_unnamed: bool,
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
    ends: Arc<Vec<End>>,
    /// How many of them were returned, and their bytes.
    taken: usize,
    taken_bytes: usize,
}

impl Ready {
    fn new(text: Vec<u8>, ends: Vec<End>) -> Self {
        Ready { text: Buffer::from_vec(text), ends: Arc::new(ends), taken: 0, taken_bytes: 0 }
    }

    fn is_empty(&self) -> bool {
        self.taken == self.ends.len()
    }

    /// The next records, at most `most`; the ends are relative to their text.
    fn take(&mut self, most: usize) -> (Buffer, Arc<Vec<End>>) {
        let (first, start) = (self.taken, self.taken_bytes);
        self.taken = self.ends.len().min(first.saturating_add(most));
        self.taken_bytes = self.ends[..self.taken].last().map_or(0, |last| last.end as usize);
        if first == 0 && self.taken == self.ends.len() {
            return (self.text.clone(), Arc::clone(&self.ends));
        }
        let ends = self.ends[first..self.taken].iter().map(|end| end.after(start)).collect();
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
        let spot = Spot { byte: opened.start_text(&mut carry)? as u64, line: 1 };
        let mut input = InputRecords {
            opened,
            shown,
            names: vec![],
            first_is_unnamed: false,
            syntax,
            borders: Borders::new(syntax, spot),
            carry,
            searched: 0,
            ended: false,
            ready: Ready::new(vec![], vec![]),
            position: Position { row: 0, spot },
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
            let (record, ends) = self.ready.take(1);
            if without_feed(&record).len() > limits.max_line_bytes {
                return Err(self.long_header(limits));
            }
            if !is_blank(&record) {
                self.names = names(without_line_end(&record), self.syntax, csv.has_header, &self.shown)?;
                let written = String::from_utf8_lossy(&record);
                self.first_is_unnamed = self.names.first().is_some_and(|name| name == PANDAS_INDEX)
                    && !written.contains(PANDAS_INDEX);
                if !csv.has_header {
                    (self.ready.taken, self.ready.taken_bytes) = before;
                    return Ok(());
                }
            }
            self.position.spot = after(self.position.spot, &record, &ends);
            if !self.names.is_empty() {
                return Ok(());
            }
        }
    }

    /// The names of the columns; none if the input has no record.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Checks a first column without a name: it must hold row numbers, as far as the next records show.
    ///
    /// # Errors
    /// `bad_header`; those of reading.
    pub(super) fn check_row_numbers(&mut self, limits: Limits, cancel: &Cancel) -> Result<()> {
        if !self.first_is_unnamed || self.ready.is_empty() && self.fill(limits, cancel)?.is_some() {
            return Ok(());
        }
        let ahead = records(&self.ready.text, &self.ready.ends).skip(self.ready.taken);
        match first_other(ahead, self.syntax, self.names.len()) {
            Some(value) => Err(unnamed_column(&value, &self.shown)),
            None => Ok(()),
        }
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
        self.position.row += rows(&text, &ends, self.names.len() == 1).count() as u64;
        self.position.spot = after(self.position.spot, &text, &ends);
        Ok(Some((position, Content::Whole { text, ends })))
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
                ends.push(self.end(text.len())?);
            }
        }
        if text.len() > limits.max_line_bytes {
            self.end_before_long_record(&text, &mut ends, limits)?;
        }
        let end = ends.last().map_or(0, |last| last.end as usize);
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
    fn end_before_long_record(&mut self, text: &[u8], ends: &mut Vec<End>, limits: Limits) -> Result<()> {
        let is_long = |record: &[u8]| without_feed(record).len() > limits.max_line_bytes;
        let Some(long) = records(text, ends).position(is_long) else { return Ok(()) };
        if long == 0 {
            self.check_limit(text, limits)?;
        }
        ends.truncate(long.max(1));
        // The rest is searched again.
        let kept = ends.last().map_or(0, |last| last.end as usize);
        self.borders = Borders::new(self.syntax, after(self.position.spot, &text[..kept], ends));
        self.searched = kept;
        Ok(())
    }

    /// Reads to the end of the record that begins with `text`, keeping only its first bytes.
    fn skip_long_record(&mut self, mut text: Vec<u8>, limits: Limits, cancel: &Cancel) -> Result<Content> {
        self.check_limit(&text, limits)?;
        let mut head = text[..text.len().min(LONG_RECORD_HEAD)].to_vec();
        let mut spot = self.position.spot;
        let mut bytes = text.len() as u64;
        spot.byte += bytes;
        let mut ends = Vec::new();
        while ends.is_empty() {
            if self.ended {
                ends.push(self.end(0)?);
                break;
            }
            cancel.check()?;
            text.clear();
            self.ended = self.opened.read_block(limits.batch_bytes, &mut text)? < limits.batch_bytes;
            self.borders.find(&text, 0, &mut ends);
            let whole = &text[..ends.first().map_or(text.len(), |first| first.end as usize)];
            let record = if ends.is_empty() { whole } else { without_feed(whole) };
            head.extend_from_slice(&record[..record.len().min(LONG_RECORD_HEAD - head.len())]);
            bytes += record.len() as u64;
            spot.byte += whole.len() as u64;
            if let Some(first) = ends.first() {
                self.carry = text[first.end as usize..].to_vec();
            }
        }
        spot.line = ends.first().map_or(spot.line, |first| first.next_line(spot.line));
        self.position = Position { row: self.position.row + 1, spot };
        self.borders = Borders::new(self.syntax, spot);
        self.searched = 0;
        Ok(Content::LongRecord { head, bytes })
    }

    /// The end of the last record, which has no line feed, `bytes` after the start of its text. Fails if the input has
    /// ended within a quoted field.
    fn end(&mut self, bytes: usize) -> Result<End> {
        let end = self.borders.end(bytes);
        match self.borders.open() {
            None => Ok(end),
            Some(open) => Err(self.unclosed(open, "the end of the file")),
        }
    }

    /// Fails if the record at the start of the text is within a quoted field where it passes the limit.
    fn check_limit(&self, text: &[u8], limits: Limits) -> Result<()> {
        let mut borders = Borders::new(self.syntax, self.position.spot);
        borders.find(&text[..limits.max_line_bytes], 0, &mut Vec::new());
        let Some(open) = borders.open() else { return Ok(()) };
        let limit = format!("{} bytes of its record, which max_line_bytes allows", limits.max_line_bytes);
        Err(self.unclosed(open, &limit))
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
    fn unclosed(&self, Spot { byte, line }: Spot, before: &str) -> Error {
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

/// The place after records that begin at this one.
fn after(start: Spot, text: &[u8], ends: &[End]) -> Spot {
    let line = ends.last().map_or(start.line, |last| last.next_line(start.line));
    Spot { byte: start.byte + text.len() as u64, line }
}
