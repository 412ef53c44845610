//! Writes the files beside the shards: keys, rejects and duplicates.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::arrow::ArrowFile;
use super::checksummed_file::{ChecksummedFile, WrittenFile};
use super::cut::Limit;
use super::jsonl::{Compression, Lines, LinesFile};
use crate::artifact::keys::{KEY_COLUMN, KEY_RECIPE, KEYS, SPLIT_COLUMN};
use crate::artifact::manifest::FileEntry;
use crate::artifact::verify::{REJECTS, REPORT};
use crate::error::Result;
use crate::record::json::{write_integer, write_string, write_verbatim};
use crate::record::{Duplicate, Place, Reject};
use crate::store::{self, Files};

/// The name of the file of duplicates.
pub(crate) const DUPLICATES: &str = "duplicates.jsonl";

/// Rows of a record batch of `keys.arrow`, which is then about 1.3 MB.
const KEYS_ROWS: u64 = 65_536;

/// The columns of `keys.arrow`.
pub(super) fn keys_schema(recipe: &str) -> SchemaRef {
    let fields = vec![
        Field::new(KEY_COLUMN, DataType::FixedSizeBinary(16), false),
        Field::new(SPLIT_COLUMN, DataType::Utf8, false),
    ];
    Arc::new(Schema::new_with_metadata(fields, HashMap::from([(KEY_RECIPE.into(), recipe.into())])))
}

/// The rejects and duplicates of a batch as JSON lines.
#[derive(Default)]
pub(super) struct RemovedRows {
    pub(crate) rejects: Lines,
    pub(crate) duplicates: Lines,
}

impl RemovedRows {
    /// Writes them in row order. The order in which stages found them depends on the size of batches.
    pub(crate) fn new(
        mut rejects: Vec<Reject>,
        mut duplicates: Vec<Duplicate>,
        files: &[String],
        against: &[String],
    ) -> Self {
        rejects.sort_by_key(|r| r.position);
        duplicates.sort_by_key(|d| d.position);
        let mut removed = RemovedRows::default();
        for reject in &rejects {
            removed.rejects.push(|out| write_reject(out, reject, files));
        }
        for duplicate in &duplicates {
            removed.duplicates.push(|out| write_duplicate(out, duplicate, files, against));
        }
        removed
    }
}

fn write_reject(out: &mut Vec<u8>, reject: &Reject, files: &[String]) {
    out.extend_from_slice(b"{\"code\":");
    write_string(out, reject.code);
    out.push(b',');
    write_place(out, reject.place, files);
    out.extend_from_slice(b",\"byte\":");
    write_optional(out, reject.place.byte);
    out.extend_from_slice(b",\"detail\":");
    write_string(out, &reject.detail);
    out.extend_from_slice(b",\"record\":");
    write_verbatim(out, &reject.record);
    out.push(b'}');
}

fn write_duplicate(out: &mut Vec<u8>, duplicate: &Duplicate, files: &[String], against: &[String]) {
    out.push(b'{');
    write_place(out, duplicate.dropped, files);
    out.extend_from_slice(b",\"kept\":");
    match (duplicate.kept, duplicate.against.and_then(|i| against.get(i))) {
        (Some(kept), _) => {
            out.push(b'{');
            write_place(out, kept, files);
            out.push(b'}');
        }
        (None, Some(folder)) => {
            out.extend_from_slice(b"{\"against\":");
            write_string(out, folder);
            out.push(b'}');
        }
        (None, None) => out.extend_from_slice(b"null"),
    }
    out.push(b'}');
}

fn write_place(out: &mut Vec<u8>, place: Place, files: &[String]) {
    out.extend_from_slice(b"\"file\":");
    write_string(out, files.get(place.file as usize).map_or("", String::as_str));
    out.extend_from_slice(b",\"row\":");
    write_integer(out, place.row);
    out.extend_from_slice(b",\"line\":");
    write_optional(out, place.line);
}

fn write_optional(out: &mut Vec<u8>, value: Option<u64>) {
    match value {
        Some(value) => write_integer(out, value),
        None => out.extend_from_slice(b"null"),
    }
}

/// The sidecars being written. The file of rejects is always created, that of duplicates at the first duplicate.
pub(super) struct Sidecars {
    store: Files,
    folder: PathBuf,
    keys: Option<(ArrowFile, u64)>,
    rejects: Option<(LinesFile, u64)>,
    duplicates: Option<(LinesFile, u64)>,
}

impl Sidecars {
    pub(crate) fn create(store: &Files, folder: &Path, key_recipe: Option<&str>) -> Result<Self> {
        let keys = match key_recipe {
            Some(recipe) => {
                let limit = Limit { rows: KEYS_ROWS, bytes: u64::MAX };
                Some((ArrowFile::create(store, &folder.join(KEYS), &keys_schema(recipe), limit)?, 0))
            }
            None => None,
        };
        let rejects = Some((LinesFile::create(store, &folder.join(REJECTS), Compression::None)?, 0));
        Ok(Sidecars { store: store.clone(), folder: folder.to_path_buf(), keys, rejects, duplicates: None })
    }

    pub(crate) fn push(&mut self, keys: Option<&RecordBatch>, removed: &RemovedRows) -> Result<()> {
        if let (Some((file, rows)), Some(keys)) = (&mut self.keys, keys) {
            file.append(keys, &vec![0; keys.num_rows()])?;
            *rows += keys.num_rows() as u64;
        }
        if let Some((file, rows)) = &mut self.rejects {
            file.append(removed.rejects.text())?;
            *rows += removed.rejects.sizes.len() as u64;
        }
        if self.duplicates.is_none() && !removed.duplicates.sizes.is_empty() {
            let path = self.folder.join(DUPLICATES);
            self.duplicates = Some((LinesFile::create(&self.store, &path, Compression::None)?, 0));
        }
        if let Some((file, rows)) = &mut self.duplicates {
            file.append(removed.duplicates.text())?;
            *rows += removed.duplicates.sizes.len() as u64;
        }
        Ok(())
    }

    /// Writes and syncs the report, and returns its entry.
    pub(crate) fn write_report(&self, text: &str) -> Result<FileEntry> {
        let path = self.folder.join(REPORT);
        let mut file = ChecksummedFile::new(self.store.create_file(&path)?);
        let written = file.write_all(text.as_bytes()).and_then(|()| file.close());
        entry(REPORT, "json", 0, written.map_err(|e| store::error("write", &path, e))?)
    }

    /// Closes and syncs the rejects. They are kept even if the data are not published.
    pub(crate) fn finish_rejects(&mut self) -> Result<Option<FileEntry>> {
        let Some((file, rows)) = self.rejects.take() else { return Ok(None) };
        Ok(Some(entry(REJECTS, "jsonl", rows, file.close()?)?))
    }

    /// Closes and syncs all sidecars, and returns their entries.
    pub(crate) fn finish(&mut self) -> Result<Vec<FileEntry>> {
        let mut files = vec![];
        if let Some((file, rows)) = self.keys.take() {
            files.push(entry(KEYS, "arrow", rows, file.close()?)?);
        }
        files.extend(self.finish_rejects()?);
        if let Some((file, rows)) = self.duplicates.take() {
            files.push(entry(DUPLICATES, "jsonl", rows, file.close()?)?);
        }
        Ok(files)
    }
}

fn entry(name: &str, format: &str, rows: u64, written: WrittenFile) -> Result<FileEntry> {
    let WrittenFile { file, bytes, xxh3 } = written;
    file.sync()?;
    Ok(FileEntry { name: name.into(), split: None, format: format.into(), rows, tokens: 0, bytes, xxh3 })
}
