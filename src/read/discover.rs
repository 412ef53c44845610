//! Turns paths, globs and folders into an ordered list of files.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::file_format::FileFormat;
use super::formats::FORMATS;
use super::glob::{self, is_glob};
use super::open::{broken_link, cannot_read, kind_of};
use super::published::{Published, is_rejects};
use super::{InputFile, datasets_folder};
use crate::artifact::open::is_prepared;
use crate::cancel::Cancel;
use crate::error::{Class, Error, Result};
use crate::store::{Files, Kind};

/// The files that the patterns name, sorted bytewise by name, without duplicates. There is at least one.
///
/// A pattern is a path, a folder or a glob (`*`, `?`, `[…]`, `**`). A folder, also one that a glob matches, is
/// searched with its subfolders; hidden names are skipped. In a prepared folder only the shards are found. A file of
/// rejects is found only by its path. Fails with `not_found` for a pattern without files.
pub(crate) fn discover(
    store: &Files,
    patterns: &[PathBuf],
    format: &dyn FileFormat,
    cancel: &Cancel,
) -> Result<Vec<InputFile>> {
    let mut search = Search { store, format, cancel, seen: HashSet::new() };
    let mut paths = Vec::new();
    for pattern in patterns {
        let before = paths.len();
        let literal = pattern.as_path();
        let kind = kind_of(store, literal)?;
        if kind == Some(Kind::Folder) {
            search.folder(literal, &mut paths)?;
            if paths.len() == before {
                let message = format!("the folder has no files that match {}", format.file_names());
                return Err(Error::new(Class::Source, "not_found", message)
                    .help(folder_help(format, store, literal))
                    .path(pattern.display()));
            }
        } else if kind.is_some() {
            paths.push(FoundFile::file(literal.to_path_buf()));
        } else if let Some(e) = broken_link(store, literal) {
            return Err(e);
        } else if is_glob(literal) {
            search.glob(literal, &mut paths)?;
            if paths.len() == before {
                return Err(not_found(format!("no file matches `{}`", pattern.display())));
            }
        } else {
            return Err(not_found("the file or folder does not exist").path(pattern.display()));
        }
        let folder = named_folder(literal, kind);
        paths[before..].iter_mut().for_each(|found| found.name_below(&folder));
    }
    if paths.is_empty() {
        return Err(Error::new(Class::Plan, "no_input", "there are no inputs")
            .help("pass at least one path, glob or folder"));
    }
    name(store, paths)
}

#[cold]
fn not_found(message: impl Into<String>) -> Error {
    let here = std::env::current_dir().map(|d| d.display().to_string()).unwrap_or_default();
    Error::new(Class::Source, "not_found", message).help(format!("relative paths start at {here}"))
}

/// Help for a folder that has no files of this format.
fn folder_help(format: &dyn FileFormat, store: &Files, folder: &Path) -> String {
    if is_prepared(store, folder).unwrap_or(false) {
        return "it is a prepared folder with shards of another format: open Arrow shards with fastprep.load(), or \
                write both formats with sink(formats=[\"arrow\", \"jsonl\"])"
            .into();
    }
    let holds = |other: &&dyn FileFormat| {
        let mut found = Vec::new();
        let mut search = Search { store, format: *other, cancel: &Cancel::default(), seen: HashSet::new() };
        search.folder(folder, &mut found).is_ok() && !found.is_empty()
    };
    let mut others = FORMATS.into_iter().filter(|other| other.name() != format.name());
    match others.find(holds) {
        Some(other) => other.folder_help(folder),
        None => "pass the files, or a glob such as \"folder/*.txt\"".into(),
    }
}

/// A file that was found; if it is a shard of a prepared folder that was searched, with its split.
struct FoundFile {
    path: PathBuf,
    below: String,
    split: Option<(usize, String)>,
    /// Whether it is a shard of a prepared folder.
    is_shard: bool,
    /// Its place among the files of its folder, if the folder lists them in an order of its own.
    position: Option<usize>,
}

impl FoundFile {
    fn file(path: PathBuf) -> Self {
        FoundFile { path, below: String::new(), split: None, is_shard: false, position: None }
    }

    /// By what the files are sorted: the name, with the place in the folder instead of the file's own name.
    fn sort_key(&self, name: &str) -> String {
        match self.position {
            Some(position) => {
                let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
                format!("{folder}/{position:010}")
            }
            None => name.to_string(),
        }
    }

    fn name_below(&mut self, folder: &Path) {
        let below = self.path.strip_prefix(folder).unwrap_or(&self.path);
        let mut names: Vec<String> = below.iter().map(readable).collect();
        // A shard is in `data`, in a folder whose name depends on the content of all shards.
        if self.is_shard
            && let Some(shard) = names.pop()
        {
            names.truncate(names.len().saturating_sub(2));
            names.push(shard);
        }
        self.below = names.join("/");
    }
}

