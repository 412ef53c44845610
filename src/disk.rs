//! The only door to calls that change files, so that a test can close it at any one of them.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use arrow::error::ArrowError;

use crate::error::{Class, Error, Result};

/// The file system, or one that fails at a chosen call. Cheap to clone; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Disk(Option<Arc<Fault>>);

#[derive(Debug)]
struct Fault {
    at: u64,
    calls: AtomicU64,
    how: How,
}

#[derive(Debug)]
enum How {
    /// As if the process died there: this call and all later ones fail, clean-up too.
    Stop,
    /// Only this call fails.
    Fail(ErrorKind),
}

impl Disk {
    /// The file system as it is.
    pub fn real() -> Self {
        Disk(None)
    }

    /// For tests: the `k`-th file-changing call (from 0) and every later one fail, as if the process had died.
    /// A write that is hit leaves half of its bytes.
    pub fn stopped_at(k: u64) -> Self {
        Disk(Some(Arc::new(Fault { at: k, calls: AtomicU64::new(0), how: How::Stop })))
    }

    /// For tests: the `k`-th file-changing call (from 0) fails with this kind; all others work.
    pub fn failing_at(k: u64, kind: ErrorKind) -> Self {
        Disk(Some(Arc::new(Fault { at: k, calls: AtomicU64::new(0), how: How::Fail(kind) })))
    }

    /// For tests: calls so far; 0 for a real disk, which does not count.
    pub fn calls(&self) -> u64 {
        self.0.as_ref().map_or(0, |fault| fault.calls.load(Ordering::Relaxed))
    }

    /// Fails at the chosen call; the flag says whether it is the first that fails.
    fn gate(&self) -> Result<(), (io::Error, bool)> {
        let Some(fault) = &self.0 else { return Ok(()) };
        let call = fault.calls.fetch_add(1, Ordering::Relaxed);
        match fault.how {
            How::Stop if call >= fault.at => {
                Err((io::Error::other("the process died here"), call == fault.at))
            }
            How::Fail(kind) if call == fault.at => Err((kind.into(), true)),
            _ => Ok(()),
        }
    }

    fn call<T>(&self, what: &str, path: &Path, change: impl FnOnce() -> io::Result<T>) -> Result<T> {
        self.gate().map_err(|(e, _)| e).and_then(|()| change()).map_err(|e| error(what, path, e))
    }

    /// Makes a folder whose parent exists.
    pub fn create_dir(&self, path: &Path) -> Result<()> {
        self.call("make the folder", path, || fs::create_dir(path))
    }

    /// Makes a file, or empties the one there.
    pub fn create_file(&self, path: &Path) -> Result<DiskFile> {
        let file = self.call("make the file", path, || File::create(path))?;
        Ok(DiskFile { file, disk: self.clone(), path: path.to_path_buf() })
    }

    /// Makes a file without a name in this folder, to be written and [read back](DiskFile::into_reader): nobody else
    /// can meet it, and its space is free again once it is closed, however the process ends.
    pub fn create_nameless(&self, folder: &Path) -> Result<DiskFile> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut path = PathBuf::new();
        let open = || loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            path = folder.join(format!(".fastprep-{}-{number}", std::process::id()));
            match File::options().read(true).write(true).create_new(true).open(&path) {
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                opened => return opened,
            }
        };
        let file = self.call("make a file in", folder, open)?;
        self.remove_file(&path)?;
        Ok(DiskFile { file, disk: self.clone(), path: folder.to_path_buf() })
    }

    /// Opens a file for locking, and makes it where there is none.
    pub fn open_lock(&self, path: &Path) -> Result<File> {
        let open = || File::options().create(true).truncate(false).write(true).open(path);
        self.call("make the lock", path, open)
    }

    /// Renames; a file that has the name is replaced.
    pub fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.call("rename to", to, || fs::rename(from, to))
    }

    /// Gives a file a second name.
    pub fn hard_link(&self, from: &Path, to: &Path) -> Result<()> {
        self.call("link to", to, || fs::hard_link(from, to))
    }

    /// Removes a file.
    pub fn remove_file(&self, path: &Path) -> Result<()> {
        self.call("remove", path, || fs::remove_file(path))
    }

    /// Removes an empty folder.
    pub fn remove_dir(&self, path: &Path) -> Result<()> {
        self.call("remove", path, || fs::remove_dir(path))
    }

    /// Makes a folder's names durable, where the system can.
    pub fn sync_dir(&self, path: &Path) -> Result<()> {
        self.call("sync the folder", path, || sync_dir(path))
    }

    /// Writes a whole small file and makes it durable.
    pub fn write_file(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let mut file = self.create_file(path)?;
        file.write_all(bytes).map_err(|e| error("write", path, e))?;
        file.sync()
    }

    /// Removes a folder and all it holds.
    pub fn remove_tree(&self, path: &Path) -> Result<()> {
        for entry in fs::read_dir(path).map_err(|e| error("list", path, e))? {
            let entry = entry.map_err(|e| error("list", path, e))?;
            if entry.file_type().is_ok_and(|t| t.is_dir()) {
                self.remove_tree(&entry.path())?;
            } else {
                self.remove_file(&entry.path())?;
            }
        }
        self.remove_dir(path)
    }
}

