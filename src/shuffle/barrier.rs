//! `shuffle`: shuffles all rows in limited memory; every order is equally likely.
//!
//! The rank of a row is hash(seed, its file, its row number). It depends on no other row: adding files does not
//! change the order of other rows, and parts of the data can be ranked separately. When memory is full, the rows are
//! sorted and written to buckets on disk by the first bits of their ranks. A bucket that is larger than memory is
//! divided again by the next bits. In the end each bucket is sorted. Rows with equal ranks keep input order.

use std::sync::Arc;

use arrow::array::RecordBatch;

use crate::error::Result;
use crate::flow::{Barrier, BarrierOutput, BarrierRows, Decode, MakeReady, PairedScan, Totals};
use crate::record::ranked::without_ranks;
use crate::record::size::compacted;
use crate::record::{Batch, FileRanks, Places, as_views, take_places, with_places};
use crate::report::StepCounts;
use crate::spill::{Buckets, Picked, RankedSource, Spill};

/// The barrier of `shuffle`: gives rows in the order of their ranks.
pub struct Shuffle {
    ranks: FileRanks,
    splits: usize,
    steps_follow: bool,
    totals: Totals,
    buckets: Buckets,
}

impl Shuffle {
    /// A barrier for rows in `splits` splits. With `steps_follow`, rows keep their places, and text is in views.
    pub(crate) fn new(ranks: FileRanks, splits: usize, steps_follow: bool, spill: Spill) -> Self {
        Shuffle { ranks, splits, steps_follow, totals: Totals::none(splits), buckets: Buckets::new(spill) }
    }

    /// The rows that leave the barrier, for rows that enter it in the layout for writing.
    pub(crate) fn outcome(records: &RecordBatch, steps_follow: bool) -> Result<RecordBatch> {
        if steps_follow { as_views(records) } else { Ok(records.clone()) }
    }
}

impl Barrier for Shuffle {
    fn ready_maker(&self) -> Arc<dyn MakeReady<BarrierRows>> {
        Arc::new(Rank { ranks: self.ranks.clone(), splits: self.splits, steps_follow: self.steps_follow })
    }

    fn push(&mut self, rows: BarrierRows) -> Result<()> {
        self.totals.merge(&rows.totals);
        self.buckets.push(&rows.records, rows.ranks)
    }

    fn finish(self: Box<Self>) -> Result<BarrierOutput> {
        let pick = Arc::new(Pick { steps_follow: self.steps_follow });
        let scan = Box::new(PairedScan::new(RankedSource::new(self.buckets)?, pick));
        Ok(BarrierOutput { scan, totals: self.totals, sums: Vec::new() })
    }
}

struct Rank {
    ranks: FileRanks,
    splits: usize,
    steps_follow: bool,
}

impl MakeReady<BarrierRows> for Rank {
    fn make_ready(&self, batch: Batch) -> Result<BarrierRows> {
        let mut records = compacted(batch.records)?;
        let mut totals = Totals::none(self.splits);
        totals.add_rows(&records, |_| true)?;
        let ranks = self.ranks.ranks(&batch.places)?;
        if self.steps_follow {
            records = with_places(&records, &batch.places)?;
        }
        Ok(BarrierRows { records, ranks, totals })
    }
}

/// Builds the batches that leave a shuffle.
struct Pick {
    steps_follow: bool,
}

