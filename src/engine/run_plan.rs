//! Runs the stages of a resolved plan into a sink: a pass into each barrier, and one into the sink.

use std::sync::Arc;

use arrow::array::RecordBatch;

use super::barrier_sink::BarrierSink;
use super::pass::{FINDINGS, UNCOUNTED};
use super::pass_stages::pass_stages;
use super::run::Run;
use super::sources::Sources;
use crate::error::Result;
use crate::flow::{Map, Scan, Sink};
use crate::plan::resolve::Section;
use crate::report::{StepCounts, add_pass};
use crate::spill::Spill;
use crate::write::LayoutStage;

/// Runs a plan into a sink. `last` is a stage after those of the plan that counts only findings.
pub(super) fn run_plan<S: Sink>(
    run: &mut Run<'_>,
    sources: Sources,
    last: Option<Arc<dyn Map>>,
    sink: &mut S,
    spill: Spill,
) -> Result<Vec<StepCounts>>
where
    S::Ready: 'static,
{
    let (job, names) = (run.job, sources.names());
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
            let counted = input.run(run, section, &after, sink);
            add_pass(&mut counts, counted.map_err(|e| e.name_file(&names))?);
            run.interruptible(|| sink.finish())?;
            break;
        };
        after.push((UNCOUNTED, Arc::new(LayoutStage)));
        let held = job.open_barrier(barrier, spill.clone());
        let mut into =
            BarrierSink { sink, barrier: held, rows: 0, empty: RecordBatch::new_empty(job.schema.clone()) };
        let counted = input.run(run, section, &after, &mut into);
        add_pass(&mut counts, counted.map_err(|e| e.name_file(&names))?);
        let BarrierSink { barrier: held, rows, .. } = into;
        run.cancel.begin(barrier.phase());
        let leaving = run.interruptible(|| held.finish())?;
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
    fn run<S: Sink>(
        self,
        run: &mut Run<'_>,
        section: &Section<'_>,
        after: &[(usize, Arc<dyn Map>)],
        sink: &mut S,
    ) -> Result<Vec<StepCounts>>
    where
        S::Ready: 'static,
    {
        match self {
            Input::Sources(sources) => sources.run(run, section.stages, after, sink),
            Input::Barrier(step, scan) => {
                let ordered = run.ordered_stages(section.stages)?;
                run.pass(scan, step, pass_stages(section.stages, &ordered)?, after, sink)
            }
        }
    }
}
