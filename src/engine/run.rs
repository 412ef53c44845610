//! What all passes of a run share.

use std::sync::Arc;

use super::interrupt::{Interrupted, interruptible};
use super::pass::{Pass, Stage};
use super::pass_stages::{SharedStage, ordered_stages};
use super::resources::Resources;
use super::run_pass::run_pass;
use super::unfinished_sink::UnfinishedSink;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::flow::{Map, Scan, Sink};
use crate::plan::resolve::{Build, Counted, Job};
use crate::report::StepCounts;

/// A run of a job.
pub(super) struct Run<'r> {
    pub(super) job: &'r Job,
    pub(super) resources: Resources,
    pub(super) cancel: &'r Cancel,
    pub(super) interrupted: Interrupted<'r>,
}

impl Run<'_> {
    /// Does `work`, and stops it when the run is interrupted.
    pub(super) fn interruptible<T: Send>(&mut self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        interruptible(self.cancel, self.interrupted, work)
    }

    /// The ordered stages among these, which have seen no row. Keys of earlier folders are read here.
    pub(super) fn ordered_stages(
        &mut self,
        builds: &[(usize, Counted, Build)],
    ) -> Result<Vec<Option<SharedStage>>> {
        let cancel = self.cancel;
        self.interruptible(|| ordered_stages(builds, cancel))
    }

    /// Runs the rows of a scan through the stages and those of `after` into the sink, which is not finished.
    pub(super) fn pass<S: Sink>(
        &mut self,
        scan: Box<dyn Scan>,
        source_step: usize,
        mut stages: Vec<(usize, Stage)>,
        after: &[(usize, Arc<dyn Map>)],
        sink: &mut S,
    ) -> Result<Vec<StepCounts>>
    where
        S::Ready: 'static,
    {
        stages.extend(after.iter().map(|(step, map)| (*step, Stage::Map(Arc::clone(map)))));
        let (sink, steps) = (&mut UnfinishedSink(sink), self.job.verbs.len());
        let pass = Pass { scan, source_step, stages, sink, steps };
        run_pass(pass, &self.resources.options(), self.cancel, self.interrupted)
    }
}