impl Decode<Picked> for Pick {
    fn decode(&self, piece: Picked, counts: &mut StepCounts) -> Result<Batch> {
        let mut records = without_ranks(&piece.take()?)?;
        let places = match self.steps_follow {
            true => {
                let (rows, places) = take_places(&records)?;
                records = rows;
                Places::after_barrier(piece.first_row, places)
            }
            false => Places::numbered(0, piece.first_row, records.num_rows()),
        };
        counts.rows_out += records.num_rows() as u64;
        let records = Shuffle::outcome(&records, self.steps_follow)?;
        Ok(Batch::new(records, places))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{AsArray, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;
    use crate::store::{Faults, Files};

    fn texts(rows: usize, bytes: usize) -> RecordBatch {
        let text: StringArray = (0..rows).map(|i| Some(format!("{i} {}", "x".repeat(bytes)))).collect();
        let schema = Arc::new(Schema::new(vec![Field::new("t", DataType::Utf8, false)]));
        RecordBatch::try_new(schema, vec![Arc::new(text)]).unwrap()
    }

    fn shuffle(seed: u64, spill: Spill) -> Box<Shuffle> {
        let ranks = FileRanks::new([(0, "a.jsonl")].into_iter(), seed);
        Box::new(Shuffle::new(ranks, 1, false, spill))
    }

    /// Pushes rows that are those from `first` on in their file.
    fn push(into: &mut Shuffle, first: u64, records: RecordBatch) -> Result<()> {
        let places = Places::numbered(0, first, records.num_rows());
        let batch = Batch::new(records, places);
        let rows = into.ready_maker().make_ready(batch)?;
        into.push(rows)
    }

    /// The rows that leave, and the greatest size of a batch.
    fn drain(shuffle: Box<Shuffle>) -> Result<(Vec<String>, usize)> {
        let mut scan = shuffle.finish()?.scan;
        let (mut seen, mut most) = (Vec::new(), 0);
        while let Some(chunk) = scan.next()? {
            let batch = chunk.decode(&mut StepCounts::default())?;
            assert_eq!(batch.places.rows[0].row, seen.len() as u64);
            most = most.max(batch.records.get_array_memory_size());
            seen.extend(batch.records.column(0).as_string::<i32>().iter().flatten().map(String::from));
        }
        Ok((seen, most))
    }

    fn spill(folder: &std::path::Path, memory: u64) -> Spill {
        Spill { disk: Files::local(), folder: folder.into(), kept_as: None, memory, threads: 2 }
    }

    fn shuffled(rows: usize, size: usize, seed: u64, memory: u64) -> Vec<String> {
        let scratch = tempfile::tempdir().unwrap();
        let mut into = shuffle(seed, spill(scratch.path(), memory));
        let texts: Vec<String> = (0..rows).map(|i| format!("row {i} {}", "x".repeat(i % 50))).collect();
        for (part, first) in texts.chunks(size).zip((0..).step_by(size)) {
            let schema = Arc::new(Schema::new(vec![Field::new("t", DataType::Utf8, false)]));
            let column = Arc::new(StringArray::from(part.to_vec()));
            push(&mut into, first, RecordBatch::try_new(schema, vec![column]).unwrap()).unwrap();
        }
        assert_eq!(into.totals.rows, [rows as u64]);
        drain(into).unwrap().0
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
        let mut first = shuffle(1, spill(scratch.path(), 500));
        let mut second = shuffle(1, spill(scratch.path(), 500));
        push(&mut first, 0, texts(50, 20)).unwrap();
        push(&mut second, 0, texts(90, 20)).unwrap();
        // The spill files have no names, so no run can leave any.
        assert!(std::fs::read_dir(scratch.path()).unwrap().next().is_none());
        assert_eq!(drain(first).unwrap().0.len(), 50);
        assert_eq!(drain(second).unwrap().0.len(), 90);
    }

    #[test]
    fn files_that_are_kept_hold_all_rows() {
        let scratch = tempfile::tempdir().unwrap();
        let spill = Spill { kept_as: Some("order".into()), ..spill(scratch.path(), 500) };
        let mut into = shuffle(1, spill);
        push(&mut into, 0, texts(300, 20)).unwrap();
        let mut shuffled = drain(into).unwrap().0;
        let mut kept = Vec::new();
        for entry in std::fs::read_dir(scratch.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_string();
            // A bucket that was dealt again lies beside those it was dealt into.
            if !name.starts_with("order-") || name.len() > "order-00.arrows".len() {
                continue;
            }
            let file = std::fs::File::open(path).unwrap();
            for rows in arrow::ipc::reader::StreamReader::try_new(file, None).unwrap() {
                kept.extend(rows.unwrap().column(0).as_string::<i32>().iter().flatten().map(String::from));
            }
        }
        kept.sort_unstable();
        shuffled.sort_unstable();
        assert_eq!(kept, shuffled);
    }

    #[test]
    fn a_full_disk_says_so_wherever_it_is_met() {
        for threads in [1, 3] {
            let mut k = 0;
            loop {
                let scratch = tempfile::tempdir().unwrap();
                let disk = Faults::failing_at(k, std::io::ErrorKind::StorageFull);
                let spill = Spill { disk: disk.files(), threads, ..spill(scratch.path(), 1) };
                let mut into = shuffle(1, spill);
                let done = push(&mut into, 0, texts(9, 20)).and_then(|()| drain(into));
                match done {
                    Err(e) => {
                        assert_eq!(e.code(), "disk_full", "{e}");
                        assert!(
                            e.get_path().unwrap().starts_with(&scratch.path().display().to_string()),
                            "{e}"
                        );
                    }
                    Ok(_) => assert!(disk.calls() <= k, "call {k} failed without an error"),
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
        let mut into = shuffle(1, spill(scratch.path(), u64::MAX));
        let whole = texts(1_000, 1_000);
        let text = whole.column(0).to_data().buffers()[1].clone();
        let before = text.strong_count();
        for i in 0..1_000 {
            push(&mut into, i as u64, whole.slice(i, 1)).unwrap();
        }
        assert_eq!(text.strong_count(), before);
    }

    #[test]
    fn long_rows_are_handed_on_a_few_at_a_time() {
        let scratch = tempfile::tempdir().unwrap();
        let mut into = shuffle(1, spill(scratch.path(), u64::MAX));
        for part in 0..8 {
            push(&mut into, part * 40, texts(40, 100_000)).unwrap();
        }
        let (seen, most) = drain(into).unwrap();
        assert_eq!(seen.len(), 320);
        assert!(most < 4 * crate::limits::BATCH_BYTES, "{most}");
    }

    #[test]
    fn nothing_is_shuffled_into_nothing() {
        assert!(shuffled(0, 1, 7, 1).is_empty());
    }

    /// Rows keep their places through it, and the order of some does not depend on which others there are.
    #[test]
    fn rows_know_where_they_came_from_and_others_move_none() {
        let scratch = tempfile::tempdir().unwrap();
        let names = ["a.jsonl", "b.jsonl", "c.jsonl"];
        let order = |files: &[u32], memory: u64| {
            let named = files.iter().map(|file| (0, names[*file as usize]));
            let mut into = Shuffle::new(FileRanks::new(named, 3), 1, true, spill(scratch.path(), memory));
            for (file, named) in (0..).zip(files) {
                let mut places = Places::numbered(file, 0, 40);
                places.text = Some(arrow::buffer::Buffer::from_vec(vec![b' '; 40]));
                let records = texts(40, *named as usize);
                let batch = Batch::new(records, places);
                let rows = into.ready_maker().make_ready(batch).unwrap();
                into.push(rows).unwrap();
            }
            let mut scan = Box::new(into).finish().unwrap().scan;
            let mut order = Vec::new();
            while let Some(chunk) = scan.next().unwrap() {
                let batch = chunk.decode(&mut StepCounts::default()).unwrap();
                let text = batch.records.column(0).as_string_view();
                for i in 0..batch.rows() {
                    let place = batch.places.at(i);
                    let file = files[place.file as usize];
                    assert_eq!(text.value(i), format!("{} {}", place.row, "x".repeat(file as usize)));
                    assert_eq!((place.line, place.byte), (Some(place.row + 1), Some(0)));
                    order.push((file, place.row));
                }
            }
            order
        };
        let all = order(&[0, 1, 2], u64::MAX);
        assert_eq!(order(&[0, 1, 2], 1), all);
        for some in [&[0][..], &[2], &[0, 2]] {
            let kept: Vec<_> = all.iter().copied().filter(|(file, _)| some.contains(file)).collect();
            assert_eq!(order(some, u64::MAX), kept, "{some:?}");
        }
    }
}
