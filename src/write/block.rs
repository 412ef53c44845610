//! A file written in large blocks, whose checksum is taken on the way, so that it need not be read again.

use std::io::{self, Write};

use crate::hash::Checksum;
use crate::store::NewFile;

/// Bytes of a write: large enough that the call costs nothing, small enough to stay in a core's L2.
pub(crate) const BLOCK: usize = 1 << 20;

/// Gathers small writes; hashes and hands on blocks.
pub(crate) struct BlockFile {
    file: NewFile,
    buffer: Vec<u8>,
    checksum: Checksum,
    bytes: u64,
}

/// A file that is complete, but not yet durable.
pub(crate) struct WrittenFile {
    /// To be synced and closed.
    pub(crate) file: NewFile,
    /// Bytes as stored.
    pub bytes: u64,
    /// XXH3 of those bytes.
    pub(crate) xxh3: String,
}

impl BlockFile {
    /// Writes to this file from its start.
    pub(crate) fn new(file: NewFile) -> Self {
        BlockFile { file, buffer: Vec::with_capacity(BLOCK), checksum: Checksum::default(), bytes: 0 }
    }

    /// Writes out what is left.
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

impl Write for BlockFile {
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

    /// Nothing: a block goes out when it is full, or at the end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
