//! The global shuffle: every order of the rows is as likely, memory is bounded.
//!
//! A barrier: a sink that takes all rows, then a source that gives them back. Each row gets the rank
//! hash(seed, row number). When memory is full, the rows held are sorted and dealt into buckets on disk by the
//! top bits of their rank; a bucket that outgrows memory is dealt again by the next bits; in the end each
//! bucket is sorted and handed on. Ties keep input order.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::UInt8Type;

use crate::error::Result;
use crate::hash;
use crate::record::ranked::without_ranks;
use crate::record::size::{bytes, row_bytes};
use crate::record::{Batch, Places, schema};
use crate::report::StepCounts;
use crate::spill::{Buckets, ByRank, Picked, Spill};
use crate::stage::{Decode, Prepare, Sink};

/// Takes rows; what was set aside on the way, rejects and duplicates, goes ahead to the sink behind it.
pub struct ShuffleSink<'s, S: Sink> {
    behind: &'s mut S,
    seed: u64,
    rows: u64,
    totals: Totals,
    buckets: Buckets,
}

/// Rows and bytes of content by split.
#[derive(Clone)]
pub struct Totals {
    /// Rows.
    pub rows: Vec<u64>,
    /// Bytes.
    pub bytes: Vec<u64>,
}

impl<'s, S: Sink> ShuffleSink<'s, S> {
    /// A shuffle by this seed of rows of so many splits.
    pub fn new(behind: &'s mut S, seed: u64, splits: usize, spill: Spill) -> Self {
        let totals = Totals { rows: vec![0; splits], bytes: vec![0; splits] };
        ShuffleSink { behind, seed, rows: 0, totals, buckets: Buckets::new(spill) }
    }

    /// All rows were taken: what there is, and a source that gives it back, to be decoded by [`PickRows`].
    pub fn into_source(self) -> Result<(Totals, ByRank)> {
        Ok((self.totals, ByRank::new(self.buckets)?))
    }
}

/// A batch on its way into the shuffle.
pub struct Counted<R> {
    records: RecordBatch,
    totals: Totals,
    /// A batch without rows, for the sink behind.
    aside: R,
}

struct Count<R> {
    behind: Arc<dyn Prepare<R>>,
    splits: usize,
}

impl<R> Prepare<Counted<R>> for Count<R> {
    fn prepare(&self, mut batch: Batch) -> Result<Counted<R>> {
        let mut records = batch.records.clone();
        if records.get_array_memory_size() > 2 * bytes(&records) {
            // A slice of something larger, which must not be held with it: together with no rows it is copied.
            records = concat_batches(&records.schema(), [&records, &records.slice(0, 0)])?;
        }
        let fields = records.schema();
        let is_visible = |i: &usize| !schema::is_hidden(fields.field(*i).name());
        let visible: Vec<usize> = (0..fields.fields().len()).filter(is_visible).collect();
        let sizes = row_bytes(&records.project(&visible)?);
        let splits = records.column_by_name(schema::SPLIT).map(|c| c.as_primitive::<UInt8Type>());
        let mut totals = Totals { rows: vec![0; self.splits], bytes: vec![0; self.splits] };
        for (i, size) in sizes.into_iter().enumerate() {
            let split = splits.map_or(0, |s| usize::from(s.value(i)));
            totals.rows[split] += 1;
            totals.bytes[split] += size;
        }
        batch.records = batch.records.slice(0, 0);
        batch.places.rows.clear();
        Ok(Counted { records, totals, aside: self.behind.prepare(batch)? })
    }
}

