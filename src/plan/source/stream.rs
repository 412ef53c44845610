//! Streams of the user: bytes and record batches.

use std::io::Read;

use arrow::datatypes::SchemaRef;

use crate::error::{Class, Error, Result};
use crate::read::ReadColumn;
use crate::read::arrow::RecordBatches;

/// A stream of bytes.
pub(crate) type BoxedReader = Box<dyn Read + Send>;

/// A stream that was opened to infer its columns: the columns, and the whole stream.
pub type Peeked = (Vec<ReadColumn>, BoxedReader);

/// Opens a stream of bytes. Opening fails if the stream can be read only once and was.
pub trait OpenReader: Send + Sync {
    /// The stream from its start.
    fn open(&self) -> Result<BoxedReader>;
    /// Whether it can be opened more than once.
    fn again(&self) -> bool;
}

/// Opens a stream of record batches. Opening fails if the stream can be read only once and was.
pub trait OpenBatches: Send + Sync {
    /// The schema, which is known without reading.
    fn schema(&self) -> Result<SchemaRef>;
    /// The stream from its start.
    fn open(&self) -> Result<RecordBatches>;
    /// Whether it can be opened more than once, and has the same rows each time.
    fn again(&self) -> bool;
    /// The values of its column of splits; none if it has no such column.
    fn splits(&self) -> &[String] {
        &[]
    }
}

/// The error for a source that was read before and cannot be read again.
#[cold]
pub fn read_twice(name: &str) -> Error {
    Error::new(Class::Source, "read_twice", "this source can be read only once, and was already read")
        .path(name)
        .help("scan a file instead, or create a new source for each run")
}
