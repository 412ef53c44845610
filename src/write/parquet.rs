//! Writes Parquet files. Where a page and a row group ends depends on the content of the rows alone.

use std::io;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterProperties, WriterVersion};

use super::checksummed_file::{ChecksummedFile, WrittenFile};
use super::cut::{Fill, Limit};
use crate::arrow_result::{ArrowResult, arrow_defect};
use crate::error::{Class, Error, Result};
use crate::guard::guarded;
use crate::store::{Files, error};

/// Record batches of a row group: up to 65,536 rows, and few enough bytes for a reader to hold.
const GROUP_BATCHES: usize = 16;

/// A Parquet file being written.
pub(crate) struct ParquetFile {
    path: PathBuf,
    schema: SchemaRef,
    writer: ArrowWriter<ChecksummedFile>,
    limit: Limit,
    fill: Fill,
    pending: Vec<RecordBatch>,
    /// Record batches of the current row group.
    batches: usize,
}

impl ParquetFile {
    /// Creates a file. Rows are passed to the encoder in record batches of at most `limit` rows and bytes, since pages
    /// end with them.
    pub(crate) fn create(store: &Files, path: &Path, schema: &SchemaRef, limit: Limit) -> Result<Self> {
        let file = ChecksummedFile::new(store.create_file(path)?);
        let writer = properties().and_then(|p| ArrowWriter::try_new(file, schema.clone(), Some(p)));
        let writer = writer.map_err(|e| unwritten(path, e))?;
        let (path, schema) = (path.to_path_buf(), schema.clone());
        Ok(ParquetFile { path, schema, writer, limit, fill: Fill::default(), pending: vec![], batches: 0 })
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

    /// Writes the last row group and the footer.
    pub(crate) fn close(mut self) -> Result<WrittenFile> {
        if !self.fill.is_empty() {
            self.write_pending()?;
        }
        let file = self.writer.into_inner().map_err(|e| unwritten(&self.path, e))?;
        file.close().map_err(|e| error("write", &self.path, e))
    }

    fn write_pending(&mut self) -> Result<()> {
        let together = concat_batches(&self.schema, &self.pending).or_too_large()?;
        self.pending.clear();
        self.fill = Fill::default();
        self.batches += 1;
        let mut written = self.writer.write(&together);
        if self.batches == GROUP_BATCHES {
            self.batches = 0;
            written = written.and_then(|()| self.writer.flush());
        }
        written.map_err(|e| unwritten(&self.path, e))
    }
}

/// The properties of all files. None depends on the machine or on the version of the crate.
fn properties() -> Result<WriterProperties, ParquetError> {
    Ok(WriterProperties::builder()
        .set_created_by("fastprep".into())
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        // Row groups end where `write_pending` ends them.
        .set_max_row_group_row_count(None)
        .build())
}

/// The error of the writer of a file.
#[cold]
fn unwritten(path: &Path, e: ParquetError) -> Error {
    match e {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(e) => error("write", path, *e),
            Err(cause) => arrow_defect(ArrowError::ExternalError(cause)),
        },
        e => arrow_defect(e.into()),
    }
}

/// Checks that Parquet can hold columns of these types.
///
/// # Errors
/// `Plan`, code `bad_sink`.
pub(crate) fn check(schema: &Schema) -> Result<()> {
    for field in schema.fields() {
        let alone = Schema::new(vec![field.clone()]);
        // The crate panics on some types.
        let converted = guarded(|| ArrowSchemaConverter::new().convert(&alone).map_err(|e| e.to_string()));
        if let Err(why) = converted.and_then(|converted| converted) {
            let message =
                format!("Parquet cannot hold the column `{}` of type {}", field.name(), field.data_type());
            return Err(Error::new(Class::Plan, "bad_sink", message)
                .column(field.name())
                .help("leave the column out with drop, convert it with with_columns, or use sink_arrow")
                .source(ParquetError::General(why)));
        }
    }
    Ok(())
}
