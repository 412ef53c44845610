//! Reading a prepared folder back: does every file hold what the manifest says?

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use arrow::ipc::reader::FileReader;

use super::manifest::{FileEntry, Manifest};
use super::open::open;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::hash::Checksum;

/// The name of the rejects, in the generation and beside the manifest.
pub const REJECTS: &str = "rejects.jsonl";

const BLOCK: usize = 1 << 20;

/// What [`verify`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Files that the manifest names.
    pub files: u64,
    /// Rows in the shards, as read back; those of one format where there are two.
    pub rows: u64,
    /// Bytes read back.
    pub bytes: u64,
    /// What is wrong; empty when all is well.
    pub problems: Vec<Problem>,
    /// Names in the generation's folder that the manifest does not know; harmless, since readers trust it alone.
    pub unexpected: Vec<String>,
}

/// A file that is not what the manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Relative to the prepared folder.
    pub file: String,
    /// What is wrong with it.
    pub what: String,
}

/// Reads every file of a prepared folder back and compares size, checksum and rows. Fails only where the
/// manifest cannot be read, or it is interrupted; all else is a problem in the report.
pub fn verify(dir: &Path, cancel: &Cancel) -> Result<VerifyReport> {
    let manifest = open(dir)?;
    let report = verify_generation(dir, &manifest, cancel)?;
    if report.problems.is_empty() {
        return Ok(report);
    }
    // A publish meanwhile removes the files of the generation before.
    match open(dir)? {
        now if now.data == manifest.data => Ok(report),
        now => verify_generation(dir, &now, cancel),
    }
}

fn verify_generation(dir: &Path, manifest: &Manifest, cancel: &Cancel) -> Result<VerifyReport> {
    let folder = dir.join(&manifest.data);
    let format = manifest.shards.first().map(|shard| shard.format.clone());
    let is_counted = |file: &FileEntry| file.split.is_some() && Some(&file.format) == format.as_ref();
    let mut report = VerifyReport::default();
    for file in manifest.files() {
        report.files += 1;
        let name = format!("{}/{}", manifest.data, file.name);
        let checked = check(&folder.join(&file.name), file, cancel);
        cancel.check()?;
        match checked {
            Ok(rows) => {
                report.bytes += file.bytes;
                report.rows += if is_counted(file) { rows } else { 0 };
            }
            Err(what) => report.problems.push(Problem { file: name, what }),
        }
    }
    if let Some(rejects) = manifest.sidecar(REJECTS)
        && let Err(what) = check(&dir.join(REJECTS), rejects, cancel)
    {
        report.problems.push(Problem { file: REJECTS.into(), what });
    }
    cancel.check()?;
    report.unexpected = unexpected(&folder, manifest);
    Ok(report)
}

/// The rows of a file that is as its entry says, or what is wrong with it.
fn check(path: &Path, entry: &FileEntry, cancel: &Cancel) -> Result<u64, String> {
    match stored(path, entry, cancel)? {
        rows if rows == entry.rows => Ok(rows),
        rows => Err(format!("has {rows} rows, the manifest says {}", entry.rows)),
    }
}

fn stored(path: &Path, entry: &FileEntry, cancel: &Cancel) -> Result<u64, String> {
    check_bytes(path, entry, cancel)?;
    let rows = if entry.format == "arrow" { arrow_rows(path, cancel) } else { lines(path, cancel) };
    rows.map_err(|e| format!("cannot be read: {e}"))
}

/// Compares size and checksum with the manifest; what is wrong is the error.
pub(super) fn check_bytes(path: &Path, entry: &FileEntry, cancel: &Cancel) -> Result<(), String> {
    let unreadable = |e: io::Error| match e.kind() {
        io::ErrorKind::NotFound => "is missing".to_string(),
        _ => format!("cannot be read: {e}"),
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
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

/// Rows of an Arrow file; no column is decoded.
fn arrow_rows(path: &Path, cancel: &Cancel) -> io::Result<u64> {
    let mut rows = 0;
    for batch in FileReader::try_new(File::open(path)?, Some(vec![])).map_err(io::Error::other)? {
        cancel.check().map_err(io::Error::other)?;
        rows += batch.map_err(io::Error::other)?.num_rows() as u64;
    }
    Ok(rows)
}

/// Lines of a text file, decompressed by its name.
fn lines(path: &Path, cancel: &Cancel) -> io::Result<u64> {
    let file = File::open(path)?;
    let mut text: Box<dyn Read> = match path.extension().and_then(|e| e.to_str()) {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(io::BufReader::new(file))),
        Some("zst") => Box::new(zstd::Decoder::new(file)?),
        _ => Box::new(file),
    };
    let mut lines = 0;
    for_blocks(&mut text, cancel, |block| lines += memchr::memchr_iter(b'\n', block).count() as u64)?;
    Ok(lines)
}

fn unexpected(folder: &Path, manifest: &Manifest) -> Vec<String> {
    let known: Vec<&str> = manifest.files().map(|f| f.name.as_str()).collect();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|n| !known.contains(&n.as_str()));
    names.sort();
    names
}
