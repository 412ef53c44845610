//! Rows dealt by rank: held in memory until that is full, then spilled into 64 buckets on disk.

use std::io::{BufReader, BufWriter};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt32Array, UInt64Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, UInt64Type};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use crate::disk::{Disk, DiskFile, unwritten};
use crate::error::Result;
use crate::record::size::row_bytes;

const BITS: u32 = 6;
const BUCKETS: usize = 1 << BITS;
/// Rows and, about, bytes handed on at once.
const ROWS_OUT: u64 = 8_192;
const BYTES_OUT: u64 = 8 << 20;
/// Travels as the last column.
const RANK: &str = "__fastprep_rank";

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

struct Spilled {
    folder: PathBuf,
    writer: StreamWriter<BufWriter<DiskFile>>,
    bytes: u64,
}

impl Buckets {
    pub fn new(level: u32, spill: Spill) -> Self {
        let spilled = (0..BUCKETS).map(|_| None).collect();
        Buckets { level, spill, held: Vec::new(), held_bytes: 0, spilled }
    }

    /// Takes rows with their ranks.
    pub fn push(&mut self, records: &RecordBatch, ranks: Vec<u64>) -> Result<()> {
        let mut fields: Vec<Arc<Field>> = records.schema().fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new(RANK, DataType::UInt64, false)));
        let mut columns = records.columns().to_vec();
        columns.push(Arc::new(UInt64Array::from(ranks)) as ArrayRef);
        let mut ranked = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
        if ranked.get_array_memory_size() as u64 > 2 * bytes_of(&ranked) {
            // A slice of something larger, which must not be held with it: together with no rows it is copied.
            ranked = concat_batches(&ranked.schema(), [&ranked, &ranked.slice(0, 0)])?;
        }
        self.hold(ranked)
    }

    fn hold(&mut self, ranked: RecordBatch) -> Result<()> {
        if ranked.num_rows() == 0 {
            return Ok(());
        }
        self.held_bytes += bytes_of(&ranked);
        self.held.push(ranked);
        if self.held_bytes > self.spill.memory { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<()> {
        self.held_bytes = 0;
        let Some((all, order)) = by_rank(std::mem::take(&mut self.held))? else { return Ok(()) };
        let ranks = ranks_of(&all);
        let shift = 64 - BITS * (self.level + 1);
        let bucket_of = |i: &u32| (ranks.value(*i as usize) >> shift) as usize & (BUCKETS - 1);
        for of_one in order.chunk_by(|a, b| bucket_of(a) == bucket_of(b)) {
            let rows = take_record_batch(&all, &UInt32Array::from(of_one.to_vec()))?;
            let spilled = match &mut self.spilled[bucket_of(&of_one[0])] {
                Some(spilled) => spilled,
                none => none.insert(Spilled::create(&self.spill, &rows)?),
            };
            spilled.bytes += bytes_of(&rows);
            spilled.writer.write(&rows).map_err(|e| unwritten(&spilled.folder, e))?;
        }
        Ok(())
    }

    /// Hands all rows on in the order of their ranks.
    pub fn drain(mut self, out: &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        if self.spilled.iter().all(Option::is_none) {
            return hand_on(self.held, out);
        }
        self.spill()?;
        for spilled in self.spilled.into_iter().flatten() {
            if spilled.bytes > self.spill.memory && BITS * (self.level + 2) <= 64 {
                let mut next = Buckets::new(self.level + 1, self.spill.clone());
                spilled.read_back(&mut |ranked| next.hold(ranked))?;
                next.drain(out)?;
            } else {
                let mut all = Vec::new();
                spilled.read_back(&mut |ranked| {
                    all.push(ranked);
                    Ok(())
                })?;
                hand_on(all, out)?;
            }
        }
        Ok(())
    }
}

impl Spilled {
    fn create(spill: &Spill, rows: &RecordBatch) -> Result<Self> {
        let folder = spill.folder.clone();
        let file = BufWriter::new(spill.disk.create_nameless(&folder)?);
        let writer = StreamWriter::try_new(file, &rows.schema()).map_err(|e| unwritten(&folder, e))?;
        Ok(Spilled { folder, writer, bytes: 0 })
    }

    fn read_back(self, take: &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        let lost = |e| unwritten(&self.folder, e);
        let file = self.writer.into_inner().map_err(lost)?;
        let file = file.into_inner().map_err(|e| lost(e.into_error().into()))?.into_reader()?;
        for rows in StreamReader::try_new(BufReader::new(file), None).map_err(lost)? {
            take(rows.map_err(lost)?)?;
        }
        Ok(())
    }
}

fn bytes_of(records: &RecordBatch) -> u64 {
    row_bytes(records).iter().sum()
}

/// The rows in one batch, and the order that their ranks give them; ties keep their order.
fn by_rank(batches: Vec<RecordBatch>) -> Result<Option<(RecordBatch, Vec<u32>)>> {
    let Some(first) = batches.first() else { return Ok(None) };
    let all = concat_batches(&first.schema(), &batches)?;
    drop(batches);
    let ranks = ranks_of(&all);
    let mut order: Vec<u32> = (0..all.num_rows() as u32).collect();
    order.sort_by_key(|i| ranks.value(*i as usize));
    Ok(Some((all, order)))
}

fn ranks_of(ranked: &RecordBatch) -> UInt64Array {
    ranked.column(ranked.num_columns() - 1).as_primitive::<UInt64Type>().clone()
}

fn hand_on(batches: Vec<RecordBatch>, out: &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()> {
    let Some((all, order)) = by_rank(batches)? else { return Ok(()) };
    let columns: Vec<usize> = (0..all.num_columns() - 1).collect();
    let all = all.project(&columns)?;
    let rows = BYTES_OUT * order.len() as u64 / bytes_of(&all).max(1);
    for part in order.chunks(rows.clamp(1, ROWS_OUT) as usize) {
        out(take_record_batch(&all, &UInt32Array::from(part.to_vec()))?)?;
    }
    Ok(())
}
