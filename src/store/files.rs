//! The handle through which files are read and written. Reading calls return `io::Error`, since each reader has its
//! own errors; calls that change files return an [`Error`] with help.

use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use arrow::error::ArrowError;

use super::{Create, Entries, Kind, Local, Metadata, Reader, Store, StoredFile};
use crate::arrow_result::arrow_defect;
use crate::error::{Class, Error, Result};

/// The files of a store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Files(Arc<dyn Store>);

impl Files {
    /// The local file system.
    pub fn local() -> Self {
        Files(Arc::new(Local))
    }

    /// A handle to this store.
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Files(store)
    }

    /// The metadata of a path; links are followed.
    pub fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.0.metadata(path)
    }

    /// The kind of what is at a path, links followed; `None` if nothing is, or if no file can have such a name.
    pub(crate) fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        match self.0.metadata(path) {
            Ok(metadata) => Ok(Some(metadata.kind)),
            Err(e) if is_absent(&e) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The entries of a folder, in no particular order.
    pub(crate) fn list(&self, folder: &Path) -> io::Result<Entries> {
        self.0.list(folder)
    }

    /// Opens a file for reading, from its start.
    pub fn open(&self, path: &Path) -> io::Result<Reader> {
        Ok(Reader::new(self.0.open(path)?.into()))
    }

    /// All bytes of a file.
    pub(crate) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut reader = self.open(path)?;
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The target of a link, as written in the link; `None` for anything else.
    pub(crate) fn link_target(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        match self.0.link_target(path) {
            Ok(target) => Ok(Some(target)),
            Err(e) if is_absent(&e) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The absolute path without links.
    pub(crate) fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.0.canonical(path)
    }

    fn changed<T>(&self, action: &str, path: &Path, result: io::Result<T>) -> Result<T> {
        result.map_err(|e| error(action, path, e))
    }

    /// Creates a folder whose parent exists.
    pub(crate) fn create_dir(&self, path: &Path) -> Result<()> {
        self.changed("create the folder", path, self.0.create_dir(path))
    }

    /// Creates a file; an existing file is truncated.
    pub(crate) fn create_file(&self, path: &Path) -> Result<NewFile> {
        let file = self.changed("create the file", path, self.0.create(path, Create::Empty))?;
        Ok(NewFile { file, path: path.to_path_buf() })
    }

    /// Creates a file that must not exist, to be written and [read back](NewFile::into_reader).
    pub(crate) fn create_new(&self, path: &Path) -> Result<NewFile> {
        let file = self.changed("create the file", path, self.0.create(path, Create::New))?;
        Ok(NewFile { file, path: path.to_path_buf() })
    }

    /// Creates a file without a name in this folder, to be written and [read back](NewFile::into_reader). No other
    /// process can open it, and its space is freed when it is closed, however the process ends.
    pub(crate) fn create_nameless(&self, folder: &Path) -> Result<NewFile> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!(".fastprep-{}-{number}", std::process::id()));
            let file = match self.0.create(&path, Create::New) {
                Err(e) if e.kind() == ErrorKind::AlreadyExists => continue,
                opened => self.changed("create a file in", folder, opened)?,
            };
            self.remove_file(&path)?;
            return Ok(NewFile { file, path: folder.to_path_buf() });
        }
    }

    /// Opens a file for locking; creates it if it does not exist.
    pub(crate) fn open_lock(&self, path: &Path) -> Result<Box<dyn StoredFile>> {
        self.changed("create the lock", path, self.0.create(path, Create::Keep))
    }

    /// Renames a file or a folder; a file with the new name is replaced.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.changed("rename to", to, self.0.rename(from, to))
    }

    /// Creates a second name for a file.
    pub(crate) fn hard_link(&self, from: &Path, to: &Path) -> Result<()> {
        self.changed("link to", to, self.0.hard_link(from, to))
    }

    /// Removes a file.
    pub(crate) fn remove_file(&self, path: &Path) -> Result<()> {
        self.changed("remove", path, self.0.remove_file(path))
    }

    /// Removes an empty folder.
    pub(crate) fn remove_dir(&self, path: &Path) -> Result<()> {
        self.changed("remove", path, self.0.remove_dir(path))
    }

    /// Makes the names in a folder durable, if the system can.
    pub(crate) fn sync_dir(&self, path: &Path) -> Result<()> {
        self.changed("sync the folder", path, self.0.sync_dir(path))
    }

    /// Writes a whole small file and makes it durable.
    pub(crate) fn write_file(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let mut file = self.create_file(path)?;
        file.write_all(bytes).map_err(|e| error("write", path, e))?;
        file.sync()
    }

    /// Removes a folder and all it holds.
    pub(crate) fn remove_tree(&self, path: &Path) -> Result<()> {
        for entry in self.list(path).map_err(|e| error("list", path, e))? {
            let entry = entry.map_err(|e| error("list", path, e))?;
            let inner = path.join(entry.name);
            match entry.kind {
                Kind::Folder => self.remove_tree(&inner)?,
                _ => self.remove_file(&inner)?,
            }
        }
        self.remove_dir(path)
    }
}

