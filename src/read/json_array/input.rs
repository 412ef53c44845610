//! The array of one input, cut into pieces of whole elements.

use std::ops::Range;

use arrow::buffer::Buffer;
use memchr::memchr_iter;

use super::damage::{self, Spot};
use super::elements::{Borders, Elements, Text};
use super::scanner::{Border, Fault, Scanner, State};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::limits::REJECT_RECORD_BYTES;
use crate::read::Limits;
use crate::read::open::InputStream;

/// Bytes of a long element that are kept: one more than a reject shows.
const LONG_ELEMENT_HEAD: usize = REJECT_RECORD_BYTES + 1;

/// Bytes that are read to say what a file is that is not an array.
const NOT_AN_ARRAY_HEAD: usize = 64 << 10;

/// The most bytes of a character, which is quoted whole in errors.
const MAX_CHARACTER: usize = 4;

/// The elements of one input.
pub(super) struct InputArray {
    pub(crate) opened: InputStream,
    scanner: Scanner,
    /// Text that was read and not cut.
    text: Vec<u8>,
    /// How much of it was scanned.
    scanned: usize,
    /// Where in it the element begins that was read only in part.
    begin: Option<usize>,
    /// The place of its first byte.
    at: Spot,
    /// Elements that were cut and not returned.
    ready: Option<Elements>,
    /// The error after the elements that are ready.
    error: Option<Error>,
    ended: bool,
}

impl InputArray {
    pub(crate) fn new(mut opened: InputStream) -> Result<Self> {
        let mut text = Vec::new();
        let mark = opened.start_text(&mut text)?;
        Ok(InputArray {
            opened,
            scanner: Scanner::default(),
            text,
            scanned: 0,
            begin: None,
            at: Spot { row: 0, line: 1, byte: mark as u64 },
            ready: None,
            error: None,
            ended: false,
        })
    }

    /// Whether the whole input was read. Some of its elements may not be returned yet.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// The next piece, with file number 0; none at the end of the array.
    pub(crate) fn next(&mut self, limits: Limits, cancel: &Cancel) -> Result<Option<Elements>> {
        if self.ready.is_none() {
            self.ready = match self.error.take() {
                Some(error) => return Err(error),
                None => self.fill(limits, cancel)?,
            };
        }
        let Some(ready) = self.ready.take() else { return Ok(None) };
        let (first, rest) = ready.split(limits.batch_rows);
        self.ready = rest;
        Ok(Some(first))
    }

    /// Reads until there are whole elements, or an element that is too long to hold; none at the end.
    fn fill(&mut self, limits: Limits, cancel: &Cancel) -> Result<Option<Elements>> {
        loop {
            cancel.check()?;
            if !self.ended {
                // At least half a batch, so that a long part of an element does not lead to tiny reads.
                let want = limits.batch_bytes.saturating_sub(self.text.len());
                self.read(want.max(limits.batch_bytes.div_ceil(2)))?;
            }
            let mut elements = Vec::new();
            self.error = self.scan(&mut elements)?;
            if !elements.is_empty() {
                return Ok(Some(self.cut(elements, limits)));
            }
            if let Some(error) = self.error.take() {
                return Err(error);
            }
            match self.begin {
                _ if self.ended => return Ok(None),
                Some(begin) if self.text.len() - begin > limits.max_line_bytes => {
                    return self.skip_long_element(begin, limits, cancel).map(Some);
                }
                Some(_) => {}
                None => self.drop_text(self.text.len()),
            }
        }
    }

    fn read(&mut self, want: usize) -> Result<()> {
        self.ended = self.opened.read_block(want, &mut self.text)? < want;
        Ok(())
    }

