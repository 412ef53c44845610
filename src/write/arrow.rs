//! Writes Arrow IPC files that can be memory-mapped. Where a record batch ends depends on the content of the rows
//! alone.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::FileWriter;

use super::checksummed_file::{ChecksummedFile, WrittenFile};
use super::cut::{Fill, Limit};
use crate::arrow_result::ArrowResult;
use crate::error::Result;
use crate::store::{Files, error, unwritten};
use std::path::{Path, PathBuf};

/// An Arrow file being written.
pub(crate) struct ArrowFile {
    path: PathBuf,
    schema: SchemaRef,
    writer: FileWriter<ChecksummedFile>,
    limit: Limit,
    fill: Fill,
    pending: Vec<RecordBatch>,
}

impl ArrowFile {
    /// Creates a file whose record batches have at most `limit` rows and bytes.
    pub(crate) fn create(store: &Files, path: &Path, schema: &SchemaRef, limit: Limit) -> Result<Self> {
        let file = ChecksummedFile::new(store.create_file(path)?);
        let writer = FileWriter::try_new(file, schema).map_err(|e| unwritten(path, e))?;
        let (path, schema) = (path.to_path_buf(), schema.clone());
        Ok(ArrowFile { path, schema, writer, limit, fill: Fill::default(), pending: vec![] })
    }

    /// Appends rows; `sizes` are the bytes of content of each row.
    pub(crate) fn append(&mut self, records: &RecordBatch, sizes: &[u64]) -> Result<()> {
        let mut row = 0;
        while row < sizes.len() {
            match self.fill.take(&sizes[row..], self.limit) {
                0 => self.write_pending()?,
                n => {
                    self.pending.push(records.slice(row, n));
                    row += n;
                }
            }
        }
        Ok(())
    }

    /// Writes the last record batch and the footer.
    pub(crate) fn close(mut self) -> Result<WrittenFile> {
        if !self.fill.is_empty() {
            self.write_pending()?;
        }
        self.writer
            .into_inner()
            .map_err(|e| unwritten(&self.path, e))?
            .close()
            .map_err(|e| error("write", &self.path, e))
    }

    fn write_pending(&mut self) -> Result<()> {
        // A single batch would be written as it is, with the bits and bytes around its rows. With an empty batch
        // beside it, it is copied into new buffers like all others.
        self.pending.push(RecordBatch::new_empty(self.schema.clone()));
        let together = concat_batches(&self.schema, &self.pending).or_too_large()?;
        self.pending.clear();
        self.fill = Fill::default();
        self.writer.write(&together).map_err(|e| unwritten(&self.path, e))
    }
}