/// The folder that an input names: the folder itself, the folder of a file, or the part of a glob before its first
/// pattern.
fn named_folder(input: &Path, kind: Option<Kind>) -> PathBuf {
    match kind {
        Some(Kind::Folder) => input.to_path_buf(),
        Some(_) => input.parent().map(Path::to_path_buf).unwrap_or_default(),
        None => input.components().take_while(|part| !is_glob(Path::new(part.as_os_str()))).collect(),
    }
}

/// A search for files.
struct Search<'a> {
    store: &'a Files,
    format: &'a dyn FileFormat,
    cancel: &'a Cancel,
    /// The folder that is searched and its parents, so that a link to one of them is not followed.
    seen: HashSet<PathBuf>,
}

impl Search<'_> {
    /// Adds files that match, and files below folders that match.
    fn glob(&mut self, pattern: &Path, paths: &mut Vec<FoundFile>) -> Result<()> {
        // `**` at the end means all files below the folder: the folder itself is searched instead.
        let pattern = if pattern.ends_with("**") { pattern.parent().unwrap_or(pattern) } else { pattern };
        let mut published = Published::default();
        for path in glob::expand(self.store, pattern, self.cancel)? {
            self.cancel.check()?;
            if kind_of(self.store, &path)? == Some(Kind::Folder) {
                self.folder(&path, paths)?;
            } else if published.is_data(self.store, &path)? && !is_rejects(self.store, &path)? {
                paths.push(FoundFile::file(path));
            }
        }
        Ok(())
    }

    /// Adds the files below a folder.
    fn folder(&mut self, folder: &Path, paths: &mut Vec<FoundFile>) -> Result<()> {
        let unreadable = |e| cannot_read(e, folder.display());
        let itself = self.store.canonical(folder).map_err(unreadable)?;
        if !self.seen.insert(itself.clone()) {
            return Ok(());
        }
        // Before the manifest is read, so that the error for an unreadable folder names the folder.
        let entries = self.store.list(folder).map_err(unreadable)?;
        if is_prepared(self.store, folder)? {
            let formats = self.format.shard_formats();
            let shards = super::published::shards(self.store, folder, &formats)?;
            paths.extend(shards.into_iter().map(|(path, split)| FoundFile {
                split: Some(split),
                is_shard: true,
                ..FoundFile::file(path)
            }));
            self.seen.remove(&itself);
            return Ok(());
        }
        if let Some(files) = datasets_folder::files(self.store, folder)? {
            let matches = |path: &Path| {
                path.file_name().is_some_and(|name| self.format.matches(&name.to_string_lossy()))
            };
            let listed = (0..).zip(files).filter(|(_, (path, _))| matches(path));
            paths.extend(listed.map(|(i, (path, split))| FoundFile {
                split,
                position: Some(i),
                ..FoundFile::file(path)
            }));
            self.seen.remove(&itself);
            return Ok(());
        }
        let mut published = Published::default();
        for entry in entries {
            self.cancel.check()?;
            let path = folder.join(entry.map_err(unreadable)?.name);
            let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
            if name.starts_with('.') {
                continue;
            }
            if kind_of(self.store, &path)? == Some(Kind::Folder) {
                self.folder(&path, paths)?;
            } else if self.format.matches(&name)
                && !is_rejects(self.store, &path)?
                && published.is_data(self.store, &path)?
            {
                paths.push(FoundFile::file(path));
            }
        }
        self.seen.remove(&itself);
        Ok(())
    }
}

/// Sorts the files, removes duplicates, and names each file relative to the folder that all share.
fn name(store: &Files, found: Vec<FoundFile>) -> Result<Vec<InputFile>> {
    let paths: Vec<PathBuf> = found.iter().map(|found| found.path.clone()).collect();
    let names = names_from_shared(&paths)?;
    let file = |(name, found): (String, FoundFile)| {
        let key = found.sort_key(&name);
        let FoundFile { path, below, split, .. } = found;
        (key, InputFile { store: store.clone(), name, path, below, split })
    };
    let mut named: Vec<(String, InputFile)> = names.into_iter().zip(found).map(file).collect();
    // Of a shard that was also passed by its path, the entry with a split comes first and is kept.
    named.sort_by(|(a_key, a), (b_key, b)| {
        (a_key.as_bytes(), &a.path).cmp(&(b_key.as_bytes(), &b.path)).then(b.split.cmp(&a.split))
    });
    let mut seen = HashSet::new();
    let mut files = Vec::with_capacity(named.len());
    for (_, file) in named {
        if seen.insert(identity(store, &file.path)?) {
            files.push(file);
        }
    }
    Ok(files)
}

