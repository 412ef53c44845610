//! The barrier of `pack`: collects the lengths of all documents, assigns each to a pack, and joins the documents of each
//! pack, pack by pack.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::UInt8Type;

use super::best_fit::best_fit_decreasing;
use super::documents::{check, needed};
use super::join::join;
use super::labels::without_labels;
use super::options::PackOptions;
use crate::error::{Class, Error, Result};
use crate::flow::{Barrier, BarrierOutput, BarrierRows, Decode, MakeReady, PairedScan, Totals};
use crate::record::ranked::{ranks_of, without_ranks};
use crate::record::schema::{INPUT_IDS, SPLIT};
use crate::record::{Batch, FileRanks, Places, size, take_places, with_places};
use crate::report::StepCounts;
use crate::spill::{Buckets, InOrder, Picked, RankedSource, Spill};

/// The barrier of `pack`: gets documents, and gives packs.
pub struct Pack {
    options: PackOptions,
    file_ranks: FileRanks,
    steps_follow: bool,
    spill: Spill,
    rows: InOrder,
    lengths: Vec<u32>,
    splits: Vec<u8>,
    ranks: Vec<u64>,
    totals: Totals,
}

impl Pack {
    /// A barrier for documents in `splits` splits. With `steps_follow`, packs have places.
    pub fn new(
        options: PackOptions,
        file_ranks: FileRanks,
        splits: usize,
        steps_follow: bool,
        spill: Spill,
    ) -> Self {
        Pack {
            options,
            file_ranks,
            steps_follow,
            rows: InOrder::new(spill.clone()),
            spill,
            lengths: Vec::new(),
            splits: Vec::new(),
            ranks: Vec::new(),
            totals: Totals::none(splits),
        }
    }

    /// Sets the rank of each document to that of its pack, and gives the number of packs of each split. Packs are
    /// ordered by the rank of their first document; their ranks are spread evenly, so that buckets on disk have equal
    /// sizes.
    fn rank_packs(&mut self) -> Vec<u64> {
        let mut pack_of = vec![0u32; self.lengths.len()];
        let mut firsts: Vec<u64> = Vec::new();
        let mut packs_of_splits = Vec::new();
        for split in 0..self.totals.rows.len() {
            let is_in_split = |i: &u32| usize::from(self.splits[*i as usize]) == split;
            let documents: Vec<u32> = (0..self.lengths.len() as u32).filter(is_in_split).collect();
            let lengths: Vec<u32> = documents.iter().map(|i| self.lengths[*i as usize]).collect();
            let (own, count) = best_fit_decreasing(&lengths, self.options.max_length);
            let before = firsts.len() as u32;
            let mut has_first = vec![false; count as usize];
            firsts.resize(firsts.len() + count as usize, 0);
            for (document, pack) in documents.into_iter().zip(own) {
                pack_of[document as usize] = before + pack;
                if !std::mem::replace(&mut has_first[pack as usize], true) {
                    firsts[(before + pack) as usize] = self.ranks[document as usize];
                }
            }
            packs_of_splits.push(u64::from(count));
        }
        let mut order: Vec<u32> = (0..firsts.len() as u32).collect();
        order.sort_unstable_by_key(|pack| (firsts[*pack as usize], *pack));
        let packs = order.len() as u128;
        for (position, pack) in (0u128..).zip(&order) {
            firsts[*pack as usize] = ((position << 64) / packs) as u64;
        }
        for (rank, pack) in self.ranks.iter_mut().zip(pack_of) {
            *rank = firsts[pack as usize];
        }
        packs_of_splits
    }
}

impl Barrier for Pack {
    fn ready_maker(&self) -> Arc<dyn MakeReady<BarrierRows>> {
        Arc::new(Narrow {
            file_ranks: self.file_ranks.clone(),
            splits: self.totals.rows.len(),
            options: self.options,
            steps_follow: self.steps_follow,
        })
    }

