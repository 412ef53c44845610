//! A piece of work on a batch.

use super::batch_history::BatchHistory;
use crate::flow::Chunk;
use crate::record::Batch;
use crate::report::StepCounts;

/// What goes with a batch.
#[derive(Default)]
pub(crate) struct Load {
    /// The input bytes it holds a credit for.
    pub(crate) weight: usize,
    /// What was counted of it so far, by step: it counts once the sink has it, so that a batch that is given up
    /// never does.
    pub(crate) counts: Vec<(usize, StepCounts)>,
    /// What it was made of, as long as a stage may end the input within it.
    pub(crate) history: Option<Box<BatchHistory>>,
}

/// A piece of work.
pub(crate) enum Task<R> {
    Read,
    Decode(Chunk, Load),
    Map(usize, Batch, Load),
    Ordered(usize, Batch, Load),
    Sink(u64, R, Load),
}

impl<R> Task<R> {
    /// The number of its batch, and its weight; a reading has neither.
    pub(crate) fn batch(&self) -> Option<(u64, usize)> {
        match self {
            Task::Read => None,
            Task::Decode(chunk, load) => Some((chunk.seq, load.weight)),
            Task::Map(_, batch, load) | Task::Ordered(_, batch, load) => Some((batch.seq, load.weight)),
            Task::Sink(seq, _, load) => Some((*seq, load.weight)),
        }
    }
}
