//! Writes Parquet files. Where a page and a row group ends depends on the content of the rows alone.

use std::io;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterProperties, WriterVersion};

use super::checksummed_file::{ChecksummedFile, WrittenFile};
use super::cut::Limit;
use super::record_batches::RecordBatches;
use crate::arrow_result::arrow_defect;
use crate::error::{Class, Error, Result};
use crate::guard::guarded;
use crate::store::{Files, error};

/// Record batches of a row group: up to 65,536 rows, and few enough bytes for a reader to hold.
const GROUP_BATCHES: usize = 16;

/// A Parquet file being written.
pub(crate) struct ParquetFile {
    path: PathBuf,
    writer: GroupWriter,
    rows: RecordBatches,
}

impl ParquetFile {
    /// Creates a file. Rows are passed to the encoder in record batches of at most `limit` rows and bytes, since pages
    /// end with them.
    pub(crate) fn create(store: &Files, path: &Path, schema: &SchemaRef, limit: Limit) -> Result<Self> {
        let file = ChecksummedFile::new(store.create_file(path)?);
        let writer = properties().and_then(|p| ArrowWriter::try_new(file, schema.clone(), Some(p)));
        let writer = GroupWriter { writer: writer.map_err(|e| unwritten(path, e))?, batches: 0 };
        let rows = RecordBatches::new(schema.clone(), limit);
        Ok(ParquetFile { path: path.to_path_buf(), writer, rows })
    }

    /// Appends rows; `sizes` are the bytes of content of each row.
    pub(crate) fn append(&mut self, records: &RecordBatch, sizes: &[u64]) -> Result<()> {
        let ParquetFile { path, writer, rows } = self;
        rows.append(records, sizes, |batch| writer.write(batch).map_err(|e| unwritten(path, e)))
    }

    /// Writes the last row group and the footer.
    pub(crate) fn close(mut self) -> Result<WrittenFile> {
        let unwritten = |e| unwritten(&self.path, e);
        if let Some(last) = self.rows.last()? {
            self.writer.write(&last).map_err(unwritten)?;
        }
        let file = self.writer.writer.into_inner().map_err(unwritten)?;
        file.close().map_err(|e| error("write", &self.path, e))
    }
}

/// Writes record batches, and ends each row group after the same number of them.
struct GroupWriter {
    writer: ArrowWriter<ChecksummedFile>,
    /// Record batches of the current row group.
    batches: usize,
}

impl GroupWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        self.writer.write(batch)?;
        self.batches += 1;
        if self.batches == GROUP_BATCHES {
            self.batches = 0;
            self.writer.flush()?;
        }
        Ok(())
    }
}

/// The properties of all files. None depends on the machine or on the version of the crate.
fn properties() -> Result<WriterProperties, ParquetError> {
    Ok(WriterProperties::builder()
        .set_created_by("fastprep".into())
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        // Row groups end where `GroupWriter` ends them.
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
