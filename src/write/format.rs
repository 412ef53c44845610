//! The formats in which shards are written.

use super::jsonl::Compression;
use crate::artifact::manifest::PARQUET;

/// The name of formats of JSON lines.
pub(super) const JSONL: &str = "jsonl";

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
    /// JSON lines of conversations, without keys that are null.
    Chat {
        /// Whether a file begins with a byte order mark of UTF-8.
        has_mark: bool,
    },
}

impl Format {
    /// The name of the format in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Format::Arrow => "arrow",
            Format::Parquet => PARQUET,
            Format::Jsonl { .. } | Format::Chat { .. } => JSONL,
        }
    }

    /// Whether its files are lines.
    pub(crate) fn is_lines(self) -> bool {
        matches!(self, Format::Jsonl { .. } | Format::Chat { .. })
    }

    /// The extension of its files.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Format::Arrow => "arrow",
            Format::Parquet => "parquet",
            Format::Jsonl { compression: Compression::None } | Format::Chat { .. } => "jsonl",
            Format::Jsonl { compression: Compression::Gzip } => "jsonl.gz",
            Format::Jsonl { compression: Compression::Zstd } => "jsonl.zst",
        }
    }
}
