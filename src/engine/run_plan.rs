//! Runs the stages of a resolved plan into a sink: a pass into each barrier, and one into the sink.

use std::sync::Arc;

use arrow::array::RecordBatch;

use super::barrier_sink::BarrierSink;
use super::interrupt::{Interrupted, interruptible};
use super::pass::{FINDINGS, Pass, Stage, UNCOUNTED};
use super::pass_stages::{ordered_stages, pass_stages};
use super::resources::Resources;
use super::run_pass::run_pass;
use super::sources::Sources;
use super::unfinished_sink::UnfinishedSink;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::flow::{Map, Scan, Sink};
use crate::plan::resolve::{Job, Section};
use crate::report::{StepCounts, add_pass};
use crate::spill::Spill;
use crate::write::LayoutStage;

/// Runs a plan into a sink. `last` is a stage after those of the plan that counts only findings.
#[expect(clippy::too_many_arguments, reason = "what a run is made of")]
pub(super) fn run_plan<S: Sink>(
    job: &Job,
    sources: Sources,
    last: Option<Arc<dyn Map>>,
    sink: &mut S,
    spill: Spill,
    resources: Resources,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
) -> Result<Vec<StepCounts>>
where
    S::Ready: 'static,
{
    let names = sources.names();
    let sections = job.sections();
    let is_final = |i: usize| match &sections[i + 1..] {
        [] => true,
        [next] => next.stages.is_empty(),
        _ => false,
    };
    let mut last: Option<(usize, Arc<dyn Map>)> = last.map(|map| (FINDINGS, map));
    let mut counts = vec![StepCounts::default(); job.verbs.len()];
    let mut input = Input::Sources(sources);
    for (i, section) in sections.iter().enumerate() {
        // With a barrier right before the sink, `last` runs before the barrier, so that findings have the places of rows.
        let mut after: Vec<_> = last.take_if(|_| is_final(i)).into_iter().collect();
        let Some((step, barrier)) = section.barrier else {
            let counted = input.run(job, section, &after, sink, resources, cancel, interrupted);
            add_pass(&mut counts, counted.map_err(|e| e.name_file(&names))?);
            interruptible(cancel, interrupted, || sink.finish())?;
            break;
        };
        after.push((UNCOUNTED, Arc::new(LayoutStage)));
        let held = job.open_barrier(barrier, spill.clone());
        let mut into =
            BarrierSink { sink, barrier: held, rows: 0, empty: RecordBatch::new_empty(job.schema.clone()) };
        let counted = input.run(job, section, &after, &mut into, resources, cancel, interrupted);
        add_pass(&mut counts, counted.map_err(|e| e.name_file(&names))?);
        let BarrierSink { barrier: held, rows, .. } = into;
        cancel.begin(barrier.phase());
        let leaving = interruptible(cancel, interrupted, || held.finish())?;
        counts[step].rows_in += rows;
        leaving.sums.iter().for_each(|(name, n)| counts[step].add(name, *n));
        if is_final(i) {
            sink.expect(&leaving.totals)?;
        }
        input = Input::Barrier(step, leaving.scan);
    }
    Ok(counts)
}

/// The source of the rows of a pass.
enum Input {
    Sources(Sources),
    /// A barrier, and the number of its step.
    Barrier(usize, Box<dyn Scan>),
}

impl Input {
    /// Runs all rows through the stages of a section and those of `after` into the sink, which is not finished.
    #[expect(clippy::too_many_arguments, reason = "what a pass is made of")]
    fn run<S: Sink>(
        self,
        job: &Job,
        section: &Section<'_>,
        after: &[(usize, Arc<dyn Map>)],
        sink: &mut S,
        resources: Resources,
        cancel: &Cancel,
        interrupted: Interrupted<'_>,
    ) -> Result<Vec<StepCounts>>
    where
        S::Ready: 'static,
    {
        let (step, scan) = match self {
            Input::Sources(sources) => {
                return sources.run(job, section.stages, after, sink, resources, cancel, interrupted);
            }
            Input::Barrier(step, scan) => (step, scan),
        };
        let own = interruptible(cancel, interrupted, || ordered_stages(section.stages, cancel))?;
        let mut stages = pass_stages(section.stages, &own)?;
        stages.extend(after.iter().map(|(step, map)| (*step, Stage::Map(Arc::clone(map)))));
        let pass =
            Pass { scan, source_step: step, stages, sink: &mut UnfinishedSink(sink), steps: job.verbs.len() };
        run_pass(pass, &resources.options(), cancel, interrupted)
    }
}
