//! Maps Arrow shards. Every offset, length and type in the file is checked against its bytes before it is used. The
//! time is in proportion to the number of rows, not to the length of their text.

use std::io;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, make_array};
use arrow::buffer::Buffer;
use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::reader::read_footer_length;
use arrow::ipc::{Block, root_as_footer, root_as_message};

use super::columns::{Columns, stored_type, with_type};
use super::manifest::{Column, FileEntry};
use super::open::missing_shard;
use crate::error::{Class, Error, Result};
use crate::guard::guarded;
use crate::record::schema::type_name;
use crate::store::Files;

/// The first and last bytes of an Arrow file.
const MAGIC: &[u8; 6] = b"ARROW1";
/// Bytes after the footer: its length, and the magic bytes.
const TRAILER: usize = 10;
/// Bytes before a message: a marker, and its length.
const PREFIX: usize = 8;

/// The rows of an Arrow file.
#[derive(Debug, Clone)]
pub struct Shard {
    /// The schema of the file.
    pub schema: SchemaRef,
    /// The rows. Those of a mapped shard are [`stored_type`]s: text is bytes, since it was not checked as UTF-8.
    pub batches: Vec<RecordBatch>,
}

impl Shard {
    /// Maps a shard. It must have the columns, rows and size in the manifest.
    ///
    /// # Errors
    /// `Class::Source`: `missing_shard`, `damaged_shard`.
    pub fn map(store: &Files, path: &Path, entry: &FileEntry, columns: &[Column]) -> Result<Shard> {
        let wrong = |what: String| damaged_shard(path, &what);
        let file = store.open(path).and_then(|file| file.map()).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => missing_shard(path).source(e),
            _ => wrong("it cannot be mapped".into()).source(e),
        })?;
        if file.len() as u64 != entry.bytes {
            return Err(wrong(format!("it has {} bytes, the manifest says {}", file.len(), entry.bytes)));
        }
        let shard = Shard::parse(&file).map_err(wrong)?;
        shard.check(entry, columns).map_err(wrong)?;
        Ok(shard)
    }

    /// Checks that it has the rows and the columns in the manifest.
    ///
    /// # Errors
    /// A message that says how it differs.
    pub(super) fn check(&self, entry: &FileEntry, columns: &[Column]) -> Result<(), String> {
        let rows = self.batches.iter().map(RecordBatch::num_rows).sum::<usize>();
        if rows as u64 != entry.rows {
            return Err(format!("it has {rows} rows, the manifest says {}", entry.rows));
        }
        let found: Vec<Column> = self.schema.fields().iter().map(column).collect();
        match (0..found.len().max(columns.len())).find(|i| found.get(*i) != columns.get(*i)) {
            None => Ok(()),
            Some(i) => {
                let named = |c: Option<&Column>| {
                    c.map_or("missing".into(), |c| format!("`{}` of type {}", c.name, c.type_name))
                };
                let (found, expected) = (named(found.get(i)), named(columns.get(i)));
                Err(format!("its column {i} is {found}, the manifest says {expected}"))
            }
        }
    }

    /// The rows of an Arrow file in memory, without copying them.
    ///
    /// # Errors
    /// A message that says how the file is damaged.
    pub fn parse(file: &Buffer) -> Result<Shard, String> {
        let end = file.len().checked_sub(TRAILER).filter(|_| file.starts_with(MAGIC));
        let Some(end) = end else { return Err("it is not an Arrow file".into()) };
        let trailer: [u8; TRAILER] = file[end..].try_into().map_err(|_| "it ends too early")?;
        let length = read_footer_length(trailer).map_err(text)?;
        let start = end.checked_sub(length).ok_or("its footer is longer than the file")?;
        let footer = root_as_footer(&file[start..end]).map_err(text)?;
        if footer.dictionaries().is_some_and(|d| !d.is_empty()) {
            return Err("it has dictionaries, which shards do not have".into());
        }
        let schema = footer.schema().ok_or("its footer has no schema")?;
        if !schema.endianness().equals_to_target_endianness() {
            return Err("its byte order is not that of this machine".into());
        }
        let schema =
            guarded(|| fb_to_schema(schema)).map_err(|why| format!("its schema cannot be read: {why}"))?;
        let fields = schema.fields().iter().map(stored_field).collect::<Result<Vec<_>, String>>()?;
        let stored = Arc::new(Schema::new(fields));
        let mut batches = Vec::new();
        for block in footer.recordBatches().iter().flatten() {
            let batch = record_batch(&file.slice_with_length(0, start), block, &schema, &stored)?;
            // Empty batches are left out: rows are found by number.
            batches.extend((batch.num_rows() > 0).then_some(batch));
        }
        Ok(Shard { schema: Arc::new(schema), batches })
    }

    /// The rows with text columns as text, after a check that all text is UTF-8.
    ///
    /// # Errors
    /// A message that says which column is not UTF-8.
    pub fn with_text(&self) -> Result<Vec<RecordBatch>, String> {
        self.batches.iter().map(|batch| with_text(batch, &self.schema)).collect()
    }
}

