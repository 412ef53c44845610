//! Rows distributed over buckets by their ranks, in memory and on disk.
//!
//! Rows are held in memory up to a limit. Above it they are distributed over 64 buckets on disk, by the top bits of
//! their ranks. A bucket that is larger than the limit is distributed again, by the next bits.

use std::io::{BufReader, BufWriter};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ScopedJoinHandle};

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use crate::error::{Error, Result};
use crate::record::ranked::{Ranked, with_ranks};
use crate::record::size;
use crate::store::{Files, NewFile, unwritten};

/// Bits of a rank that one level uses.
pub(super) const BITS: u32 = 6;
const BUCKETS: usize = 1 << BITS;

/// Where and when rows are spilled.
#[derive(Clone)]
pub struct Spill {
    /// The store of the folder.
    pub(crate) disk: Files,
    /// The folder of the files.
    pub(crate) folder: PathBuf,
    /// The start of the names of files that are kept, so that a later run can read them. Without it, files have no
    /// names: none is ever seen in the folder, and their space is freed however the process ends.
    pub(crate) kept_as: Option<String>,
    /// Bytes of rows that are held in memory before any are spilled.
    pub(crate) memory: u64,
    /// Threads that distribute rows, each with a copy of the rows of its bucket.
    pub(crate) threads: usize,
}

/// Rows of one level. The levels above it have used up the top bits of the ranks.
pub(crate) struct Buckets {
    level: u32,
    /// Start of the names of its files.
    name: String,
    pub(super) spill: Spill,
    held: Vec<RecordBatch>,
    held_bytes: u64,
    spilled: Vec<Option<Spilled>>,
}

/// Rows on disk, in the order in which they were written.
pub(crate) struct Spilled {
    pub(super) level: u32,
    pub(super) name: String,
    path: PathBuf,
    writer: StreamWriter<BufWriter<NewFile>>,
    pub(super) bytes: u64,
}

/// Rows of neighbouring ranks.
pub(super) enum Part {
    Held(Vec<RecordBatch>),
    Spilled(Spilled),
}

impl Buckets {
    /// Empty buckets of the first level.
    pub(crate) fn new(spill: Spill) -> Self {
        Buckets::at_level(0, String::new(), spill)
    }

    pub(super) fn at_level(level: u32, name: String, spill: Spill) -> Self {
        let spilled = (0..BUCKETS).map(|_| None).collect();
        Buckets { level, name, spill, held: Vec::new(), held_bytes: 0, spilled }
    }

    /// Adds rows with their ranks.
    pub(crate) fn push(&mut self, records: &RecordBatch, ranks: Vec<u64>) -> Result<()> {
        self.push_ranked(with_ranks(records, ranks)?)
    }

    /// Adds rows whose ranks are the last column.
    pub(super) fn push_ranked(&mut self, ranked: RecordBatch) -> Result<()> {
        if ranked.num_rows() == 0 {
            return Ok(());
        }
        self.held_bytes += size::bytes(&ranked) as u64;
        self.held.push(ranked);
        if self.held_bytes > self.spill.memory { self.spill() } else { Ok(()) }
    }

    /// Writes the rows that are held to the files of their buckets.
    fn spill(&mut self) -> Result<()> {
        self.held_bytes = 0;
        let all = Ranked::new(std::mem::take(&mut self.held));
        let shift = 64 - BITS * (self.level + 1);
        let bucket_of = |row: usize| (all.rank(row) >> shift) as usize & (BUCKETS - 1);
        let mut start = 0;
        let mut rows_of = |bucket| {
            let from = start;
            start += (start..all.rows()).take_while(|row| bucket_of(*row) == bucket).count();
            from..start
        };
        let work: Vec<_> = (0..BUCKETS).map(|b| (b, rows_of(b))).zip(&mut self.spilled).collect();
        let (spill, level, name) = (&self.spill, self.level, &self.name);
        let left = Mutex::new(work.into_iter().filter(|((_, rows), _)| !rows.is_empty()));
        let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
        let failed = AtomicBool::new(false);
        let write_buckets = || {
            while let Some(((bucket, rows), spilled)) = next() {
                if failed.load(Ordering::Relaxed) {
                    break;
                }
                let rows = all.take(rows)?;
                match spilled {
                    Some(spilled) => spilled,
                    none => none.insert(Spilled::create(spill, level, format!("{name}-{bucket:02}"), &rows)?),
                }
                .write(&rows)?;
            }
            Ok(())
        };
        let run = || write_buckets().inspect_err(|_| failed.store(true, Ordering::Relaxed));
        thread::scope(|scope| {
            // Fewer threads where the system has none to spare.
            let start = |_| thread::Builder::new().spawn_scoped(scope, run).ok();
            let others: Vec<_> = (1..spill.threads.min(BUCKETS)).map_while(start).collect();
            let own = run();
            others.into_iter().map(join).fold(own, Result::and)
        })
    }

    /// All rows, in parts of ascending ranks.
    pub(super) fn into_parts(mut self) -> Result<Vec<Part>> {
        if self.spilled.iter().all(Option::is_none) {
            return Ok(vec![Part::Held(self.held)]);
        }
        self.spill()?;
        Ok(self.spilled.into_iter().flatten().map(Part::Spilled).collect())
    }
}

fn join(thread: ScopedJoinHandle<'_, Result<()>>) -> Result<()> {
    thread.join().unwrap_or_else(|_| Err(Error::internal("a thread that spilled rows panicked")))
}

impl Spilled {
    /// Creates a file for rows with the columns of `rows`: an Arrow IPC stream. A kept one has the extension
    /// `arrows`.
    pub(crate) fn create(spill: &Spill, level: u32, name: String, rows: &RecordBatch) -> Result<Self> {
        let file = match &spill.kept_as {
            None => spill.disk.create_nameless(&spill.folder)?,
            Some(start) => spill.disk.create_new(&spill.folder.join(format!("{start}{name}.arrows")))?,
        };
        let path = file.path().to_path_buf();
        let writer = StreamWriter::try_new(BufWriter::new(file), &rows.schema());
        let writer = writer.map_err(|e| unwritten(&path, e))?;
        Ok(Spilled { level, name, path, writer, bytes: 0 })
    }

    /// Appends rows.
    pub(crate) fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        self.bytes += size::bytes(rows) as u64;
        self.writer.write(rows).map_err(|e| unwritten(&self.path, e))
    }

    /// Passes each record batch to `take`, in the order in which they were written.
    pub(crate) fn read_back(self, take: &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        let failed = |e| unwritten(&self.path, e);
        let file = self.writer.into_inner().map_err(failed)?;
        let file = file.into_inner().map_err(|e| failed(e.into_error().into()))?.into_reader();
        for rows in StreamReader::try_new(BufReader::new(file), None).map_err(failed)? {
            take(rows.map_err(failed)?)?;
        }
        Ok(())
    }
}
