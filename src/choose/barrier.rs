//! The barrier of a choice: holds all rows, in memory and on disk, until it is known which of them leave, and how often.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, Float64Array, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Field};

use super::choice::Choice;
use super::how::How;
use crate::arrow_result::ArrowResult;
use crate::error::{Error, Result};
use crate::flow::{Barrier, BarrierOutput, BarrierRows, Decode, MakeReady, PairedScan, Totals};
use crate::record::ranked::without_ranks;
use crate::record::schema::{ANSWER, GROUP, ROW_WEIGHT, STAYS};
use crate::record::size::compacted;
use crate::record::{Batch, FileRanks, Places, as_copies, as_views, take_places, with_places};
use crate::report::{REPEATED, StepCounts};
use crate::spill::{Buckets, InOrder, Picked, RankedSource, Spill};

/// The barrier of `sample`, `resolve_conflicts`, `balance` and `mix`.
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
        Choose { choice: how.choice(), how, file_ranks, splits, steps_follow, spill, rows }
    }

    /// The rows that leave the barrier, for rows that enter it in the layout for writing.
    /// Where they get weights and have none yet, these are 1.
    pub(crate) fn outcome(records: &RecordBatch, how: &How, steps_follow: bool) -> Result<RecordBatch> {
        let batch = Batch::new(records.clone(), Places::after_barrier(0, Vec::new()));
        let mut batch = batch.without_columns(&[GROUP, ANSWER, STAYS])?;
        if how.gives_weights() && batch.records.column_by_name(ROW_WEIGHT).is_none() {
            let ones = Float64Array::from(vec![1.0; batch.rows()]);
            batch = weighted(batch, ones)?;
        }
        if steps_follow { as_views(&batch.records) } else { Ok(batch.records) }
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
        let decision = choice.decide()?;
        let (mut buckets, mut totals) = (Buckets::new(spill), Totals::none(splits));
        let (mut start, mut repeated) = (0, 0);
        rows.read_back(&mut |records| {
            let numbers = start..start + records.num_rows();
            start = numbers.end;
            let stays: BooleanArray = numbers.clone().map(|row| Some(decision.times(row) > 0)).collect();
            let batch = Batch::new(records, Places::numbered(0, 0, numbers.len()));
            let field = Field::new(STAYS, DataType::Boolean, false);
            let mut batch = batch.with_column(field, Arc::new(stays.clone()))?;
            if let Some(weights) = decision.weights(numbers.clone()) {
                batch = weighted(batch, weights)?;
            }
            totals.add_rows(&batch.records, |row| stays.value(row))?;
            buckets.push(&batch.records, numbers.clone().map(|row| decision.rank(row, 0)).collect())?;
            // The copies, one of each row at a time.
            for nth in 1.. {
                let again: Vec<usize> = numbers.clone().filter(|row| decision.times(*row) > nth).collect();
                if again.is_empty() {
                    break;
                }
                let rows =
                    UInt32Array::from_iter_values(again.iter().map(|row| (row - numbers.start) as u32));
                let copies = as_copies(&take_record_batch(&batch.records, &rows).or_too_large()?, nth)?;
                totals.add_rows(&copies, |_| true)?;
                repeated += again.len() as u64;
                buckets.push(&copies, again.iter().map(|row| decision.rank(*row, nth)).collect())?;
            }
            Ok(())
        })?;
        let scan =
            Box::new(PairedScan::new(RankedSource::new(buckets)?, Arc::new(Leave { how, steps_follow })));
        Ok(BarrierOutput { scan, totals, sums: vec![(REPEATED, repeated)] })
    }
}

/// The rows with their weights as the last column.
fn weighted(batch: Batch, weights: Float64Array) -> Result<Batch> {
    batch.with_column(Field::new(ROW_WEIGHT, DataType::Float64, false), Arc::new(weights))
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
        let left = Choose::outcome(&records, &self.how, self.steps_follow)?;
        let batch = Batch::new(left, Places::after_barrier(piece.first_row, places));
        let removals = self.how.removals(&batch, stays)?;
        let batch = batch.remove_each(removals, counts)?;
        counts.rows_out += batch.rows() as u64;
        Ok(batch)
    }
}