/// Whether a call failed because nothing is at the path, it is not a link, or no file can have such a name.
fn is_absent(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename | ErrorKind::InvalidInput
    )
}

/// A file that is open for writing.
#[derive(Debug)]
pub struct NewFile {
    file: Box<dyn StoredFile>,
    path: PathBuf,
}

/// Each write is one file-changing call that writes all of its bytes.
impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.append(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl NewFile {
    /// A reader of the file from its start, for one [without a name](Files::create_nameless).
    pub(crate) fn into_reader(self) -> Reader {
        Reader::new(self.file.into())
    }

    /// Makes the content of the file durable.
    pub(crate) fn sync(&self) -> Result<()> {
        self.file.sync().map_err(|e| error("sync", &self.path, e))
    }

    /// Makes the content of the file durable in another thread.
    pub(crate) fn sync_in_background(self) -> Result<Syncing> {
        let file = Arc::new(self);
        let same = file.clone();
        match thread::Builder::new().name("fastprep-sync".into()).spawn(move || same.sync()) {
            Ok(thread) => Ok(Syncing(Some(thread))),
            // The system has no thread to spare.
            Err(_) => file.sync().map(|()| Syncing(None)),
        }
    }

    /// The path of the file; for a file without a name, of its folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// A file that another thread makes durable.
#[derive(Debug)]
pub struct Syncing(Option<JoinHandle<Result<()>>>);

impl Syncing {
    /// Waits until the file is durable.
    pub(crate) fn wait(mut self) -> Result<()> {
        let Some(thread) = self.0.take() else { return Ok(()) };
        thread.join().unwrap_or_else(|_| Err(Error::internal("a thread that synced a file panicked")))
    }
}

/// Waits until the file is closed: some systems cannot remove an open file.
impl Drop for Syncing {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            drop(thread.join());
        }
    }
}

/// The error of a call that changes files: "cannot `action`", with the path and help.
#[cold]
pub fn error(action: &str, path: &Path, e: io::Error) -> Error {
    let (code, help) = match e.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            ("disk_full", "free space or write to another disk, then run again")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            ("read_only", "choose a folder to which you have permission to write")
        }
        ErrorKind::NotADirectory => {
            ("cannot_write", "the path, or a parent of it, is a file: choose another folder")
        }
        _ => ("cannot_write", "check the disk, or choose another folder"),
    };
    Error::new(Class::Publish, code, format!("cannot {action}")).path(path.display()).source(e).help(help)
}

/// The error of an Arrow writer for a file of the store.
#[cold]
pub fn unwritten(path: &Path, e: ArrowError) -> Error {
    match e {
        ArrowError::IoError(_, e) => error("write", path, e),
        e => arrow_defect(e),
    }
}
