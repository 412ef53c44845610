//! Reads Parquet shards into memory. Unlike Arrow shards they cannot be mapped: their rows are encoded and compressed.

use std::io;
use std::path::Path;

use arrow::buffer::Buffer;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaDataReader;

use super::manifest::{Column, FileEntry};
use super::open::missing_shard;
use super::shard::{Shard, damaged_shard};
use crate::error::Result;
use crate::guard::guarded;
use crate::limits::RECORD_BATCH_ROWS;
use crate::store::Files;

/// A mapped file, as the crate `parquet` reads it.
struct Mapped(Buffer);

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn map(store: &Files, path: &Path) -> io::Result<Bytes> {
    Ok(Bytes::from_owner(Mapped(store.open(path)?.map()?)))
}

/// The rows of a shard, all in memory. It must have the columns, rows and size in the manifest.
///
/// # Errors
/// `Class::Source`: `missing_shard`, `damaged_shard`.
pub(crate) fn read(store: &Files, path: &Path, entry: &FileEntry, columns: &[Column]) -> Result<Shard> {
    let wrong = |what: String| damaged_shard(path, &what);
    let file = map(store, path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => missing_shard(path).source(e),
        _ => wrong("it cannot be read".into()).source(e),
    })?;
    if file.len() as u64 != entry.bytes {
        return Err(wrong(format!("it has {} bytes, the manifest says {}", file.len(), entry.bytes)));
    }
    // The crate may panic on damaged files.
    let read = || -> Result<Shard, ParquetError> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(RECORD_BATCH_ROWS);
        let schema = reader.schema().clone();
        Ok(Shard { schema, batches: reader.build()?.collect::<Result<_, _>>()? })
    };
    let shard = guarded(read).map_err(wrong)?.map_err(|e| wrong(e.to_string()))?;
    shard.check(entry, columns).map_err(wrong)?;
    Ok(shard)
}

/// The number of rows of a Parquet file, from its footer.
pub(super) fn rows(store: &Files, path: &Path) -> io::Result<u64> {
    let file = map(store, path)?;
    let footer =
        guarded(|| ParquetMetaDataReader::new().parse_and_finish(&file)).map_err(io::Error::other)?;
    Ok(footer.map_err(io::Error::other)?.file_metadata().num_rows().max(0) as u64)
}
