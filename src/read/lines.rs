//! Reads lines of text in chunks, from plain, gzip and zstd files and from standard input.

use std::collections::VecDeque;
use std::ops::Range;

use arrow::buffer::Buffer;
use memchr::{memchr, memchr_iter, memrchr};

use super::cancellable_reader::CancellableReader;
use super::encoding::BOM;
use super::inputs::Inputs;
pub(crate) use super::open::BoxedReader;
use super::open::{HEAD, InputStream, cannot_read};
use super::parts::{Extent, LineRange, Part, ranges};
use super::{InputFile, Limits};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::flow::{Cut, Piece};
use crate::limits::REJECT_RECORD_BYTES;

/// Bytes of a long line that are kept: one more than a reject shows, so that a cut line is recognised.
const LONG_LINE_HEAD: usize = REJECT_RECORD_BYTES + 1;

/// The name of standard input in places and in the manifest.
pub(crate) const STDIN: &str = "<stdin>";

/// Reads the inputs in order and cuts their text at line ends.
pub struct LinesSource {
    pending: VecDeque<Pending>,
    current: Option<InputLines>,
    inputs: Inputs,
    limits: Limits,
    cancel: Cancel,
    file: u32,
    first_file: u32,
}

/// Lines of one input.
#[derive(Debug, Clone)]
pub struct Lines {
    /// Index of the file.
    pub file: u32,
    /// The number of the first line within the file.
    pub first_row: u64,
    /// Offset of the first line in the decompressed stream.
    pub(crate) byte: u64,
    /// The text of the lines.
    pub(crate) text: Text,
}

/// The text of [`Lines`].
#[derive(Debug, Clone)]
pub(crate) enum Text {
    /// Whole lines, up to a line end or the end of the file.
    Whole(Buffer),
    /// A line longer than the limit, of which only the first bytes are kept.
    LongLine {
        /// The first bytes of the line.
        head: Vec<u8>,
        /// The length of the line in bytes.
        bytes: u64,
    },
}

impl Piece for Lines {
    fn bytes(&self) -> usize {
        match &self.text {
            Text::Whole(text) => text.len(),
            Text::LongLine { head, .. } => head.len(),
        }
    }

    fn until(&self, row: u64) -> Self {
        let Text::Whole(text) = &self.text else { return self.clone() };
        let rows = usize::try_from((row + 1).saturating_sub(self.first_row)).unwrap_or(usize::MAX);
        let end =
            rows.checked_sub(1).map_or(Some(0), |i| memchr_iter(b'\n', text).nth(i).map(|feed| feed + 1));
        let text = text.slice_with_length(0, end.unwrap_or(text.len()));
        Lines { text: Text::Whole(text), ..*self }
    }
}

enum Pending {
    File(InputFile),
    /// The lines that begin within these bytes.
    Range(InputFile, Range<u64>),
    Reader(BoxedReader, String),
}

impl LinesSource {
    /// Reads files, in this order.
    pub(crate) fn from_files(files: Vec<InputFile>, limits: Limits, cancel: Cancel) -> Self {
        let inputs = Inputs::from_files(&files);
        Self::new(files.into_iter().map(Pending::File).collect(), inputs, limits, cancel)
    }

    /// Reads a part of these files.
    ///
    /// # Errors
    /// `internal`: the part is not of these files.
    pub(crate) fn from_part(
        files: &[InputFile],
        part: &Part,
        limits: Limits,
        cancel: Cancel,
    ) -> Result<Self> {
        let no_part = || Error::internal("a part is not of these files of lines");
        let file = files.get(part.file as usize).ok_or_else(no_part)?.clone();
        let pending = match &part.extent {
            Extent::Whole => Pending::File(file),
            Extent::Bytes(bytes) => Pending::Range(file, bytes.clone()),
            Extent::RowGroups(_) | Extent::RecordBatches(_) => return Err(no_part()),
        };
        let source = Self::new(VecDeque::from([pending]), Inputs::from_files(files), limits, cancel);
        Ok(LinesSource { file: part.file, ..source })
    }

