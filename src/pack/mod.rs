//! Documents packed into rows of one length, corpus-wide, none cut: what padding would waste is trained on instead.
//!
//! A barrier: a sink that takes all rows and remembers their lengths; then each document's pack is decided; then the
//! rows are put in the order of their packs, and joined. Splits are packed each by itself. Rows are held in memory up
//! to a limit and spilled beyond it; lengths, splits and packs take up to 21 bytes a row, and 8 a pack; the order of
//! those that are held 16 bytes a row.

mod fit;
mod labels;
mod rows;

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::UInt8Type;

use crate::error::{Class, Error, Result};
use crate::permutation::Permutation;
use crate::record::ranked::{ranks_of, without_ranks};
use crate::record::schema::{INPUT_IDS, SPLIT};
use crate::record::{Batch, Places, size};
use crate::report::StepCounts;
use crate::spill::{Buckets, ByRank, Picked, Spill, Spilled};
use crate::stage::{Decode, Prepare, Sink};

pub use fit::best_fit_decreasing;
pub use labels::follow as labels_follow;
pub use rows::{join, needed};

/// How documents are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackOptions {
    /// Tokens a pack may have; no document has more.
    pub max_length: u32,
    /// Decides the order of the packs.
    pub seed: u64,
    /// Labels [follow](labels_follow) from the segments, and are made again for the packs.
    pub labels_follow: bool,
}

/// What was packed.
#[derive(Debug, Clone, Default)]
pub struct Packed {
    /// Documents.
    pub documents: u64,
    /// Packs, by split.
    pub packs: Vec<u64>,
    /// Bytes of content, by split.
    pub bytes: Vec<u64>,
    /// Tokens of all documents.
    pub tokens: u64,
}

/// Takes documents; what was set aside on the way goes ahead to the sink behind it.
pub struct PackSink<'s, S: Sink> {
    behind: &'s mut S,
    options: PackOptions,
    spill: Spill,
    held: VecDeque<RecordBatch>,
    held_bytes: u64,
    spilled: Option<Spilled>,
    lengths: Vec<u32>,
    splits: Vec<u8>,
    bytes: Vec<u64>,
}

/// A batch on its way into the packing.
pub struct Documents<R> {
    records: RecordBatch,
    /// Bytes of content, by split.
    bytes: Vec<u64>,
    /// A batch without rows, for the sink behind.
    aside: R,
}

struct Narrow<R> {
    behind: Arc<dyn Prepare<R>>,
    splits: usize,
    options: PackOptions,
}

impl<R> Prepare<Documents<R>> for Narrow<R> {
    fn prepare(&self, mut batch: Batch) -> Result<Documents<R>> {
        let mut records = needed(&batch.records)?;
        let mut bytes = vec![0; self.splits];
        let splits = records.column_by_name(SPLIT).map(|c| c.as_primitive::<UInt8Type>());
        for (i, size) in size::row_bytes(&records).into_iter().enumerate() {
            bytes[splits.map_or(0, |s| usize::from(s.value(i)))] += size;
        }
        rows::check(&records, self.options.max_length, &batch.places)?;
        if self.options.labels_follow {
            records = labels::without(&records)?;
        }
        // The sink behind is for packs, and gets a batch of none.
        batch.records = join(&records.slice(0, 0), &[], self.options.labels_follow)?;
        batch.places.rows.clear();
        Ok(Documents { records, bytes, aside: self.behind.prepare(batch)? })
    }
}

impl<'s, S: Sink> PackSink<'s, S> {
    /// Packs rows of so many splits.
    pub fn new(behind: &'s mut S, options: PackOptions, splits: usize, spill: Spill) -> Self {
        PackSink {
            behind,
            options,
            spill,
            held: VecDeque::new(),
            held_bytes: 0,
            spilled: None,
            lengths: Vec::new(),
            splits: Vec::new(),
            bytes: vec![0; splits],
        }
    }

    /// All rows were taken: decides the packs; a source that gives their documents, to be joined by [`JoinRows`].
    pub fn into_source(mut self) -> Result<(Packed, ByRank)> {
        let mut packed =
            Packed { documents: self.lengths.len() as u64, bytes: self.bytes.clone(), ..Packed::default() };
        let ranks = self.ranks(&mut packed);
        let mut buckets = Buckets::new(self.spill);
        let mut at = 0;
        let mut deal = |records: RecordBatch| {
            let end = at + records.num_rows();
            let batch = buckets.push(&records, ranks[at..end].to_vec());
            at = end;
            batch
        };
        if let Some(spilled) = self.spilled {
            spilled.read_back(&mut deal)?;
        }
        while let Some(records) = self.held.pop_front() {
            deal(records)?;
        }
        Ok((packed, ByRank::new(buckets)?))
    }

