//! Verifies a prepared folder: reads every file and compares it with the manifest.

use std::io::{self, BufReader, Read};
use std::path::Path;

use arrow::ipc::reader::FileReader;

use super::manifest::{FileEntry, Manifest, PARQUET};
use super::open::open;
use super::parquet_shard;
use crate::cancel::Cancel;
use crate::error::{Class, Error, Result};
use crate::hash::Checksum;
use crate::store::Files;

/// The name of the file of rejects, in the generation and beside the manifest.
pub(crate) const REJECTS: &str = "rejects.jsonl";
/// The name of the report on the data, in the generation and beside the manifest.
pub(crate) const REPORT: &str = "report.json";
/// The forms of the report for people. They are beside the manifest only, and outside the digest of the content.
pub(crate) const REPORT_MARKDOWN: &str = "report.md";
/// See [`REPORT_MARKDOWN`].
pub(crate) const REPORT_PAGE: &str = "report.html";

const BLOCK: usize = 1 << 20;

/// The result of [`verify`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Number of files in the manifest.
    pub files: u64,
    /// Number of rows that were read from shards; if there are two formats, from those of the first.
    pub rows: u64,
    /// Bytes of all files that are as the manifest says.
    pub bytes: u64,
    /// Files that differ from the manifest.
    pub problems: Vec<Problem>,
    /// Names in the folder of the generation that the manifest does not list. Readers ignore them.
    pub unexpected: Vec<String>,
}

/// A file that differs from the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The path relative to the prepared folder.
    pub file: String,
    /// What is wrong with it.
    pub what: String,
}

/// Reads every file of a prepared folder and compares its size, checksum and rows with the manifest. Differences are
/// problems in the report.
///
/// # Errors
/// Those of [`open`]; the folder cannot be listed; the run was cancelled.
pub fn verify(store: &Files, dir: &Path, cancel: &Cancel) -> Result<VerifyReport> {
    let manifest = open(store, dir)?;
    let report = verify_generation(store, dir, &manifest, cancel)?;
    if report.problems.is_empty() {
        return Ok(report);
    }
    // A publish in the meantime may have removed the files.
    match open(store, dir)? {
        now if now.data == manifest.data => Ok(report),
        now => verify_generation(store, dir, &now, cancel),
    }
}

fn verify_generation(
    store: &Files,
    dir: &Path,
    manifest: &Manifest,
    cancel: &Cancel,
) -> Result<VerifyReport> {
    let folder = dir.join(&manifest.data);
    let format = manifest.shards.first().map(|shard| shard.format.clone());
    let is_counted = |file: &FileEntry| file.split.is_some() && Some(&file.format) == format.as_ref();
    let mut report = VerifyReport::default();
    for file in manifest.files() {
        report.files += 1;
        let name = format!("{}/{}", manifest.data, file.name);
        let checked = check(store, &folder.join(&file.name), file, cancel);
        cancel.check()?;
        match checked {
            Ok(rows) => {
                report.bytes += file.bytes;
                report.rows += if is_counted(file) { rows } else { 0 };
            }
            Err(what) => report.problems.push(Problem { file: name, what }),
        }
    }
    for name in [REJECTS, REPORT] {
        if let Some(file) = manifest.sidecar(name)
            && let Err(what) = check(store, &dir.join(name), file, cancel)
        {
            report.problems.push(Problem { file: name.into(), what });
        }
    }
    cancel.check()?;
    report.unexpected = unexpected(store, &folder, manifest)?;
    Ok(report)
}

/// The number of rows of a file that is as its entry says; else how it differs.
fn check(store: &Files, path: &Path, entry: &FileEntry, cancel: &Cancel) -> Result<u64, String> {
    match stored(store, path, entry, cancel)? {
        rows if rows == entry.rows => Ok(rows),
        rows => Err(format!("has {rows} rows, the manifest says {}", entry.rows)),
    }
}

fn stored(store: &Files, path: &Path, entry: &FileEntry, cancel: &Cancel) -> Result<u64, String> {
    check_bytes(store, path, entry, cancel)?;
    let rows = match entry.format.as_str() {
        "arrow" => arrow_rows(store, path, cancel),
        PARQUET => parquet_shard::rows(store, path),
        "json" => Ok(0),
        _ => lines(store, path, cancel),
    };
    rows.map_err(|e| format!("cannot be read: {e}"))
}

/// Compares size and checksum with the entry; the error says how they differ.
pub(super) fn check_bytes(
    store: &Files,
    path: &Path,
    entry: &FileEntry,
    cancel: &Cancel,
) -> Result<(), String> {
    let unreadable = |e: io::Error| match e.kind() {
        io::ErrorKind::NotFound => "is missing".to_string(),
        _ => format!("cannot be read: {e}"),
    };
    let mut file = store.open(path).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.bytes;
    if bytes != entry.bytes {
        return Err(format!("has {bytes} bytes, the manifest says {}", entry.bytes));
    }
    let mut checksum = Checksum::default();
    for_blocks(&mut file, cancel, |block| checksum.update(block)).map_err(unreadable)?;
    if checksum.hex() != entry.xxh3 {
        return Err(format!("has the checksum {}, the manifest says {}", checksum.hex(), entry.xxh3));
    }
    Ok(())
}

fn for_blocks(from: &mut impl Read, cancel: &Cancel, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    loop {
        cancel.check().map_err(io::Error::other)?;
        match from.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(n) => take(&block[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// The number of rows of an Arrow file, without decoding columns.
fn arrow_rows(store: &Files, path: &Path, cancel: &Cancel) -> io::Result<u64> {
    let mut rows = 0;
    let file = BufReader::new(store.open(path)?);
    for batch in FileReader::try_new(file, Some(vec![])).map_err(io::Error::other)? {
        cancel.check().map_err(io::Error::other)?;
        rows += batch.map_err(io::Error::other)?.num_rows() as u64;
    }
    Ok(rows)
}

/// The number of lines of a text file, which is decompressed according to its extension.
fn lines(store: &Files, path: &Path, cancel: &Cancel) -> io::Result<u64> {
    let file = store.open(path)?;
    let mut text: Box<dyn Read> = match path.extension().and_then(|e| e.to_str()) {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file))),
        Some("zst") => Box::new(zstd::Decoder::new(file)?),
        _ => Box::new(file),
    };
    let mut lines = 0;
    for_blocks(&mut text, cancel, |block| lines += memchr::memchr_iter(b'\n', block).count() as u64)?;
    Ok(lines)
}

fn unexpected(store: &Files, folder: &Path, manifest: &Manifest) -> Result<Vec<String>> {
    let known: Vec<&str> = manifest.files().map(|f| f.name.as_str()).collect();
    let names = || -> io::Result<Vec<String>> {
        store.list(folder)?.map(|entry| Ok(entry?.name.to_string_lossy().into_owned())).collect()
    };
    let mut names = match names() {
        Ok(names) => names,
        // The report has a problem for each missing file already.
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Vec::new(),
        Err(e) => {
            return Err(Error::new(
                Class::Source,
                "cannot_read",
                "the folder of the shards cannot be listed",
            )
            .path(folder.display())
            .help("check the disk and the permissions of the folder")
            .source(e));
        }
    };
    names.retain(|n| !known.contains(&n.as_str()));
    names.sort();
    Ok(names)
}
