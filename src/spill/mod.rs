//! Rows put in the order of ranks, in bounded memory: held until that is full, then dealt into 64 buckets on disk by
//! the top bits of their rank; a bucket that outgrows memory is dealt again by the next bits; in the end each bucket
//! is sorted. Rows of one rank stay together and keep their order.

mod ranked;

use std::io::{BufReader, BufWriter};
use std::path::PathBuf;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use crate::disk::{Disk, DiskFile, unwritten};
use crate::error::Result;
use crate::limits::{BATCH_BYTES, BATCH_ROWS};
use crate::record::size;
use crate::stage::{Chunk, Payload, Source};

use ranked::{by_rank, with_ranks};
pub use ranked::{ranks_of, without_ranks};

const BITS: u32 = 6;
const BUCKETS: usize = 1 << BITS;

/// Where and when rows are spilled.
#[derive(Clone)]
pub struct Spill {
    /// What writes there.
    pub disk: Disk,
    /// The files have no names: nothing is ever seen there.
    pub folder: PathBuf,
    /// Bytes of rows that are held before.
    pub memory: u64,
}

/// One level: the top bits of the ranks were used up by the levels above it.
pub struct Buckets {
    level: u32,
    spill: Spill,
    held: Vec<RecordBatch>,
    held_bytes: u64,
    spilled: Vec<Option<Spilled>>,
}

/// Rows on disk, in the order they were written.
pub struct Spilled {
    level: u32,
    folder: PathBuf,
    writer: StreamWriter<BufWriter<DiskFile>>,
    bytes: u64,
}

/// Rows of neighbouring ranks.
enum Part {
    Held(Vec<RecordBatch>),
    Spilled(Spilled),
}

impl Buckets {
    /// None so far.
    pub fn new(spill: Spill) -> Self {
        Buckets::of_level(0, spill)
    }

    fn of_level(level: u32, spill: Spill) -> Self {
        let spilled = (0..BUCKETS).map(|_| None).collect();
        Buckets { level, spill, held: Vec::new(), held_bytes: 0, spilled }
    }

    /// Takes rows with their ranks.
    pub fn push(&mut self, records: &RecordBatch, ranks: Vec<u64>) -> Result<()> {
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
        let Some((all, order)) = by_rank(std::mem::take(&mut self.held))? else { return Ok(()) };
        let ranks = ranks_of(&all);
        let shift = 64 - BITS * (self.level + 1);
        let bucket_of = |i: &u32| (ranks[*i as usize] >> shift) as usize & (BUCKETS - 1);
        for of_one in order.chunk_by(|a, b| bucket_of(a) == bucket_of(b)) {
            let rows = take_record_batch(&all, &UInt32Array::from(of_one.to_vec()))?;
            let spilled = match &mut self.spilled[bucket_of(&of_one[0])] {
                Some(spilled) => spilled,
                none => none.insert(Spilled::create(&self.spill, self.level, &rows)?),
            };
            spilled.write(&rows)?;
        }
        Ok(())
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

impl Spilled {
    /// An empty file for rows like these.
    pub fn create(spill: &Spill, level: u32, rows: &RecordBatch) -> Result<Self> {
        let folder = spill.folder.clone();
        let file = BufWriter::new(spill.disk.create_nameless(&folder)?);
        let writer = StreamWriter::try_new(file, &rows.schema()).map_err(|e| unwritten(&folder, e))?;
        Ok(Spilled { level, folder, writer, bytes: 0 })
    }

    /// Appends rows.
    pub fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        self.bytes += size::bytes(rows) as u64;
        self.writer.write(rows).map_err(|e| unwritten(&self.folder, e))
    }

    /// Hands all rows on.
    pub fn read_back(self, take: &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        let lost = |e| unwritten(&self.folder, e);
        let file = self.writer.into_inner().map_err(lost)?;
        let file = file.into_inner().map_err(|e| lost(e.into_error().into()))?.into_reader()?;
        for rows in StreamReader::try_new(BufReader::new(file), None).map_err(lost)? {
            take(rows.map_err(lost)?)?;
        }
        Ok(())
    }
}

/// Hands all rows on in the order of their ranks, which are the last column; a chunk never ends within a rank.
pub struct ByRank {
    spill: Spill,
    /// The next one last.
    parts: Vec<Part>,
    sorted: Option<Sorted>,
    seq: u64,
    row: u64,
}

impl Sorted {
    /// So many rows, and those that share the rank of the last.
    fn next(&self, rows: usize) -> Vec<u32> {
        let ranks = ranks_of(&self.all);
        let left = &self.order[self.at..];
        let mut end = rows.min(left.len());
        while end > 0 && end < left.len() && ranks[left[end] as usize] == ranks[left[end - 1] as usize] {
            end += 1;
        }
        left[..end].to_vec()
    }
}

struct Sorted {
    all: RecordBatch,
    order: Vec<u32>,
    at: usize,
    row_bytes: usize,
}

impl ByRank {
    /// Of all rows that were pushed.
    pub fn new(buckets: Buckets) -> Result<Self> {
        let spill = buckets.spill.clone();
        let mut all = ByRank { spill, parts: Vec::new(), sorted: None, seq: 0, row: 0 };
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
                let mut next = Buckets::of_level(spilled.level + 1, self.spill.clone());
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
        if let Some((all, order)) = by_rank(ranked)? {
            let row_bytes = size::bytes(&all) / order.len().max(1);
            self.sorted = Some(Sorted { all, order, at: 0, row_bytes });
        }
        Ok(())
    }
}

impl Source for ByRank {
    fn next(&mut self) -> Result<Option<Chunk>> {
        loop {
            if let Some(sorted) = &mut self.sorted {
                let rows = (BATCH_BYTES / sorted.row_bytes.max(1)).clamp(1, BATCH_ROWS);
                let order = sorted.next(rows);
                if !order.is_empty() {
                    sorted.at += order.len();
                    let (seq, first_row) = (self.seq, self.row);
                    self.seq += 1;
                    self.row += order.len() as u64;
                    let payload =
                        Payload::Picked { of: sorted.all.clone(), order, row_bytes: sorted.row_bytes };
                    return Ok(Some(Chunk { seq, file: 0, first_row, payload }));
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
