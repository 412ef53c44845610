//! Rows dealt by rank: held in memory until that is full, then spilled into 64 buckets on disk.

use std::fs::{File, remove_file};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use super::ranked::{by_rank, ranks_of, with_ranks, without_ranks};
use crate::error::{Class, Error, Result};
use crate::limits::{BATCH_BYTES, BATCH_ROWS};
use crate::record::size;
use crate::stage::{Chunk, Payload, Source};

const BITS: u32 = 6;
const BUCKETS: usize = 1 << BITS;

/// One level: the top bits of the ranks were used up by the levels above it.
pub struct Buckets {
    level: u32,
    memory: usize,
    scratch: PathBuf,
    held: Vec<RecordBatch>,
    held_bytes: usize,
    spilled: Vec<Option<Spilled>>,
}

struct Spilled {
    level: u32,
    path: PathBuf,
    writer: StreamWriter<BufWriter<File>>,
    bytes: usize,
}

/// Rows of neighbouring ranks.
enum Part {
    Held(Vec<RecordBatch>),
    Spilled(Spilled),
}

impl Buckets {
    pub fn new(level: u32, memory: usize, scratch: PathBuf) -> Self {
        let spilled = (0..BUCKETS).map(|_| None).collect();
        Buckets { level, memory, scratch, held: Vec::new(), held_bytes: 0, spilled }
    }

    /// Takes rows with their ranks.
    pub fn push(&mut self, records: &RecordBatch, ranks: Vec<u64>) -> Result<()> {
        self.hold(with_ranks(records, ranks)?)
    }

    fn hold(&mut self, ranked: RecordBatch) -> Result<()> {
        self.held_bytes += size::bytes(&ranked);
        self.held.push(ranked);
        if self.held_bytes > self.memory { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<()> {
        let Some((all, order)) = by_rank(&std::mem::take(&mut self.held))? else { return Ok(()) };
        self.held_bytes = 0;
        let ranks = ranks_of(&all);
        let shift = 64 - BITS * (self.level + 1);
        let bucket_of = |i: &u32| (ranks[*i as usize] >> shift) as usize & (BUCKETS - 1);
        for of_one in order.chunk_by(|a, b| bucket_of(a) == bucket_of(b)) {
            let rows = take_record_batch(&all, &UInt32Array::from(of_one.to_vec()))?;
            let bucket = bucket_of(&of_one[0]);
            let spilled = match &mut self.spilled[bucket] {
                Some(spilled) => spilled,
                none => none.insert(Spilled::create(&self.scratch, self.level, bucket, &rows)?),
            };
            spilled.bytes += size::bytes(&rows);
            spilled.writer.write(&rows).map_err(|e| cannot_spill(&spilled.path, e))?;
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
    fn create(scratch: &Path, level: u32, bucket: usize, rows: &RecordBatch) -> Result<Self> {
        let path = scratch.join(format!("bucket-{level}-{bucket}"));
        let file = File::create(&path).map_err(|e| cannot_spill(&path, e))?;
        let writer = StreamWriter::try_new(BufWriter::new(file), &rows.schema())
            .map_err(|e| cannot_spill(&path, e))?;
        Ok(Spilled { level, path, writer, bytes: 0 })
    }

    fn read_back(mut self, take: &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        self.writer.finish().map_err(|e| cannot_spill(&self.path, e))?;
        drop(self.writer);
        let file = File::open(&self.path).map_err(|e| cannot_spill(&self.path, e))?;
        // Gone from the folder at once: nothing is left behind whatever happens next.
        let _ = remove_file(&self.path);
        let reader =
            StreamReader::try_new(BufReader::new(file), None).map_err(|e| cannot_spill(&self.path, e))?;
        for rows in reader {
            take(rows.map_err(|e| cannot_spill(&self.path, e))?)?;
        }
        Ok(())
    }
}

/// Hands all rows on in the order of their ranks.
pub struct Shuffled {
    memory: usize,
    scratch: PathBuf,
    /// The next one last.
    parts: Vec<Part>,
    sorted: Option<Sorted>,
    seq: u64,
    row: u64,
}

struct Sorted {
    all: RecordBatch,
    order: Vec<u32>,
    at: usize,
    row_bytes: usize,
}

impl Shuffled {
    /// Of all rows that were pushed.
    pub fn new(buckets: Buckets) -> Result<Self> {
        let (memory, scratch) = (buckets.memory, buckets.scratch.clone());
        let mut shuffled = Shuffled { memory, scratch, parts: Vec::new(), sorted: None, seq: 0, row: 0 };
        shuffled.put(buckets)?;
        Ok(shuffled)
    }

    fn put(&mut self, buckets: Buckets) -> Result<()> {
        self.parts.extend(buckets.into_parts()?.into_iter().rev());
        Ok(())
    }

    fn sort(&mut self, part: Part) -> Result<()> {
        let ranked = match part {
            Part::Held(ranked) => ranked,
            Part::Spilled(spilled) if spilled.bytes > self.memory && BITS * (spilled.level + 2) <= 64 => {
                let mut next = Buckets::new(spilled.level + 1, self.memory, self.scratch.clone());
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
        if let Some((all, order)) = by_rank(&ranked)? {
            let all = without_ranks(&all)?;
            let row_bytes = size::bytes(&all) / order.len().max(1);
            self.sorted = Some(Sorted { all, order, at: 0, row_bytes });
        }
        Ok(())
    }
}

impl Source for Shuffled {
    fn next(&mut self) -> Result<Option<Chunk>> {
        loop {
            if let Some(sorted) = &mut self.sorted {
                let rows = (BATCH_BYTES / sorted.row_bytes.max(1)).clamp(1, BATCH_ROWS);
                let order: Vec<u32> = sorted.order[sorted.at..].iter().take(rows).copied().collect();
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

#[cold]
fn cannot_spill(path: &Path, e: impl std::error::Error + Send + Sync + 'static) -> Error {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Error::new(
        Class::Publish,
        "cannot_spill",
        "shuffle: the rows do not fit in memory, and not on disk either",
    )
    .path(name)
    .source(e)
    .help("free space where the output is written; the shuffle needs as much again as the data")
}
