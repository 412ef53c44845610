//! The traits of a store and of its open files.

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};

use arrow::buffer::Buffer;

use super::metadata::{Entries, Metadata};

/// A file system.
pub(crate) trait Store: Debug + Send + Sync {
    /// The metadata of a path; links are followed.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;

    /// The entries of a folder, in no particular order.
    fn list(&self, folder: &Path) -> io::Result<Entries>;

    /// Opens a file for reading.
    fn open(&self, path: &Path) -> io::Result<Box<dyn StoredFile>>;

    /// The target of a link, as written in the link; fails for anything else.
    fn link_target(&self, path: &Path) -> io::Result<PathBuf>;

    /// The absolute path without links.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf>;

    /// Creates a folder whose parent exists.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Opens a file for writing.
    fn create(&self, path: &Path, mode: Create) -> io::Result<Box<dyn StoredFile>>;

    /// Renames a file or a folder; a file with the new name is replaced.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Creates a second name for a file.
    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty folder.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable, if the system can.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
}

/// An open file.
pub(crate) trait StoredFile: Debug + Send + Sync {
    /// The current metadata of the file.
    fn metadata(&self) -> io::Result<Metadata>;

    /// Reads bytes at an offset: as many as one call returns, 0 only at the end. Never fails with `Interrupted`.
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize>;

    /// The whole file, memory-mapped; `None` if the store cannot map files.
    fn map(&self) -> io::Result<Option<Buffer>>;

    /// Appends all of these bytes.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes the content of the file durable.
    fn sync(&self) -> io::Result<()>;

    /// Locks the file until it is closed; false if it is locked already.
    fn try_lock(&self) -> io::Result<bool>;
}

/// What [`Store::create`] does with a file that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Create {
    /// The file is truncated.
    Empty,
    /// The call fails with `AlreadyExists`. A new file can also be read.
    New,
    /// The file is opened unchanged.
    Keep,
}
