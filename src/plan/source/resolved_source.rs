//! A source whose files are found and whose columns are known.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use arrow::datatypes::{Schema, SchemaRef};

use super::column::SourceColumn;
use super::form::SourceForm;
use super::spec::SourceSpec;
use crate::artifact::Manifest;
use crate::artifact::open::{DATA, MANIFEST, is_prepared, open};
use crate::artifact::verify::{REJECTS, REPORT};
use crate::cancel::Cancel;
use crate::error::{Class, Error, Result};
use crate::flow::PairedScan;
use crate::read::arrow::{RecordsDecode, RecordsSource};
use crate::read::file_format::{KnownColumns, Opened, ScanRequest};
use crate::read::inputs::Inputs;
use crate::read::json_rows;
use crate::read::jsonl::format::JsonLines;
use crate::read::parts::{Extent, Part};
use crate::read::splits::{self, WithSplits};
use crate::read::{InputFile, Limits, ReadColumn, cannot_read};
use crate::record::schema;
use crate::store::Files;

/// A source whose files are found and whose columns are known.
pub struct ResolvedSource {
    pub(super) spec: SourceSpec,
    pub(super) store: Files,
    pub(super) files: Vec<InputFile>,
    /// The columns, in the order of the source.
    pub columns: Vec<SourceColumn>,
    /// Columns that are not read: row numbers that pandas wrote with the data.
    pub left_out: Vec<String>,
    /// For a prepared folder and a stream with splits, the names of the splits; the column [`splits::SPLIT`] has the split of each row.
    pub splits: Vec<String>,
    pub(super) known: KnownColumns,
    /// The number of its first file among the files of all sources of the plan.
    pub first_file: u32,
}

impl ResolvedSource {
    /// The source, with the format that its files have decided.
    pub(crate) fn spec(&self) -> &SourceSpec {
        &self.spec
    }

    /// Whether it can be read more than once.
    pub(crate) fn can_be_read_again(&self) -> bool {
        match &self.spec {
            SourceSpec::Files { .. } => true,
            SourceSpec::Reader { stream, .. } => stream.again(),
            SourceSpec::Arrow { stream, .. } => stream.again(),
        }
    }

    /// The names of its files, by the file number of places.
    pub(crate) fn names(&self) -> Vec<String> {
        match &self.spec {
            SourceSpec::Files { .. } => self.files.iter().map(|file| file.name.clone()).collect(),
            SourceSpec::Reader { name, .. } | SourceSpec::Arrow { name, .. } => vec![name.clone()],
        }
    }

    /// Whether this is the column with the split of each row, which no file has. A stream has it.
    pub(crate) fn is_split(&self, column: &str) -> bool {
        !self.splits.is_empty() && !self.files.is_empty() && column == splits::SPLIT
    }

    /// The manifests of the prepared folders that its files are shards of, each folder once; none for files that are no
    /// shards.
    ///
    /// # Errors
    /// A manifest cannot be read.
    pub(crate) fn manifests(&self) -> Result<Vec<Option<Manifest>>> {
        let mut folders: Vec<Option<&Path>> =
            self.files.iter().map(|file| folder_of_shard(&file.path)).collect();
        folders.dedup();
        let manifest = |folder: Option<&Path>| match folder {
            Some(folder) if is_prepared(&self.store, folder)? => open(&self.store, folder).map(Some),
            _ => Ok(None),
        };
        folders.into_iter().map(manifest).collect()
    }

    /// The store of its files.
    pub(crate) fn store(&self) -> &Files {
        &self.store
    }

    /// Its files; none for a stream.
    pub(crate) fn files_mut(&mut self) -> &mut [InputFile] {
        &mut self.files
    }

    /// The name of a stream in the places of rows; none for files.
    pub(crate) fn stream_name(&mut self) -> Option<&mut String> {
        match &mut self.spec {
            SourceSpec::Reader { name, .. } | SourceSpec::Arrow { name, .. } => Some(name),
            _ => None,
        }
    }

    /// The names of its files that decide the ranks of a shuffle; a stream counts as one file with an empty name.
    pub(crate) fn rank_names(&self) -> impl Iterator<Item = &str> {
        let unnamed = self.files.is_empty().then_some("");
        self.files.iter().map(|file| file.below.as_str()).chain(unnamed)
    }

