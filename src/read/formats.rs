//! The formats of files that are read.

use super::file_format::FileFormat;
use super::jsonl::format::JsonLines;
use super::parquet::format::Parquet;
use crate::limits::MAX_LINE_BYTES;

/// Each format once, with the options that its verb has where none are given.
pub(crate) const FORMATS: [&dyn FileFormat; 2] = [&JsonLines { max_line_bytes: MAX_LINE_BYTES }, &Parquet];
