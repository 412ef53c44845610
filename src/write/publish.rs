//! Making a data set appear whole or not at all.
//!
//! Shards are written in a hidden folder, which becomes `data/<content digest>/`; replacing `manifest.json` is
//! the commit point. Two manifests beside it are a journal of what may have to be removed: `manifest.json.tmp`
//! names the files of a generation that is about to appear, `manifest.json.old` those of the one that is
//! superseded. Whoever comes next finishes the removal, so nothing is ever removed that no manifest of ours names.

use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::lock::{LOCK, Lock};
use crate::artifact::manifest::Manifest;
use crate::artifact::open::{DATA, MANIFEST, read};
use crate::artifact::verify::REJECTS;
use crate::error::{Class, Error, Result};
use crate::hash::digest_hex;
use crate::store::{self, Files, Kind};

const STAGING: &str = ".staging-";
const NEXT: &str = "manifest.json.tmp";
const SUPERSEDED: &str = "manifest.json.old";
const REJECTS_NEXT: &str = ".rejects.tmp";

/// A publish under way; dropped before its commit, it leaves nothing behind.
pub(crate) struct Publisher {
    store: Files,
    out: PathBuf,
    /// Folders that we made, outermost first.
    made: Vec<PathBuf>,
    lock: Option<Lock>,
    old: Option<Manifest>,
    staging: PathBuf,
    committed: bool,
}

impl Publisher {
    /// Takes the folder for this run, makes it where there is none, and clears up after runs that were stopped.
    ///
    /// Errors (`Class::Publish`): `exists` (it holds a data set or other files, and `overwrite` is false), `not_ours`
    /// (files of others are in the way), `locked` (another run is writing to it), `disk_full`, `read_only`,
    /// `cannot_write`. With `overwrite`, nothing is removed but what an older manifest of ours names.
    pub(crate) fn open(out: &Path, overwrite: bool, store: Files) -> Result<Self> {
        let out = std::path::absolute(out).map_err(|e| store::error("find", out, e))?;
        check(&out, overwrite, &store)?;
        let staging = out.join(format!("{STAGING}{}", std::process::id()));
        let mut publisher =
            Publisher { store, out, made: vec![], lock: None, old: None, staging, committed: false };
        publisher.make_folders()?;
        publisher.lock = Some(Lock::take(&publisher.out, &publisher.store)?);
        sweep(&publisher.out, &publisher.store)?;
        publisher.old = check(&publisher.out, overwrite, &publisher.store)?;
        publisher.store.create_dir(&publisher.staging)?;
        Ok(publisher)
    }

    /// Where the files of this generation are to be written.
    pub(crate) fn staging(&self) -> &Path {
        &self.staging
    }

    /// Publishes the files in [`Publisher::staging`], complete, synced and named as in the manifest; fills in
    /// `data`. An error before the commit point leaves what was there before; one after it says that the data set
    /// is published.
    pub(crate) fn commit(mut self, mut manifest: Manifest) -> Result<Manifest> {
        manifest.data = format!("{DATA}/{}", content_digest(&manifest)?);
        self.write_journal(&manifest)?;
        self.place_generation(&manifest)?;
        self.store.rename(&self.out.join(NEXT), &self.out.join(MANIFEST))?;
        self.committed = true;
        self.after_commit(&manifest).map_err(|e| {
            let message = format!("the data set is published, but its folder is not tidy: {}", e.message());
            Error::new(Class::Publish, e.code(), message)
                .path(self.out.display())
                .help("the data can be used; the next run tidies up")
        })?;
        Ok(manifest)
    }

    /// Publishes no data; moves the rejects beside the folder, to `<out>.rejects.jsonl`, and returns that path.
    pub(crate) fn abandon_with_rejects(self) -> Result<PathBuf> {
        let mut name = self.out.file_name().unwrap_or_default().to_os_string();
        name.push(".rejects.jsonl");
        let (from, to) = (self.staging.join(REJECTS), self.out.with_file_name(name));
        // The folder may be a mount of its own, out of which nothing can be renamed.
        if self.store.rename(&from, &to).is_err() {
            copy(&from, &to, &self.store)?;
        }
        Ok(to)
    }

