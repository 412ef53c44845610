//! Prepared folders among the inputs. Their shards are read as data, their other files are not.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::open::cannot_read;
use crate::artifact::Manifest;
use crate::artifact::manifest::SplitTotals;
use crate::artifact::open::{DATA, MANIFEST, has_size, is_prepared, open, with_current};
use crate::artifact::verify::{REJECTS, REPORT};
use crate::error::Result;
use crate::store::{Files, Kind};

/// The start of every line of a file of rejects.
const REJECT: &[u8] = b"{\"code\":\"";

/// The shards of a prepared folder in the first of these formats that it has, each with the number and the name of its
/// split. Checks that each exists and has the size in the manifest.
///
/// # Errors
/// Those of [`open`], `missing_shard`, `damaged_shard`.
pub(crate) fn shards(
    store: &Files,
    folder: &Path,
    formats: &[&str],
) -> Result<Vec<(PathBuf, (usize, String))>> {
    with_current(store, folder, |manifest, _| {
        let has = |format: &&&str| manifest.shards.iter().any(|s| s.format == ***format);
        let Some(format) = formats.iter().find(has) else { return Ok(Vec::new()) };
        let data = folder.join(&manifest.data);
        let mut shards = manifest.shards.iter().filter(|s| s.format == *format);
        shards.try_for_each(|s| has_size(store, &data.join(&s.name), s))?;
        let with_split = |(i, split): (usize, &SplitTotals)| {
            let shards = manifest.shards_of(&split.name, format).map(|s| data.join(&s.name));
            shards.map(|path| (path, (i, split.name.clone()))).collect::<Vec<_>>()
        };
        Ok(manifest.splits.iter().enumerate().flat_map(with_split).collect())
    })
}

/// Whether a file holds rows that a run has rejected, by its name and its first bytes. A run that publishes no data
/// writes its rejects beside the output folder, where no manifest lists them.
///
/// # Errors
/// `cannot_read`: the file has such a name and cannot be read.
pub(crate) fn is_rejects(store: &Files, path: &Path) -> Result<bool> {
    if !path.file_name().is_some_and(|n| n.to_string_lossy().ends_with(REJECTS)) {
        return Ok(false);
    }
    let head = || -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        if store.kind(path)? == Some(Kind::File) {
            store.open(path)?.take(REJECT.len() as u64).read_to_end(&mut head)?;
        }
        Ok(head)
    };
    head().map(|head| head == REJECT).map_err(|e| cannot_read(e, path.display()))
}

/// The prepared folders that hold files found by a search, with their manifests.
#[derive(Default)]
pub(crate) struct Published(HashMap<PathBuf, Option<Manifest>>);

impl Published {
    /// Whether a file is data: false for the manifest and the sidecars of a prepared folder.
    ///
    /// # Errors
    /// Those of [`open`] and [`is_prepared`].
    pub(crate) fn is_data(&mut self, store: &Files, path: &Path) -> Result<bool> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(OsStr::to_str)) else {
            return Ok(true);
        };
        if [MANIFEST, REJECTS, REPORT].contains(&name) && is_prepared(store, folder)? {
            return Ok(false);
        }
        let Some((data, root)) = folder.parent().and_then(|data| Some((data, data.parent()?))) else {
            return Ok(true);
        };
        if data.file_name() != Some(OsStr::new(DATA)) {
            return Ok(true);
        }
        if !self.0.contains_key(root) {
            let manifest = if is_prepared(store, root)? { Some(open(store, root)?) } else { None };
            self.0.insert(root.to_path_buf(), manifest);
        }
        let Some(Some(manifest)) = self.0.get(root) else { return Ok(true) };
        Ok(folder == root.join(&manifest.data) && manifest.shards.iter().any(|s| s.name == name))
    }
}
