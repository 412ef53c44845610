//! Raw rows in: files, streams and record batches become [`Batch`](crate::record::Batch)es that know their places.
//!
//! The way of a scan, as the plan walks it:
//!
//! 1. [`discover::discover`] turns paths, globs and folders into an ordered list of [`InputFile`]s.
//! 2. A [`file_format::FileFormat`] is all that differs between formats of files; [`formats::FORMATS`] lists them. It
//!    learns the columns without reading the rows. [`infer_columns::infer_stream`] does so for a stream of JSON lines, and hands
//!    the reader back whole; a record batch stream has its schema.
//! 3. A scan is a pair: one half cuts the input into pieces, in order, the other makes rows of them, on any worker:
//!
//! | input | cuts | decodes |
//! |---|---|---|
//! | JSON lines | [`lines::LinesSource`] | [`jsonl::JsonlDecode`] |
//! | Parquet | [`parquet::ParquetSource`] | [`arrow::RecordsDecode`] |
//! | record batches | [`arrow::RecordsSource`] | [`arrow::RecordsDecode`] |
//!
//! 4. [`splits::WithSplits`] adds the splits that rows of a prepared folder have.
//! 5. A source of files is whole, or one of its [`parts::Part`]s: a file, a range of bytes, row groups.
//! 6. Sources of files hand out [`inputs::Inputs`], which knows after the run what was read, for the manifest.
//!
//! The plan says with [`ReadColumn`]s which columns to make and how; with [`Limits`] how much at a time.

pub mod arrow;
mod cancellable_reader;
mod compact;
pub(crate) mod discover;
mod encoding;
pub mod file_format;
pub(crate) mod formats;
mod glob;
mod gzip;
pub mod infer_columns;
pub mod inputs;
pub mod json;
pub mod jsonl;
pub mod lines;
mod open;
pub mod parquet;
pub mod parts;
mod published;
pub(crate) mod splits;
#[cfg(test)]
mod testing;

use std::path::PathBuf;

pub use self::open::cannot_read;

use crate::limits;
use crate::store::Files;

/// A file to read.
#[derive(Debug, Clone)]
pub struct InputFile {
    /// The store that has it.
    pub store: Files,
    /// Where it is.
    pub path: PathBuf,
    /// How reports and the manifest call it: relative to the folder that all inputs share.
    pub name: String,
    /// Its name below the folder that its path, glob or folder names; of a shard of a prepared folder, without the folders
    /// that are named by its content. Other inputs do not change it.
    pub below: String,
    /// The split of its rows, where it is a shard of a prepared folder: its number there, and its name.
    pub split: Option<(usize, String)>,
}

/// A column to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadColumn {
    /// Its name.
    pub name: String,
    /// What to make of its values.
    pub kind: ColumnKind,
    /// Where the heads of the files hold values and no text among them: what they hold.
    pub holds: Option<&'static str>,
}

impl ReadColumn {
    /// A column of this name and kind.
    pub fn new(name: impl Into<String>, kind: ColumnKind) -> Self {
        ReadColumn { name: name.into(), kind, holds: None }
    }
}

/// What is made of a column's values. Null and absent values are null in every kind; a value of another type
/// rejects the row as `wrong_type`, except where the kind takes any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// Strings.
    Text,
    /// Integers that fit 64 bits.
    Int64,
    /// Numbers that fit a float.
    Float64,
    /// True and false.
    Bool,
    /// Any value, as its verbatim JSON text.
    Json,
    /// Strings; any other value as its verbatim JSON text, with a finding `coerced:<column>`.
    LenientText,
}

/// How much is read at a time. Changes no row of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Text of a batch, in bytes; what is above 1 GiB counts as 1 GiB, 0 as 1.
    pub batch_bytes: usize,
    /// Rows of a batch, at most; 0 counts as 1.
    pub batch_rows: usize,
    /// A longer line (without its line feed) is refused; what is above 1 GiB counts as 1 GiB.
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
    /// Within what 32-bit offsets into a chunk can address.
    fn clamped(self) -> Self {
        const MOST: usize = 1 << 30;
        Limits {
            batch_bytes: self.batch_bytes.clamp(1, MOST),
            batch_rows: self.batch_rows.max(1),
            max_line_bytes: self.max_line_bytes.min(MOST),
        }
    }

    /// Rows of `bytes_per_row` that make a batch.
    fn rows_of(self, bytes_per_row: usize) -> usize {
        (self.batch_bytes / bytes_per_row.max(1)).clamp(1, self.batch_rows.max(1))
    }
}
