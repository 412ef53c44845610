//! How a batch came to be, kept until no stage can end the input within it: with that, it is counted as if the input
//! ended with one of its rows, wherever batches end.

use super::station::{Station, counted};
use crate::error::{Error, Result};
use crate::flow::{Chunk, TakenOut};
use crate::record::Batch;
use crate::report::StepCounts;

/// What a batch was made of.
pub(crate) struct BatchHistory {
    /// Its input.
    chunk: Chunk,
    /// The step of the source.
    source_step: usize,
    /// What each ordered station so far let through and took out.
    passed: Vec<(Batch, TakenOut)>,
    /// The error at a row after those of the batch. It counts unless the input ends before.
    pub(crate) failed: Option<Error>,
}

impl BatchHistory {
    pub(crate) fn new(chunk: Chunk, source_step: usize) -> Self {
        BatchHistory { chunk, source_step, passed: Vec::new(), failed: None }
    }

    /// Notes what an ordered station made of the batch.
    pub(crate) fn pass(&mut self, batch: &Batch, taken_out: TakenOut) {
        self.passed.push((batch.clone(), taken_out));
    }

    /// The counts of each step up to `station`, for an input that ends with this row.
    ///
    /// # Errors
    /// Those of the stages, which had none before.
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
                    let (let_through, taken_out) =
                        passed.next().ok_or_else(|| Error::internal("a batch has no history"))?;
                    batch = counted(*step, batch, &mut counts, |_, count| {
                        let before = taken_out.iter().filter(|(_, place)| place.row <= row);
                        before.for_each(|(code, place)| count.remove(code, *place));
                        Ok(let_through.clone().until(row))
                    })?;
                }
            }
        }
        Ok(counts)
    }
}