    /// The number of its files; 1 for a stream.
    pub(crate) fn file_count(&self) -> u32 {
        self.files.len().max(1) as u32
    }

    /// The source as a manifest holds it: with the names of its files instead of paths.
    pub(crate) fn published(&self) -> SourceForm {
        match &self.spec {
            SourceSpec::Files { format, .. } => {
                let inputs = self.files.iter().map(|file| file.name.clone().into()).collect();
                SourceForm::files(format.as_ref(), inputs, self.splits.clone())
            }
            spec => spec.form(None),
        }
    }

    /// The digest of the columns that a run has read of a stream. None if the stream can be read only once and a step
    /// may have stopped reading it early.
    pub(crate) fn content(
        &self,
        inputs: &Inputs,
        columns: &[ReadColumn],
        may_end_early: bool,
        cancel: &Cancel,
    ) -> Result<Option<String>> {
        let again = match &self.spec {
            SourceSpec::Reader { stream, .. } => stream.again(),
            SourceSpec::Arrow { stream, .. } => stream.again(),
            _ => return Ok(None),
        };
        match inputs.stream_digest() {
            Some(digest) if again || !may_end_early => Ok(Some(digest)),
            _ if again => {
                let names: Vec<String> = columns.iter().map(|c| c.name.clone()).collect();
                self.spec.digest(Some(&names), cancel)
            }
            _ => Ok(None),
        }
    }

    /// The source in `explain`.
    pub(crate) fn describe(&self) -> String {
        match &self.spec {
            SourceSpec::Files { format, .. } => {
                let names: Vec<&str> = self.files.iter().take(3).map(|f| f.name.as_str()).collect();
                let more = if self.files.len() > 3 { ", …" } else { "" };
                let s = if self.files.len() == 1 { "" } else { "s" };
                let splits = self.describe_splits("published splits");
                let decision = format.decision().map(|decision| format!("; {decision}")).unwrap_or_default();
                format!("{} file{s}: {}{more}{decision}{splits}", self.files.len(), names.join(", "))
            }
            SourceSpec::Reader { name, .. } | SourceSpec::Arrow { name, .. } => {
                format!("{name}{}", self.describe_splits("splits"))
            }
        }
    }

    fn describe_splits(&self, what: &str) -> String {
        match self.splits.is_empty() {
            true => String::new(),
            false => format!("; {what} {} as column {}", self.splits.join(", "), splits::SPLIT),
        }
    }

    /// Whether the source is JSON, where a column may have values of several types; columns that only pass through
    /// are then read leniently.
    pub(crate) fn is_json(&self) -> bool {
        matches!(self.known, KnownColumns::Inferred(_))
    }

    /// Fails if a run into the folder `out` would replace files that it reads. That happens if the folder of inputs
    /// holds the output of an earlier run.
    pub(crate) fn check_not_replaced(&self, out: &Path) -> Result<()> {
        let Some(out) = canonical(&self.store, out)? else { return Ok(()) };
        let replaced = [MANIFEST, REJECTS, REPORT, DATA].map(|name| out.join(name));
        for file in &self.files {
            let path = canonical(&file.store, &file.path)?;
            if path.is_some_and(|path| replaced.iter().any(|r| path.starts_with(r))) {
                let message =
                    format!("the input `{}` belongs to the data set that this run would replace", file.name);
                return Err(Error::new(Class::Publish, "own_output", message).path(out.display()).help(
                    "publish outside the folder of the inputs, or name the inputs by a glob that does not match the data set",
                ));
            }
        }
        Ok(())
    }

    /// The schema of its rows.
    pub(crate) fn schema(&self, columns: &[ReadColumn]) -> Result<SchemaRef> {
        let (columns, with_splits) = self.without_splits(columns);
        let schema = match &self.known {
            KnownColumns::Typed(schema) => RecordsDecode::new(&columns, schema)?.schema(),
            KnownColumns::Inferred(_) => json_rows::schema(&columns),
        };
        if !with_splits {
            return Ok(schema);
        }
        let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
        fields.push(Arc::new(schema::text(splits::SPLIT)));
        Ok(Arc::new(Schema::new(fields)))
    }

    /// These columns without the column of splits, which no file has, and whether they had it.
    fn without_splits(&self, columns: &[ReadColumn]) -> (Vec<ReadColumn>, bool) {
        let (splits, columns): (Vec<_>, Vec<_>) =
            columns.iter().cloned().partition(|c| self.is_split(&c.name));
        (columns, !splits.is_empty())
    }

