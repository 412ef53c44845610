//! All access to files. A [`Store`] is where files are: the local file system, or one that fails where a test wants it
//! to. [`Files`] is the handle by which everything else reads and writes.

mod faults;
mod files;
mod local;
mod map;
mod reader;

use std::ffi::OsString;
use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use arrow::buffer::Buffer;

pub use faults::Faults;
pub use files::{Files, NewFile, Syncing, error, unwritten};
pub(crate) use local::Local;
pub use reader::Reader;

/// Where files are.
pub(crate) trait Store: Debug + Send + Sync {
    /// What is at a path; links are followed.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;

    /// What is in a folder, in no order.
    fn list(&self, folder: &Path) -> io::Result<Entries>;

    /// Opens a file for reading.
    fn open(&self, path: &Path) -> io::Result<Box<dyn StoredFile>>;

    /// What a link leads to, as it is written in the link; fails for anything else.
    fn link_target(&self, path: &Path) -> io::Result<PathBuf>;

    /// The one path of what is there: absolute, without links.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf>;

    /// Makes a folder whose parent exists.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Opens a file for writing.
    fn create(&self, path: &Path, how: Create) -> io::Result<Box<dyn StoredFile>>;

    /// Renames; a file that has the name is replaced.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file a second name.
    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty folder.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// Makes a folder's names durable, where the system can.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
}

/// An open file.
pub(crate) trait StoredFile: Debug + Send + Sync {
    /// What the file is now.
    fn metadata(&self) -> io::Result<Metadata>;

    /// Reads bytes from an offset on: as many as come at once, none only at the end. Never `Interrupted`.
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize>;

    /// The whole file as memory; none where the store has no such thing.
    fn map(&self) -> io::Result<Option<Buffer>>;

    /// Writes all of these bytes after those that were written before.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was written durable.
    fn sync(&self) -> io::Result<()>;

    /// Locks the file until it is closed; false where somebody else has locked it.
    fn try_lock(&self) -> io::Result<bool>;
}

/// What becomes of a file that has the name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Create {
    /// It is emptied.
    Empty,
    /// The call fails with `AlreadyExists`. The new file can be read too.
    New,
    /// It stays as it is.
    Keep,
}

/// What something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A link that was not followed.
    Link,
    /// A pipe or a device.
    Other,
}

/// What is known of a file or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// What it is; never a link.
    pub(crate) kind: Kind,
    /// Its length in bytes.
    pub bytes: u64,
    /// When it was last written, where the store knows.
    pub(crate) modified: Option<SystemTime>,
    /// The same for all names of one file, and for no other file, where the store knows.
    pub(crate) identity: Option<(u64, u64)>,
}

/// A name in a folder.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Without the folder.
    pub(crate) name: OsString,
    /// Links are not followed.
    pub(crate) kind: Kind,
}

/// Names in a folder, one after another.
pub(crate) type Entries = Box<dyn Iterator<Item = io::Result<Entry>> + Send>;

#[cfg(test)]
mod tests;