    fn make_folders(&mut self) -> Result<()> {
        let mut missing = Vec::new();
        for folder in self.out.ancestors() {
            if self.is_there(folder)? {
                break;
            }
            missing.push(folder.to_path_buf());
        }
        for folder in missing.into_iter().rev() {
            match self.store.create_dir(&folder) {
                Ok(()) => self.made.push(folder),
                // Another run has made it meanwhile, for a folder of its own beside ours.
                Err(_) if self.store.kind(&folder).is_ok_and(|kind| kind == Some(Kind::Folder)) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn is_there(&self, path: &Path) -> Result<bool> {
        is_there(path, &self.store)
    }

    /// Writes the new manifest under its temporary name, and the old one once more.
    fn write_journal(&self, manifest: &Manifest) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(manifest)
            .map_err(|e| Error::internal("the manifest cannot be written as JSON").source(e))?;
        text.push(b'\n');
        self.store.write_file(&self.out.join(NEXT), &text)?;
        if self.old.as_ref().is_some_and(|old| old.data != manifest.data) {
            copy(&self.out.join(MANIFEST), &self.out.join(SUPERSEDED), &self.store)?;
        }
        self.store.sync_dir(&self.out)
    }

    fn place_generation(&self, manifest: &Manifest) -> Result<()> {
        let (data, target) = (self.out.join(DATA), self.out.join(&manifest.data));
        if !self.is_there(&data)? {
            self.store.create_dir(&data)?;
        }
        self.store.sync_dir(&self.staging)?;
        if self.is_there(&target)? {
            // The same content is published already. File by file, so that it stays whole for whoever reads it,
            // and is mended if it was damaged.
            for file in manifest.files() {
                self.store.rename(&self.staging.join(&file.name), &target.join(&file.name))?;
            }
            self.store.sync_dir(&target)?;
            self.store.remove_dir(&self.staging)?;
        } else {
            self.store.rename(&self.staging, &target)?;
        }
        self.store.sync_dir(&data)?;
        self.store.sync_dir(&self.out)
    }

    fn after_commit(&self, manifest: &Manifest) -> Result<()> {
        self.store.sync_dir(&self.out)?;
        if manifest.sidecar(REJECTS).is_some() {
            let (from, next) = (self.out.join(&manifest.data).join(REJECTS), self.out.join(REJECTS_NEXT));
            if self.store.hard_link(&from, &next).is_err() {
                copy(&from, &next, &self.store)?;
            }
            self.store.rename(&next, &self.out.join(REJECTS))?;
            self.store.sync_dir(&self.out)?;
        }
        sweep(&self.out, &self.store)?;
        // Those who made the folders' parents wait for their names too.
        self.made.iter().filter_map(|p| p.parent()).try_for_each(|p| self.store.sync_dir(p))
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        let Some(lock) = self.lock.take() else {
            self.made.iter().rev().for_each(|made| drop(self.store.remove_dir(made)));
            return;
        };
        // What fails here is left to the next run.
        if !self.committed {
            drop(sweep(&self.out, &self.store));
        }
        lock.release(&self.store);
        if !self.committed {
            self.made.iter().rev().for_each(|made| drop(self.store.remove_dir(made)));
        }
    }
}

/// Whether a run may write to this folder, and the data set that it will replace.
fn check(out: &Path, overwrite: bool, store: &Files) -> Result<Option<Manifest>> {
    let names = match names_in(out, store) {
        Ok(names) => names,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(store::error("write to this folder", out, e)),
    };
    let no_data = is_empty(&out.join(DATA), store)?;
    let (ours, mut others): (Vec<String>, Vec<String>) = names.into_iter().partition(|n| is_temporary(n));
    others.sort();
    let refused = |code, message| Error::new(Class::Publish, code, message).path(out.display());
    if let Some(old) = read(store, &out.join(MANIFEST)).map_err(|e| {
        refused(
            "not_ours",
            format!("the {MANIFEST} in this folder is not one that can be replaced: {}", e.message()),
        )
        .help("choose another folder, or remove this one by hand")
    })? {
        if overwrite {
            return Ok(Some(old));
        }
        let splits: Vec<String> =
            old.splits.iter().map(|s| format!("{} ({} rows)", s.name, s.rows)).collect();
        return Err(refused("exists", format!("the folder holds a data set: {}", splits.join(", ")))
            .help("choose another folder, or pass overwrite=True (--overwrite) to replace it"));
    }
    // A stopped run may have left its generation, which its journal names, or an empty `data`.
    let left_by_us = |n: &str| n == DATA && (no_data || ours.iter().any(|o| o == NEXT));
    others.retain(|n| !left_by_us(n));
    if others.is_empty() {
        return Ok(None);
    }
    if !overwrite {
        return Err(refused("exists", format!("the folder is not empty: it holds {}", some_of(&others)))
            .help(
                "choose a new folder, or pass overwrite=True (--overwrite) to write beside what is there",
            ));
    }
    match others.iter().find(|n| [DATA, REJECTS].contains(&n.as_str())) {
        Some(name) => Err(refused(
            "not_ours",
            format!("the folder holds `{name}`, which is not of a prepared data set"),
        )
        .help("choose another folder: nothing is removed that fastprep did not make")),
        None => Ok(None),
    }
}

fn is_temporary(name: &str) -> bool {
    [LOCK, NEXT, SUPERSEDED, REJECTS_NEXT].contains(&name) || is_staging(name)
}

/// The prefix and the number of a process.
fn is_staging(name: &str) -> bool {
    name.strip_prefix(STAGING).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// The names in a folder.
fn names_in(folder: &Path, store: &Files) -> io::Result<Vec<String>> {
    store.list(folder)?.map(|entry| Ok(entry?.name.to_string_lossy().into_owned())).collect()
}

/// Whether it is a folder with nothing in it.
fn is_empty(folder: &Path, store: &Files) -> Result<bool> {
    match store.list(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(true),
            Some(Ok(_)) => Ok(false),
            Some(Err(e)) => Err(store::error("list", folder, e)),
        },
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(e) => Err(store::error("list", folder, e)),
    }
}

fn is_there(path: &Path, store: &Files) -> Result<bool> {
    let kind = store.kind(path).map_err(|e| store::error("look at", path, e))?;
    Ok(kind.is_some())
}

fn some_of(names: &[String]) -> String {
    let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
    names.iter().take(5).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ") + &more
}

/// Removes what stopped runs left: staging folders, and generations that only the journal names.
fn sweep(out: &Path, store: &Files) -> Result<()> {
    for entry in store.list(out).map_err(|e| store::error("list", out, e))? {
        let entry = entry.map_err(|e| store::error("list", out, e))?;
        // A link of that name is not ours, and must not be followed.
        if entry.kind == Kind::Folder && is_staging(&entry.name.to_string_lossy()) {
            store.remove_tree(&out.join(entry.name))?;
        }
    }
    let current = read(store, &out.join(MANIFEST))?;
    for journal in [SUPERSEDED, NEXT].map(|n| out.join(n)) {
        if !is_there(&journal, store)? {
            continue;
        }
        match read(store, &journal) {
            Ok(Some(left)) if current.as_ref().is_none_or(|c| c.data != left.data) => {
                remove_generation(out, &left, store)?;
            }
            // What could not be read now may still name files: it stays for the next run.
            Err(e) if e.code() == "cannot_read" => return Err(e),
            // One that was torn by a crash was written before its generation appeared.
            Ok(_) | Err(_) => {}
        }
        store.remove_file(&journal)?;
    }
    let rejects = out.join(REJECTS_NEXT);
    if is_there(&rejects, store)? {
        store.remove_file(&rejects)?;
    }
    if is_empty(&out.join(DATA), store)? {
        store.remove_dir(&out.join(DATA))?;
    }
    Ok(())
}

/// Removes the files that a manifest names; its folder stays where others have put something there.
fn remove_generation(out: &Path, manifest: &Manifest, store: &Files) -> Result<()> {
    let folder = out.join(&manifest.data);
    for file in manifest.files().map(|f| folder.join(&f.name)) {
        if is_there(&file, store)? {
            store.remove_file(&file)?;
        }
    }
    if is_empty(&folder, store)? {
        store.remove_dir(&folder)?;
    }
    Ok(())
}

/// The digest of all that the generation's folder holds.
fn content_digest(manifest: &Manifest) -> Result<String> {
    let content = serde_json::to_vec(&(&manifest.schema, &manifest.shards, &manifest.sidecars));
    Ok(digest_hex(&content.map_err(|e| Error::internal("the manifest cannot be written as JSON").source(e))?))
}

fn copy(from: &Path, to: &Path, store: &Files) -> Result<()> {
    let mut source = store.open(from).map_err(|e| store::error("read", from, e))?;
    let mut target = store.create_file(to)?;
    let mut block = vec![0; super::block::BLOCK];
    loop {
        match source.read(&mut block).map_err(|e| store::error("read", from, e))? {
            0 => return target.sync(),
            n => target.write_all(&block[..n]).map_err(|e| store::error("write", to, e))?,
        }
    }
}

#[cfg(test)]
mod tests;
