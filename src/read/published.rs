//! Prepared folders among the inputs: their shards are data, their other files are not.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::artifact::Manifest;
use crate::artifact::manifest::SplitTotals;
use crate::artifact::open::{DATA, MANIFEST, has_size, is_prepared, open, with_current};
use crate::artifact::verify::REJECTS;
use crate::error::Result;

/// How every line of rejects begins.
const REJECT: &[u8] = b"{\"code\":\"";

/// The shards of a prepared folder in a format, each with the number and the name of its split. Each is there with the
/// size that the manifest says.
///
/// # Errors
/// Those of [`open`], `missing_shard`, `damaged_shard`.
pub fn shards(folder: &Path, format: &str) -> Result<Vec<(PathBuf, (usize, String))>> {
    with_current(folder, |manifest, _| {
        let data = folder.join(&manifest.data);
        let mut shards = manifest.shards.iter().filter(|s| s.format == format);
        shards.try_for_each(|s| has_size(&data.join(&s.name), s))?;
        let of = |(i, split): (usize, &SplitTotals)| {
            let shards = manifest.shards_of(&split.name, format).map(|s| data.join(&s.name));
            shards.map(|path| (path, (i, split.name.clone()))).collect::<Vec<_>>()
        };
        Ok(manifest.splits.iter().enumerate().flat_map(of).collect())
    })
}

/// Whether a file holds rows that a run has rejected: named as such, and beginning as such. A run that publishes no data
/// leaves them beside its folder, where no manifest names them.
pub fn is_rejects(path: &Path) -> bool {
    let named = path.file_name().is_some_and(|n| n.to_string_lossy().ends_with(REJECTS));
    let mut head = [0; REJECT.len()];
    named && File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == *REJECT
}

/// The prepared folders that files of a glob lie in.
#[derive(Default)]
pub struct Published(HashMap<PathBuf, Option<Manifest>>);

impl Published {
    /// Whether a file is to be read: false for the manifest and the sidecars of a prepared folder.
    ///
    /// # Errors
    /// Those of [`open`].
    pub fn is_data(&mut self, path: &Path) -> Result<bool> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(OsStr::to_str)) else {
            return Ok(true);
        };
        if [MANIFEST, REJECTS].contains(&name) && is_prepared(folder) {
            return Ok(false);
        }
        let Some((data, root)) = folder.parent().and_then(|data| Some((data, data.parent()?))) else {
            return Ok(true);
        };
        if data.file_name() != Some(OsStr::new(DATA)) {
            return Ok(true);
        }
        if !self.0.contains_key(root) {
            let manifest = if is_prepared(root) { Some(open(root)?) } else { None };
            self.0.insert(root.to_path_buf(), manifest);
        }
        let Some(Some(manifest)) = self.0.get(root) else { return Ok(true) };
        Ok(folder == root.join(&manifest.data) && manifest.shards.iter().any(|s| s.name == name))
    }
}
