//! The history of a batch, kept while an ordered stage may still end the input within the batch. From it, the rows
//! are counted as if the input ended with the last row that is needed, so that counts do not depend on where batches
//! end.

use super::station::{Station, counted};
use crate::error::{Error, Result};
use crate::flow::{Chunk, RemovedRows};
use crate::record::Batch;
use crate::report::StepCounts;

/// The input of a batch, and what ordered stages did with it.
pub(crate) struct BatchHistory {
    /// The input of the batch.
    chunk: Chunk,
    /// The step of the source.
    source_step: usize,
    /// For each ordered station so far, the batch after it and the rows that it removed.
    passed: Vec<(Batch, RemovedRows)>,
    /// The error of a row after those of the batch. It is returned unless the input ends before that row.
    pub(crate) failed: Option<Error>,
}

impl BatchHistory {
    pub(crate) fn new(chunk: Chunk, source_step: usize) -> Self {
        BatchHistory { chunk, source_step, passed: Vec::new(), failed: None }
    }

    /// Records the result of an ordered station.
    pub(crate) fn pass(&mut self, batch: &Batch, taken_out: RemovedRows) {
        self.passed.push((batch.clone(), taken_out));
    }

    /// The counts of each step up to `station`, for an input that ends with `row`.
    ///
    /// # Errors
    /// Those of the stages; there are none if the batch passed them before.
    pub(crate) fn counts_until(
        &self,
        row: u64,
        stations: &[Station],
        station: usize,
    ) -> Result<Vec<(usize, StepCounts)>> {
        let mut count = StepCounts::default();
        let mut batch = self.chunk.until(row).decode(&mut count)?;
        let mut counts = vec![(self.source_step, count)];
        let mut passed = self.passed.iter();
        for station in &stations[..=station] {
            match station {
                Station::Map(fused) => {
                    for (step, map) in fused {
                        batch = counted(*step, batch, &mut counts, |batch, count| map.map(batch, count))?;
                    }
                }
                Station::Ordered(step) => {
                    let (passed_batch, taken_out) =
                        passed.next().ok_or_else(|| Error::internal("a batch has no history"))?;
                    batch = counted(*step, batch, &mut counts, |_, count| {
                        let before = taken_out.iter().filter(|(_, place)| place.row <= row);
                        before.for_each(|(code, place)| count.add_removed(code, *place));
                        Ok(passed_batch.clone().until(row))
                    })?;
                }
            }
        }
        Ok(counts)
    }
}
