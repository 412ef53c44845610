//! One run at a time writes to a folder.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::error::{Class, Error, Result};
use crate::store::{self, Files, StoredFile};

/// The name of the lock within the folder.
pub(crate) const LOCK: &str = ".fastprep.lock";

/// Held while it lives; the system lets go of it even when the process dies.
pub(crate) struct Lock {
    file: Box<dyn StoredFile>,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of this folder, or fails with `locked` where another run holds it.
    pub(crate) fn take(folder: &Path, store: &Files) -> Result<Self> {
        let path = folder.join(LOCK);
        loop {
            let file = store.open_lock(&path)?;
            match file.try_lock() {
                // Its last holder may have removed it between our opening and locking it.
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
                    .help("wait for it to end, or choose another folder"));
                }
                // Some network file systems know no locks; there two runs at once are the caller's to avoid.
                Err(e) if e.kind() == ErrorKind::Unsupported => {
                    return Ok(Lock { file, path });
                }
                Err(e) => return Err(store::error("lock", &path, e)),
            }
        }
    }

    /// Removes the lock, then lets go of it.
    pub(crate) fn release(self, store: &Files) {
        // A lock that stays behind is free, and harmless.
        drop(store.remove_file(&self.path));
        drop(self.file);
    }
}

/// Whether the file still has this name. Where the store knows no identity, an open file cannot be removed.
fn is_at(store: &Files, file: &dyn StoredFile, path: &Path) -> io::Result<bool> {
    match store.metadata(path) {
        Ok(named) => Ok(file.metadata()?.identity == named.identity),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}
