//! Writes a file in large blocks and computes its checksum while writing, so that it need not be read again.

use std::io::{self, Write};

use crate::hash::Checksum;
use crate::store::NewFile;

/// Bytes of a write: large enough that the cost of the call does not matter, small enough for the L2 cache of a core.
pub(crate) const BLOCK: usize = 1 << 20;

/// Collects small writes into blocks, and hashes each block.
pub(crate) struct ChecksummedFile {
    file: NewFile,
    buffer: Vec<u8>,
    checksum: Checksum,
    bytes: u64,
}

/// A file that is complete, but not yet durable.
pub(crate) struct WrittenFile {
    /// The open file, which must still be synced.
    pub(crate) file: NewFile,
    /// The size of the file.
    pub bytes: u64,
    /// The XXH3 checksum of the file.
    pub(crate) xxh3: String,
}

impl ChecksummedFile {
    /// Writes to this file, which must be empty.
    pub(crate) fn new(file: NewFile) -> Self {
        ChecksummedFile { file, buffer: Vec::with_capacity(BLOCK), checksum: Checksum::default(), bytes: 0 }
    }

    /// Writes the last block.
    pub(crate) fn close(mut self) -> io::Result<WrittenFile> {
        self.write_buffer()?;
        Ok(WrittenFile { file: self.file, bytes: self.bytes, xxh3: self.checksum.hex() })
    }

    fn write_buffer(&mut self) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let done = self.put(&buffer);
        buffer.clear();
        self.buffer = buffer;
        done
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.checksum.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes)
    }
}

impl Write for ChecksummedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > BLOCK {
            self.write_buffer()?;
        }
        if bytes.len() >= BLOCK {
            self.put(bytes)?;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    /// Does nothing: a block is written when it is full, or at the end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
