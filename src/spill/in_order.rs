//! Rows in the order in which they come, in memory and on disk.

use std::collections::VecDeque;

use arrow::array::RecordBatch;

use super::buckets::{Spill, Spilled};
use crate::error::Result;
use crate::record::size;

/// Rows in the order in which they come. Above a limit they are written to one file.
pub(crate) struct InOrder {
    spill: Spill,
    held: VecDeque<RecordBatch>,
    held_bytes: u64,
    spilled: Option<Spilled>,
}

impl InOrder {
    /// No rows yet.
    pub(crate) fn new(spill: Spill) -> Self {
        InOrder { spill, held: VecDeque::new(), held_bytes: 0, spilled: None }
    }

    /// Appends rows.
    pub(crate) fn push(&mut self, records: RecordBatch) -> Result<()> {
        self.held_bytes += size::bytes(&records) as u64;
        self.held.push_back(records);
        if self.held_bytes > self.spill.memory {
            self.held_bytes = 0;
            for records in std::mem::take(&mut self.held) {
                let spilled = match &mut self.spilled {
                    Some(spilled) => spilled,
                    none => none.insert(Spilled::create(&self.spill, 0, "-rows".into(), &records)?),
                };
                spilled.write(&records)?;
            }
        }
        Ok(())
    }

    /// Passes all rows to `take`, in order.
    pub(crate) fn read_back(mut self, take: &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        if let Some(spilled) = self.spilled {
            spilled.read_back(take)?;
        }
        while let Some(records) = self.held.pop_front() {
            take(records)?;
        }
        Ok(())
    }
}
