//! A source's JSON.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::plan::json_forms::paths;
use crate::read::file_format::FileFormat;

/// A source's JSON.
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
        /// The format's.
        #[serde(flatten)]
        options: Map<String, Value>,
        /// In a published plan, the splits that rows come with: the files are shards of a published folder.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        splits: Vec<String>,
    },
    /// What JSON cannot hold: record batches or records in memory.
    InMemory {
        /// Which of the two.
        scan: &'static str,
        /// How places call it.
        name: String,
        /// The digest of its content, where that is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        digest: Option<String>,
    },
}

impl SourceForm {
    /// Files of a format, as its verb reads them.
    pub(crate) fn files(format: &dyn FileFormat, inputs: Vec<PathBuf>, splits: Vec<String>) -> Self {
        SourceForm::Files { scan: format.name(), inputs, options: format.options(), splits }
    }
}
