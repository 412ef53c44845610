//! The formats in which shards are written.

use super::jsonl::Compression;
use crate::artifact::manifest::PARQUET;

/// A format of shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Arrow IPC files, which can be memory-mapped.
    Arrow,
    /// Parquet files.
    Parquet,
    /// JSON lines.
    Jsonl {
        /// The compression of the files.
        compression: Compression,
    },
}

impl Format {
    /// The name of the format in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Format::Arrow => "arrow",
            Format::Parquet => PARQUET,
            Format::Jsonl { .. } => "jsonl",
        }
    }

    /// The extension of its files.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Format::Arrow => "arrow",
            Format::Parquet => "parquet",
            Format::Jsonl { compression: Compression::None } => "jsonl",
            Format::Jsonl { compression: Compression::Gzip } => "jsonl.gz",
            Format::Jsonl { compression: Compression::Zstd } => "jsonl.zst",
        }
    }
}