/// The name of each path, relative to the folder that all share. The names may be published: none is absolute.
pub(crate) fn names_from_shared(paths: &[PathBuf]) -> Result<Vec<String>> {
    let all = paths.iter().map(|path| absolute_parts(path)).collect::<Result<Vec<_>>>()?;
    let shared = all.iter().map(|parts| &parts[..parts.len() - 1]).reduce(common).map_or(0, <[_]>::len);
    Ok(all.iter().map(|parts| parts[shared..].join("/")).collect())
}

/// A path that is equal for all spellings of one path. A link to a file counts as another file.
fn identity(store: &Files, path: &Path) -> Result<PathBuf> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (store.canonical(folder), path.file_name()) {
        (Ok(folder), Some(name)) => Ok(folder.join(name)),
        (Err(e), _) if e.kind() != ErrorKind::NotFound => Err(cannot_read(e, folder.display())),
        _ => Ok(path.to_path_buf()),
    }
}

/// The names on the path from the root. Links are not followed, so that names do not depend on their targets.
fn absolute_parts(path: &Path) -> Result<Vec<String>> {
    let absolute = std::path::absolute(path).map_err(|e| cannot_read(e, path.display()))?;
    let mut parts: Vec<String> = Vec::new();
    for part in absolute.components() {
        match part {
            Component::Normal(name) => parts.push(readable(name)),
            Component::ParentDir => drop(parts.pop()),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    if parts.is_empty() {
        return Err(not_found("the path is not a file").path(path.display()));
    }
    Ok(parts)
}

/// A name as text. Invalid UTF-8 is written like `\xe9`, so that different names stay different.
fn readable(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|b| text.push_str(&format!("\\x{b:02x}")));
    }
    text
}

fn common<'a>(a: &'a [String], b: &'a [String]) -> &'a [String] {
    let n = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    &a[..n]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::jsonl::format::JsonLines;
    use crate::read::parquet::format::Parquet;

    const JSON_LINES: JsonLines = JsonLines { max_line_bytes: 1 };

    fn tree(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        folder
    }

    fn found(folder: &tempfile::TempDir, patterns: &[&str], format: &dyn FileFormat) -> Vec<String> {
        let full = |p: &&str| format!("{}/{p}", folder.path().display());
        let patterns: Vec<PathBuf> = patterns.iter().map(|p| full(p).into()).collect();
        match discover(&Files::local(), &patterns, format, &Cancel::default()) {
            Ok(files) => files.into_iter().map(|f| f.name).collect(),
            Err(e) => vec![e.code().to_string()],
        }
    }

    #[test]
    fn finds_names_and_orders() {
        let names = [
            "b.jsonl",
            "a.jsonl.gz",
            "Z.json",
            "x.txt",
            "sub/c.ndjson.zst",
            "sub/deep/d.jsonl",
            "sub-1.jsonl",
            ".hidden.jsonl",
            ".cache/e.jsonl",
            "p.parquet",
            "odd[1].jsonl",
            "none/readme.md",
        ];
        let folder = tree(&names);
        let all = [
            "Z.json",
            "a.jsonl.gz",
            "b.jsonl",
            "odd[1].jsonl",
            "sub-1.jsonl",
            "sub/c.ndjson.zst",
            "sub/deep/d.jsonl",
        ];
        let cases: &[(&[&str], &[&str])] = &[
            (&[""], &all),
            (&["", "b.jsonl", "sub/../a.jsonl.gz", "./*.json"], &all),
            (&["b.jsonl"], &["b.jsonl"]),
            (&["sub/deep/d.jsonl"], &["d.jsonl"]),
            (&["*.jsonl"], &["b.jsonl", "odd[1].jsonl", "sub-1.jsonl"]),
            (&["**/*.jsonl"], &["b.jsonl", "odd[1].jsonl", "sub-1.jsonl", "sub/deep/d.jsonl"]),
            (&["sub/**"], &["c.ndjson.zst", "deep/d.jsonl"]),
            (&["sub"], &["c.ndjson.zst", "deep/d.jsonl"]),
            (&["odd[1].jsonl"], &["odd[1].jsonl"]),
            (&["x.txt", "sub/c.ndjson.zst"], &["sub/c.ndjson.zst", "x.txt"]),
            (&["none"], &["not_found"]),
            (&["*.csv"], &["not_found"]),
            (&["b.jsonl", "gone"], &["not_found"]),
            (&["***"], &["bad_glob"]),
            (&[], &["no_input"]),
        ];
        for (patterns, expected) in cases {
            assert_eq!(found(&folder, patterns, &JSON_LINES), *expected, "{patterns:?}");
        }
        assert_eq!(found(&folder, &[""], &Parquet {}), ["p.parquet"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_loop() {
        let folder = tree(&["a/b.jsonl"]);
        std::os::unix::fs::symlink(folder.path(), folder.path().join("a/up")).unwrap();
        assert_eq!(found(&folder, &[""], &JSON_LINES), ["b.jsonl"]);
        assert_eq!(found(&folder, &["a/up/a"], &JSON_LINES), ["b.jsonl"]);
    }
}
