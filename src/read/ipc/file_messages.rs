//! Reads the record batches that the footer of a file lists.

use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::path::PathBuf;

use arrow::buffer::{Buffer, MutableBuffer};

use super::error::corrupt;
use super::footer::{Block, CONTINUATION, Footer};
use super::head::{Head, Kind};
use super::message::EncodedRecords;
use super::messages::Messages;
use crate::error::Result;
use crate::read::cannot_read;
use crate::store::Reader;

/// A file, and which of its record batches are to be read.
pub(super) struct FileMessages {
    path: PathBuf,
    file: Reader,
    pub(super) footer: Footer,
    has_dictionaries: bool,
    batches: Range<usize>,
}

impl FileMessages {
    pub(super) fn new(path: PathBuf, file: Reader, footer: Footer) -> Self {
        let batches = 0..footer.batches.len();
        FileMessages { path, file, footer, has_dictionaries: false, batches }
    }

    /// Reads only these record batches. Returns how many rows are before them.
    ///
    /// # Errors
    /// `corrupt_ipc`.
    pub(super) fn only(&mut self, batches: Range<usize>) -> Result<u64> {
        let before =
            self.footer.batches.get(..batches.start).filter(|_| batches.end <= self.footer.batches.len());
        let before = before.ok_or_else(|| {
            corrupt(&self.path, "it has fewer record batches than when the plan was resolved")
        })?;
        let mut rows = 0u64;
        for (i, block) in before.iter().enumerate() {
            let wrong = |why: String| corrupt(&self.path, format!("at record batch {i}: {why}"));
            match self.head(*block)?.map_err(wrong)?.kind {
                Kind::Records { rows: n } => rows = rows.saturating_add(n),
                _ => return Err(wrong("it is another message".into())),
            }
        }
        self.batches = batches;
        Ok(rows)
    }

    /// The next record batch; none at the end.
    ///
    /// # Errors
    /// `corrupt_ipc`, `cannot_read`.
    pub(super) fn next(&mut self, messages: &mut Messages) -> Result<Option<EncodedRecords>> {
        if !self.has_dictionaries {
            self.has_dictionaries = true;
            for block in self.footer.dictionaries.clone() {
                let (head, body) = self.message(block, messages)?;
                if head.kind != Kind::Dictionary || messages.take(head, body)?.is_some() {
                    return Err(messages.corrupt("a dictionary in its footer is another message"));
                }
            }
        }
        let Some(number) = self.batches.next() else { return Ok(None) };
        let (head, body) = self.message(self.footer.batches[number], messages)?;
        if !matches!(head.kind, Kind::Records { .. }) {
            return Err(messages.corrupt("a record batch in its footer is another message"));
        }
        messages.take(head, body)
    }

    /// Reads a message.
    fn message(&self, block: Block, messages: &Messages) -> Result<(Head, Buffer)> {
        let head = self.head(block)?.map_err(|why| messages.corrupt(why))?;
        if head.body_bytes > block.body {
            let why = format!("its body has {} bytes, its footer says {}", head.body_bytes, block.body);
            return Err(messages.corrupt(why));
        }
        let mut body = MutableBuffer::from_len_zeroed(head.body_bytes as usize);
        self.read(block.offset + block.head, &mut body)?;
        Ok((head, body.into()))
    }

    /// Reads the head of a message.
    fn head(&self, block: Block) -> Result<Result<Head, String>> {
        let mut bytes = vec![0; block.head as usize];
        self.read(block.offset, &mut bytes)?;
        let before = if bytes.starts_with(&CONTINUATION) { 8 } else { 4 };
        if bytes.len() < before {
            return Ok(Err("its head is empty".into()));
        }
        Ok(Head::parse(bytes.split_off(before)))
    }

    fn read(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        self.file.starting_at(offset).read_exact(into).map_err(|e| match e.kind() {
            ErrorKind::UnexpectedEof => corrupt(&self.path, "it became shorter while it was read"),
            _ => cannot_read(e, self.path.display()),
        })
    }
}
