//! A pass: the rows of one source, or of a barrier, through stages into a sink.

use std::sync::Arc;

use crate::flow::{Map, Ordered, Scan};

/// The step of a stage whose rows another stage of its step counts.
pub const UNCOUNTED: usize = usize::MAX;

/// The step of a stage that counts no rows, only findings: they go to the last step.
pub const FINDINGS: usize = usize::MAX - 1;

/// A stage.
pub enum Stage {
    /// Any worker, any order.
    Map(Arc<dyn Map>),
    /// One batch at a time, in input order.
    Ordered(Box<dyn Ordered>),
}

/// What to run; `stages[i]` counts as step `stages[i].0`.
pub struct Pass<'s, S> {
    /// Gives the rows; sets the counts of the source's step itself.
    pub scan: Box<dyn Scan>,
    /// The step of the source.
    pub source_step: usize,
    /// In the order of the way of the data, each with its step.
    pub stages: Vec<(usize, Stage)>,
    /// Takes the finished batches.
    pub sink: &'s mut S,
    /// Number of steps counted.
    pub steps: usize,
}

/// How to run it. Nothing here can change a byte of the output.
#[derive(Debug, Clone)]
pub struct PassOptions {
    /// Worker threads, at least 1.
    pub threads: usize,
    /// Bytes of input that may be in flight.
    pub bytes_in_flight: usize,
}
