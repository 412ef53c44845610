//! The lock that lets only one run at a time write to a folder.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::error::{Class, Error, Result};
use crate::store::{self, Files, StoredFile};

/// The name of the lock file in the folder.
pub(crate) const LOCK: &str = ".fastprep.lock";

/// A lock that is held. The system releases it if the process dies.
pub(crate) struct Lock {
    file: Box<dyn StoredFile>,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of this folder; fails with `locked` if another run holds it.
    pub(crate) fn take(folder: &Path, store: &Files) -> Result<Self> {
        let path = folder.join(LOCK);
        loop {
            let file = store.open_lock(&path)?;
            match file.try_lock() {
                // The previous run may have removed the file after it was opened here.
                Ok(true) => match is_at(store, file.as_ref(), &path) {
                    Ok(true) => return Ok(Lock { file, path }),
                    Ok(false) => {}
                    Err(e) => {
                        Lock { file, path: path.clone() }.release(store);
                        return Err(store::error("lock", &path, e));
                    }
                },
                Ok(false) => {
                    return Err(Error::new(
                        Class::Publish,
                        "locked",
                        "another run is writing to this folder",
                    )
                    .path(folder.display())
                    .help("wait until that run ends, or choose another folder"));
                }
                // Some network file systems have no locks; there the user must not start two runs at once.
                Err(e) if e.kind() == ErrorKind::Unsupported => {
                    return Ok(Lock { file, path });
                }
                Err(e) => return Err(store::error("lock", &path, e)),
            }
        }
    }

    /// Removes the lock file, then releases the lock.
    pub(crate) fn release(self, store: &Files) {
        // A lock file that is left over is not locked, so it does no harm.
        drop(store.remove_file(&self.path));
        drop(self.file);
    }
}

/// Whether the file still has this path. Stores without identities do not let an open file be removed.
fn is_at(store: &Files, file: &dyn StoredFile, path: &Path) -> io::Result<bool> {
    match store.metadata(path) {
        Ok(named) => Ok(file.metadata()?.identity == named.identity),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}
