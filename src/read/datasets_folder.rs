//! Folders that `save_to_disk` of the package `datasets` wrote. Their `*.arrow` files are read as data, in the order of
//! `state.json`; of a dict of data sets, each file belongs to a split.

use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::open::cannot_read;
use crate::error::{Class, Error, Result};
use crate::store::{Files, Kind};

/// Lists the files of a data set.
const STATE: &str = "state.json";
/// Describes a data set; stands beside [`STATE`].
const INFO: &str = "dataset_info.json";
/// Lists the splits of a dict of data sets; each is a folder.
const DICT: &str = "dataset_dict.json";

#[derive(Deserialize)]
struct State {
    #[serde(rename = "_data_files")]
    files: Vec<DataFile>,
    /// Files with the order of rows; versions before 2.0 wrote them.
    #[serde(rename = "_indices_data_files", default)]
    indices: Option<Vec<DataFile>>,
}

#[derive(Deserialize)]
struct DataFile {
    filename: String,
}

#[derive(Deserialize)]
struct Dict {
    splits: Vec<String>,
}

/// A file of data, and its split: the split's number, and its name.
pub(crate) type File = (PathBuf, Option<(usize, String)>);

/// The files of a data set or of a dict of data sets, in order; none if the folder is neither.
///
/// # Errors
/// `bad_dataset`: what is listed is damaged, or does not exist; `cannot_read`.
pub(crate) fn files(store: &Files, folder: &Path) -> Result<Option<Vec<File>>> {
    let is_file = |name: &str| {
        store
            .kind(&folder.join(name))
            .map_err(|e| cannot_read(e, folder.display()))
            .map(|k| k == Some(Kind::File))
    };
    if is_file(DICT)? {
        let dict: Dict = read(store, &folder.join(DICT))?;
        let mut all = Vec::new();
        for (i, split) in dict.splits.iter().enumerate() {
            let below = folder.join(within(split, &folder.join(DICT))?);
            let split = Some((i, split.clone()));
            all.extend(of_state(store, &below)?.into_iter().map(|path| (path, split.clone())));
        }
        return Ok(Some(all));
    }
    if is_file(STATE)? && is_file(INFO)? {
        return Ok(Some(of_state(store, folder)?.into_iter().map(|path| (path, None)).collect()));
    }
    Ok(None)
}

/// The files that the state of a data set lists.
fn of_state(store: &Files, folder: &Path) -> Result<Vec<PathBuf>> {
    let path = folder.join(STATE);
    let state: State = read(store, &path)?;
    if state.indices.is_some_and(|files| !files.is_empty()) {
        return Err(bad(&path, "its rows have an order of their own, in files of an old version")
            .help("save it again: datasets.load_from_disk(folder).save_to_disk(other)"));
    }
    let file = |DataFile { filename }: &DataFile| {
        let file = folder.join(within(filename, &path)?);
        match store.kind(&file).map_err(|e| cannot_read(e, file.display()))? {
            Some(Kind::File) => Ok(file),
            _ => Err(bad(&path, &format!("it lists `{filename}`, which is not there"))),
        }
    };
    state.files.iter().map(file).collect()
}

/// A name, if it is one within its folder.
fn within<'a>(name: &'a str, path: &Path) -> Result<&'a Path> {
    let mut parts = Path::new(name).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(_)), None) => Ok(Path::new(name)),
        _ => Err(bad(path, &format!("`{name}` is not a name within the folder"))),
    }
}

fn read<T: for<'a> Deserialize<'a>>(store: &Files, path: &Path) -> Result<T> {
    let text = store.read(path).map_err(|e: io::Error| match e.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => bad(path, "the file does not exist"),
        _ => cannot_read(e, path.display()),
    })?;
    serde_json::from_slice(&text).map_err(|e| bad(path, &e.to_string()))
}

#[cold]
fn bad(path: &Path, why: &str) -> Error {
    let message = format!("the folder of a data set of the package datasets is damaged: {why}");
    Error::new(Class::Source, "bad_dataset", message)
        .help("copy the folder again, or save it again with save_to_disk; to read its files alone, name them by a glob")
        .path(path.display())
}
