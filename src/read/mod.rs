//! Readers: files, streams and record batches become [`Batch`](crate::record::Batch)es with the place of each row.
//!
//! The plan opens a scan in these steps:
//!
//! 1. [`discover::discover`] turns paths, globs and folders into an ordered list of [`InputFile`]s.
//! 2. A [`file_format::FileFormat`] holds all that differs between file formats; [`formats::FORMATS`] lists them.
//!    [`by_content::ByContent`] stands for the format that the content of the files will decide. A format
//!    finds the columns without reading all rows. [`infer_columns::infer_stream`] does so for a stream of JSON lines
//!    and returns a reader of the whole stream. A stream of record batches has a schema.
//! 3. A scan is a pair: one half cuts the input into pieces, in order; the other decodes them to rows, on any worker:
//!
//! | input | cuts | decodes |
//! |---|---|---|
//! | JSON lines | [`lines::LinesSource`] | [`jsonl::JsonlDecode`] |
//! | JSON arrays | [`json_array::ArraySource`] | [`json_array::ArrayDecode`] |
//! | CSV | `csv::cut::CsvSource` | `csv::decode::CsvDecode` |
//! | Parquet | `parquet::source::ParquetSource` | [`arrow::RecordsDecode`] |
//! | Arrow IPC | `ipc::source::IpcSource` | `ipc::decode::IpcDecode` |
//! | record batches | [`arrow::RecordsSource`] | [`arrow::RecordsDecode`] |
//!
//! 4. [`splits::WithSplits`] adds a column with the splits of rows from a prepared folder.
//! 5. A scan reads a whole source or one of its [`parts::Part`]s: a file, a range of bytes, row groups,
//!    record batches.
//! 6. [`inputs::Inputs`] lists what was read, for the manifest.
//!
//! [`ReadColumn`]s say which columns to read and how; [`Limits`] say how much to read at a time.

pub mod arrow;
pub(crate) mod by_content;
mod cancellable_reader;
mod column_builder;
mod compact;
pub mod csv;
mod datasets_folder;
mod decompressed;
pub(crate) mod discover;
mod encoding;
pub mod file_format;
pub(crate) mod formats;
mod glob;
mod gzip;
pub mod infer_columns;
pub mod inputs;
pub mod ipc;
pub mod json_array;
pub(crate) mod json_rows;
pub mod jsonl;
pub mod lines;
pub(crate) mod named_format;
mod open;
pub mod parquet;
pub mod parts;
mod published;
pub(crate) mod raw_lines;
pub(crate) mod splits;
#[cfg(test)]
mod testing;
mod typed_columns;
mod unsupported_types;
mod views;
mod wide_decimals;

use std::path::PathBuf;

pub use self::open::cannot_read;

use crate::limits;
use crate::store::Files;

/// A file to read.
#[derive(Debug, Clone)]
pub struct InputFile {
    /// The store that holds the file.
    pub store: Files,
    /// The path of the file.
    pub path: PathBuf,
    /// The name in reports and in the manifest: relative to the folder that all inputs share.
    pub name: String,
    /// The name relative to the folder that its input names, whatever the other inputs are. For a shard of a prepared
    /// folder it leaves out the folders whose names depend on the content.
    pub below: String,
    /// The split of its rows, if it is a shard of a prepared folder: the split's number there, and its name.
    pub split: Option<(usize, String)>,
}

/// A column to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadColumn {
    /// The name of the column.
    pub name: String,
    /// The type of its values.
    pub kind: ColumnKind,
    /// What the first rows hold, if there are values and none of them is text.
    pub holds: Option<&'static str>,
}

impl ReadColumn {
    /// A column with this name and kind.
    pub fn new(name: impl Into<String>, kind: ColumnKind) -> Self {
        ReadColumn { name: name.into(), kind, holds: None }
    }
}

/// How the values of a column are read. Null and absent values are null in every kind. A value of another type
/// rejects the row as `wrong_type`, unless the kind accepts any value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// Strings.
    Text,
    /// Integers of 64 bits.
    Int64,
    /// Numbers that a 64-bit float represents exactly; see [`json::exact_float64`].
    Float64,
    /// `true` and `false`.
    Bool,
    /// Any value, as its JSON text.
    Json,
    /// Strings; any other value as its JSON text, with a finding `coerced:<column>`.
    LenientText,
}

/// How much is read at a time. The rows of the result do not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text of a batch, from 1 byte to 1 GiB; other values are clamped.
    pub batch_bytes: usize,
    /// The most rows of a batch; 0 counts as 1.
    pub batch_rows: usize,
    /// The most bytes of a line without its line feed, up to 1 GiB; longer lines are rejected.
    pub max_line_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            batch_bytes: limits::BATCH_BYTES,
            batch_rows: limits::BATCH_ROWS,
            max_line_bytes: limits::MAX_LINE_BYTES,
        }
    }
}

impl Limits {
    /// The same limits, reduced to what 32-bit offsets into a chunk can address.
    fn clamped(self) -> Self {
        const MAX: usize = 1 << 30;
        Limits {
            batch_bytes: self.batch_bytes.clamp(1, MAX),
            batch_rows: self.batch_rows.max(1),
            max_line_bytes: self.max_line_bytes.min(MAX),
        }
    }

    /// Rows of a batch whose rows take `bytes_per_row` each.
    fn rows_of(self, bytes_per_row: usize) -> usize {
        (self.batch_bytes / bytes_per_row.max(1)).clamp(1, self.batch_rows.max(1))
    }
}
