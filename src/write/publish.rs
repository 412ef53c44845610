//! Publishes a data set as a whole or not at all.
//!
//! Shards are written to a hidden folder, which is renamed to `data/<content digest>/`: a generation. Replacing
//! `manifest.json` is the commit point. Two manifests beside it are a journal of files that may have to be removed:
//! `manifest.json.tmp` lists the files of the generation that is being published, `manifest.json.old` those of the
//! generation that it replaces. The next run finishes the removal. Only files that a manifest of fastprep lists are
//! removed.

use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::lock::{LOCK, Lock};
use super::report_files::ReportFiles;
use crate::artifact::manifest::Manifest;
use crate::artifact::open::{DATA, MANIFEST, read};
use crate::artifact::verify::{REJECTS, REPORT, REPORT_MARKDOWN, REPORT_PAGE};
use crate::error::{Class, Error, Result};
use crate::hash::digest_hex;
use crate::store::{self, Files, Kind};

const STAGING: &str = ".staging-";
const NEXT: &str = "manifest.json.tmp";
const SUPERSEDED: &str = "manifest.json.old";
const BESIDE_NEXT: &str = ".beside.tmp";
/// All files of a report.
const REPORT_FILES: [&str; 3] = [REPORT, REPORT_MARKDOWN, REPORT_PAGE];

/// A publish in progress. If it is dropped before the commit, it removes its files.
pub(crate) struct Publisher {
    store: Files,
    out: PathBuf,
    /// Folders that were created for it, outermost first.
    created: Vec<PathBuf>,
    lock: Option<Lock>,
    old: Option<Manifest>,
    staging: PathBuf,
    /// Files of a report that are written beside the manifest alone.
    pages: Vec<(&'static str, String)>,
    committed: bool,
}

impl Publisher {
    /// Locks the folder for this run, creates it if it does not exist, and removes what interrupted runs left.
    ///
    /// With `overwrite`, only files that the manifest in the folder lists are removed.
    ///
    /// # Errors
    /// `Class::Publish`: `exists` (the folder has a data set or other files, and `overwrite` is false), `not_ours`
    /// (it has files that fastprep did not write at paths that it needs), `locked` (another run is writing to it),
    /// `disk_full`, `read_only`, `cannot_write`.
    pub(crate) fn open(out: &Path, overwrite: bool, store: Files) -> Result<Self> {
        let out = std::path::absolute(out).map_err(|e| store::error("find", out, e))?;
        check_target(&out, overwrite, &store)?;
        let staging = out.join(format!("{STAGING}{}", std::process::id()));
        let mut publisher = Publisher {
            store,
            out,
            created: vec![],
            lock: None,
            old: None,
            staging,
            pages: vec![],
            committed: false,
        };
        publisher.make_folders()?;
        publisher.lock = Some(Lock::take(&publisher.out, &publisher.store)?);
        remove_leftovers(&publisher.out, &publisher.store)?;
        publisher.old = check_target(&publisher.out, overwrite, &publisher.store)?;
        publisher.store.create_dir(&publisher.staging)?;
        Ok(publisher)
    }

    /// The folder in which the files of this generation are written.
    pub(crate) fn staging(&self) -> &Path {
        &self.staging
    }

    /// Fails with `not_ours` if the folder has files at the paths of a report that fastprep did not write.
    pub(crate) fn check_report(&self) -> Result<()> {
        if self.old.as_ref().is_some_and(has_report) {
            return Ok(());
        }
        for name in REPORT_FILES {
            if self.exists(&self.out.join(name))? {
                let message = format!("the folder has `{name}`, which fastprep did not write");
                return Err(Error::new(Class::Publish, "not_ours", message)
                    .path(self.out.display())
                    .help("choose another folder, or leave out the report"));
            }
        }
        Ok(())
    }

    /// Keeps the files of a report that are written beside the manifest alone; `report.json` is in the generation too.
    pub(crate) fn add_pages(&mut self, report: ReportFiles) {
        self.pages = vec![(REPORT_MARKDOWN, report.markdown), (REPORT_PAGE, report.html)];
    }