    /// Reads a stream once; `name` is usually [`STDIN`].
    pub fn from_reader(reader: BoxedReader, name: &str, limits: Limits, cancel: Cancel) -> Self {
        let reader = Box::new(CancellableReader { reader, cancel: cancel.clone() });
        let pending = VecDeque::from([Pending::Reader(reader, name.to_string())]);
        Self::new(pending, Inputs::from_stream(name), limits, cancel)
    }

    fn new(pending: VecDeque<Pending>, inputs: Inputs, limits: Limits, cancel: Cancel) -> Self {
        LinesSource {
            pending,
            current: None,
            inputs,
            limits: limits.clamped(),
            cancel,
            file: 0,
            first_file: 0,
        }
    }

    /// The same source; its first file has this number.
    pub(crate) fn with_first_file(self, first_file: u32) -> Self {
        LinesSource { first_file, ..self }
    }

    /// The inputs, which list what was read after the run.
    pub(crate) fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }
}

impl Cut for LinesSource {
    type Piece = Lines;

    fn next(&mut self) -> Result<Option<Lines>> {
        loop {
            let stream = match &mut self.current {
                Some(stream) => stream,
                None => match self.pending.pop_front() {
                    Some(Pending::File(f)) => self.current.insert(InputLines::new(InputStream::open(&f)?)?),
                    Some(Pending::Range(f, bytes)) => self.current.insert(InputLines::within(&f, &bytes)?),
                    Some(Pending::Reader(r, name)) => {
                        self.current.insert(InputLines::new(InputStream::from_reader(r, name)?)?)
                    }
                    None => return Ok(None),
                },
            };
            let before = stream.stored_bytes();
            let next = stream.next(self.limits, &self.cancel)?;
            self.cancel.add_read(stream.stored_bytes() - before);
            if let Some(lines) = next {
                return Ok(Some(Lines { file: self.first_file + self.file, ..lines }));
            }
            stream.opened.check_unchanged()?;
            if stream.is_whole {
                let (bytes, xxh3) = stream.opened.stored();
                self.inputs.record(self.file, bytes, xxh3);
            }
            self.current = None;
            self.file += 1;
        }
    }
}

/// The lines of one input.
pub(super) struct InputLines {
    opened: InputStream,
    /// Text that was read after the last whole line; if `ended`, it is the end of the input.
    carry: Vec<u8>,
    ended: bool,
    /// Whole lines that were read but not returned yet.
    ready: Buffer,
    /// The number of the next line, and its offset.
    row: u64,
    byte: u64,
    /// Whether it covers the whole input.
    is_whole: bool,
}

/// Cuts files into parts: ranges of `bytes` bytes each. A compressed file is one part.
///
/// # Errors
/// Those of opening the files.
pub(crate) fn parts(files: &[InputFile], bytes: u64, cancel: &Cancel) -> Result<Vec<Part>> {
    let mut all = Vec::new();
    for (file, input) in (0..).zip(files) {
        cancel.check()?;
        match InputStream::open(input)?.uncompressed() {
            Some((_, length)) if length > bytes => {
                let part = |range| Part { file, extent: Extent::Bytes(range) };
                all.extend(ranges(length, bytes).into_iter().map(part));
            }
            _ => all.push(Part { file, extent: Extent::Whole }),
        }
    }
    Ok(all)
}

impl InputLines {
    pub(crate) fn new(mut opened: InputStream) -> Result<Self> {
        let mut carry = Vec::new();
        opened.read_block(HEAD, &mut carry)?;
        opened.check_text(&carry)?;
        let mut byte = 0;
        if carry.starts_with(BOM) {
            carry.drain(..BOM.len());
            byte = BOM.len() as u64;
        }
        let ready = Buffer::from_vec(Vec::<u8>::new());
        Ok(InputLines { opened, carry, ended: false, ready, row: 0, byte, is_whole: true })
    }

    /// The lines of a file that begin within these bytes.
    fn within(file: &InputFile, bytes: &Range<u64>) -> Result<Self> {
        // Opens the whole file first, so that its checks fail for every part of it.
        let whole = InputLines::new(InputStream::open(file)?)?;
        let failed = |e| cannot_read(e, file.path.display());
        let (reader, _) = whole
            .opened
            .uncompressed()
            .ok_or_else(|| Error::internal("a range of bytes of a compressed file was requested"))?;
        let lines = LineRange::find(reader, bytes).map_err(failed)?;
        let opened = whole.opened.within(&lines.bytes)?;
        if lines.bytes.start == 0 && !lines.bytes.is_empty() {
            return Ok(InputLines { is_whole: false, ..InputLines::new(opened)? });
        }
        let (carry, row, byte) = (Vec::new(), lines.first_row, lines.bytes.start);
        Ok(InputLines { opened, carry, row, byte, is_whole: false, ..whole })
    }

