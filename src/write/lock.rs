//! One run at a time writes to a folder.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::disk::{self, Disk};
use crate::error::{Class, Error, Result};

/// The name of the lock within the folder.
pub const LOCK: &str = ".fastprep.lock";

/// Held while it lives; the system lets go of it even when the process dies.
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of this folder, or fails with `locked` where another run holds it.
    pub fn take(folder: &Path, disk: &Disk) -> Result<Self> {
        let path = folder.join(LOCK);
        loop {
            let file = disk.open_lock(&path)?;
            match file.try_lock() {
                // Its last holder may have removed it between our opening and locking it.
                Ok(()) if is_at(&file, &path) => return Ok(Lock { file, path }),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::new(
                        Class::Publish,
                        "locked",
                        "another run is writing to this folder",
                    )
                    .path(folder.display())
                    .help("wait for it to end, or choose another folder"));
                }
                // Some network file systems know no locks; there two runs at once are the caller's to avoid.
                Err(TryLockError::Error(e)) if e.kind() == ErrorKind::Unsupported => {
                    return Ok(Lock { file, path });
                }
                Err(TryLockError::Error(e)) => return Err(disk::error("lock", &path, e)),
            }
        }
    }

    /// Removes the lock, then lets go of it.
    pub fn release(self, disk: &Disk) {
        // A lock that stays behind is free, and harmless.
        drop(disk.remove_file(&self.path));
        drop(self.file);
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let same = || -> std::io::Result<bool> {
        let (held, named) = (file.metadata()?, std::fs::metadata(path)?);
        Ok((held.dev(), held.ino()) == (named.dev(), named.ino()))
    };
    same().unwrap_or(false)
}

/// Elsewhere an open file cannot be removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}
