//! A reader of an open file.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use arrow::buffer::Buffer;

use super::{Metadata, StoredFile};

/// Reads a file from an offset. Cheap to clone: each clone has its own offset.
#[derive(Debug, Clone)]
pub struct Reader {
    file: Arc<dyn StoredFile>,
    offset: u64,
}

impl Reader {
    pub(super) fn new(file: Arc<dyn StoredFile>) -> Self {
        Reader { file, offset: 0 }
    }

    /// A reader of the same file from this offset.
    pub fn starting_at(&self, offset: u64) -> Self {
        Reader { file: Arc::clone(&self.file), offset }
    }

    /// The current metadata of the file.
    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    /// The whole file in memory: mapped if the store can, else read.
    pub(crate) fn map(&self) -> io::Result<Buffer> {
        if let Some(mapped) = self.file.map()? {
            return Ok(mapped);
        }
        let bytes = usize::try_from(self.metadata()?.bytes).map_err(io::Error::other)?;
        let mut all = vec![0; bytes];
        self.starting_at(0).read_exact(&mut all)?;
        Ok(Buffer::from_vec(all))
    }
}

impl Read for Reader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(out, self.offset)?;
        self.offset += n as u64;
        Ok(n)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let offset = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(by) => self.offset.checked_add_signed(by),
            SeekFrom::End(by) => self.metadata()?.bytes.checked_add_signed(by),
        };
        self.offset =
            offset.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the offset is below 0"))?;
        Ok(self.offset)
    }
}
