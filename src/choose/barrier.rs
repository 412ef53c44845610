//! The barrier of a choice: holds all rows, in memory and on disk, until it is known which of them stay.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Field};

use super::choice::Choice;
use super::how::How;
use crate::error::{Error, Result};
use crate::flow::{Barrier, BarrierOutput, BarrierRows, Decode, MakeReady, PairedScan, Totals};
use crate::record::ranked::without_ranks;
use crate::record::schema::{ANSWER, GROUP, STAYS};
use crate::record::size::compacted;
use crate::record::{Batch, FileRanks, Places, Removal, as_views, take_places, with_places};
use crate::report::StepCounts;
use crate::spill::{Buckets, InOrder, Picked, RankedSource, Spill};

/// The barrier of `sample` and `resolve_conflicts`.
pub(crate) struct Choose {
    how: How,
    choice: Box<dyn Choice>,
    file_ranks: FileRanks,
    splits: usize,
    steps_follow: bool,
    spill: Spill,
    rows: InOrder,
}

impl Choose {
    /// A barrier for rows in `splits` splits. With `steps_follow`, text is in views.
    pub(crate) fn new(
        how: How,
        file_ranks: FileRanks,
        splits: usize,
        steps_follow: bool,
        spill: Spill,
    ) -> Self {
        let rows = InOrder::new(spill.clone());
        Choose { how, choice: how.choice(), file_ranks, splits, steps_follow, spill, rows }
    }

    /// The rows that leave the barrier, for rows that enter it in the layout for writing.
    pub(crate) fn outcome(records: &RecordBatch, steps_follow: bool) -> Result<RecordBatch> {
        let batch = Batch::new(records.clone(), Places::after_barrier(0, Vec::new()));
        let records = batch.without_columns(&[GROUP, ANSWER, STAYS])?.records;
        if steps_follow { as_views(&records) } else { Ok(records) }
    }
}

impl Barrier for Choose {
    fn ready_maker(&self) -> Arc<dyn MakeReady<BarrierRows>> {
        Arc::new(Rank { file_ranks: self.file_ranks.clone() })
    }

    fn push(&mut self, rows: BarrierRows) -> Result<()> {
        self.choice.add(&rows)?;
        self.rows.push(rows.records)
    }

    fn finish(self: Box<Self>) -> Result<BarrierOutput> {
        let Choose { how, choice, splits, steps_follow, spill, rows, .. } = *self;
        let stays = choice.stays();
        let (mut buckets, mut totals, mut start) = (Buckets::new(spill), Totals::none(splits), 0);
        rows.read_back(&mut |records| {
            let end = start + records.num_rows();
            let stays_here = BooleanArray::from(stays[start..end].to_vec());
            totals.add_rows(&records, |row| stays_here.value(row))?;
            // Spread evenly, so that buckets on disk have equal sizes.
            let rank = |row: usize| (((row as u128) << 64) / stays.len() as u128) as u64;
            let ranks = (start..end).map(rank).collect();
            let batch = Batch::new(records, Places::numbered(0, 0, end - start));
            let field = Field::new(STAYS, DataType::Boolean, false);
            start = end;
            buckets.push(&batch.with_column(field, Arc::new(stays_here))?.records, ranks)
        })?;
        let scan =
            Box::new(PairedScan::new(RankedSource::new(buckets)?, Arc::new(Leave { how, steps_follow })));
        Ok(BarrierOutput { scan, totals, sums: Vec::new() })
    }
}

/// Gives rows their ranks and their places.
struct Rank {
    file_ranks: FileRanks,
}

impl MakeReady<BarrierRows> for Rank {
    fn make_ready(&self, batch: Batch) -> Result<BarrierRows> {
        let records = with_places(&compacted(batch.records)?, &batch.places)?;
        // Totals are known when the choice is made.
        Ok(BarrierRows { records, ranks: self.file_ranks.ranks(&batch.places)?, totals: Totals::none(0) })
    }
}

/// Removes the rows that do not stay.
struct Leave {
    how: How,
    steps_follow: bool,
}

impl Decode<Picked> for Leave {
    fn decode(&self, piece: Picked, counts: &mut StepCounts) -> Result<Batch> {
        let (records, places) = take_places(&without_ranks(&piece.take()?)?)?;
        let stays = records.column_by_name(STAYS).and_then(|column| column.as_boolean_opt());
        let stays =
            stays.ok_or_else(|| Error::internal("the rows of a choice do not say which of them stay"))?;
        let (policy, code, detail) = self.how.removal();
        let removal = |index| Removal { index, code, column: None, detail: detail.into() };
        let removals = (0..records.num_rows()).filter(|i| !stays.value(*i)).map(removal).collect();
        let records = Choose::outcome(&records, self.steps_follow)?;
        let batch = Batch::new(records, Places::after_barrier(piece.first_row, places));
        let batch = batch.remove(removals, policy, counts)?;
        counts.rows_out += batch.rows() as u64;
        Ok(batch)
    }
}
