//! Arrow IPC files, memory-mappable: record batches cut by content, each copied together once.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::FileWriter;

use super::block::{BlockFile, WrittenFile};
use super::cut::{Fill, Limit};
use crate::arrow_result::ArrowResult;
use crate::error::Result;
use crate::store::{Files, error, unwritten};
use std::path::{Path, PathBuf};

/// An Arrow file being written.
pub(crate) struct ArrowFile {
    path: PathBuf,
    schema: SchemaRef,
    writer: FileWriter<BlockFile>,
    limit: Limit,
    fill: Fill,
    pending: Vec<RecordBatch>,
}

impl ArrowFile {
    /// A new file; record batches end at `limit`.
    pub(crate) fn create(store: &Files, path: &Path, schema: &SchemaRef, limit: Limit) -> Result<Self> {
        let file = BlockFile::new(store.create_file(path)?);
        let writer = FileWriter::try_new(file, schema).map_err(|e| unwritten(path, e))?;
        let (path, schema) = (path.to_path_buf(), schema.clone());
        Ok(ArrowFile { path, schema, writer, limit, fill: Fill::default(), pending: vec![] })
    }

    /// Appends rows; `sizes` are their bytes of content.
    pub(crate) fn append(&mut self, records: &RecordBatch, sizes: &[u64]) -> Result<()> {
        let mut at = 0;
        while at < sizes.len() {
            match self.fill.take(&sizes[at..], self.limit) {
                0 => self.write_pending()?,
                n => {
                    self.pending.push(records.slice(at, n));
                    at += n;
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
        // One array alone would be handed on as it is, with bits and bytes that lie around its rows; together
        // with an empty one it is copied into fresh buffers like all others.
        self.pending.push(RecordBatch::new_empty(self.schema.clone()));
        let together = concat_batches(&self.schema, &self.pending).or_too_large()?;
        self.pending.clear();
        self.fill = Fill::default();
        self.writer.write(&together).map_err(|e| unwritten(&self.path, e))
    }
}