    /// Publishes the files in [`Publisher::staging`], which must be complete, synced and named as in the manifest.
    /// Sets `data` of the manifest. If it fails before the commit point, the folder is as it was before; an error
    /// after the commit point says that the data set is published.
    pub(crate) fn commit(mut self, mut manifest: Manifest) -> Result<Manifest> {
        manifest.data = format!("{DATA}/{}", content_digest(&manifest)?);
        self.write_journal(&manifest)?;
        self.place_generation(&manifest)?;
        self.store.rename(&self.out.join(NEXT), &self.out.join(MANIFEST))?;
        self.committed = true;
        self.after_commit(&manifest).map_err(|e| {
            let message =
                format!("the data set is published, but cleaning up its folder failed: {}", e.message());
            Error::new(Class::Publish, e.code(), message)
                .path(self.out.display())
                .help("the data set can be used; the next run cleans up")
        })?;
        Ok(manifest)
    }

    /// Publishes no data. Moves the rejects to `<out>.rejects.jsonl` beside the folder, and returns that path.
    pub(crate) fn abandon_with_rejects(self) -> Result<PathBuf> {
        let mut name = self.out.file_name().unwrap_or_default().to_os_string();
        name.push(".rejects.jsonl");
        let (from, to) = (self.staging.join(REJECTS), self.out.with_file_name(name));
        // A rename fails if the folder is a mount point.
        if self.store.rename(&from, &to).is_err() {
            copy(&from, &to, &self.store)?;
        }
        Ok(to)
    }

