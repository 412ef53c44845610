//! Reads Parquet files to record batches: only the requested columns, strings as views into the decoded pages.
//!
//! The `parquet` crate may panic on damaged files. Such a panic becomes an error.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

use super::chunks::{Chunks, ReadError};
use crate::cancel::Cancel;
use crate::error::{Class, Error, Result};
use crate::flow::Cut;
use crate::read::arrow::{Records, Slices};
use crate::read::decompressed::at_any_place;
use crate::read::inputs::Inputs;
use crate::read::open::{InputStream, cannot_read};
use crate::read::parts::{Extent, Part, groups};
use crate::read::typed_columns::{SchemaUnion, conform_records, returned_field};
use crate::read::{InputFile, Limits};

/// The columns of all files in order of first appearance, all nullable, strings as views. Reads the footers of all
/// files. Fails with `schema_mismatch` if files have a column in different types.
pub(crate) fn schema(files: &[InputFile], cancel: &Cancel) -> Result<SchemaRef> {
    let mut union = SchemaUnion::default();
    for file in files {
        cancel.check()?;
        union.add(&Footer::read(file)?.schema, file)?;
    }
    Ok(Arc::new(union.schema()))
}

/// Cuts files into parts of about `bytes` stored bytes each, between row groups; a compressed file is one part. Reads
/// the footers of all files.
///
/// # Errors
/// Those of reading the footers.
pub(crate) fn parts(files: &[InputFile], bytes: u64, cancel: &Cancel) -> Result<Vec<Part>> {
    let mut all = Vec::new();
    for (file, input) in (0..).zip(files) {
        cancel.check()?;
        let Footer { metadata, is_compressed, .. } = Footer::read(input)?;
        if is_compressed {
            all.push(Part { file, extent: Extent::Whole });
            continue;
        }
        let stored = |group: &RowGroupMetaData| {
            let columns = group.columns().iter().map(|column| column.compressed_size().max(0) as u64);
            columns.fold(0, u64::saturating_add)
        };
        let sizes = metadata.row_groups().iter().map(stored);
        all.extend(
            groups(sizes, bytes).into_iter().map(|groups| Part { file, extent: Extent::RowGroups(groups) }),
        );
    }
    Ok(all)
}

/// Reads Parquet files in order.
pub(crate) struct ParquetSource {
    files: Vec<InputFile>,
    /// The columns to read, in order.
    schema: SchemaRef,
    limits: Limits,
    inputs: Inputs,
    file: usize,
    first_file: u32,
    /// The row groups to read of the only file; `None` to read all files.
    groups: Option<Range<usize>>,
    row: u64,
    /// The current file.
    reader: Option<OpenFile>,
    slices: Option<Slices>,
}

impl ParquetSource {
    /// Reads these columns in this order.
    pub(crate) fn new(files: Vec<InputFile>, schema: SchemaRef, limits: Limits) -> Self {
        let inputs = Inputs::from_files(&files);
        let limits = limits.clamped();
        ParquetSource {
            files,
            schema,
            limits,
            inputs,
            file: 0,
            first_file: 0,
            groups: None,
            row: 0,
            reader: None,
            slices: None,
        }
    }

    /// The same source, reading only a part of its files.
    ///
    /// # Errors
    /// `internal`: the part is not of Parquet files.
    pub(crate) fn with_part(mut self, part: &Part) -> Result<Self> {
        self.file = part.file as usize;
        self.files.truncate(self.file + 1);
        match &part.extent {
            Extent::Whole => {}
            Extent::RowGroups(groups) => self.groups = Some(groups.clone()),
            Extent::Bytes(_) | Extent::RecordBatches(_) => {
                return Err(Error::internal("a part of another format was opened as Parquet"));
            }
        }
        Ok(self)
    }

    /// The same source; its first file has this number.
    pub(crate) fn with_first_file(self, first_file: u32) -> Self {
        ParquetSource { first_file, ..self }
    }

    /// The inputs, which list what was read after the run.
    pub(crate) fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }
}

impl Cut for ParquetSource {
    type Piece = Records;

    fn next(&mut self) -> Result<Option<Records>> {
        loop {
            if let Some(rows) = self.slices.as_mut().and_then(Slices::next) {
                let first_row = self.row;
                self.row += rows.num_rows() as u64;
                return Ok(Some(Records { file: self.first_file + self.file as u32, first_row, rows }));
            }
            let Some(file) = self.files.get(self.file) else { return Ok(None) };
            let OpenFile { reader, first_row, rows, read_error } = match &mut self.reader {
                Some(reader) => reader,
                None => {
                    let open = open(file, &self.schema, self.groups.as_ref(), self.limits)?;
                    self.row = open.first_row;
                    self.reader.insert(open)
                }
            };
            match guard(&file.path, read_error, || reader.next().transpose())? {
                Some(records) => {
                    let damaged = |why: &str| corrupt(&file.path, why);
                    let records = conform_records(&records, &self.schema, damaged)?;
                    self.slices = Some(Slices::new(records, self.limits));
                }
                // The crate stops at the row count of the footer, even if a row group has other rows.
                None if self.row - *first_row != *rows => {
                    let read = self.row - *first_row;
                    let why = format!("its row groups have {rows} rows, but {read} could be read");
                    return Err(corrupt(&file.path, &why));
                }
                None => {
                    self.reader = None;
                    self.file += 1;
                    self.row = 0;
                }
            }
        }
    }
}

