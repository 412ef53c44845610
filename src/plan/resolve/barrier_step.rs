//! A step that needs all rows before it gives the first one.

use arrow::array::RecordBatch;

use crate::cancel::Phase;
use crate::choose::{Choose, How};
use crate::error::Result;
use crate::pack::{self, PackOptions};
use crate::shuffle::Shuffle;

/// A step that needs all rows before it gives the first one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BarrierStep {
    pub(crate) order: Order,
    /// Whether steps follow. Then rows keep their places, and text is in views as between other stages.
    pub(crate) steps_follow: bool,
}

/// What a barrier does with the rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Order {
    /// Shuffles them by this seed.
    Shuffle(u64),
    /// Joins them into packs.
    Pack(PackOptions),
    /// Removes some of them, or repeats some.
    Choose(How),
}

impl BarrierStep {
    /// Its result for an empty batch.
    ///
    /// # Errors
    /// A column is missing or has the wrong type.
    pub(crate) fn outcome(&self, records: &RecordBatch) -> Result<RecordBatch> {
        match &self.order {
            Order::Shuffle(_) => Shuffle::outcome(records, self.steps_follow),
            Order::Choose(how) => Choose::outcome(records, how, self.steps_follow),
            Order::Pack(how) => pack::join(&pack::needed(records)?, &[], how.labels_follow),
        }
    }

    /// The phase of a run while the barrier orders its rows.
    pub(crate) fn phase(&self) -> Phase {
        match self.order {
            Order::Shuffle(_) => Phase::Shuffle,
            Order::Pack(_) => Phase::Pack,
            Order::Choose(_) => Phase::Choose,
        }
    }
}