    /// The rank of each document: that of its pack, in an order by seed.
    fn ranks(&self, packed: &mut Packed) -> Vec<u64> {
        let mut pack_of = vec![0u64; self.lengths.len()];
        let mut packs = 0;
        for split in 0..self.bytes.len() {
            let of_split = |i: &usize| usize::from(self.splits[*i]) == split;
            let documents: Vec<usize> = (0..self.lengths.len()).filter(of_split).collect();
            let lengths: Vec<u32> = documents.iter().map(|i| self.lengths[*i]).collect();
            packed.tokens += lengths.iter().map(|n| u64::from(*n)).sum::<u64>();
            let (own, count) = best_fit_decreasing(&lengths, self.options.max_length);
            for (document, pack) in documents.into_iter().zip(own) {
                pack_of[document] = packs + u64::from(pack);
            }
            packs += u64::from(count);
            packed.packs.push(u64::from(count));
        }
        let order = Permutation::new(packs, self.options.seed, 0);
        // Spread over all ranks, so that buckets on disk are even.
        let rank = |pack: u64| ((u128::from(order.at(pack)) << 64) / u128::from(packs)) as u64;
        let ranks: Vec<u64> = (0..packs).map(rank).collect();
        pack_of.iter_mut().for_each(|pack| *pack = ranks[*pack as usize]);
        pack_of
    }
}

impl<S: Sink> Sink for PackSink<'_, S>
where
    S::Ready: 'static,
{
    type Ready = Documents<S::Ready>;

    fn preparer(&self) -> Arc<dyn Prepare<Self::Ready>> {
        Arc::new(Narrow { behind: self.behind.preparer(), splits: self.bytes.len(), options: self.options })
    }

    fn push(&mut self, ready: Self::Ready) -> Result<()> {
        let records = ready.records;
        let lengths = records.column_by_name(INPUT_IDS).and_then(|c| c.as_list_opt::<i32>());
        let lengths = lengths.ok_or_else(|| Error::internal("rows without ids reached pack"))?;
        self.lengths.extend(lengths.offsets().lengths().map(|n| n as u32));
        match records.column_by_name(SPLIT) {
            Some(splits) => self.splits.extend(splits.as_primitive::<UInt8Type>().values()),
            None => self.splits.resize(self.lengths.len(), 0),
        }
        if self.lengths.len() > u32::MAX as usize {
            return Err(Error::new(Class::Data, "too_many_rows", "pack: more than 2³² rows")
                .help("prepare the data in parts, each with a pack of its own"));
        }
        self.bytes.iter_mut().zip(&ready.bytes).for_each(|(all, more)| *all += more);
        self.held_bytes += size::bytes(&records) as u64;
        self.held.push_back(records);
        if self.held_bytes > self.spill.memory {
            self.held_bytes = 0;
            for records in std::mem::take(&mut self.held) {
                let spilled = match &mut self.spilled {
                    Some(spilled) => spilled,
                    none => none.insert(Spilled::create(&self.spill, 0, &records)?),
                };
                spilled.write(&records)?;
            }
        }
        self.behind.push(ready.aside)
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Joins the documents of each pack.
pub struct JoinRows {
    /// Makes their labels again.
    pub labels_follow: bool,
}

impl Decode<Picked> for JoinRows {
    fn decode(&self, piece: Picked, _: &mut StepCounts) -> Result<Batch> {
        let documents = piece.take()?;
        let ranks = ranks_of(&documents);
        let is_last = |i: &usize| ranks.get(i + 1).is_none_or(|next| *next != ranks[*i]);
        let ends: Vec<i32> = (0..ranks.len()).filter(is_last).map(|i| i as i32 + 1).collect();
        let packs = ends.len();
        Ok(Batch {
            seq: 0,
            records: join(&without_ranks(&documents)?, &ends, self.labels_follow)?,
            places: Places::numbered(0, piece.first_row, packs),
            rejects: Vec::new(),
            duplicates: Vec::new(),
        })
    }
}
