//! The global shuffle: every order of the rows is as likely, memory is bounded.
//!
//! A barrier before the sink. Each row gets the rank hash(seed, row number). When memory is full, the rows
//! held are sorted and dealt into buckets on disk by the top bits of their rank; a bucket that outgrows memory
//! is dealt again by the next bits; in the end each bucket is sorted and handed on. Ties keep input order.

mod bucket;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::UInt8Type;

use crate::cancel::Cancel;
use crate::error::Result;
use crate::hash;
use crate::record::size::row_bytes;
use crate::record::{Batch, Places, schema};
use crate::stage::Sink;

use bucket::Buckets;
pub use bucket::Spill;

/// Passes rows on to a sink in shuffled order.
pub struct ShuffleSink<'s> {
    inner: &'s mut dyn Sink,
    seed: u64,
    rows: u64,
    /// Rows and bytes of content by split.
    totals: Vec<(u64, u64)>,
    buckets: Option<Buckets>,
    cancel: Cancel,
}

impl<'s> ShuffleSink<'s> {
    /// Shuffles before `inner`.
    pub fn new(inner: &'s mut dyn Sink, seed: u64, splits: usize, spill: Spill, cancel: Cancel) -> Self {
        let (totals, buckets) = (vec![(0, 0); splits], Some(Buckets::new(0, spill)));
        ShuffleSink { inner, seed, rows: 0, totals, buckets, cancel }
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
        if let Some(buckets) = &mut self.buckets {
            buckets.push(&batch.records, ranks)?;
        }
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
        let Some(buckets) = self.buckets.take() else { return Ok(()) };
        buckets.drain(&mut |records| {
            self.cancel.check()?;
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
    use crate::disk::Disk;

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

    fn shuffled(rows: usize, size: usize, seed: u64, memory: u64) -> Vec<String> {
        let scratch = tempfile::tempdir().unwrap();
        let mut seen = Seen::default();
        let spill = Spill { disk: Disk::real(), folder: scratch.path().into(), memory };
        let mut sink = ShuffleSink::new(&mut seen, seed, 1, spill, Cancel::default());
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
        let whole = shuffled(3_000, 3_000, 7, u64::MAX);
        for (size, memory) in [(1, u64::MAX), (7, 10_000), (1_000, 2_000), (3_000, 1)] {
            assert!(shuffled(3_000, size, 7, memory) == whole, "batches of {size}, {memory} bytes");
        }
        assert_ne!(shuffled(3_000, 3_000, 8, u64::MAX), whole);
        let mut by_number: Vec<usize> =
            whole.iter().map(|t| t.split(' ').nth(1).unwrap().parse().unwrap()).collect();
        let moved = by_number.iter().enumerate().filter(|(i, n)| i != *n).count();
        assert!(moved > 2_900);
        by_number.sort_unstable();
        assert_eq!(by_number, (0..3_000).collect::<Vec<_>>());
    }

    fn batch(records: RecordBatch) -> Batch {
        let places = Places::numbered(0, 0, records.num_rows());
        Batch { seq: 0, records, places, rejects: vec![], duplicates: vec![] }
    }

    fn texts(rows: usize, bytes: usize) -> RecordBatch {
        let text: StringArray = (0..rows).map(|i| Some(format!("{i} {}", "x".repeat(bytes)))).collect();
        let schema = Arc::new(Schema::new(vec![Field::new("t", DataType::Utf8, false)]));
        RecordBatch::try_new(schema, vec![Arc::new(text)]).unwrap()
    }

    #[test]
    fn two_shuffles_in_one_folder_do_not_meet() {
        let scratch = tempfile::tempdir().unwrap();
        let (mut a, mut b) = (Seen::default(), Seen::default());
        let spill = || Spill { disk: Disk::real(), folder: scratch.path().into(), memory: 500 };
        let mut first = ShuffleSink::new(&mut a, 1, 1, spill(), Cancel::default());
        let mut second = ShuffleSink::new(&mut b, 1, 1, spill(), Cancel::default());
        first.push(batch(texts(50, 20))).unwrap();
        second.push(batch(texts(90, 20))).unwrap();
        // Nothing has a name, so that nothing can be left behind.
        assert!(std::fs::read_dir(scratch.path()).unwrap().next().is_none());
        first.finish().unwrap();
        second.finish().unwrap();
        assert_eq!((a.0.len(), b.0.len()), (50, 90));
    }

    #[test]
    fn a_full_disk_says_so_wherever_it_is_met() {
        let mut k = 0;
        loop {
            let scratch = tempfile::tempdir().unwrap();
            let disk = Disk::failing_at(k, std::io::ErrorKind::StorageFull);
            let spill = Spill { disk: disk.clone(), folder: scratch.path().into(), memory: 1 };
            let mut seen = Seen::default();
            let mut sink = ShuffleSink::new(&mut seen, 1, 1, spill, Cancel::default());
            match sink.push(batch(texts(9, 20))).and_then(|()| sink.finish()) {
                Err(e) => {
                    assert_eq!(e.code(), "disk_full", "{e}");
                    assert!(e.get_path().unwrap().starts_with(&scratch.path().display().to_string()), "{e}");
                }
                Ok(()) => assert!(disk.calls() <= k, "call {k} failed in silence"),
            }
            if disk.calls() <= k {
                break;
            }
            k += 1;
        }
        assert!(k > 20, "only {k} calls");
    }

    #[test]
    fn slices_do_not_hold_what_they_were_cut_from() {
        let scratch = tempfile::tempdir().unwrap();
        let spill = Spill { disk: Disk::real(), folder: scratch.path().into(), memory: u64::MAX };
        let mut buckets = Buckets::new(0, spill);
        let whole = texts(1_000, 1_000);
        let text = whole.column(0).to_data().buffers()[1].clone();
        let before = text.strong_count();
        for i in 0..1_000 {
            buckets.push(&whole.slice(i, 1), vec![i as u64]).unwrap();
        }
        assert_eq!(text.strong_count(), before);
    }

    #[test]
    fn long_rows_are_handed_on_a_few_at_a_time() {
        struct Most(usize);
        impl Sink for Most {
            fn push(&mut self, batch: Batch) -> Result<()> {
                self.0 = self.0.max(batch.records.get_array_memory_size());
                Ok(())
            }
            fn finish(&mut self) -> Result<()> {
                Ok(())
            }
        }
        let scratch = tempfile::tempdir().unwrap();
        let spill = Spill { disk: Disk::real(), folder: scratch.path().into(), memory: u64::MAX };
        let mut most = Most(0);
        let mut sink = ShuffleSink::new(&mut most, 1, 1, spill, Cancel::default());
        for _ in 0..8 {
            sink.push(batch(texts(40, 100_000))).unwrap();
        }
        sink.finish().unwrap();
        assert!((4 << 20..12 << 20).contains(&most.0), "{}", most.0);
    }

    #[test]
    fn a_cancelled_run_hands_nothing_on() {
        let scratch = tempfile::tempdir().unwrap();
        let spill = Spill { disk: Disk::real(), folder: scratch.path().into(), memory: 100 };
        let (mut seen, cancel) = (Seen::default(), Cancel::default());
        let mut sink = ShuffleSink::new(&mut seen, 1, 1, spill, cancel.clone());
        sink.push(batch(texts(50, 20))).unwrap();
        cancel.cancel();
        assert_eq!(sink.finish().unwrap_err().code(), "cancelled");
        assert!(seen.0.is_empty() && !seen.1);
    }

    #[test]
    fn nothing_is_shuffled_into_nothing() {
        assert!(shuffled(0, 1, 7, 1).is_empty());
    }
}
