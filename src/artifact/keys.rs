//! The file of keys of a prepared folder, against which later runs deduplicate.

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

/// The name of the file.
pub(crate) const KEYS: &str = "keys.arrow";
/// Its column of keys: FixedSizeBinary(16), big-endian.
pub(crate) const KEY_COLUMN: &str = "key";
/// Its column of split names: Utf8.
pub(crate) const SPLIT_COLUMN: &str = "split";
/// The schema metadata that says how keys were made.
pub(crate) const KEY_RECIPE: &str = "fastprep.key_recipe";

/// The keys of a prepared folder, in the order of its rows.
pub struct Keys {
    /// How the keys were made: keys of different recipes cannot be compared.
    pub(crate) recipe: String,
    path: PathBuf,
    reader: FileReader<BufReader<Reader>>,
    batch: Option<FixedSizeBinaryArray>,
    position: usize,
    cancel: Cancel,
}

/// The manifest of a prepared folder with keys, and their recipe.
///
/// Errors (`Class::Source`): those of [`open`], `no_keys`.
pub(crate) fn with_recipe(store: &Files, dir: &Path) -> Result<(Manifest, String)> {
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
fn unusable(path: &Path, what: &str) -> Error {
    let message = format!("the keys of a prepared folder cannot be used: {what}");
    Error::new(Class::Source, "bad_keys", message)
        .path(path.display())
        .help("prepare that folder again, or leave it out of against=")
}

impl Keys {
    /// Opens the keys of a prepared folder. Their checksum is checked first: with a damaged key, a duplicate would
    /// not be found.
    ///
    /// Errors (`Class::Source`): those of [`open`], `no_keys`, `bad_keys`.
    pub fn open(store: &Files, dir: &Path, cancel: &Cancel) -> Result<Keys> {
        with_current(store, dir, |manifest, _| Keys::from_manifest(store, dir, manifest, cancel))
    }

    fn from_manifest(store: &Files, dir: &Path, manifest: &Manifest, cancel: &Cancel) -> Result<Keys> {
        let entry = manifest.sidecar(KEYS).ok_or_else(|| no_keys(dir))?;
        let path = dir.join(&manifest.data).join(KEYS);
        let unusable = |what: String| unusable(&path, &what);
        let checked = check_bytes(store, &path, entry, cancel);
        cancel.check()?;
        checked.map_err(|what| unusable(format!("the file {what}")))?;
        let file = store.open(&path).map_err(|e| unusable(e.to_string()))?;
        let reader =
            FileReader::try_new(BufReader::new(file), Some(vec![0])).map_err(|e| unusable(e.to_string()))?;
        let recipe =
            manifest.key_recipe.clone().ok_or_else(|| unusable("the manifest has no key_recipe".into()))?;
        let cancel = cancel.clone();
        Ok(Keys { recipe, path, reader, batch: None, position: 0, cancel })
    }
}

impl Iterator for Keys {
    type Item = Result<u128>;

    fn next(&mut self) -> Option<Result<u128>> {
        while self.batch.as_ref().is_none_or(|b| self.position == b.len()) {
            if let Err(e) = self.cancel.check() {
                return Some(Err(e));
            }
            let batch = match self.reader.next()? {
                Ok(batch) => batch,
                Err(e) => return Some(Err(unusable(&self.path, &e.to_string()))),
            };
            let keys = batch.column(0).as_fixed_size_binary_opt().filter(|k| k.value_length() == 16);
            let Some(keys) = keys else {
                return Some(Err(Error::internal(format!("{KEYS} holds {}", batch.column(0).data_type()))));
            };
            self.batch = Some(keys.clone());
            self.position = 0;
        }
        let value = self.batch.as_ref()?.value(self.position);
        self.position += 1;
        Some(
            value
                .try_into()
                .map(u128::from_be_bytes)
                .map_err(|_| Error::internal("a key does not have 16 bytes")),
        )
    }
}
