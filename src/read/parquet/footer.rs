//! The footer of a Parquet file.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::ipc::root_as_message;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use parquet::arrow::ARROW_SCHEMA_META_KEY;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::{
    PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader, ParquetOffsetIndex, RowGroupMetaData,
};

use super::chunks::Chunks;
use super::error::guard;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::read::InputFile;
use crate::read::decompressed::at_any_place;
use crate::read::open::{InputStream, cannot_read};
use crate::read::parts::{Extent, Part, groups};
use crate::read::typed_columns::{SchemaUnion, returned_field};
use crate::read::unsupported_types::UnsupportedType;

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

/// An opened file whose footer was read.
pub(super) struct Footer {
    pub(super) chunks: Chunks,
    /// Whether the whole file is compressed.
    is_compressed: bool,
    pub(super) metadata: Arc<ParquetMetaData>,
    /// The same, to read the rows with strings as views.
    pub(super) reader_metadata: ArrowReaderMetadata,
    /// The schema of the record batches that are returned.
    pub(super) schema: SchemaRef,
}

impl Footer {
    pub(super) fn read(file: &InputFile) -> Result<Self> {
        let path = &file.path;
        let mut input = InputStream::open(file)?;
        let is_compressed = input.uncompressed().is_none();
        let (reader, _) = at_any_place(&mut input, Vec::new())?;
        let chunks = Chunks::new(reader).map_err(|e| cannot_read(e, path.display()))?;
        let load = |options: ArrowReaderOptions| {
            guard(path, &chunks.read_error(), || ArrowReaderMetadata::load(&chunks, options))
        };
        let read = load(ArrowReaderOptions::new()).map_err(|e| {
            let plain = load(ArrowReaderOptions::new().with_skip_arrow_metadata(true)).ok();
            let unsupported = plain.and_then(|plain| unsupported_type(plain.metadata()));
            unsupported.map_or(e, |unsupported| unsupported.error(path))
        })?;
        let fields = read
            .schema()
            .fields()
            .iter()
            .map(|f| f.as_ref().clone().with_data_type(with_views(f.data_type())));
        let stored = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let schema = Arc::new(Schema::new(stored.fields().iter().map(returned_field).collect::<Vec<_>>()));
        let metadata = read.metadata().clone();
        let reader_metadata = guard(path, &chunks.read_error(), || {
            ArrowReaderMetadata::try_new(metadata.clone(), ArrowReaderOptions::new().with_schema(stored))
        })?;
        Ok(Footer { chunks, is_compressed, metadata, reader_metadata, schema })
    }

    /// Where the pages of each column begin, if the file says so in a form that can be read.
    pub(super) fn pages(&self, path: &Path) -> Option<ParquetOffsetIndex> {
        let metadata = self.metadata.as_ref().clone();
        let mut reader = ParquetMetaDataReader::new_with_metadata(metadata)
            .with_offset_index_policy(PageIndexPolicy::Optional);
        let chunks = self.chunks.separate();
        guard(path, &chunks.read_error(), || {
            reader.read_page_indexes(&chunks)?;
            reader.finish()
        })
        .ok()?
        .into_builder()
        .take_offset_index()
    }
}

/// The first column whose type in the Arrow schema of the file is not read.
fn unsupported_type(metadata: &ParquetMetaData) -> Option<UnsupportedType> {
    let pairs = metadata.file_metadata().key_value_metadata()?;
    let schema = pairs.iter().find(|pair| pair.key == ARROW_SCHEMA_META_KEY)?.value.as_ref()?;
    let bytes = BASE64_STANDARD.decode(schema).ok()?;
    // A message may begin with a marker, and then its length.
    let head = if bytes.starts_with(&[0xff; 4]) { bytes.get(8..)? } else { &bytes };
    UnsupportedType::find(root_as_message(head).ok()?.header_as_schema()?)
}

/// The type in which a column is read: strings as views.
fn with_views(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Dictionary(_, value) if with_views(value) == DataType::Utf8View => DataType::Utf8View,
        other => other.clone(),
    }
}
