//! The trait that a file format implements. The rest of the core reads a format through this trait alone; it is
//! listed in [`FORMATS`](super::formats::FORMATS).

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::encoding::BOM;
use super::inputs::Inputs;
use super::parts::Part;
use super::{InputFile, Limits, ReadColumn};
use crate::cancel::Cancel;
use crate::error::{Class, Error, Result};
use crate::flow::Scan;

/// A file format, with the options of its verb.
pub trait FileFormat: Debug + Send + Sync {
    /// The name of the format in the JSON of plans, and in the manifest for its shards.
    fn name(&self) -> &'static str;

    /// The name of the format in messages, such as `JSON lines`.
    fn title(&self) -> &'static str;

    /// The verb that scans it.
    fn verb(&self) -> &'static str;

    /// The options, as in the JSON of plans.
    fn options(&self) -> Map<String, Value> {
        Map::new()
    }

    /// The format with other options, which are those of [`options`](Self::options).
    ///
    /// # Errors
    /// `bad_option`; [`read_options`] gives it.
    fn with_options(&self, options: Map<String, Value>) -> Result<Arc<dyn FileFormat>>;

    /// The words for the format in the manifests of prepared folders, in order of preference.
    fn shard_formats(&self) -> Vec<&'static str> {
        vec![self.name()]
    }

    /// Whether a file with this start has the format. No file may be recognised by two formats.
    fn recognises(&self, head: &FileHead<'_>) -> bool;

    /// The format with the options that these files decide, if there are any. It takes the place of this one before
    /// any other method reads the files, and in the manifest.
    ///
    /// # Errors
    /// Those of opening the files; they leave an option open.
    fn decided(&self, files: &[InputFile], cancel: &Cancel) -> Result<Option<Arc<dyn FileFormat>>> {
        let _ = (files, cancel);
        Ok(None)
    }

    /// What [`decided`](Self::decided) has found, for `explain`.
    fn decision(&self) -> Option<String> {
        None
    }

    /// Whether a search of a folder finds files of this name. A file that is passed by its path, or that a glob
    /// matches, may have any name.
    fn matches(&self, file_name: &str) -> bool;

    /// The file names that match, for error messages.
    fn file_names(&self) -> String;

    /// Help for a folder that holds files of this format, where the user asked for another format.
    fn folder_help(&self, folder: &Path) -> String;

    /// Finds the columns of files, reading as few rows as possible.
    ///
    /// # Errors
    /// Those of opening the files; files have one column in different types.
    fn columns(&self, files: &[InputFile], cancel: &Cancel) -> Result<KnownColumns>;

    /// Cuts files into parts of about `bytes` stored bytes each, in order.
    ///
    /// # Errors
    /// Those of opening the files.
    fn parts(&self, files: &[InputFile], bytes: u64, cancel: &Cancel) -> Result<Vec<Part>>;

    /// Opens files, or one of their parts, for one run. Each row has its place in the whole source.
    ///
    /// # Errors
    /// Those of opening the files; a column does not exist, or has another type than requested.
    fn open(&self, request: &ScanRequest<'_>) -> Result<Opened>;

    /// Whether its scans add the stored bytes that they read to [`Cancel::bytes_read`].
    fn counts_bytes_read(&self) -> bool;
}

/// The start of a file, by which its format is recognised.
#[derive(Debug, Clone, Copy)]
pub struct FileHead<'a> {
    /// The name of the file.
    pub name: &'a str,
    /// Its first bytes, decompressed: up to 64 KiB.
    pub bytes: &'a [u8],
    /// Whether these are all of its bytes.
    pub is_whole: bool,
}

impl<'a> FileHead<'a> {
    /// Whether its name, without the ending of a compressed file, ends in one of these.
    pub fn is_named(&self, endings: &[&str]) -> bool {
        let plain = [".gz", ".zst", ".zstd"].iter().find_map(|ending| self.name.strip_suffix(ending));
        endings.iter().any(|ending| plain.unwrap_or(self.name).ends_with(ending))
    }

    /// The text after a byte order mark and white space.
    pub fn text(&self) -> &'a [u8] {
        self.bytes.strip_prefix(BOM).unwrap_or(self.bytes).trim_ascii_start()
    }
}

/// Reads the options of a format from the JSON of a plan.
///
/// # Errors
/// `bad_option`: an option is missing, unknown, or has another type.
pub fn read_options<F: DeserializeOwned>(verb: &str, options: Map<String, Value>) -> Result<F> {
    serde_json::from_value(Value::Object(options))
        .map_err(|e| Error::new(Class::Plan, "bad_option", format!("{verb}: {e}")))
}

/// The columns of a source, as far as they are known before its rows are read.
#[derive(Debug, Clone)]
pub enum KnownColumns {
    /// Inferred from the first rows of the files: later rows may hold other values.
    Inferred(Vec<ReadColumn>),
    /// Read from the schema, which holds for all rows.
    Typed(SchemaRef),
}

impl KnownColumns {
    /// The names of the columns, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        match self {
            KnownColumns::Inferred(columns) => columns.iter().map(|c| c.name.clone()).collect(),
            KnownColumns::Typed(schema) => schema.fields().iter().map(|f| f.name().clone()).collect(),
        }
    }

    /// The schema of typed columns.
    ///
    /// # Errors
    /// `internal`: the columns were inferred.
    pub fn typed(&self) -> Result<&SchemaRef> {
        match self {
            KnownColumns::Typed(schema) => Ok(schema),
            KnownColumns::Inferred(_) => Err(Error::internal("inferred columns were read as typed columns")),
        }
    }
}

/// What a scan reads, and how.
pub struct ScanRequest<'a> {
    /// All files of the source; none for a stream.
    pub files: &'a [InputFile],
    /// The [part](FileFormat::parts) of the files to read; `None` for all.
    pub part: Option<&'a Part>,
    /// The known columns of the files.
    pub known: &'a KnownColumns,
    /// The columns to read, in this order.
    pub columns: &'a [ReadColumn],
    /// The number of the first file among those of all sources of the plan.
    pub first_file: u32,
    /// How much to read at a time.
    pub limits: Limits,
    /// Checked at intervals, so that the run can be stopped.
    pub cancel: &'a Cancel,
}

/// An opened source.
pub struct Opened {
    /// The scan of its rows.
    pub scan: Box<dyn Scan>,
    /// What the scan has read, for the manifest.
    pub inputs: Inputs,
}
