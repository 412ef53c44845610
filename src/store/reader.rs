//! An open file, read from any offset on.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use arrow::buffer::Buffer;

use super::{Metadata, StoredFile};

/// Reads a file. Cheap to clone: each clone goes on from where it is, on its own.
#[derive(Debug, Clone)]
pub struct Reader {
    file: Arc<dyn StoredFile>,
    at: u64,
}

impl Reader {
    pub(super) fn new(file: Arc<dyn StoredFile>) -> Self {
        Reader { file, at: 0 }
    }

    /// Reads on from this offset.
    pub fn starting_at(&self, at: u64) -> Self {
        Reader { file: Arc::clone(&self.file), at }
    }

    /// What the file is now.
    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    /// The whole file in memory: mapped where the store can, else read.
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
        let n = self.file.read_at(out, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.metadata()?.bytes.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "an offset below 0"))?;
        Ok(self.at)
    }
}
