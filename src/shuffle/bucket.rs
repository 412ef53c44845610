//! Rows dealt by rank: held in memory until that is full, then spilled into 64 buckets on disk.

use std::fs::{File, remove_file};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt32Array, UInt64Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, UInt64Type};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use crate::error::{Class, Error, Result};

const BITS: u32 = 6;
const BUCKETS: usize = 1 << BITS;
/// Rows handed on at once.
const ROWS_OUT: usize = 8_192;
/// Travels as the last column.
const RANK: &str = "__fastprep_rank";

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
    path: PathBuf,
    writer: StreamWriter<BufWriter<File>>,
    bytes: usize,
}

impl Buckets {
    pub fn new(level: u32, memory: usize, scratch: PathBuf) -> Self {
        let spilled = (0..BUCKETS).map(|_| None).collect();
        Buckets { level, memory, scratch, held: Vec::new(), held_bytes: 0, spilled }
    }

    /// Takes rows with their ranks.
    pub fn push(&mut self, records: &RecordBatch, ranks: Vec<u64>) -> Result<()> {
        let mut fields: Vec<Arc<Field>> = records.schema().fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new(RANK, DataType::UInt64, false)));
        let mut columns = records.columns().to_vec();
        columns.push(Arc::new(UInt64Array::from(ranks)) as ArrayRef);
        self.hold(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
    }

    fn hold(&mut self, ranked: RecordBatch) -> Result<()> {
        self.held_bytes += ranked.get_array_memory_size();
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
            spilled.bytes += rows.get_array_memory_size();
            spilled.writer.write(&rows).map_err(|e| cannot_spill(&spilled.path, e))?;
        }
        Ok(())
    }

    /// Hands all rows on in the order of their ranks.
    pub fn drain(mut self, out: &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        if self.spilled.iter().all(Option::is_none) {
            return hand_on(&self.held, out);
        }
        self.spill()?;
        for spilled in self.spilled.into_iter().flatten() {
            if spilled.bytes > self.memory && BITS * (self.level + 2) <= 64 {
                let mut next = Buckets::new(self.level + 1, self.memory, self.scratch.clone());
                spilled.read_back(&mut |ranked| next.hold(ranked))?;
                next.drain(out)?;
            } else {
                let mut all = Vec::new();
                spilled.read_back(&mut |ranked| {
                    all.push(ranked);
                    Ok(())
                })?;
                hand_on(&all, out)?;
            }
        }
        Ok(())
    }
}

impl Spilled {
    fn create(scratch: &Path, level: u32, bucket: usize, rows: &RecordBatch) -> Result<Self> {
        let path = scratch.join(format!("bucket-{level}-{bucket}"));
        let file = File::create(&path).map_err(|e| cannot_spill(&path, e))?;
        let writer = StreamWriter::try_new(BufWriter::new(file), &rows.schema())
            .map_err(|e| cannot_spill(&path, e))?;
        Ok(Spilled { path, writer, bytes: 0 })
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

/// The rows in one batch, and the order that their ranks give them; ties keep their order.
fn by_rank(batches: &[RecordBatch]) -> Result<Option<(RecordBatch, Vec<u32>)>> {
    let Some(first) = batches.first() else { return Ok(None) };
    let all = concat_batches(&first.schema(), batches)?;
    let ranks = ranks_of(&all);
    let mut order: Vec<u32> = (0..ranks.len() as u32).collect();
    order.sort_by_key(|i| ranks[*i as usize]);
    Ok(Some((all, order)))
}

fn ranks_of(ranked: &RecordBatch) -> Vec<u64> {
    ranked.column(ranked.num_columns() - 1).as_primitive::<UInt64Type>().values().to_vec()
}

fn hand_on(batches: &[RecordBatch], out: &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()> {
    let Some((all, order)) = by_rank(batches)? else { return Ok(()) };
    let columns: Vec<usize> = (0..all.num_columns() - 1).collect();
    let all = all.project(&columns)?;
    for part in order.chunks(ROWS_OUT) {
        out(take_record_batch(&all, &UInt32Array::from(part.to_vec()))?)?;
    }
    Ok(())
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
