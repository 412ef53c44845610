//! An opened file: read by its footer if it can be, else from its start to its end.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use super::error::corrupt;
use super::file_messages::FileMessages;
use super::footer::{Footer, MAGIC, START};
use super::head::BadSchema;
use super::message::{Context, EncodedRecords};
use super::messages::Messages;
use super::stream_messages::StreamMessages;
use crate::error::{Class, Error, Result};
use crate::read::decompressed::at_any_place;
use crate::read::open::InputStream;
use crate::read::{InputFile, cannot_read};

/// The first bytes of the first version of Feather, which is another format.
const FEATHER_1: &[u8] = b"FEA1";

/// A file whose schema was read.
pub(super) struct OpenedFile {
    pub(super) schema: SchemaRef,
    source: Source,
}

enum Source {
    File { messages: FileMessages, input: InputStream, is_compressed: bool },
    Stream(StreamMessages),
}

impl OpenedFile {
    /// Opens a file and reads its schema.
    ///
    /// # Errors
    /// `corrupt_ipc`, `unsupported_format`; those of reading the file.
    pub(super) fn open(file: &InputFile) -> Result<Self> {
        let path = &file.path;
        let mut input = InputStream::open(file)?;
        let mut start = Vec::new();
        input.read_block(START as usize, &mut start)?;
        if start.starts_with(FEATHER_1) {
            let message = "this is Feather of version 1, not Arrow IPC";
            return Err(Error::new(Class::Source, "unsupported_format", message)
                .help("write it again: pyarrow.feather.write_feather(pyarrow.feather.read_table(path), path)")
                .path(path.display()));
        }
        if !start.starts_with(MAGIC) {
            let (messages, schema) = StreamMessages::open(input, start, path)?;
            return Ok(OpenedFile { schema, source: Source::Stream(messages) });
        }
        let is_compressed = input.uncompressed().is_none();
        let (reader, bytes) = at_any_place(&mut input, start)?;
        let footer = Footer::read(&reader, bytes).map_err(|e| cannot_read(e, path.display()))?;
        let footer = match footer {
            Ok(footer) => footer,
            Err(BadSchema::Damaged(why)) => return Err(place_of_damage(file, &why)),
            Err(BadSchema::Unsupported(unsupported)) => return Err(unsupported.error(path)),
        };
        let schema = Arc::clone(&footer.schema);
        let messages = FileMessages::new(path.clone(), reader, footer);
        Ok(OpenedFile { schema, source: Source::File { messages, input, is_compressed } })
    }

    /// The stored bytes of each record batch, if they can be read one by one: none for a stream and a compressed file.
    pub(super) fn batch_bytes(&self) -> Option<Vec<u64>> {
        let Source::File { messages, is_compressed: false, .. } = &self.source else { return None };
        Some(messages.footer.batches.iter().map(|b| b.head.saturating_add(b.body)).collect())
    }

    /// The record batches of the file, or only those with these numbers.
    ///
    /// # Errors
    /// `corrupt_ipc`, `cannot_read`; `internal` if only some are requested of a file without a footer.
    pub(super) fn batches(mut self, context: Context, only: Option<Range<usize>>) -> Result<Batches> {
        let (mut number, mut first_row) = (0, 0);
        if let Some(only) = only {
            let Source::File { messages, .. } = &mut self.source else {
                return Err(Error::internal("some record batches of a stream were requested"));
            };
            number = only.start;
            first_row = messages.only(only)?;
        }
        let messages = Messages::new(Arc::new(context), number, first_row);
        Ok(Batches { source: self.source, messages })
    }
}

/// The record batches of an opened file.
pub(super) struct Batches {
    source: Source,
    messages: Messages,
}

impl Batches {
    /// The next record batch; none at the end, once it is certain that there is no more.
    ///
    /// # Errors
    /// `corrupt_ipc`, `changed`; those of reading the file.
    pub(super) fn next(&mut self) -> Result<Option<EncodedRecords>> {
        let (next, input) = match &mut self.source {
            Source::File { messages, input, .. } => (messages.next(&mut self.messages)?, &*input),
            Source::Stream(stream) => (stream.next(&mut self.messages)?, stream.input()),
        };
        if next.is_none() {
            input.check_unchanged()?;
        }
        Ok(next)
    }

    /// The stored bytes and the checksum, if the whole file was read in the order of its bytes.
    pub(super) fn stored(&self) -> Option<(u64, String)> {
        match &self.source {
            Source::File { .. } => None,
            Source::Stream(stream) => Some(stream.input().stored()),
        }
    }
}

/// The error for a file without a usable footer: reads it as a stream, to say where it is damaged.
#[cold]
fn place_of_damage(file: &InputFile, why: &str) -> Error {
    let read = || -> Result<Option<Error>> {
        let (mut input, mut word) = (InputStream::open(file)?, Vec::new());
        input.read_block(START as usize, &mut word)?;
        // Some writers fill the magic bytes up to the alignment of messages.
        while word.starts_with(MAGIC) || word == [0; START as usize] {
            word.clear();
            input.read_block(START as usize, &mut word)?;
        }
        let (mut stream, schema) = StreamMessages::open(input, word, &file.path)?;
        let context = Context { path: file.path.clone(), schema, columns: Vec::new() };
        let mut messages = Messages::new(Arc::new(context), 0, 0);
        loop {
            match stream.next(&mut messages) {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(None),
                Err(e) => return Ok(Some(e)),
            }
        }
    };
    read().ok().flatten().unwrap_or_else(|| corrupt(&file.path, why))
}
