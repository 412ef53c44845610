//! The local file system.

use std::fs::{self, File, FileType, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use arrow::buffer::Buffer;

use super::map::map;
use super::{Create, Entries, Entry, Kind, Metadata, Store, StoredFile};

/// The local file system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Local;

impl Store for Local {
    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        fs::metadata(path).map(convert_metadata)
    }

    fn list(&self, folder: &Path) -> io::Result<Entries> {
        let entry = |entry: io::Result<fs::DirEntry>| {
            let entry = entry?;
            Ok(Entry { kind: kind(entry.file_type()?), name: entry.file_name() })
        };
        Ok(Box::new(fs::read_dir(folder)?.map(entry)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn StoredFile>> {
        Ok(Box::new(LocalFile(File::open(path)?)))
    }

    fn link_target(&self, path: &Path) -> io::Result<PathBuf> {
        fs::read_link(path)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn create(&self, path: &Path, mode: Create) -> io::Result<Box<dyn StoredFile>> {
        let mut options = File::options();
        options.write(true);
        match mode {
            Create::Empty => options.create(true).truncate(true),
            Create::New => options.create_new(true).read(true),
            Create::Keep => options.create(true).truncate(false),
        };
        Ok(Box::new(LocalFile(options.open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    #[cfg(unix)]
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        match File::open(path)?.sync_all() {
            // Some network file systems cannot sync folders; there nothing more can be done for durability.
            Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
            done => done,
        }
    }

    #[cfg(not(unix))]
    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct LocalFile(File);

impl StoredFile for LocalFile {
    fn metadata(&self) -> io::Result<Metadata> {
        self.0.metadata().map(convert_metadata)
    }

    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match read_at(&self.0, out, offset) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    fn map(&self) -> io::Result<Option<Buffer>> {
        map(&self.0).map(Some)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }

    fn try_lock(&self) -> io::Result<bool> {
        match self.0.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(e)) => Err(e),
        }
    }
}

#[cfg(unix)]
fn read_at(file: &File, out: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, out, offset)
}

#[cfg(windows)]
fn read_at(file: &File, out: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, out, offset)
}

fn kind(file_type: FileType) -> Kind {
    match file_type {
        t if t.is_file() => Kind::File,
        t if t.is_dir() => Kind::Folder,
        t if t.is_symlink() => Kind::Link,
        _ => Kind::Other,
    }
}

fn convert_metadata(metadata: fs::Metadata) -> Metadata {
    let (kind, bytes, modified) = (kind(metadata.file_type()), metadata.len(), metadata.modified().ok());
    Metadata { kind, bytes, modified, identity: identity(&metadata) }
}

#[cfg(unix)]
fn identity(metadata: &fs::Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> Option<(u64, u64)> {
    None
}
