//! What the formats of files differ in. A format is read through this trait alone: all of it is in one file, and
//! [`FORMATS`](super::formats::FORMATS) has a line for it.

use std::fmt::Debug;
use std::path::Path;

use arrow::datatypes::SchemaRef;
use serde_json::{Map, Value};

use super::inputs::Inputs;
use super::parts::Part;
use super::{InputFile, Limits, ReadColumn};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::flow::Scan;

/// A format of files, with the options that its verb takes.
pub trait FileFormat: Debug + Send + Sync {
    /// The word for it in the JSON of plans, and in manifests for shards of it.
    fn name(&self) -> &'static str;

    /// The verb that scans it.
    fn verb(&self) -> &'static str;

    /// The options as the JSON of plans has them.
    fn options(&self) -> Map<String, Value> {
        Map::new()
    }

    /// Whether a folder is searched for files of this name. A file that is named, or that a glob matches, may have any
    /// name.
    fn matches(&self, file_name: &str) -> bool;

    /// Which names match, as messages list them.
    fn file_names(&self) -> &'static str;

    /// What to do with a folder that holds such files, where another format was looked for.
    fn way_out(&self, folder: &Path) -> String;

    /// Learns the columns of files, and reads as few rows as it can.
    ///
    /// # Errors
    /// Those of opening the files; the files do not agree on a column.
    fn columns(&self, files: &[InputFile], cancel: &Cancel) -> Result<KnownColumns>;

    /// Cuts files into parts of about so many stored bytes, in order.
    ///
    /// # Errors
    /// Those of opening the files.
    fn parts(&self, files: &[InputFile], bytes: u64, cancel: &Cancel) -> Result<Vec<Part>>;

    /// Opens files, or one of their parts, for one run. Rows have the places that they have in the whole source.
    ///
    /// # Errors
    /// Those of opening the files; a column is not there, or has another type than is asked for.
    fn open(&self, request: &ScanRequest<'_>) -> Result<Opened>;

    /// Whether its scans add the stored bytes that they read to [`Cancel::bytes_read`].
    fn counts_bytes_read(&self) -> bool;
}

/// What is known of the columns of a source before its rows are read.
#[derive(Debug, Clone)]
pub enum KnownColumns {
    /// Guessed from the heads of the files: later rows may hold other values.
    Inferred(Vec<ReadColumn>),
    /// By their types, which all rows have.
    Typed(SchemaRef),
}

impl KnownColumns {
    /// Their names, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        match self {
            KnownColumns::Inferred(columns) => columns.iter().map(|c| c.name.clone()).collect(),
            KnownColumns::Typed(schema) => schema.fields().iter().map(|f| f.name().clone()).collect(),
        }
    }

    /// Their types.
    ///
    /// # Errors
    /// `internal`: they have none.
    pub fn typed(&self) -> Result<&SchemaRef> {
        match self {
            KnownColumns::Typed(schema) => Ok(schema),
            KnownColumns::Inferred(_) => Err(Error::internal("columns without types are read as typed ones")),
        }
    }
}

/// What a scan is to read.
pub struct ScanRequest<'a> {
    /// All files of the source; none for a stream.
    pub files: &'a [InputFile],
    /// The one of their [parts](FileFormat::parts) that is read; all of them where none is named.
    pub part: Option<&'a Part>,
    /// What is known of their columns.
    pub known: &'a KnownColumns,
    /// The columns to make, in this order.
    pub columns: &'a [ReadColumn],
    /// The number of the first file among those of all sources of the plan.
    pub first_file: u32,
    /// How much to read at a time.
    pub limits: Limits,
    /// Asked now and then whether to stop.
    pub cancel: &'a Cancel,
}

/// An opened source.
pub struct Opened {
    /// Gives its rows.
    pub scan: Box<dyn Scan>,
    /// What was read, to be asked afterwards.
    pub inputs: Inputs,
}