#[cfg(unix)]
fn sync_dir(path: &Path) -> io::Result<()> {
    match File::open(path)?.sync_all() {
        // Some network file systems cannot; there a rename is as durable as it gets.
        Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        done => done,
    }
}

#[cfg(not(unix))]
fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A file that was opened for writing.
#[derive(Debug)]
pub struct DiskFile {
    file: File,
    disk: Disk,
    path: PathBuf,
}

/// Writes all of it through to the system: one file-changing call.
impl Write for DiskFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.disk.gate() {
            Ok(()) => self.file.write_all(bytes).map(|()| bytes.len()),
            Err((e, first)) => {
                if first {
                    self.file.write_all(&bytes[..bytes.len() / 2])?;
                }
                Err(e)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl DiskFile {
    /// The file from its start, to be read.
    pub fn into_reader(mut self) -> Result<File> {
        self.file.rewind().map_err(|e| error("read back", &self.path, e))?;
        Ok(self.file)
    }

    /// Makes what was written durable.
    pub fn sync(&self) -> Result<()> {
        self.disk.call("sync", &self.path, || self.file.sync_all())
    }

    /// The same, while other work goes on.
    pub fn sync_beside(self) -> Result<Syncing> {
        let file = Arc::new(self);
        let same = file.clone();
        match thread::Builder::new().name("fastprep-sync".into()).spawn(move || same.sync()) {
            Ok(thread) => Ok(Syncing(Some(thread))),
            // The system has no thread to spare.
            Err(_) => file.sync().map(|()| Syncing(None)),
        }
    }

    /// Where it is; of a file without a name, its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A file that is being made durable.
#[derive(Debug)]
pub struct Syncing(Option<JoinHandle<Result<()>>>);

impl Syncing {
    /// Waits until it is.
    pub fn wait(mut self) -> Result<()> {
        let Some(thread) = self.0.take() else { return Ok(()) };
        thread.join().unwrap_or_else(|_| Err(Error::internal("a thread that synced a file died")))
    }
}

/// A run that ends early leaves no file open behind it, which some systems could not remove.
impl Drop for Syncing {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            drop(thread.join());
        }
    }
}

/// The error of a call that changes files: what was tried, where, and the way out.
#[cold]
pub fn error(what: &str, path: &Path, e: io::Error) -> Error {
    let (code, help) = match e.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            ("disk_full", "free some space or write to another disk, then run again")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            ("read_only", "choose a folder that you may write to")
        }
        ErrorKind::NotADirectory => {
            ("cannot_write", "it, or a folder above it, is a file: choose another folder")
        }
        _ => ("cannot_write", "check the disk, or choose another folder"),
    };
    Error::new(Class::Publish, code, format!("cannot {what}")).path(path.display()).source(e).help(help)
}

/// The error of Arrow's writers over a file of ours.
#[cold]
pub fn unwritten(path: &Path, e: ArrowError) -> Error {
    match e {
        ArrowError::IoError(_, e) => error("write", path, e),
        e => e.into(),
    }
}