impl<S: Sink> Sink for ShuffleSink<'_, S>
where
    S::Ready: 'static,
{
    type Ready = Counted<S::Ready>;

    fn preparer(&self) -> Arc<dyn Prepare<Self::Ready>> {
        Arc::new(Count { behind: self.behind.preparer(), splits: self.totals.rows.len() })
    }

    fn push(&mut self, ready: Self::Ready) -> Result<()> {
        let rows = ready.records.num_rows() as u64;
        let ranks = (0..rows).map(|i| hash::shuffle_rank(self.rows + i, self.seed)).collect();
        self.rows += rows;
        let add = |all: &mut Vec<u64>, more: Vec<u64>| all.iter_mut().zip(more).for_each(|(a, m)| *a += m);
        add(&mut self.totals.rows, ready.totals.rows);
        add(&mut self.totals.bytes, ready.totals.bytes);
        self.buckets.push(&ready.records, ranks)?;
        self.behind.push(ready.aside)
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Copies rows together that a shuffle hands on.
pub struct PickRows;

impl Decode<Picked> for PickRows {
    fn decode(&self, piece: Picked, _: &mut StepCounts) -> Result<Batch> {
        let records = without_ranks(&piece.take()?)?;
        Ok(Batch {
            seq: 0,
            places: Places::numbered(0, piece.first_row, records.num_rows()),
            records,
            rejects: Vec::new(),
            duplicates: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::StringArray;
    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;
    use crate::stage::Cut;
    use crate::store::{Faults, Files};

    #[derive(Default)]
    struct Aside(usize);

    struct Same;

    impl Prepare<Batch> for Same {
        fn prepare(&self, batch: Batch) -> Result<Batch> {
            Ok(batch)
        }
    }

    impl Sink for Aside {
        type Ready = Batch;
        fn preparer(&self) -> Arc<dyn Prepare<Batch>> {
            Arc::new(Same)
        }
        fn push(&mut self, batch: Batch) -> Result<()> {
            assert_eq!(batch.rows(), 0);
            self.0 += 1;
            Ok(())
        }
        fn finish(&mut self) -> Result<()> {
            Ok(())
        }
    }

    fn texts(rows: usize, bytes: usize) -> RecordBatch {
        let text: StringArray = (0..rows).map(|i| Some(format!("{i} {}", "x".repeat(bytes)))).collect();
        let schema = Arc::new(Schema::new(vec![Field::new("t", DataType::Utf8, false)]));
        RecordBatch::try_new(schema, vec![Arc::new(text)]).unwrap()
    }

    fn push<S: Sink>(sink: &mut ShuffleSink<'_, S>, records: RecordBatch) -> Result<()>
    where
        S::Ready: 'static,
    {
        let places = Places::numbered(0, 0, records.num_rows());
        let batch = Batch { seq: 0, records, places, rejects: vec![], duplicates: vec![] };
        let ready = sink.preparer().prepare(batch)?;
        sink.push(ready)
    }

    /// What comes back, and the most bytes that came at once.
    fn drain(mut source: ByRank) -> Result<(Vec<String>, usize)> {
        let (mut seen, mut most) = (Vec::new(), 0);
        while let Some(piece) = source.next()? {
            assert_eq!(piece.first_row, seen.len() as u64);
            let batch = PickRows.decode(piece, &mut StepCounts::default())?;
            most = most.max(batch.records.get_array_memory_size());
            seen.extend(batch.records.column(0).as_string::<i32>().iter().flatten().map(String::from));
        }
        Ok((seen, most))
    }

    fn spill(folder: &std::path::Path, memory: u64) -> Spill {
        Spill { disk: Files::local(), folder: folder.into(), memory, threads: 2 }
    }

    fn shuffled(rows: usize, size: usize, seed: u64, memory: u64) -> Vec<String> {
        let scratch = tempfile::tempdir().unwrap();
        let mut aside = Aside::default();
        let mut sink = ShuffleSink::new(&mut aside, seed, 1, spill(scratch.path(), memory));
        let texts: Vec<String> = (0..rows).map(|i| format!("row {i} {}", "x".repeat(i % 50))).collect();
        for part in texts.chunks(size) {
            let schema = Arc::new(Schema::new(vec![Field::new("t", DataType::Utf8, false)]));
            let column = Arc::new(StringArray::from(part.to_vec()));
            push(&mut sink, RecordBatch::try_new(schema, vec![column]).unwrap()).unwrap();
        }
        let (totals, source) = sink.into_source().unwrap();
        assert_eq!(totals.rows, [rows as u64]);
        assert_eq!(aside.0, rows.div_ceil(size));
        drain(source).unwrap().0
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

    #[test]
    fn two_shuffles_in_one_folder_do_not_meet() {
        let scratch = tempfile::tempdir().unwrap();
        let (mut a, mut b) = (Aside::default(), Aside::default());
        let mut first = ShuffleSink::new(&mut a, 1, 1, spill(scratch.path(), 500));
        let mut second = ShuffleSink::new(&mut b, 1, 1, spill(scratch.path(), 500));
        push(&mut first, texts(50, 20)).unwrap();
        push(&mut second, texts(90, 20)).unwrap();
        // Nothing has a name, so that nothing can be left behind.
        assert!(std::fs::read_dir(scratch.path()).unwrap().next().is_none());
        assert_eq!(drain(first.into_source().unwrap().1).unwrap().0.len(), 50);
        assert_eq!(drain(second.into_source().unwrap().1).unwrap().0.len(), 90);
    }

    #[test]
    fn a_full_disk_says_so_wherever_it_is_met() {
        for threads in [1, 3] {
            let mut k = 0;
            loop {
                let scratch = tempfile::tempdir().unwrap();
                let disk = Faults::failing_at(k, std::io::ErrorKind::StorageFull);
                let mut aside = Aside::default();
                let spill = Spill { disk: disk.files(), threads, ..spill(scratch.path(), 1) };
                let mut sink = ShuffleSink::new(&mut aside, 1, 1, spill);
                let done = push(&mut sink, texts(9, 20)).and_then(|()| drain(sink.into_source()?.1));
                match done {
                    Err(e) => {
                        assert_eq!(e.code(), "disk_full", "{e}");
                        assert!(
                            e.get_path().unwrap().starts_with(&scratch.path().display().to_string()),
                            "{e}"
                        );
                    }
                    Ok(_) => assert!(disk.calls() <= k, "call {k} failed in silence"),
                }
                if disk.calls() <= k {
                    break;
                }
                k += 1;
            }
            assert!(k > 20, "only {k} calls");
        }
    }

    #[test]
    fn slices_do_not_hold_what_they_were_cut_from() {
        let scratch = tempfile::tempdir().unwrap();
        let mut aside = Aside::default();
        let mut sink = ShuffleSink::new(&mut aside, 1, 1, spill(scratch.path(), u64::MAX));
        let whole = texts(1_000, 1_000);
        let text = whole.column(0).to_data().buffers()[1].clone();
        let before = text.strong_count();
        for i in 0..1_000 {
            push(&mut sink, whole.slice(i, 1)).unwrap();
        }
        assert_eq!(text.strong_count(), before);
    }

    #[test]
    fn long_rows_are_handed_on_a_few_at_a_time() {
        let scratch = tempfile::tempdir().unwrap();
        let mut aside = Aside::default();
        let mut sink = ShuffleSink::new(&mut aside, 1, 1, spill(scratch.path(), u64::MAX));
        for _ in 0..8 {
            push(&mut sink, texts(40, 100_000)).unwrap();
        }
        let (seen, most) = drain(sink.into_source().unwrap().1).unwrap();
        assert_eq!(seen.len(), 320);
        assert!(most < 4 * crate::limits::BATCH_BYTES, "{most}");
    }

    #[test]
    fn nothing_is_shuffled_into_nothing() {
        assert!(shuffled(0, 1, 7, 1).is_empty());
    }
}
