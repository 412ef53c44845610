//! Metadata of files and folders.

use std::ffi::OsString;
use std::io;
use std::time::SystemTime;

/// The kind of an entry of the file system.
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

/// Metadata of a file or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The kind; never a link.
    pub(crate) kind: Kind,
    /// Its length in bytes.
    pub bytes: u64,
    /// When it was last written, if the store knows.
    pub(crate) modified: Option<SystemTime>,
    /// An identity that all names of one file share and no other file has, if the store knows one.
    pub(crate) identity: Option<(u64, u64)>,
}

/// An entry of a folder.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The name, without the folder.
    pub(crate) name: OsString,
    /// The kind; links are not followed.
    pub(crate) kind: Kind,
}

/// The entries of a folder.
pub(crate) type Entries = Box<dyn Iterator<Item = io::Result<Entry>> + Send>;
