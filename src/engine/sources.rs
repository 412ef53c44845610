//! The sources of a run, one after another: each goes through stages of its own, then through those for all rows.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::execute::{Unfinished, add};
use super::{Interrupted, Knobs, Pass, Stage, UNCOUNTED, attended, run};
use crate::artifact::manifest::Input;
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::flow::{Map, Ordered, Sink, TakenOut};
use crate::plan::resolve::{Build, Counted, Job, Origin};
use crate::plan::source::Opened;
use crate::read::inputs::Inputs;
use crate::record::{Batch, FileNames};
use crate::report::StepCounts;

/// The sources of a plan, opened.
pub(super) struct Sources(Vec<Opened>);

/// What was read of them, to be asked after the run.
pub(super) struct Read(Vec<Inputs>);

impl Sources {
    /// Opens them; of Parquet, all footers are read. `digested` asks for what [`Read::streams`] gives.
    pub fn open(
        job: &Job,
        knobs: Knobs,
        digested: bool,
        cancel: &Cancel,
        interrupted: Interrupted<'_>,
    ) -> Result<Sources> {
        attended(cancel, interrupted, || {
            let open = |origin: &Origin| origin.found.open(&origin.columns, knobs.limits(), digested, cancel);
            Ok(Sources(job.origins.iter().map(open).collect::<Result<_>>()?))
        })
    }

    /// The names of all files, as places refer to them.
    pub fn names(&self) -> FileNames {
        let names = self.0.iter().flat_map(|opened| opened.inputs.names().to_vec());
        Arc::new(names.collect())
    }

    /// A handle to what is read.
    pub fn read(&self) -> Read {
        Read(self.0.iter().map(|opened| opened.inputs.clone()).collect())
    }

    /// Gives all rows to the sink, which is not finished: of each source through its own stages, then through those for
    /// all rows, then through those of `after`.
    #[expect(clippy::too_many_arguments, reason = "what a pass is made of")]
    pub fn run<S: Sink>(
        self,
        job: &Job,
        builds: &[(usize, Counted, Build)],
        after: &[(usize, Arc<dyn Map>)],
        sink: &mut S,
        knobs: Knobs,
        cancel: &Cancel,
        interrupted: Interrupted<'_>,
    ) -> Result<Vec<StepCounts>>
    where
        S::Ready: 'static,
    {
        // Keys of earlier folders are read now.
        let for_all = attended(cancel, interrupted, || ordered(builds, cancel))?;
        let mut counts = vec![StepCounts::default(); job.verbs.len()];
        for (origin, opened) in job.origins.iter().zip(self.0) {
            if for_all.iter().flatten().any(|stage| stage.lock().is_satisfied()) {
                break;
            }
            let own = attended(cancel, interrupted, || ordered(&origin.stages, cancel))?;
            let mut stages = stages(&origin.stages, &own)?;
            stages.extend(self::stages(builds, &for_all)?);
            stages.extend(after.iter().map(|(step, map)| (*step, Stage::Map(Arc::clone(map)))));
            let pass = Pass {
                scan: opened.scan,
                source_step: origin.step,
                stages,
                sink: &mut Unfinished(sink),
                steps: job.verbs.len(),
            };
            let of_source = run(pass, &knobs.options(), cancel, interrupted)?;
            add(&mut counts, of_source);
        }
        Ok(counts)
    }
}

impl Read {
    /// All inputs, in order.
    pub fn list(&self, cancel: &Cancel) -> Result<Vec<Input>> {
        let lists = self.0.iter().map(|inputs| inputs.list(cancel)).collect::<Result<Vec<_>>>()?;
        Ok(lists.concat())
    }

    /// The digests of the content of sources in memory, where they are known.
    pub fn streams(&self, job: &Job, cancel: &Cancel) -> Result<Vec<Option<String>>> {
        let content = |(origin, inputs): (&Origin, &Inputs)| {
            origin.found.content(inputs, &origin.columns, job.may_end_early(origin), cancel)
        };
        job.origins.iter().zip(&self.0).map(content).collect()
    }
}

/// An ordered stage that goes on from source to source.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Box<dyn Ordered>>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Box<dyn Ordered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ordered for Shared {
    fn push(&mut self, batch: Batch, taken_out: &mut TakenOut) -> Result<Batch> {
        self.lock().push(batch, taken_out)
    }

    fn can_be_satisfied(&self) -> bool {
        self.lock().can_be_satisfied()
    }

    fn is_satisfied(&self) -> bool {
        self.lock().is_satisfied()
    }
}

/// The ordered stages among these, with no row seen.
pub(super) fn ordered(builds: &[(usize, Counted, Build)], cancel: &Cancel) -> Result<Vec<Option<Shared>>> {
    let shared = |(_, _, build): &(usize, Counted, Build)| {
        Ok(build.ordered(cancel)?.map(|stage| Shared(Arc::new(Mutex::new(stage)))))
    };
    builds.iter().map(shared).collect()
}

pub(super) fn stages(
    builds: &[(usize, Counted, Build)],
    ordered: &[Option<Shared>],
) -> Result<Vec<(usize, Stage)>> {
    let stage = |((step, counted, build), ordered): (&(usize, Counted, Build), &Option<Shared>)| {
        let step = if *counted == Counted::Yes { *step } else { UNCOUNTED };
        match (build, ordered) {
            (_, Some(ordered)) => Ok((step, Stage::Ordered(Box::new(ordered.clone())))),
            (Build::Map(map), None) => Ok((step, Stage::Map(Arc::clone(map)))),
            (_, None) => Err(Error::internal("a barrier is no stage of a pass")),
        }
    };
    builds.iter().zip(ordered).map(stage).collect()
}
