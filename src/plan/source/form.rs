//! The JSON of a source.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::plan::json_forms::paths;
use crate::read::file_format::FileFormat;

/// The JSON of a source.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum SourceForm {
    /// Files.
    Files {
        /// The word for their format.
        scan: &'static str,
        /// Paths, globs, folders; `-` is standard input.
        #[serde(with = "paths")]
        inputs: Vec<PathBuf>,
        /// The options of the format.
        #[serde(flatten)]
        options: Map<String, Value>,
        /// In a published plan whose files are shards of a prepared folder: the names of the splits.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        splits: Vec<String>,
    },
    /// Record batches or records in memory, which JSON cannot hold.
    InMemory {
        /// `arrow` or `records`.
        scan: &'static str,
        /// Its name in the places of rows.
        name: String,
        /// The digest of its content, if known.
        #[serde(skip_serializing_if = "Option::is_none")]
        digest: Option<String>,
    },
}

impl SourceForm {
    /// The JSON of files of a format.
    pub(crate) fn files(format: &dyn FileFormat, inputs: Vec<PathBuf>, splits: Vec<String>) -> Self {
        SourceForm::Files { scan: format.name(), inputs, options: format.options(), splits }
    }
}