    fn make_folders(&mut self) -> Result<()> {
        let mut missing = Vec::new();
        for folder in self.out.ancestors() {
            if self.exists(folder)? {
                break;
            }
            missing.push(folder.to_path_buf());
        }
        for folder in missing.into_iter().rev() {
            match self.store.create_dir(&folder) {
                Ok(()) => self.created.push(folder),
                // Another run has created it in the meantime, for another output folder.
                Err(_) if self.store.kind(&folder).is_ok_and(|kind| kind == Some(Kind::Folder)) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn exists(&self, path: &Path) -> Result<bool> {
        exists(path, &self.store)
    }

    /// Writes the new manifest under its temporary name, and a copy of the old one.
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
        if !self.exists(&data)? {
            self.store.create_dir(&data)?;
        }
        self.store.sync_dir(&self.staging)?;
        if self.exists(&target)? {
            // The same content is published already. Each file is replaced, so that readers always find all files,
            // and damaged files are repaired.
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
        let next = self.out.join(BESIDE_NEXT);
        for name in [REJECTS, REPORT].into_iter().filter(|name| manifest.sidecar(name).is_some()) {
            let from = self.out.join(&manifest.data).join(name);
            if self.store.hard_link(&from, &next).is_err() {
                copy(&from, &next, &self.store)?;
            }
            self.store.rename(&next, &self.out.join(name))?;
        }
        for (name, text) in &self.pages {
            self.store.write_file(&next, text.as_bytes())?;
            self.store.rename(&next, &self.out.join(name))?;
        }
        self.store.sync_dir(&self.out)?;
        remove_leftovers(&self.out, &self.store)?;
        // The names of the folders that were created must be durable too.
        self.created.iter().filter_map(|p| p.parent()).try_for_each(|p| self.store.sync_dir(p))
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        let Some(lock) = self.lock.take() else {
            self.created.iter().rev().for_each(|created| drop(self.store.remove_dir(created)));
            return;
        };
        // The next run removes what cannot be removed here.
        if !self.committed {
            drop(remove_leftovers(&self.out, &self.store));
        }
        lock.release(&self.store);
        if !self.committed {
            self.created.iter().rev().for_each(|created| drop(self.store.remove_dir(created)));
        }
    }
}

/// Checks that a run may write to this folder; returns the manifest of the data set that it will replace.
fn check_target(out: &Path, overwrite: bool, store: &Files) -> Result<Option<Manifest>> {
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
        refused("not_ours", format!("the folder has a {MANIFEST} that cannot be replaced: {}", e.message()))
            .help("choose another folder, or remove this one yourself")
    })? {
        if overwrite {
            return Ok(Some(old));
        }
        let splits: Vec<String> =
            old.splits.iter().map(|s| format!("{} ({} rows)", s.name, s.rows)).collect();
        return Err(refused("exists", format!("the folder has a data set: {}", splits.join(", ")))
            .help("choose another folder, or pass overwrite=True (--overwrite) to replace it"));
    }
    // An interrupted run may have left a generation that its journal lists, or an empty `data`.
    let left_by_us = |n: &str| n == DATA && (no_data || ours.iter().any(|o| o == NEXT));
    others.retain(|n| !left_by_us(n));
    if others.is_empty() {
        return Ok(None);
    }
    if !overwrite {
        return Err(refused("exists", format!("the folder is not empty: it has {}", list_names(&others)))
            .help(
                "choose a new folder, or pass overwrite=True (--overwrite) to keep these files and write beside them",
            ));
    }
    match others.iter().find(|n| [DATA, REJECTS].contains(&n.as_str())) {
        Some(name) => {
            Err(refused("not_ours", format!("the folder has `{name}`, which fastprep did not write"))
                .help("choose another folder: fastprep replaces only files that it wrote"))
        }
        None => Ok(None),
    }
}

fn is_temporary(name: &str) -> bool {
    [LOCK, NEXT, SUPERSEDED, BESIDE_NEXT].contains(&name) || is_staging(name)
}

/// Whether a name is the prefix and the id of a process.
fn is_staging(name: &str) -> bool {
    name.strip_prefix(STAGING).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// The names of all entries of a folder.
fn names_in(folder: &Path, store: &Files) -> io::Result<Vec<String>> {
    store.list(folder)?.map(|entry| Ok(entry?.name.to_string_lossy().into_owned())).collect()
}

/// Whether the path is an empty folder.
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

fn exists(path: &Path, store: &Files) -> Result<bool> {
    let kind = store.kind(path).map_err(|e| store::error("look at", path, e))?;
    Ok(kind.is_some())
}

/// The first five names, and how many more there are.
fn list_names(names: &[String]) -> String {
    let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
    names.iter().take(5).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ") + &more
}

/// Removes what interrupted runs left: staging folders, and generations that only the journal lists.
fn remove_leftovers(out: &Path, store: &Files) -> Result<()> {
    for entry in store.list(out).map_err(|e| store::error("list", out, e))? {
        let entry = entry.map_err(|e| store::error("list", out, e))?;
        // A link of that name was not created by fastprep and must not be followed.
        if entry.kind == Kind::Folder && is_staging(&entry.name.to_string_lossy()) {
            store.remove_tree(&out.join(entry.name))?;
        }
    }
    let current = read(store, &out.join(MANIFEST))?;
    for journal in [SUPERSEDED, NEXT].map(|n| out.join(n)) {
        if !exists(&journal, store)? {
            continue;
        }
        match read(store, &journal) {
            Ok(Some(left)) if current.as_ref().is_none_or(|c| c.data != left.data) => {
                let was_published = journal.ends_with(SUPERSEDED);
                if was_published && has_report(&left) && !current.as_ref().is_some_and(has_report) {
                    REPORT_FILES.iter().try_for_each(|name| remove_if_exists(&out.join(name), store))?;
                }
                remove_generation(out, &left, store)?;
            }
            // A journal that cannot be read now may list files: it is kept for the next run.
            Err(e) if e.code() == "cannot_read" => return Err(e),
            // A journal that is incomplete after a crash was written before its generation was published.
            Ok(_) | Err(_) => {}
        }
        store.remove_file(&journal)?;
    }
    remove_if_exists(&out.join(BESIDE_NEXT), store)?;
    if is_empty(&out.join(DATA), store)? {
        store.remove_dir(&out.join(DATA))?;
    }
    Ok(())
}

/// Removes the files that a manifest lists, and their folder unless it has other files.
fn remove_generation(out: &Path, manifest: &Manifest, store: &Files) -> Result<()> {
    let folder = out.join(&manifest.data);
    for file in manifest.files().map(|f| folder.join(&f.name)) {
        remove_if_exists(&file, store)?;
    }
    if is_empty(&folder, store)? {
        store.remove_dir(&folder)?;
    }
    Ok(())
}

fn remove_if_exists(file: &Path, store: &Files) -> Result<()> {
    if exists(file, store)? { store.remove_file(file) } else { Ok(()) }
}

/// Whether a data set has a report.
fn has_report(manifest: &Manifest) -> bool {
    manifest.sidecar(REPORT).is_some()
}

/// The digest of the content of all files of the generation.
fn content_digest(manifest: &Manifest) -> Result<String> {
    let content = serde_json::to_vec(&(&manifest.schema, &manifest.shards, &manifest.sidecars));
    Ok(digest_hex(&content.map_err(|e| Error::internal("the manifest cannot be written as JSON").source(e))?))
}

fn copy(from: &Path, to: &Path, store: &Files) -> Result<()> {
    let mut source = store.open(from).map_err(|e| store::error("read", from, e))?;
    let mut target = store.create_file(to)?;
    let mut block = vec![0; super::checksummed_file::BLOCK];
    loop {
        match source.read(&mut block).map_err(|e| store::error("read", from, e))? {
            0 => return target.sync(),
            n => target.write_all(&block[..n]).map_err(|e| store::error("write", to, e))?,
        }
    }
}

#[cfg(test)]
mod tests;
