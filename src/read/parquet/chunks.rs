//! Access of the `parquet` crate to a file of a store. Read errors of the store are kept: the crate would report them
//! as damaged files.

use std::io::{self, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

use crate::store::Reader;

/// A file that the crate reads. Clones share the error.
#[derive(Clone)]
pub(crate) struct Chunks {
    reader: Reader,
    bytes: u64,
    read_error: ReadError,
}

/// The error of the first read that failed, if any.
#[derive(Clone, Default)]
pub(crate) struct ReadError(Arc<Mutex<Option<io::Error>>>);

impl ReadError {
    /// Takes the error out.
    pub(crate) fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Keeps an error of the store, and returns one of the same kind for the crate.
    fn keep(&self, e: io::Error) -> io::Error {
        let same = io::Error::from(e.kind());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(e);
        same
    }
}

impl Chunks {
    pub(crate) fn new(reader: Reader) -> io::Result<Self> {
        Ok(Chunks { bytes: reader.metadata()?.bytes, reader, read_error: ReadError::default() })
    }

    /// The same file, with an error of its own.
    pub(crate) fn separate(&self) -> Self {
        Chunks { reader: self.reader.clone(), bytes: self.bytes, read_error: ReadError::default() }
    }

    /// A handle to the error.
    pub(crate) fn read_error(&self) -> ReadError {
        self.read_error.clone()
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.bytes
    }
}

impl ChunkReader for Chunks {
    type T = BufReader<OffsetReader>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::new(OffsetReader {
            reader: self.reader.starting_at(start),
            read_error: self.read_error.clone(),
        }))
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
            Err(e) => Err(self.read_error.keep(e).into()),
        }
    }
}

/// Reads a file from an offset.
pub(crate) struct OffsetReader {
    reader: Reader,
    read_error: ReadError,
}

impl Read for OffsetReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.reader.read(out).map_err(|e| self.read_error.keep(e))
    }
}
