//! Writes JSON lines: one object a line, keys in the order of the schema, optionally compressed.

use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use flate2::write::GzEncoder;

use super::checksummed_file::{BLOCK, ChecksummedFile, WrittenFile};
use crate::error::Result;
use crate::record::json;
use crate::store::{Files, error};

/// How lines are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// No compression.
    #[default]
    None,
    /// gzip at level 6, without a name and a time.
    Gzip,
    /// Zstandard at level 3.
    Zstd,
}

/// Rows as lines of JSON.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    text: Vec<u8>,
    /// Bytes of each line, with its line feed.
    pub(crate) sizes: Vec<u64>,
}

impl Lines {
    /// The rows of a batch, one object a line; `skips_nulls` leaves out keys that are null.
    pub(crate) fn from_batch(records: &RecordBatch, skips_nulls: bool) -> Lines {
        let write = if skips_nulls { json::write_present } else { json::write_row };
        let mut lines = Lines { text: Vec::new(), sizes: Vec::with_capacity(records.num_rows()) };
        for i in 0..records.num_rows() {
            lines.push(|text| write(text, records, i));
        }
        lines
    }

    /// Adds the line that `write` appends, and a line feed.
    pub(crate) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let from = self.text.len();
        write(&mut self.text);
        self.text.push(b'\n');
        self.sizes.push((self.text.len() - from) as u64);
    }

    /// A range of bytes of the text.
    pub(crate) fn bytes(&self, range: Range<usize>) -> &[u8] {
        &self.text[range]
    }

    /// The text of all lines.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }
}

/// A file of lines being written.
pub(crate) struct LinesFile {
    path: PathBuf,
    encoder: Encoder,
    /// Text for the compressor, which always gets whole blocks: its output may depend on the sizes of writes.
    block: Vec<u8>,
}

enum Encoder {
    None(ChecksummedFile),
    Gzip(GzEncoder<ChecksummedFile>),
    Zstd(zstd::Encoder<'static, ChecksummedFile>),
}

impl LinesFile {
    /// Creates a file.
    pub(crate) fn create(store: &Files, path: &Path, compression: Compression) -> Result<Self> {
        let file = ChecksummedFile::new(store.create_file(path)?);
        let encoder = match compression {
            Compression::None => Encoder::None(file),
            Compression::Gzip => Encoder::Gzip(GzEncoder::new(file, flate2::Compression::new(6))),
            Compression::Zstd => {
                Encoder::Zstd(zstd::Encoder::new(file, 3).map_err(|e| error("write", path, e))?)
            }
        };
        Ok(LinesFile { path: path.to_path_buf(), encoder, block: Vec::new() })
    }

    /// Appends whole lines.
    pub(crate) fn append(&mut self, text: &[u8]) -> Result<()> {
        self.feed(text).map_err(|e| error("write", &self.path, e))
    }

    fn feed(&mut self, mut text: &[u8]) -> io::Result<()> {
        let encoder: &mut dyn Write = match &mut self.encoder {
            Encoder::None(file) => return file.write_all(text),
            Encoder::Gzip(encoder) => encoder,
            Encoder::Zstd(encoder) => encoder,
        };
        while !text.is_empty() {
            let (now, later) = text.split_at(text.len().min(BLOCK - self.block.len()));
            self.block.extend_from_slice(now);
            if self.block.len() == BLOCK {
                encoder.write_all(&self.block)?;
                self.block.clear();
            }
            text = later;
        }
        Ok(())
    }

    /// Writes the rest and closes the file.
    pub(crate) fn close(self) -> Result<WrittenFile> {
        let path = self.path.clone();
        self.end().map_err(|e| error("write", &path, e))
    }

    fn end(self) -> io::Result<WrittenFile> {
        match self.encoder {
            Encoder::None(file) => file,
            Encoder::Gzip(mut encoder) => {
                encoder.write_all(&self.block)?;
                encoder.finish()?
            }
            Encoder::Zstd(mut encoder) => {
                encoder.write_all(&self.block)?;
                encoder.finish()?
            }
        }
        .close()
    }
}
