//! Writes Arrow IPC files that can be memory-mapped. Where a record batch ends depends on the content of the rows
//! alone.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::FileWriter;

use super::checksummed_file::{ChecksummedFile, WrittenFile};
use super::cut::Limit;
use super::record_batches::RecordBatches;
use crate::error::Result;
use crate::store::{Files, error, unwritten};

/// An Arrow file being written.
pub(crate) struct ArrowFile {
    path: PathBuf,
    writer: FileWriter<ChecksummedFile>,
    rows: RecordBatches,
}

impl ArrowFile {
    /// Creates a file whose record batches have at most `limit` rows and bytes.
    pub(crate) fn create(store: &Files, path: &Path, schema: &SchemaRef, limit: Limit) -> Result<Self> {
        let file = ChecksummedFile::new(store.create_file(path)?);
        let writer = FileWriter::try_new(file, schema).map_err(|e| unwritten(path, e))?;
        let rows = RecordBatches::new(schema.clone(), limit);
        Ok(ArrowFile { path: path.to_path_buf(), writer, rows })
    }

    /// Appends rows; `sizes` are the bytes of content of each row.
    pub(crate) fn append(&mut self, records: &RecordBatch, sizes: &[u64]) -> Result<()> {
        let ArrowFile { path, writer, rows } = self;
        rows.append(records, sizes, |batch| writer.write(batch).map_err(|e| unwritten(path, e)))
    }

    /// Writes the last record batch and the footer.
    pub(crate) fn close(mut self) -> Result<WrittenFile> {
        let unwritten = |e| unwritten(&self.path, e);
        if let Some(last) = self.rows.last()? {
            self.writer.write(&last).map_err(unwritten)?;
        }
        let file = self.writer.into_inner().map_err(unwritten)?;
        file.close().map_err(|e| error("write", &self.path, e))
    }
}