fn with_text(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, String> {
    let column = |(stored, field): (&ArrayRef, &FieldRef)| {
        let data = with_type(stored.to_data(), field.data_type());
        data.map(make_array).map_err(|e| format!("column `{}`: {e}", field.name()))
    };
    let columns =
        batch.columns().iter().zip(schema.fields()).map(column).collect::<Result<Vec<_>, String>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options).map_err(text)
}

fn record_batch(
    file: &Buffer,
    block: &Block,
    real: &Schema,
    schema: &SchemaRef,
) -> Result<RecordBatch, String> {
    let size = |n: i64| usize::try_from(n).map_err(|_| format!("a size in its footer is {n}"));
    let (offset, head, body) =
        (size(block.offset())?, size(block.metaDataLength().into())?, size(block.bodyLength())?);
    let whole = offset.checked_add(head).and_then(|n| n.checked_add(body)).filter(|end| *end <= file.len());
    if whole.is_none() || head < PREFIX {
        return Err("a record batch in its footer is outside the file".into());
    }
    let message = root_as_message(&file[offset + PREFIX..offset + head]).map_err(text)?;
    let batch =
        message.header_as_record_batch().ok_or("its footer lists a message that is not a record batch")?;
    if batch.compression().is_some() {
        return Err("it is compressed and cannot be mapped".into());
    }
    let rows = size(batch.length())?;
    let mut columns = Columns::new(file.slice_with_length(offset + head, body), batch)?;
    let mut arrays = Vec::with_capacity(schema.fields().len());
    for real in real.fields() {
        let wrong = |why: String| format!("column `{}`: {why}", real.name());
        let data = guarded(|| columns.next(real.data_type())).and_then(|data| data).map_err(wrong)?;
        if data.len() != rows {
            return Err(wrong(format!("it has {} values, but the record batch has {rows} rows", data.len())));
        }
        arrays.push(make_array(data));
    }
    columns.finish()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema.clone(), arrays, &options).map_err(text)
}

fn stored_field(field: &FieldRef) -> Result<FieldRef, String> {
    let stored = stored_type(field.data_type()).map_err(|why| format!("column `{}`: {why}", field.name()))?;
    Ok(Arc::new(Field::new(field.name(), stored, field.is_nullable())))
}

fn column(field: &FieldRef) -> Column {
    Column { name: field.name().clone(), type_name: type_name(field) }
}

fn text(e: impl std::fmt::Display) -> String {
    e.to_string()
}

/// The error for a shard that differs from what was published.
#[cold]
pub(crate) fn damaged_shard(path: &Path, what: &str) -> Error {
    Error::new(Class::Source, "damaged_shard", format!("a shard is damaged: {what}"))
        .path(path.display())
        .help("copy the file again, or prepare the data again; `fastprep verify` lists all damaged files")
}
