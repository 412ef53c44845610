//! The file formats that can be read.

use super::csv::format::Csv;
use super::file_format::FileFormat;
use super::ipc::format::Ipc;
use super::json_array::format::JsonArray;
use super::jsonl::format::JsonLines;
use super::parquet::format::Parquet;
use crate::limits::MAX_LINE_BYTES;

/// Each format, with the default options of its verb.
pub(crate) const FORMATS: [&dyn FileFormat; 5] = [
    &Parquet {},
    &Ipc {},
    &JsonLines { max_line_bytes: MAX_LINE_BYTES },
    &JsonArray { max_line_bytes: MAX_LINE_BYTES },
    &Csv::new(MAX_LINE_BYTES),
];
