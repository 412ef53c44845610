//! The global shuffle: every order of the rows is as likely, memory is bounded.
//!
//! A barrier before the sink. Each row gets the rank hash(seed, row number). When memory is full, the rows
//! held are sorted and dealt into buckets on disk by the top bits of their rank; a bucket that outgrows memory
//! is dealt again by the next bits; in the end each bucket is sorted and handed on. Ties keep input order.

mod bucket;

use std::path::PathBuf;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::UInt8Type;

use crate::error::Result;
use crate::hash;
use crate::limits::SHUFFLE_MEMORY_BYTES;
use crate::record::size::row_bytes;
use crate::record::{Batch, Places, schema};
use crate::stage::Sink;

use bucket::Buckets;

/// Passes rows on to a sink in shuffled order.
pub struct ShuffleSink<'s> {
    inner: &'s mut dyn Sink,
    seed: u64,
    rows: u64,
    /// Rows and bytes of content by split.
    totals: Vec<(u64, u64)>,
    buckets: Buckets,
}

impl<'s> ShuffleSink<'s> {
    /// Shuffles before `inner`; what outgrows memory is spilled below `scratch`.
    pub fn new(inner: &'s mut dyn Sink, seed: u64, splits: usize, scratch: PathBuf) -> Self {
        Self::with_memory(inner, seed, splits, scratch, SHUFFLE_MEMORY_BYTES)
    }

    fn with_memory(
        inner: &'s mut dyn Sink,
        seed: u64,
        splits: usize,
        scratch: PathBuf,
        memory: usize,
    ) -> Self {
        let totals = vec![(0, 0); splits];
        ShuffleSink { inner, seed, rows: 0, totals, buckets: Buckets::new(0, memory, scratch) }
    }

    fn count(&mut self, records: &RecordBatch) -> Result<()> {
        let fields = records.schema();
        let is_visible = |i: &usize| !schema::is_hidden(fields.field(*i).name());
        let visible: Vec<usize> = (0..fields.fields().len()).filter(is_visible).collect();
        let sizes = row_bytes(&records.project(&visible)?);
        let splits = records.column_by_name(schema::SPLIT).map(|c| c.as_primitive::<UInt8Type>());
        for (i, size) in sizes.into_iter().enumerate() {
            let (rows, bytes) = &mut self.totals[splits.map_or(0, |s| usize::from(s.value(i)))];
            *rows += 1;
            *bytes += size;
        }
        Ok(())
    }
}

impl Sink for ShuffleSink<'_> {
    fn push(&mut self, mut batch: Batch) -> Result<()> {
        let ranks = (0..batch.rows() as u64).map(|i| hash::shuffle_rank(self.rows + i, self.seed)).collect();
        self.rows += batch.rows() as u64;
        self.count(&batch.records)?;
        self.buckets.push(&batch.records, ranks)?;
        // What was set aside on the way keeps its order and goes ahead.
        batch.records = batch.records.slice(0, 0);
        batch.places.rows.clear();
        self.inner.push(batch)
    }

    fn finish(&mut self) -> Result<()> {
        let inner = &mut *self.inner;
        let (rows, bytes): (Vec<u64>, Vec<u64>) = self.totals.iter().copied().unzip();
        inner.expect(&rows, &bytes)?;
        let mut seq = 0;
        std::mem::replace(&mut self.buckets, Buckets::new(0, 0, PathBuf::new())).drain(&mut |records| {
            let places = Places::numbered(0, 0, records.num_rows());
            seq += 1;
            inner.push(Batch { seq, records, places, rejects: Vec::new(), duplicates: Vec::new() })
        })?;
        self.inner.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::StringArray;
    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;

    #[derive(Default)]
    struct Seen(Vec<String>, bool);

    impl Sink for Seen {
        fn push(&mut self, batch: Batch) -> Result<()> {
            self.0.extend(batch.records.column(0).as_string::<i32>().iter().flatten().map(String::from));
            Ok(())
        }
        fn finish(&mut self) -> Result<()> {
            self.1 = true;
            Ok(())
        }
    }

    fn shuffled(rows: usize, size: usize, seed: u64, memory: usize) -> Vec<String> {
        let scratch = tempfile::tempdir().unwrap();
        let mut seen = Seen::default();
        let mut sink = ShuffleSink::with_memory(&mut seen, seed, 1, scratch.path().into(), memory);
        let texts: Vec<String> = (0..rows).map(|i| format!("row {i} {}", "x".repeat(i % 50))).collect();
        for part in texts.chunks(size) {
            let schema = Arc::new(Schema::new(vec![Field::new("t", DataType::Utf8, false)]));
            let records =
                RecordBatch::try_new(schema, vec![Arc::new(StringArray::from(part.to_vec()))]).unwrap();
            let places = Places::numbered(0, 0, part.len());
            sink.push(Batch { seq: 0, records, places, rejects: vec![], duplicates: vec![] }).unwrap();
        }
        sink.finish().unwrap();
        assert!(std::fs::read_dir(scratch.path()).unwrap().next().is_none(), "spill files are left");
        assert!(seen.1);
        seen.0
    }

    #[test]
    fn is_a_permutation_by_seed_alone() {
        let whole = shuffled(3_000, 3_000, 7, usize::MAX);
        for (size, memory) in [(1, usize::MAX), (7, 10_000), (1_000, 2_000), (3_000, 1)] {
            assert!(shuffled(3_000, size, 7, memory) == whole, "batches of {size}, {memory} bytes");
        }
        assert_ne!(shuffled(3_000, 3_000, 8, usize::MAX), whole);
        let mut by_number: Vec<usize> =
            whole.iter().map(|t| t.split(' ').nth(1).unwrap().parse().unwrap()).collect();
        let moved = by_number.iter().enumerate().filter(|(i, n)| i != *n).count();
        assert!(moved > 2_900);
        by_number.sort_unstable();
        assert_eq!(by_number, (0..3_000).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_is_shuffled_into_nothing() {
        assert!(shuffled(0, 1, 7, 1).is_empty());
    }
}
