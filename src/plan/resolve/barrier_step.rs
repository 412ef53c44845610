//! A step that must have seen all rows.

use arrow::array::RecordBatch;

use crate::cancel::Phase;
use crate::error::Result;
use crate::pack::{self, PackOptions};
use crate::shuffle::Shuffle;

/// A step that must have seen all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BarrierStep {
    /// What it does.
    pub(crate) order: Order,
    /// Whether steps follow: then rows keep their places, and travel as between other stages.
    pub(crate) goes_on: bool,
}

/// What a barrier does with all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Puts them in an order by this seed.
    Shuffle(u64),
    /// Joins them to packs.
    Pack(PackOptions),
}

impl BarrierStep {
    /// What it makes of no rows.
    ///
    /// # Errors
    /// Those of the step: a column is missing, or of another type.
    pub(crate) fn outcome(self, records: &RecordBatch) -> Result<RecordBatch> {
        match self.order {
            Order::Shuffle(_) => Shuffle::outcome(records, self.goes_on),
            Order::Pack(how) => pack::join(&pack::needed(records)?, &[], how.labels_follow),
        }
    }

    /// What a run does while the barrier puts its rows in order.
    pub(crate) fn phase(self) -> Phase {
        match self.order {
            Order::Shuffle(_) => Phase::Shuffle,
            Order::Pack(_) => Phase::Pack,
        }
    }
}
