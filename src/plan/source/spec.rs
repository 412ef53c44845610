//! A source as the user named it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::form::SourceForm;
use super::stream::{OpenBatches, OpenReader, Peeked};
use crate::cancel::Cancel;
use crate::error::Result;
use crate::flow::Cut;
use crate::read::Limits;
use crate::read::arrow::RecordsSource;
use crate::read::file_format::FileFormat;
use crate::read::inputs::checksum;
use crate::read::jsonl::format::JsonLines;
use crate::read::lines::STDIN;

/// A source as the user named it. Nothing is opened before the plan is resolved.
#[derive(Clone)]
pub enum SourceSpec {
    /// Files.
    Files {
        /// Their format, and its options.
        format: Arc<dyn FileFormat>,
        /// Paths, globs and folders, as the user gave them.
        inputs: Vec<PathBuf>,
    },
    /// JSON lines from a stream: standard input, or records of the user.
    Reader {
        /// Its name in the places of rows.
        name: String,
        /// Opens the stream.
        stream: Arc<dyn OpenReader>,
        /// The limit of bytes per line; a longer line is rejected.
        max_line_bytes: usize,
        /// A stream that was opened to infer its columns and is not read yet, since it may not be possible to open it
        /// twice.
        peeked: Arc<Mutex<Option<Peeked>>>,
    },
    /// Record batches of the user.
    Arrow {
        /// Its name in the places of rows.
        name: String,
        /// Opens the stream.
        stream: Arc<dyn OpenBatches>,
    },
}

impl SourceSpec {
    /// The function of the Python interface that makes this source.
    pub fn verb(&self) -> &'static str {
        match self {
            SourceSpec::Files { format, .. } => format.verb(),
            SourceSpec::Reader { name, max_line_bytes, .. } if name == STDIN => {
                JsonLines { max_line_bytes: *max_line_bytes }.verb()
            }
            SourceSpec::Reader { .. } => "from_records",
            SourceSpec::Arrow { .. } => "from_arrow",
        }
    }

    /// The digest of these columns, or of all, of a source in memory; none if it cannot be read again. Equal digests
    /// mean equal content.
    pub(crate) fn digest(&self, columns: Option<&[String]>, cancel: &Cancel) -> Result<Option<String>> {
        match self {
            SourceSpec::Reader { name, stream, .. } if stream.again() => {
                Ok(Some(checksum(&mut stream.open()?, name, cancel)?.1))
            }
            SourceSpec::Arrow { name, stream } if stream.again() => {
                let all = || stream.schema().map(|s| s.fields().iter().map(|f| f.name().clone()).collect());
                let columns = columns.map_or_else(all, |columns| Ok(columns.to_vec()))?;
                let schema = stream.schema()?;
                let source = RecordsSource::new(stream.open()?, name, columns, Limits::default());
                let mut source = source.digested(&schema);
                while source.next()?.is_some() {
                    cancel.check()?;
                }
                Ok(source.inputs().stream_digest())
            }
            _ => Ok(None),
        }
    }

    /// The JSON of the source; `digest` is that of the content of a source in memory.
    pub(crate) fn form(&self, digest: Option<String>) -> SourceForm {
        let in_memory = |scan, name: &String| SourceForm::InMemory { scan, name: name.clone(), digest };
        match self {
            SourceSpec::Files { format, inputs } => {
                SourceForm::files(format.as_ref(), inputs.clone(), Vec::new())
            }
            SourceSpec::Reader { name, max_line_bytes, .. } if name == STDIN => {
                let format = JsonLines { max_line_bytes: *max_line_bytes };
                SourceForm::files(&format, vec!["-".into()], Vec::new())
            }
            SourceSpec::Reader { name, .. } => in_memory("records", name),
            SourceSpec::Arrow { name, .. } => in_memory("arrow", name),
        }
    }
}
