//! The handle by which files are read and written: what reading calls say goes to the caller as it is, and what
//! changes files fails with an error that names the way out.

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
    /// Those of the local file system.
    pub fn local() -> Self {
        Files(Arc::new(Local))
    }

    /// Those of this store.
    pub(crate) fn of(store: Arc<dyn Store>) -> Self {
        Files(store)
    }

    /// What is at a path; links are followed.
    pub fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.0.metadata(path)
    }

    /// What is at a path, links followed; none where nothing is, or where no file can have such a name.
    pub(crate) fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        match self.0.metadata(path) {
            Ok(metadata) => Ok(Some(metadata.kind)),
            Err(e) if is_nothing(&e) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// What is in a folder, in no order.
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

    /// What a link leads to, as it is written in the link; none for anything else.
    pub(crate) fn link_target(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        match self.0.link_target(path) {
            Ok(target) => Ok(Some(target)),
            Err(e) if is_nothing(&e) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The one path of what is there: absolute, without links.
    pub(crate) fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.0.canonical(path)
    }

    fn changed<T>(&self, what: &str, path: &Path, done: io::Result<T>) -> Result<T> {
        done.map_err(|e| error(what, path, e))
    }

    /// Makes a folder whose parent exists.
    pub(crate) fn create_dir(&self, path: &Path) -> Result<()> {
        self.changed("make the folder", path, self.0.create_dir(path))
    }

    /// Makes a file, or empties the one there.
    pub(crate) fn create_file(&self, path: &Path) -> Result<NewFile> {
        let file = self.changed("make the file", path, self.0.create(path, Create::Empty))?;
        Ok(NewFile { file, path: path.to_path_buf() })
    }

    /// Makes a file where there is none, to be written and [read back](NewFile::into_reader).
    pub(crate) fn create_new(&self, path: &Path) -> Result<NewFile> {
        let file = self.changed("make the file", path, self.0.create(path, Create::New))?;
        Ok(NewFile { file, path: path.to_path_buf() })
    }

    /// Makes a file without a name in this folder, to be written and [read back](NewFile::into_reader): nobody else
    /// can meet it, and its space is free again once it is closed, however the process ends.
    pub(crate) fn create_nameless(&self, folder: &Path) -> Result<NewFile> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!(".fastprep-{}-{number}", std::process::id()));
            let file = match self.0.create(&path, Create::New) {
                Err(e) if e.kind() == ErrorKind::AlreadyExists => continue,
                opened => self.changed("make a file in", folder, opened)?,
            };
            self.remove_file(&path)?;
            return Ok(NewFile { file, path: folder.to_path_buf() });
        }
    }

    /// Opens a file for locking, and makes it where there is none.
    pub(crate) fn open_lock(&self, path: &Path) -> Result<Box<dyn StoredFile>> {
        self.changed("make the lock", path, self.0.create(path, Create::Keep))
    }

    /// Renames; a file that has the name is replaced.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.changed("rename to", to, self.0.rename(from, to))
    }

    /// Gives a file a second name.
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

    /// Makes a folder's names durable, where the system can.
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

/// Whether a call failed since there is nothing at the path, it is no link, or no file can have such a name.
fn is_nothing(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename | ErrorKind::InvalidInput
    )
}

/// A file that was opened for writing.
#[derive(Debug)]
pub struct NewFile {
    file: Box<dyn StoredFile>,
    path: PathBuf,
}

/// Writes all of it through to the system: one file-changing call.
impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.append(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl NewFile {
    /// The file from its start, to be read; for one [without a name](Files::create_nameless).
    pub(crate) fn into_reader(self) -> Reader {
        Reader::new(self.file.into())
    }

    /// Makes what was written durable.
    pub(crate) fn sync(&self) -> Result<()> {
        self.file.sync().map_err(|e| error("sync", &self.path, e))
    }

    /// The same, while other work goes on.
    pub(crate) fn sync_beside(self) -> Result<Syncing> {
        let file = Arc::new(self);
        let same = file.clone();
        match thread::Builder::new().name("fastprep-sync".into()).spawn(move || same.sync()) {
            Ok(thread) => Ok(Syncing(Some(thread))),
            // The system has no thread to spare.
            Err(_) => file.sync().map(|()| Syncing(None)),
        }
    }

    /// Where it is; of a file without a name, its folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// A file that is being made durable.
#[derive(Debug)]
pub struct Syncing(Option<JoinHandle<Result<()>>>);

impl Syncing {
    /// Waits until it is.
    pub(crate) fn wait(mut self) -> Result<()> {
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
        e => arrow_defect(e),
    }
}
