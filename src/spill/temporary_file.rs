//! A file without a name in the folder for temporary files; it is gone once it is closed.

use std::io::Write;
use std::path::PathBuf;

use crate::error::Result;
use crate::store::{Files, NewFile, Reader, error};

/// A temporary file that is being written.
pub(crate) struct TemporaryFile {
    file: NewFile,
    folder: PathBuf,
}

impl TemporaryFile {
    /// Creates an empty file.
    ///
    /// # Errors
    /// `Class::Publish`: the folder for temporary files cannot be written to.
    pub(crate) fn create() -> Result<Self> {
        let folder = std::env::temp_dir();
        Ok(TemporaryFile { file: Files::local().create_nameless(&folder)?, folder })
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// `Class::Publish`: the disk is full, and so on.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|e| error("write a file in", &self.folder, e))
    }

    /// A reader of the file from its start.
    pub(crate) fn into_reader(self) -> Reader {
        self.file.into_reader()
    }
}
