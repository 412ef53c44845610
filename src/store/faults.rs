//! A store for tests: the local file system, with calls that fail.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::buffer::Buffer;

use super::{Create, Entries, Files, Local, Metadata, Store, StoredFile};

/// The local file system, where a chosen call fails. Cheap to clone; clones share the count of calls.
#[derive(Debug, Clone)]
pub struct Faults(Arc<Fault>);

#[derive(Debug)]
struct Fault {
    counted: Counted,
    failing_call: u64,
    calls: AtomicU64,
    effect: Effect,
}

/// The calls that are counted and may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    Changes,
    Reads,
}

#[derive(Debug)]
enum Effect {
    /// The chosen call and all later ones fail, also those that clean up: a simulated crash of the process.
    Stop,
    /// Only the chosen call fails.
    Fail(ErrorKind),
    /// No call fails; a read returns at most this number of bytes, and files are not mapped.
    Short(usize),
}

impl Faults {
    /// The `k`-th file-changing call (from 0) and all later ones fail, as if the process had crashed. If the `k`-th
    /// call is a write, it writes half of its bytes.
    pub fn stopped_at(k: u64) -> Self {
        Faults::new(Counted::Changes, k, Effect::Stop)
    }

    /// The `k`-th file-changing call (from 0) fails with this kind; all others succeed.
    pub fn failing_at(k: u64, kind: ErrorKind) -> Self {
        Faults::new(Counted::Changes, k, Effect::Fail(kind))
    }

    /// The `k`-th reading call (from 0) fails with this kind; all others succeed. Each entry of a folder counts as a
    /// call.
    pub fn unreadable_at(k: u64, kind: ErrorKind) -> Self {
        Faults::new(Counted::Reads, k, Effect::Fail(kind))
    }

    /// No call fails; a read returns at most `bytes` bytes, and files are not mapped.
    pub fn short_reads(bytes: usize) -> Self {
        Faults::new(Counted::Reads, u64::MAX, Effect::Short(bytes))
    }

    fn new(counted: Counted, failing_call: u64, effect: Effect) -> Self {
        Faults(Arc::new(Fault { counted, failing_call, calls: AtomicU64::new(0), effect }))
    }

    /// A handle to this store.
    pub fn files(&self) -> Files {
        Files::new(Arc::new(self.clone()))
    }

    /// The number of counted calls so far.
    pub fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::Relaxed)
    }

    /// Counts a call, and fails if it is to fail. The flag says whether it is the first call that fails.
    fn count_call(&self, counted: Counted) -> Result<(), (io::Error, bool)> {
        let fault = &self.0;
        if fault.counted != counted {
            return Ok(());
        }
        let call = fault.calls.fetch_add(1, Ordering::Relaxed);
        match fault.effect {
            Effect::Stop if call >= fault.failing_call => {
                Err((io::Error::other("a simulated crash of the process"), call == fault.failing_call))
            }
            Effect::Fail(kind) if call == fault.failing_call => Err((kind.into(), true)),
            _ => Ok(()),
        }
    }

    fn change(&self) -> io::Result<()> {
        self.count_call(Counted::Changes).map_err(|(e, _)| e)
    }

    fn read(&self) -> io::Result<()> {
        self.count_call(Counted::Reads).map_err(|(e, _)| e)
    }

    fn file(&self, file: Box<dyn StoredFile>) -> Box<dyn StoredFile> {
        Box::new(FaultyFile { file, faults: self.clone() })
    }
}

impl Store for Faults {
    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.read()?;
        Local.metadata(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Entries> {
        self.read()?;
        let faults = self.clone();
        Ok(Box::new(Local.list(folder)?.map(move |entry| faults.read().and(entry))))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn StoredFile>> {
        self.read()?;
        Local.open(path).map(|file| self.file(file))
    }

    fn link_target(&self, path: &Path) -> io::Result<PathBuf> {
        self.read()?;
        Local.link_target(path)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.read()?;
        Local.canonical(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.change()?;
        Local.create_dir(path)
    }

    fn create(&self, path: &Path, mode: Create) -> io::Result<Box<dyn StoredFile>> {
        self.change()?;
        Local.create(path, mode).map(|file| self.file(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change()?;
        Local.rename(from, to)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change()?;
        Local.hard_link(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.change()?;
        Local.remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.change()?;
        Local.remove_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.change()?;
        Local.sync_dir(path)
    }
}

#[derive(Debug)]
struct FaultyFile {
    file: Box<dyn StoredFile>,
    faults: Faults,
}

impl StoredFile for FaultyFile {
    fn metadata(&self) -> io::Result<Metadata> {
        self.faults.read()?;
        self.file.metadata()
    }

    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        self.faults.read()?;
        let most = match self.faults.0.effect {
            Effect::Short(most) => most.min(out.len()),
            _ => out.len(),
        };
        self.file.read_at(&mut out[..most], offset)
    }

    fn map(&self) -> io::Result<Option<Buffer>> {
        self.faults.read()?;
        match self.faults.0.effect {
            Effect::Short(_) => Ok(None),
            _ => self.file.map(),
        }
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.faults.count_call(Counted::Changes) {
            Ok(()) => self.file.append(bytes),
            Err((e, first)) => {
                if first {
                    self.file.append(&bytes[..bytes.len() / 2])?;
                }
                Err(e)
            }
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.faults.change()?;
        self.file.sync()
    }

    fn try_lock(&self) -> io::Result<bool> {
        self.file.try_lock()
    }
}
