//! What shards are written as.

use super::jsonl::Compression;

/// What shards are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Arrow IPC files, memory-mappable.
    Arrow,
    /// JSON lines.
    Jsonl {
        /// How they are compressed.
        compression: Compression,
    },
}

impl Format {
    /// The word in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Format::Arrow => "arrow",
            Format::Jsonl { .. } => "jsonl",
        }
    }

    /// How names of its files end.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Format::Arrow => "arrow",
            Format::Jsonl { compression: Compression::None } => "jsonl",
            Format::Jsonl { compression: Compression::Gzip } => "jsonl.gz",
            Format::Jsonl { compression: Compression::Zstd } => "jsonl.zst",
        }
    }
}
