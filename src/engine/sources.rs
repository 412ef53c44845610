//! Runs the sources of a plan, one after another: each through its own stages, then through those for all rows.

use std::sync::Arc;

use super::pass_stages::pass_stages;
use super::run::Run;
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
    pub(crate) fn open(run: &mut Run<'_>, digested: bool) -> Result<Sources> {
        let (job, resources, cancel) = (run.job, run.resources, run.cancel);
        run.interruptible(|| {
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
    pub(crate) fn run<S: Sink>(
        self,
        run: &mut Run<'_>,
        builds: &[(usize, Counted, Build)],
        after: &[(usize, Arc<dyn Map>)],
        sink: &mut S,
    ) -> Result<Vec<StepCounts>>
    where
        S::Ready: 'static,
    {
        let job = run.job;
        let shared = run.ordered_stages(builds)?;
        let mut counts = vec![StepCounts::default(); job.verbs.len()];
        for (origin, opened) in job.origins.iter().zip(self.0) {
            if shared.iter().flatten().any(|stage| stage.lock().is_satisfied()) {
                break;
            }
            let own = run.ordered_stages(&origin.stages)?;
            let mut stages = pass_stages(&origin.stages, &own)?;
            stages.extend(pass_stages(builds, &shared)?);
            add_pass(&mut counts, run.pass(opened.scan, origin.step, stages, after, sink)?);
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