    fn push(&mut self, rows: BarrierRows) -> Result<()> {
        let records = rows.records;
        let lengths = records.column_by_name(INPUT_IDS).and_then(|c| c.as_list_opt::<i32>());
        let lengths = lengths.ok_or_else(|| Error::internal("pack: the rows have no token ids"))?;
        self.lengths.extend(lengths.offsets().lengths().map(|n| n as u32));
        match records.column_by_name(SPLIT) {
            Some(splits) => self.splits.extend(splits.as_primitive::<UInt8Type>().values()),
            None => self.splits.resize(self.lengths.len(), 0),
        }
        self.ranks.extend(rows.ranks);
        if self.lengths.len() > u32::MAX as usize {
            return Err(Error::new(Class::Data, "too_many_rows", "pack: there are more than 2³² rows")
                .help("prepare the data in parts, each with its own pack"));
        }
        self.totals.merge(&rows.totals);
        self.rows.push(records)
    }

    fn finish(mut self: Box<Self>) -> Result<BarrierOutput> {
        let documents = self.lengths.len() as u64;
        let tokens = self.lengths.iter().map(|n| u64::from(*n)).sum();
        let packs = self.rank_packs();
        let Pack { options, steps_follow, spill, rows, ranks, totals, .. } = *self;
        let mut buckets = Buckets::new(spill);
        let mut start = 0;
        rows.read_back(&mut |records| {
            let end = start + records.num_rows();
            let dealt = buckets.push(&records, ranks[start..end].to_vec());
            start = end;
            dealt
        })?;
        let join = Arc::new(JoinRows { labels_follow: options.labels_follow, steps_follow });
        Ok(BarrierOutput {
            scan: Box::new(PairedScan::new(RankedSource::new(buckets)?, join)),
            totals: Totals { rows: packs, bytes: totals.bytes },
            sums: vec![("documents", documents), ("packed_tokens", tokens)],
        })
    }
}

struct Narrow {
    file_ranks: FileRanks,
    splits: usize,
    options: PackOptions,
    steps_follow: bool,
}

impl MakeReady<BarrierRows> for Narrow {
    fn make_ready(&self, batch: Batch) -> Result<BarrierRows> {
        let mut records = needed(&batch.records)?;
        let mut totals = Totals::none(self.splits);
        let splits = records.column_by_name(SPLIT).map(|c| c.as_primitive::<UInt8Type>());
        for (i, size) in size::row_bytes(&records).into_iter().enumerate() {
            totals.add(splits.map_or(0, |s| usize::from(s.value(i))), size);
        }
        check(&records, self.options.max_length, &batch.places)?;
        if self.options.labels_follow {
            records = without_labels(&records)?;
        }
        if self.steps_follow {
            records = with_places(&records, &batch.places)?;
        }
        Ok(BarrierRows { records, ranks: self.file_ranks.ranks(&batch.places)?, totals })
    }
}

/// Joins the documents of each pack.
struct JoinRows {
    /// Whether labels are computed.
    labels_follow: bool,
    steps_follow: bool,
}

impl Decode<Picked> for JoinRows {
    fn decode(&self, piece: Picked, counts: &mut StepCounts) -> Result<Batch> {
        let documents = piece.take()?;
        let ranks = ranks_of(&documents);
        let is_last = |i: &usize| ranks.get(i + 1).is_none_or(|next| *next != ranks[*i]);
        let ends: Vec<i32> = (0..ranks.len()).filter(is_last).map(|i| i as i32 + 1).collect();
        let mut documents = without_ranks(&documents)?;
        let places = match self.steps_follow {
            true => {
                let (rows, places) = take_places(&documents)?;
                documents = rows;
                let firsts = std::iter::once(0).chain(ends.iter().map(|end| *end as usize)).take(ends.len());
                Places::after_barrier(piece.first_row, firsts.map(|first| places[first]).collect())
            }
            false => Places::numbered(0, piece.first_row, ends.len()),
        };
        counts.rows_out += ends.len() as u64;
        let records = join(&documents, &ends, self.labels_follow)?;
        Ok(Batch::new(records, places))
    }
}