/// The file that is read.
struct OpenFile {
    reader: ParquetRecordBatchReader,
    /// The number of the first row that is read.
    first_row: u64,
    /// The number of rows in its row groups.
    rows: u64,
    read_error: ReadError,
}

/// An opened file whose footer was read.
struct Footer {
    chunks: Chunks,
    /// Whether the whole file is compressed.
    is_compressed: bool,
    metadata: Arc<ParquetMetaData>,
    /// The schema of the file, with strings as views.
    stored: SchemaRef,
    /// The schema of the record batches that are returned.
    schema: SchemaRef,
}

impl Footer {
    fn read(file: &InputFile) -> Result<Self> {
        let path = &file.path;
        let mut input = InputStream::open(file)?;
        let is_compressed = input.uncompressed().is_none();
        let (reader, _) = at_any_place(&mut input, Vec::new())?;
        let chunks = Chunks::new(reader).map_err(|e| cannot_read(e, path.display()))?;
        let read = guard(path, &chunks.read_error(), || {
            ArrowReaderMetadata::load(&chunks, ArrowReaderOptions::new())
        })?;
        let fields = read
            .schema()
            .fields()
            .iter()
            .map(|f| f.as_ref().clone().with_data_type(with_views(f.data_type())));
        let stored = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let schema = Arc::new(Schema::new(stored.fields().iter().map(returned_field).collect::<Vec<_>>()));
        Ok(Footer { chunks, is_compressed, metadata: read.metadata().clone(), stored, schema })
    }
}

/// The type in which a column is read: strings as views.
fn with_views(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Dictionary(_, value) if with_views(value) == DataType::Utf8View => DataType::Utf8View,
        other => other.clone(),
    }
}

fn open(
    file: &InputFile,
    wanted: &Schema,
    groups: Option<&Range<usize>>,
    limits: Limits,
) -> Result<OpenFile> {
    let footer = Footer::read(file)?;
    let read_error = footer.chunks.read_error();
    let all = footer.metadata.row_groups();
    let groups = groups.cloned().unwrap_or(0..all.len());
    let (before, read) = match (all.get(..groups.start), all.get(groups.clone())) {
        (Some(before), Some(read)) => (before, read),
        _ => return Err(corrupt(&file.path, "it has fewer row groups than when the plan was resolved")),
    };
    let count = |groups: &[RowGroupMetaData]| groups.iter().map(|group| group.num_rows().max(0) as u64).sum();
    let (first_row, rows) = (count(before), count(read));
    let reader = guard(&file.path, &read_error, || {
        let options = ArrowReaderOptions::new().with_schema(footer.stored.clone());
        let metadata = ArrowReaderMetadata::try_new(footer.metadata.clone(), options)?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(footer.chunks, metadata);
        let roots: Vec<usize> =
            wanted.fields().iter().filter_map(|f| footer.schema.index_of(f.name()).ok()).collect();
        let rows = limits.rows_of(bytes_per_row(&footer.metadata, &roots));
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        builder.with_projection(mask).with_batch_size(rows).with_row_groups(groups.collect()).build()
    })?;
    Ok(OpenFile { reader, first_row, rows, read_error })
}

/// Uncompressed bytes of a row of these columns, in the row group with the largest rows.
fn bytes_per_row(metadata: &ParquetMetaData, roots: &[usize]) -> usize {
    let schema = metadata.file_metadata().schema_descr();
    let in_group = |group: &RowGroupMetaData| {
        let wanted = group
            .columns()
            .iter()
            .enumerate()
            .filter(|(i, _)| roots.contains(&schema.get_column_root_idx(*i)));
        let bytes: i64 = wanted.map(|(_, c)| c.uncompressed_size().max(0)).fold(0, i64::saturating_add);
        bytes / group.num_rows().max(1)
    };
    usize::try_from(metadata.row_groups().iter().map(in_group).max().unwrap_or(0)).unwrap_or(usize::MAX)
}

/// Runs code of the crate. Its error or panic means a damaged file, unless the store failed.
fn guard<T, E: std::fmt::Display>(
    path: &Path,
    read_error: &ReadError,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T> {
    let done = catch_unwind(AssertUnwindSafe(work));
    if let Some(e) = read_error.take() {
        return Err(cannot_read(e, path.display()));
    }
    match done {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(e)) => Err(corrupt(path, &e.to_string())),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(corrupt(path, text.unwrap_or("the Parquet reader panicked")))
        }
    }
}

#[cold]
fn corrupt(path: &Path, why: &str) -> Error {
    Error::new(
        Class::Source,
        "corrupt_parquet",
        "the file is damaged, not Parquet, or of an unsupported kind",
    )
    .help("check whether pyarrow.parquet opens it; write it again")
    .path(path.display())
    .source(ParquetError::General(why.to_string()))
}

#[cfg(test)]
mod tests;
