//! The key sidecar of a prepared folder: what later runs deduplicate against.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, FixedSizeBinaryArray};
use arrow::ipc::reader::FileReader;

use super::manifest::Manifest;
use super::open::{open, with_current};
use super::verify::check_bytes;
use crate::cancel::Cancel;
use crate::error::{Class, Error, Result};
use crate::store::{Files, Reader};

/// The sidecar's name.
pub(crate) const KEYS: &str = "keys.arrow";
/// Its column of keys: FixedSizeBinary(16), big-endian.
pub(crate) const KEY_COLUMN: &str = "key";
/// Its column of split names: Utf8.
pub(crate) const SPLIT_COLUMN: &str = "split";
/// The schema metadata that says how keys were made.
pub(crate) const KEY_RECIPE: &str = "fastprep.key_recipe";

/// The keys of a prepared folder, in the order of its rows.
pub struct Keys {
    /// How they were made: keys of another recipe cannot be compared with them.
    pub(crate) recipe: String,
    path: PathBuf,
    reader: FileReader<BufReader<Reader>>,
    batch: Option<FixedSizeBinaryArray>,
    at: usize,
    cancel: Cancel,
}

/// The manifest of a prepared folder that has keys, and how they were made.
///
/// Errors (`Class::Source`): those of [`open`], `no_keys`.
pub(crate) fn described(store: &Files, dir: &Path) -> Result<(Manifest, String)> {
    let manifest = open(store, dir)?;
    let recipe = manifest.key_recipe.clone().ok_or_else(|| no_keys(dir))?;
    Ok((manifest, recipe))
}

#[cold]
fn no_keys(dir: &Path) -> Error {
    Error::new(Class::Source, "no_keys", format!("the prepared folder has no {KEYS}"))
        .path(dir.display())
        .help("prepare it again with .dedup() in the plan, which writes the keys")
}

#[cold]
fn bad(path: &Path, what: &str) -> Error {
    let message = format!("the keys of a prepared folder cannot be used: {what}");
    Error::new(Class::Source, "bad_keys", message)
        .path(path.display())
        .help("prepare that folder again, or leave it out of against=")
}

impl Keys {
    /// Opens the keys of a prepared folder; their checksum is compared first, since a damaged key would let a
    /// duplicate through.
    ///
    /// Errors (`Class::Source`): those of [`open`], `no_keys`, `bad_keys`.
    pub fn open(store: &Files, dir: &Path, cancel: &Cancel) -> Result<Keys> {
        with_current(store, dir, |manifest, _| Keys::of(store, dir, manifest, cancel))
    }

    fn of(store: &Files, dir: &Path, manifest: &Manifest, cancel: &Cancel) -> Result<Keys> {
        let entry = manifest.sidecar(KEYS).ok_or_else(|| no_keys(dir))?;
        let path = dir.join(&manifest.data).join(KEYS);
        let bad = |what: String| bad(&path, &what);
        let checked = check_bytes(store, &path, entry, cancel);
        cancel.check()?;
        checked.map_err(|what| bad(format!("the file {what}")))?;
        let file = store.open(&path).map_err(|e| bad(e.to_string()))?;
        let reader =
            FileReader::try_new(BufReader::new(file), Some(vec![0])).map_err(|e| bad(e.to_string()))?;
        let recipe =
            manifest.key_recipe.clone().ok_or_else(|| bad("the manifest has no key_recipe".into()))?;
        let cancel = cancel.clone();
        Ok(Keys { recipe, path, reader, batch: None, at: 0, cancel })
    }
}

impl Iterator for Keys {
    type Item = Result<u128>;

    fn next(&mut self) -> Option<Result<u128>> {
        while self.batch.as_ref().is_none_or(|b| self.at == b.len()) {
            if let Err(e) = self.cancel.check() {
                return Some(Err(e));
            }
            let batch = match self.reader.next()? {
                Ok(batch) => batch,
                Err(e) => return Some(Err(bad(&self.path, &e.to_string()))),
            };
            let keys = batch.column(0).as_fixed_size_binary_opt().filter(|k| k.value_length() == 16);
            let Some(keys) = keys else {
                return Some(Err(Error::internal(format!("{KEYS} holds {}", batch.column(0).data_type()))));
            };
            self.batch = Some(keys.clone());
            self.at = 0;
        }
        let value = self.batch.as_ref()?.value(self.at);
        self.at += 1;
        Some(value.try_into().map(u128::from_be_bytes).map_err(|_| Error::internal("a key has not 16 bytes")))
    }
}
