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

/// A source as the user named it; nothing is opened before the plan is resolved.
#[derive(Clone)]
pub enum SourceSpec {
    /// Files.
    Files {
        /// What they are, and how they are read.
        format: Arc<dyn FileFormat>,
        /// Paths, globs, folders, as given.
        inputs: Vec<PathBuf>,
    },
    /// JSON lines from a stream: standard input, or records of the caller.
    Reader {
        /// How places call it.
        name: String,
        /// Opens it.
        stream: Arc<dyn OpenReader>,
        /// A longer line is rejected.
        max_line_bytes: usize,
        /// A stream that was opened to look at its head and not yet read: it cannot be opened twice.
        peeked: Arc<Mutex<Option<Peeked>>>,
    },
    /// Record batches of the caller.
    Arrow {
        /// How places call it.
        name: String,
        /// Opens it.
        stream: Arc<dyn OpenBatches>,
    },
}

impl SourceSpec {
    /// The verb that made it.
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

    /// The digest of the content of a source in memory that can be read again: of these columns, or of all. Equal
    /// digests mean equal content.
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
                Ok(source.inputs().passed())
            }
            _ => Ok(None),
        }
    }

    /// As it was given; of a source in memory with this digest of its content.
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