    /// Stored bytes of all its files, the final value of [`Cancel::bytes_read`]; none if they are not counted there.
    pub(crate) fn input_bytes(&self) -> Option<u64> {
        let SourceSpec::Files { format, .. } = &self.spec else { return None };
        if !format.counts_bytes_read() {
            return None;
        }
        self.files.iter().map(|file| Some(file.store.metadata(&file.path).ok()?.bytes)).sum()
    }

    /// Divides its rows into parts of about `bytes` stored bytes, in order. A stream and a compressed file are one
    /// part.
    ///
    /// # Errors
    /// Those of opening the files.
    pub fn parts(&self, bytes: u64, cancel: &Cancel) -> Result<Vec<Part>> {
        match &self.spec {
            SourceSpec::Files { format, .. } => format.parts(&self.files, bytes, cancel),
            SourceSpec::Reader { .. } | SourceSpec::Arrow { .. } => {
                Ok(vec![Part { file: 0, extent: Extent::Whole }])
            }
        }
    }

    /// Opens one of its [`parts`](Self::parts), for a scan of the rows of that part. They have the same places as in
    /// a scan of the whole source.
    ///
    /// # Errors
    /// Those of opening the file.
    pub fn open_part(
        &self,
        part: &Part,
        columns: &[ReadColumn],
        limits: Limits,
        cancel: &Cancel,
    ) -> Result<Opened> {
        self.open_whole_or_part(Some(part), columns, limits, false, cancel)
    }

    /// Opens the source for one run. With `digested` a stream of record batches computes the digest of what is read;
    /// files always do.
    ///
    /// # Errors
    /// Those of opening the files or the stream.
    pub fn open(
        &self,
        columns: &[ReadColumn],
        limits: Limits,
        digested: bool,
        cancel: &Cancel,
    ) -> Result<Opened> {
        self.open_whole_or_part(None, columns, limits, digested, cancel)
    }

    /// Opens the whole source, or one part.
    fn open_whole_or_part(
        &self,
        part: Option<&Part>,
        columns: &[ReadColumn],
        limits: Limits,
        digested: bool,
        cancel: &Cancel,
    ) -> Result<Opened> {
        let (columns, with_splits) = self.without_splits(columns);
        let request = ScanRequest {
            files: &self.files,
            part,
            known: &self.known,
            columns: &columns,
            first_file: self.first_file,
            limits,
            cancel,
        };
        match &self.spec {
            SourceSpec::Files { format, .. } => {
                let Opened { scan, inputs } = format.open(&request)?;
                if !with_splits {
                    return Ok(Opened { scan, inputs });
                }
                let scan = WithSplits::new(scan, &self.files, self.first_file);
                Ok(Opened { scan: Box::new(scan), inputs })
            }
            SourceSpec::Reader { name, stream, peeked, max_line_bytes } => {
                let taken = peeked.lock().unwrap_or_else(PoisonError::into_inner).take();
                let reader = match taken {
                    Some((_, reader)) => reader,
                    None => stream.open()?,
                };
                Ok(JsonLines { max_line_bytes: *max_line_bytes }.open_stream(reader, name, &request))
            }
            SourceSpec::Arrow { name, stream } => {
                let schema = self.known.typed()?;
                let decode = RecordsDecode::new(&columns, schema)?;
                let names = columns.into_iter().map(|c| c.name).collect();
                let mut rows =
                    RecordsSource::new(stream.open()?, name, names, limits).numbered(self.first_file);
                if digested {
                    rows = rows.digested(schema);
                }
                let inputs = rows.inputs();
                Ok(Opened { scan: Box::new(PairedScan::new(rows, Arc::new(decode))), inputs })
            }
        }
    }
}

/// The canonical path of an existing file or folder; none if it does not exist.
fn canonical(store: &Files, path: &Path) -> Result<Option<PathBuf>> {
    match store.canonical(path) {
        Ok(path) => Ok(Some(path)),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(cannot_read(e, path.display())),
    }
}

/// The prepared folder that a file is a shard of, by where it lies: in a folder below `data`.
fn folder_of_shard(path: &Path) -> Option<&Path> {
    let data = path.parent()?.parent()?;
    (data.file_name()? == DATA).then(|| data.parent()).flatten()
}