    /// Whether the whole input was read. Some of its text may not be returned yet.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// How many stored bytes were read.
    pub(crate) fn stored_bytes(&self) -> u64 {
        self.opened.stored_bytes()
    }

    /// The next piece, with file number 0.
    pub(crate) fn next(&mut self, limits: Limits, cancel: &Cancel) -> Result<Option<Lines>> {
        if self.ready.is_empty() {
            if let Some(long) = self.fill(limits, cancel)? {
                return Ok(Some(long));
            }
            if self.ready.is_empty() {
                return Ok(None);
            }
        }
        let first_row = self.row;
        let byte = self.byte;
        let (rows, bytes) = first_lines(&self.ready, limits.batch_rows);
        let text = self.ready.slice_with_length(0, bytes);
        self.ready = self.ready.slice(bytes);
        self.row += rows as u64;
        self.byte += bytes as u64;
        Ok(Some(Lines { file: 0, first_row, byte, text: Text::Whole(text) }))
    }

    /// Reads until `ready` has whole lines or the input ends. Returns a line that is too long to hold.
    fn fill(&mut self, limits: Limits, cancel: &Cancel) -> Result<Option<Lines>> {
        let mut text = std::mem::take(&mut self.carry);
        let mut searched = 0;
        let end = loop {
            if !self.ended {
                // At least half a batch, so that a long carry does not lead to tiny reads.
                let want = limits.batch_bytes.saturating_sub(text.len()).max(limits.batch_bytes.div_ceil(2));
                self.ended = self.opened.read_block(want, &mut text)? < want;
            }
            if let Some(i) = memrchr(b'\n', &text[searched..]) {
                break searched + i + 1;
            }
            if text.len() > limits.max_line_bytes {
                return self.skip_long_line(text, limits, cancel).map(Some);
            }
            if self.ended {
                break text.len();
            }
            searched = text.len();
        };
        if end < text.len() {
            self.carry = Vec::with_capacity(limits.batch_bytes.max(text.len() - end));
            self.carry.extend_from_slice(&text[end..]);
            text.truncate(end);
        }
        self.ready = Buffer::from_vec(text);
        Ok(None)
    }

    /// Reads to the end of the line that begins with `text`, keeping only its first bytes.
    fn skip_long_line(&mut self, mut text: Vec<u8>, limits: Limits, cancel: &Cancel) -> Result<Lines> {
        let mut head = text[..text.len().min(LONG_LINE_HEAD)].to_vec();
        let mut bytes = text.len() as u64;
        let mut with_feed = bytes;
        while !self.ended {
            cancel.check()?;
            text.clear();
            self.ended = self.opened.read_block(limits.batch_bytes, &mut text)? < limits.batch_bytes;
            let feed = memchr(b'\n', &text);
            let line = &text[..feed.unwrap_or(text.len())];
            head.extend_from_slice(&line[..line.len().min(LONG_LINE_HEAD - head.len())]);
            bytes += line.len() as u64;
            with_feed = bytes;
            if let Some(feed) = feed {
                with_feed += 1;
                self.carry = text[feed + 1..].to_vec();
                break;
            }
        }
        let (first_row, byte) = (self.row, self.byte);
        self.row += 1;
        self.byte += with_feed;
        Ok(Lines { file: 0, first_row, byte, text: Text::LongLine { head, bytes } })
    }
}

/// The number of lines at the start of the text, at most `most`, and their bytes. The last line may lack a line feed.
fn first_lines(text: &[u8], most: usize) -> (usize, usize) {
    let mut rows = 0;
    let mut end = 0;
    for feed in memchr_iter(b'\n', text) {
        rows += 1;
        end = feed + 1;
        if rows == most {
            return (rows, end);
        }
    }
    if end < text.len() { (rows + 1, text.len()) } else { (rows, end) }
}

#[cfg(test)]
mod tests;
