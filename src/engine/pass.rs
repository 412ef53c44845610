//! A pass: moves the rows of one source or barrier through stages into a sink.

use std::sync::Arc;

use crate::flow::{Map, Ordered, Scan};

/// The step number of a stage whose rows are not counted, since another stage of the same step counts them.
pub const UNCOUNTED: usize = usize::MAX;

/// The step number of a stage that counts only findings, which are added to the last step.
pub const FINDINGS: usize = usize::MAX - 1;

/// A stage of a pass.
pub enum Stage {
    /// A stage that any worker runs, on batches in any order.
    Map(Arc<dyn Map>),
    /// A stage that gets one batch at a time, in input order.
    Ordered(Box<dyn Ordered>),
}

/// A scan, stages and a sink to run.
pub struct Pass<'s, S> {
    /// Gives the rows, and counts them for the step of the source.
    pub scan: Box<dyn Scan>,
    /// The number of the step of the source.
    pub source_step: usize,
    /// The stages in order, each with the number of its step.
    pub stages: Vec<(usize, Stage)>,
    /// Gets the finished batches.
    pub sink: &'s mut S,
    /// The number of all steps.
    pub steps: usize,
}

/// How to run a pass. No option changes the output.
#[derive(Debug, Clone)]
pub struct PassOptions {
    /// The number of worker threads, at least 1.
    pub threads: usize,
    /// The limit of input bytes that are in flight.
    pub bytes_in_flight: usize,
}
