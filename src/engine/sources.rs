//! Runs the sources of a plan, one after another: each through its own stages, then through those for all rows.

use std::sync::Arc;

use super::interrupt::{Interrupted, interruptible};
use super::pass::{Pass, Stage};
use super::pass_stages::{ordered_stages, pass_stages};
use super::resources::Resources;
use super::run_pass::run_pass;
use super::unfinished_sink::UnfinishedSink;
use crate::artifact::manifest::Input;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::flow::{Map, Sink};
use crate::plan::resolve::{Build, Counted, Job, Origin};
use crate::plan::source::Opened;
use crate::read::inputs::Inputs;
use crate::record::FileNames;
use crate::report::{StepCounts, add_pass};

/// The sources of a plan, opened.
pub(super) struct Sources(Vec<Opened>);

/// What was read of the sources, to be used after the run.
pub(super) struct Read(Vec<Inputs>);

impl Sources {
    /// Opens the sources; all footers of Parquet files are read. `digested` is needed for [`Read::streams`].
    pub(crate) fn open(
        job: &Job,
        resources: Resources,
        digested: bool,
        cancel: &Cancel,
        interrupted: Interrupted<'_>,
    ) -> Result<Sources> {
        interruptible(cancel, interrupted, || {
            let open =
                |origin: &Origin| origin.source.open(&origin.columns, resources.limits(), digested, cancel);
            Ok(Sources(job.origins.iter().map(open).collect::<Result<_>>()?))
        })
    }

    /// The names of all files, in the order of the numbers in places.
    pub(crate) fn names(&self) -> FileNames {
        let names = self.0.iter().flat_map(|opened| opened.inputs.names().to_vec());
        Arc::new(names.collect())
    }

    /// A handle to what is read during the run.
    pub(crate) fn read(&self) -> Read {
        Read(self.0.iter().map(|opened| opened.inputs.clone()).collect())
    }

    /// Runs all rows into the sink, which is not finished: for each source through its own stages, then through those
    /// for all rows, then through those of `after`.
    #[expect(clippy::too_many_arguments, reason = "what a pass is made of")]
    pub(crate) fn run<S: Sink>(
        self,
        job: &Job,
        builds: &[(usize, Counted, Build)],
        after: &[(usize, Arc<dyn Map>)],
        sink: &mut S,
        resources: Resources,
        cancel: &Cancel,
        interrupted: Interrupted<'_>,
    ) -> Result<Vec<StepCounts>>
    where
        S::Ready: 'static,
    {
        // This reads the keys of earlier folders.
        let shared = interruptible(cancel, interrupted, || ordered_stages(builds, cancel))?;
        let mut counts = vec![StepCounts::default(); job.verbs.len()];
        for (origin, opened) in job.origins.iter().zip(self.0) {
            if shared.iter().flatten().any(|stage| stage.lock().is_satisfied()) {
                break;
            }
            let own = interruptible(cancel, interrupted, || ordered_stages(&origin.stages, cancel))?;
            let mut stages = pass_stages(&origin.stages, &own)?;
            stages.extend(pass_stages(builds, &shared)?);
            stages.extend(after.iter().map(|(step, map)| (*step, Stage::Map(Arc::clone(map)))));
            let pass = Pass {
                scan: opened.scan,
                source_step: origin.step,
                stages,
                sink: &mut UnfinishedSink(sink),
                steps: job.verbs.len(),
            };
            let source_counts = run_pass(pass, &resources.options(), cancel, interrupted)?;
            add_pass(&mut counts, source_counts);
        }
        Ok(counts)
    }
}

impl Read {
    /// All inputs, as the manifest lists them.
    pub(crate) fn list(&self, cancel: &Cancel) -> Result<Vec<Input>> {
        let lists = self.0.iter().map(|inputs| inputs.list(cancel)).collect::<Result<Vec<_>>>()?;
        Ok(lists.concat())
    }

    /// For each source, the digest of its content if it is in memory and the digest is known.
    pub(crate) fn streams(&self, job: &Job, cancel: &Cancel) -> Result<Vec<Option<String>>> {
        let content = |(origin, inputs): (&Origin, &Inputs)| {
            origin.source.content(inputs, &origin.columns, job.may_end_early(origin), cancel)
        };
        job.origins.iter().zip(&self.0).map(content).collect()
    }
}
