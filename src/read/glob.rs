//! Expands globs over file names of any bytes: `*`, `?`, `[…]` within a name, and `**` for folders at any depth.
//!
//! The crate `glob` matches single names. Its own search of folders panics at a name that is not UTF-8.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::open::{cannot_read, kind_of};
use crate::cancel::Cancel;
use crate::error::{Class, Error, Result};
use crate::store::{Files, Kind};

/// Only a pattern that begins with a dot matches hidden names.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// Whether a path may be a glob.
pub(crate) fn is_glob(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().iter().any(|b| b"*?[".contains(b))
}

/// The files and folders that match, in no particular order. A name that is not UTF-8 is matched with `�` in place of
/// the invalid bytes.
pub(crate) fn expand(store: &Files, pattern: &Path, cancel: &Cancel) -> Result<Vec<PathBuf>> {
    let mut matched = vec![PathBuf::new()];
    for part in pattern.components() {
        let Component::Normal(name) = part else {
            matched.iter_mut().for_each(|path| path.push(part));
            continue;
        };
        let mut next = Vec::new();
        if name == OsStr::new("**") {
            for folder in &matched {
                folders(store, folder, cancel, &mut HashSet::new(), &mut next)?;
            }
        } else if is_glob(Path::new(name)) {
            let name = Pattern::new(&name.to_string_lossy()).map_err(|e| bad(pattern, e.msg))?;
            for folder in &matched {
                for entry in entries(store, folder, cancel)? {
                    let matches = |n: &OsStr| name.matches_with(&n.to_string_lossy(), OPTIONS);
                    if entry.file_name().is_some_and(matches) {
                        next.push(entry);
                    }
                }
            }
        } else {
            for path in matched.iter().map(|path| path.join(name)) {
                // A broken link counts as a match; the error comes when it is opened.
                let link = || store.link_target(&path).map_err(|e| cannot_read(e, path.display()));
                if kind_of(store, &path)?.is_some() || link()?.is_some() {
                    next.push(path);
                }
            }
        }
        matched = next;
    }
    Ok(matched)
}

#[cold]
fn bad(pattern: &Path, why: &str) -> Error {
    Error::new(Class::Plan, "bad_glob", format!("`{}` is not a valid glob: {why}", pattern.display()))
        .help("write [[] for a literal [")
}

/// The paths in a folder; none if it is not a folder.
fn entries(store: &Files, folder: &Path, cancel: &Cancel) -> Result<Vec<PathBuf>> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if kind_of(store, here)? != Some(Kind::Folder) {
        return Ok(Vec::new());
    }
    let unreadable = |e| cannot_read(e, here.display());
    let mut paths = Vec::new();
    for entry in store.list(here).map_err(unreadable)? {
        cancel.check()?;
        paths.push(folder.join(entry.map_err(unreadable)?.name));
    }
    Ok(paths)
}

/// A folder and all folders below it that are not hidden. `seen` holds its parent folders, so that a link to one of
/// them is not followed.
fn folders(
    store: &Files,
    folder: &Path,
    cancel: &Cancel,
    seen: &mut HashSet<PathBuf>,
    matched: &mut Vec<PathBuf>,
) -> Result<()> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if kind_of(store, here)? != Some(Kind::Folder) {
        return Ok(());
    }
    let itself = store.canonical(here).map_err(|e| cannot_read(e, here.display()))?;
    if !seen.insert(itself.clone()) {
        return Ok(());
    }
    matched.push(folder.to_path_buf());
    for entry in entries(store, folder, cancel)? {
        let hidden = entry.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden {
            folders(store, &entry, cancel, seen, matched)?;
        }
    }
    seen.remove(&itself);
    Ok(())
}
