//! Rows put in the order of ranks, in bounded memory: held until that is full, then dealt into 64 buckets on disk by
//! the top bits of their rank; a bucket that outgrows memory is dealt again by the next bits; in the end each bucket
//! is sorted. Rows of one rank stay together and keep their order.

use std::io::{BufReader, BufWriter};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ScopedJoinHandle};

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use crate::error::{Error, Result};
use crate::flow::{Cut, Piece};
use crate::limits::{BATCH_BYTES, BATCH_ROWS};
use crate::record::ranked::{Ranked, with_ranks};
use crate::record::size;
use crate::store::{Files, NewFile, unwritten};

const BITS: u32 = 6;
const BUCKETS: usize = 1 << BITS;

/// Where and when rows are spilled.
#[derive(Clone)]
pub struct Spill {
    /// What writes there.
    pub(crate) disk: Files,
    /// The folder of the files.
    pub(crate) folder: PathBuf,
    /// How the names of files begin that are kept, so that a later run can read them; else they have no names: nothing is
    /// ever seen there, and their space is free again however the process ends.
    pub(crate) kept_as: Option<String>,
    /// Bytes of rows that are held before.
    pub(crate) memory: u64,
    /// So many threads deal rows into buckets, each with a copy of the rows of its bucket.
    pub(crate) threads: usize,
}

/// One level: the top bits of the ranks were used up by the levels above it.
pub(crate) struct Buckets {
    level: u32,
    /// How its files are called, one after another.
    name: String,
    spill: Spill,
    held: Vec<RecordBatch>,
    held_bytes: u64,
    spilled: Vec<Option<Spilled>>,
}

/// Rows on disk, in the order they were written.
pub(crate) struct Spilled {
    level: u32,
    name: String,
    path: PathBuf,
    writer: StreamWriter<BufWriter<NewFile>>,
    bytes: u64,
}

/// Rows of neighbouring ranks.
enum Part {
    Held(Vec<RecordBatch>),
    Spilled(Spilled),
}

impl Buckets {
    /// None so far.
    pub(crate) fn new(spill: Spill) -> Self {
        Buckets::of_level(0, String::new(), spill)
    }

    fn of_level(level: u32, name: String, spill: Spill) -> Self {
        let spilled = (0..BUCKETS).map(|_| None).collect();
        Buckets { level, name, spill, held: Vec::new(), held_bytes: 0, spilled }
    }

    /// Takes rows with their ranks.
    pub(crate) fn push(&mut self, records: &RecordBatch, ranks: Vec<u64>) -> Result<()> {
        self.hold(with_ranks(records, ranks)?)
    }

