//! The tasks of workers.

use super::batch_history::BatchHistory;
use crate::flow::Chunk;
use crate::record::Batch;
use crate::report::StepCounts;

/// What the engine knows of a batch in flight.
#[derive(Default)]
pub(crate) struct InFlight {
    /// The size of its input in bytes, which counts against the limit of bytes in flight.
    pub(crate) weight: usize,
    /// Its counts so far, by step. They are added to those of the pass when the sink has taken the batch, so that a
    /// batch that is dropped never counts.
    pub(crate) counts: Vec<(usize, StepCounts)>,
    /// Its history, while a stage may end the input within the batch.
    pub(crate) history: Option<Box<BatchHistory>>,
}

/// A task of a worker.
pub(crate) enum Task<R> {
    Read,
    Decode(Chunk, InFlight),
    Map(usize, Batch, InFlight),
    Ordered(usize, Batch, InFlight),
    Sink(u64, R, InFlight),
}

impl<R> Task<R> {
    /// The number and the weight of its batch; none for reading.
    pub(crate) fn batch(&self) -> Option<(u64, usize)> {
        match self {
            Task::Read => None,
            Task::Decode(chunk, info) => Some((chunk.seq, info.weight)),
            Task::Map(_, batch, info) | Task::Ordered(_, batch, info) => Some((batch.seq, info.weight)),
            Task::Sink(seq, _, info) => Some((*seq, info.weight)),
        }
    }
}