    /// Finds the elements that end in the text. Returns the error for what follows them.
    fn scan(&mut self, elements: &mut Vec<Range<u32>>) -> Result<Option<Error>> {
        loop {
            match self.scanner.next(&self.text, &mut self.scanned) {
                Ok(Some(Border::Begin(begin))) => self.begin = Some(begin),
                Ok(Some(Border::End(end))) => {
                    let begin = self.begin.take().unwrap_or(end);
                    elements.push(begin as u32..end as u32);
                }
                Ok(None) => break,
                Err(fault) => {
                    let element = self.begin.map(|begin| self.spot(begin, elements.len()));
                    return self.fault(fault, element, elements.len()).map(Some);
                }
            }
        }
        if !self.ended || matches!(self.scanner.state(), State::Start | State::End) {
            return Ok(None);
        }
        let end = self.spot(self.text.len(), elements.len());
        let element = self.begin.map(|begin| self.spot(begin, elements.len()));
        Ok(Some(damage::ended(self.scanner.state(), end, element, self.opened.shown())))
    }

    /// The error for a fault in the element that begins at a place, after so many elements of the text.
    #[cold]
    fn fault(&mut self, fault: Fault, element: Option<Spot>, elements: usize) -> Result<Error> {
        if !self.ended {
            self.read(if fault == Fault::NotAnArray { NOT_AN_ARRAY_HEAD } else { MAX_CHARACTER })?;
        }
        let (rest, at) = (&self.text[self.scanned..], self.spot(self.scanned, elements));
        Ok(damage::fault(fault, rest, at, element, self.opened.shown()))
    }

    /// The place of an index of the text, in front of which are so many elements.
    fn spot(&self, index: usize, elements: usize) -> Spot {
        Spot {
            row: self.at.row + elements as u64,
            line: self.at.line + memchr_iter(b'\n', &self.text[..index]).count() as u64,
            byte: self.at.byte + index as u64,
        }
    }

    /// Drops the text before this index.
    fn drop_text(&mut self, index: usize) {
        self.at = self.spot(index, 0);
        self.text.drain(..index);
        self.scanned -= index;
        self.begin = self.begin.map(|begin| begin - index);
    }

    /// Takes the text up to the end of the last of these elements.
    fn cut(&mut self, elements: Vec<Range<u32>>, limits: Limits) -> Elements {
        let Spot { row: first_row, line: first_line, byte } = self.at;
        let rows = elements.len();
        let end = elements.last().map_or(0, |last| last.end as usize);
        let rest = &self.text[end..];
        let mut text = Vec::with_capacity(limits.batch_bytes.max(rest.len()));
        text.extend_from_slice(rest);
        self.at = self.spot(end, rows);
        self.begin = self.begin.map(|begin| begin - end);
        self.scanned -= end;
        std::mem::swap(&mut text, &mut self.text);
        text.truncate(end);
        let text = Text::Whole { text: Buffer::from_vec(text), borders: Borders::new(elements) };
        Elements { file: 0, first_row, first_line, byte, text }
    }

    /// Reads to the end of the element that begins at this index, and keeps only its first bytes.
    fn skip_long_element(&mut self, begin: usize, limits: Limits, cancel: &Cancel) -> Result<Elements> {
        self.drop_text(begin);
        self.begin = None;
        let (start, mut head, mut has_ended) = (self.at, Vec::new(), false);
        loop {
            let part = &self.text[..self.scanned];
            head.extend_from_slice(&part[..part.len().min(LONG_ELEMENT_HEAD - head.len())]);
            self.drop_text(self.scanned);
            if has_ended {
                break;
            }
            cancel.check()?;
            if self.ended {
                let (state, shown) = (self.scanner.state(), self.opened.shown());
                return Err(damage::ended(state, self.at, Some(start), shown));
            }
            self.read(limits.batch_bytes)?;
            has_ended = match self.scanner.next(&self.text, &mut self.scanned) {
                Ok(border) => border.is_some(),
                Err(fault) => return Err(self.fault(fault, Some(start), 0)?),
            };
        }
        self.at.row += 1;
        let text = Text::LongElement { head, bytes: self.at.byte - start.byte };
        Ok(Elements { file: 0, first_row: start.row, first_line: start.line, byte: start.byte, text })
    }
}
