//! A file of a store, as the `parquet` crate reads it. What the store could not give is kept aside: the crate would call
//! it a damaged file.

use std::io::{self, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

use crate::store::Reader;

/// Parts of a file. Clones share what failed.
#[derive(Clone)]
pub(crate) struct Chunks {
    reader: Reader,
    bytes: u64,
    failed: Failed,
}

/// The first call that failed, if any.
#[derive(Clone, Default)]
pub(crate) struct Failed(Arc<Mutex<Option<io::Error>>>);

impl Failed {
    /// Takes it.
    pub(crate) fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Keeps an error of the store, and gives one of the same kind to the crate.
    fn keep(&self, e: io::Error) -> io::Error {
        let same = io::Error::from(e.kind());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(e);
        same
    }
}

impl Chunks {
    /// Of this file.
    pub(crate) fn new(reader: Reader) -> io::Result<Self> {
        Ok(Chunks { bytes: reader.metadata()?.bytes, reader, failed: Failed::default() })
    }

    /// What failed.
    pub(crate) fn failed(&self) -> Failed {
        self.failed.clone()
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.bytes
    }
}

impl ChunkReader for Chunks {
    type T = BufReader<Part>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::new(Part { reader: self.reader.starting_at(start), failed: self.failed.clone() }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let end = u64::try_from(length).ok().and_then(|length| start.checked_add(length));
        if end.is_none_or(|end| end > self.bytes) {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} of {}", self.bytes)));
        }
        let mut bytes = vec![0; length];
        match self.reader.starting_at(start).read_exact(&mut bytes) {
            Ok(()) => Ok(bytes.into()),
            // The file became shorter.
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(ParquetError::EOF(e.to_string())),
            Err(e) => Err(self.failed.keep(e).into()),
        }
    }
}

/// A file from an offset on.
pub(crate) struct Part {
    reader: Reader,
    failed: Failed,
}

impl Read for Part {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.reader.read(out).map_err(|e| self.failed.keep(e))
    }
}