    fn hold(&mut self, ranked: RecordBatch) -> Result<()> {
        if ranked.num_rows() == 0 {
            return Ok(());
        }
        self.held_bytes += size::bytes(&ranked) as u64;
        self.held.push(ranked);
        if self.held_bytes > self.spill.memory { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<()> {
        self.held_bytes = 0;
        let all = Ranked::new(std::mem::take(&mut self.held));
        let shift = 64 - BITS * (self.level + 1);
        let bucket_of = |at: usize| (all.rank(at) >> shift) as usize & (BUCKETS - 1);
        let mut start = 0;
        let mut rows_of = |bucket| {
            let from = start;
            start += (start..all.rows()).take_while(|at| bucket_of(*at) == bucket).count();
            from..start
        };
        let work: Vec<_> = (0..BUCKETS).map(|b| (b, rows_of(b))).zip(&mut self.spilled).collect();
        let (spill, level, name) = (&self.spill, self.level, &self.name);
        let left = Mutex::new(work.into_iter().filter(|((_, rows), _)| !rows.is_empty()));
        let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
        let failed = AtomicBool::new(false);
        let deal_all = || {
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
        let deal = || deal_all().inspect_err(|_| failed.store(true, Ordering::Relaxed));
        thread::scope(|scope| {
            // Fewer, where the system has no thread to spare.
            let start = |_| thread::Builder::new().spawn_scoped(scope, deal).ok();
            let others: Vec<_> = (1..spill.threads.min(BUCKETS)).map_while(start).collect();
            let own = deal();
            others.into_iter().map(join).fold(own, Result::and)
        })
    }

    /// All rows, in parts of ascending ranks.
    fn into_parts(mut self) -> Result<Vec<Part>> {
        if self.spilled.iter().all(Option::is_none) {
            return Ok(vec![Part::Held(self.held)]);
        }
        self.spill()?;
        Ok(self.spilled.into_iter().flatten().map(Part::Spilled).collect())
    }
}

fn join(thread: ScopedJoinHandle<'_, Result<()>>) -> Result<()> {
    thread.join().unwrap_or_else(|_| Err(Error::internal("a thread that spilled rows died")))
}

impl Spilled {
    /// An empty file for rows like these; a stream of Arrow IPC, whose name ends so where it is kept.
    pub(crate) fn create(spill: &Spill, level: u32, name: String, rows: &RecordBatch) -> Result<Self> {
        let file = match &spill.kept_as {
            None => spill.disk.create_nameless(&spill.folder)?,
            Some(begin) => spill.disk.create_new(&spill.folder.join(format!("{begin}{name}.arrows")))?,
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

    /// Hands all rows on.
    pub(crate) fn read_back(self, take: &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        let lost = |e| unwritten(&self.path, e);
        let file = self.writer.into_inner().map_err(lost)?;
        let file = file.into_inner().map_err(|e| lost(e.into_error().into()))?.into_reader();
        for rows in StreamReader::try_new(BufReader::new(file), None).map_err(lost)? {
            take(rows.map_err(lost)?)?;
        }
        Ok(())
    }
}

/// Some of ranked rows, not yet copied together.
#[derive(Clone)]
pub(crate) struct Picked {
    /// The number of the first row among all.
    pub first_row: u64,
    rows: Ranked,
    at: Range<usize>,
    row_bytes: usize,
}

impl Picked {
    /// The rows, copied together; their ranks are the last column.
    pub(crate) fn take(&self) -> Result<RecordBatch> {
        self.rows.take(self.at.clone())
    }
}

impl Piece for Picked {
    fn bytes(&self) -> usize {
        self.at.len() * self.row_bytes
    }

    fn until(&self, row: u64) -> Self {
        let rows = usize::try_from((row + 1).saturating_sub(self.first_row)).unwrap_or(usize::MAX);
        Picked { at: self.at.start..self.at.start + rows.min(self.at.len()), ..self.clone() }
    }
}

/// Hands all rows on in the order of their ranks, which are the last column; a piece never ends within a rank.
pub(crate) struct ByRank {
    spill: Spill,
    /// The next one last.
    parts: Vec<Part>,
    sorted: Option<Sorted>,
    row: u64,
}

struct Sorted {
    all: Ranked,
    at: usize,
    row_bytes: usize,
}

impl Sorted {
    /// Where the next so many rows end, and those that share the rank of the last.
    fn end(&self, rows: usize) -> usize {
        let mut end = (self.at + rows).min(self.all.rows());
        while end > self.at && end < self.all.rows() && self.all.rank(end) == self.all.rank(end - 1) {
            end += 1;
        }
        end
    }
}

impl ByRank {
    /// Of all rows that were pushed.
    pub(crate) fn new(buckets: Buckets) -> Result<Self> {
        let spill = buckets.spill.clone();
        let mut all = ByRank { spill, parts: Vec::new(), sorted: None, row: 0 };
        all.put(buckets)?;
        Ok(all)
    }

    fn put(&mut self, buckets: Buckets) -> Result<()> {
        self.parts.extend(buckets.into_parts()?.into_iter().rev());
        Ok(())
    }

    fn sort(&mut self, part: Part) -> Result<()> {
        let ranked = match part {
            Part::Held(ranked) => ranked,
            Part::Spilled(spilled)
                if spilled.bytes > self.spill.memory && BITS * (spilled.level + 2) <= 64 =>
            {
                let (level, name) = (spilled.level + 1, spilled.name.clone());
                let mut next = Buckets::of_level(level, name, self.spill.clone());
                spilled.read_back(&mut |ranked| next.hold(ranked))?;
                return self.put(next);
            }
            Part::Spilled(spilled) => {
                let mut all = Vec::new();
                spilled.read_back(&mut |ranked| {
                    all.push(ranked);
                    Ok(())
                })?;
                all
            }
        };
        let all = Ranked::new(ranked);
        let row_bytes = all.bytes() / all.rows().max(1);
        self.sorted = Some(Sorted { all, at: 0, row_bytes });
        Ok(())
    }
}

impl Cut for ByRank {
    type Piece = Picked;

    fn next(&mut self) -> Result<Option<Picked>> {
        loop {
            if let Some(sorted) = &mut self.sorted {
                let rows = (BATCH_BYTES / sorted.row_bytes.max(1)).clamp(1, BATCH_ROWS);
                let at = sorted.at..sorted.end(rows);
                if !at.is_empty() {
                    sorted.at = at.end;
                    let first_row = self.row;
                    self.row += at.len() as u64;
                    let (rows, row_bytes) = (sorted.all.clone(), sorted.row_bytes);
                    return Ok(Some(Picked { first_row, rows, at, row_bytes }));
                }
                self.sorted = None;
            }
            match self.parts.pop() {
                Some(part) => self.sort(part)?,
                None => return Ok(None),
            }
        }
    }
}
