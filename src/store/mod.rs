//! All access to files. A [`Store`] holds files: the local file system, or in tests one whose calls can fail. The
//! rest of the core reads and writes through the handle [`Files`].

mod faults;
mod files;
mod local;
mod map;
mod metadata;
mod reader;
#[cfg(test)]
mod tests;
mod traits;

pub use faults::Faults;
pub use files::{Files, NewFile, Syncing, error, unwritten};
pub(crate) use local::Local;
pub(crate) use metadata::{Entries, Entry};
pub use metadata::{Kind, Metadata};
pub use reader::Reader;
pub(crate) use traits::{Create, Store, StoredFile};
