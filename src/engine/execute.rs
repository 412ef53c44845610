//! Runs the stages of a resolved plan into any sink: a pass into each barrier, and one into the sink.

use std::sync::Arc;

use arrow::array::RecordBatch;

use super::sources::{Sources, ordered, stages};
use super::{FINDINGS, Interrupted, Knobs, Pass, Stage, UNCOUNTED, attended, run};
use crate::cancel::Cancel;
use crate::error::Result;
use crate::flow::{Barrier, Entering, Map, Prepare, Scan, Sink};
use crate::plan::resolve::{Job, Section};
use crate::record::{Batch, Places};
use crate::report::StepCounts;
use crate::spill::Spill;
use crate::write::LayoutStage;

/// `last` is what the rows go through after the stages of the plan; it counts findings alone.
#[expect(clippy::too_many_arguments, reason = "what a run is made of")]
pub(super) fn execute<S: Sink>(
    job: &Job,
    sources: Sources,
    last: Option<Arc<dyn Map>>,
    sink: &mut S,
    spill: Spill,
    knobs: Knobs,
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
        // Where a barrier comes right before the sink, it is done before, so that its findings know their places.
        let mut after: Vec<_> = last.take_if(|_| is_final(i)).into_iter().collect();
        let Some((step, barrier)) = section.barrier else {
            let counted = input.run(job, section, &after, sink, knobs, cancel, interrupted);
            add(&mut counts, counted.map_err(|e| e.name_file(&names))?);
            attended(cancel, interrupted, || sink.finish())?;
            break;
        };
        after.push((UNCOUNTED, Arc::new(LayoutStage)));
        let held = barrier.open(job, spill.clone());
        let mut into =
            Into { sink, barrier: held, rows: 0, nothing: RecordBatch::new_empty(job.schema.clone()) };
        let counted = input.run(job, section, &after, &mut into, knobs, cancel, interrupted);
        add(&mut counts, counted.map_err(|e| e.name_file(&names))?);
        let Into { barrier: held, rows, .. } = into;
        cancel.begin(barrier.phase());
        let leaving = attended(cancel, interrupted, || held.leave())?;
        counts[step].rows_in += rows;
        leaving.sums.iter().for_each(|(name, n)| counts[step].add(name, *n));
        if is_final(i) {
            sink.expect(&leaving.totals)?;
        }
        input = Input::Barrier(step, leaving.scan);
    }
    Ok(counts)
}

/// Adds the counts of a pass, by step.
pub(super) fn add(counts: &mut [StepCounts], of_pass: Vec<StepCounts>) {
    counts.iter_mut().zip(of_pass).for_each(|(all, counts)| all.merge(counts));
}

/// Where the rows of a pass come from.
enum Input {
    Sources(Sources),
    /// A barrier, and the number of its step.
    Barrier(usize, Box<dyn Scan>),
}

impl Input {
    /// Gives all rows to the sink, which is not finished, through the stages of this section and those of `after`.
    #[expect(clippy::too_many_arguments, reason = "what a pass is made of")]
    fn run<S: Sink>(
        self,
        job: &Job,
        section: &Section<'_>,
        after: &[(usize, Arc<dyn Map>)],
        sink: &mut S,
        knobs: Knobs,
        cancel: &Cancel,
        interrupted: Interrupted<'_>,
    ) -> Result<Vec<StepCounts>>
    where
        S::Ready: 'static,
    {
        let (step, scan) = match self {
            Input::Sources(sources) => {
                return sources.run(job, section.stages, after, sink, knobs, cancel, interrupted);
            }
            Input::Barrier(step, scan) => (step, scan),
        };
        let own = attended(cancel, interrupted, || ordered(section.stages, cancel))?;
        let mut stages = stages(section.stages, &own)?;
        stages.extend(after.iter().map(|(step, map)| (*step, Stage::Map(Arc::clone(map)))));
        let pass =
            Pass { scan, source_step: step, stages, sink: &mut Unfinished(sink), steps: job.verbs.len() };
        run(pass, &knobs.options(), cancel, interrupted)
    }
}

/// A sink that takes more rows after those of this pass.
pub(super) struct Unfinished<'s, S>(pub &'s mut S);

impl<S: Sink> Sink for Unfinished<'_, S> {
    type Ready = S::Ready;

    fn preparer(&self) -> Arc<dyn Prepare<S::Ready>> {
        self.0.preparer()
    }

    fn push(&mut self, ready: S::Ready) -> Result<()> {
        self.0.push(ready)
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

/// The way into a barrier: it takes the rows, and what was taken out of them before goes to the sink at once.
struct Into<'s, S: Sink> {
    sink: &'s mut S,
    barrier: Box<dyn Barrier>,
    rows: u64,
    /// No rows, as they reach the sink.
    nothing: RecordBatch,
}

/// A batch on its way into a barrier.
struct Apart<R> {
    rows: Entering,
    /// A batch without rows, for the sink.
    taken_out: R,
}

struct PrepareApart<R> {
    barrier: Arc<dyn Prepare<Entering>>,
    sink: Arc<dyn Prepare<R>>,
    nothing: RecordBatch,
}

impl<R> Prepare<Apart<R>> for PrepareApart<R> {
    fn prepare(&self, mut batch: Batch) -> Result<Apart<R>> {
        let (rejects, duplicates) =
            (std::mem::take(&mut batch.rejects), std::mem::take(&mut batch.duplicates));
        let places = Places::numbered(batch.places.file, 0, 0);
        let taken_out = Batch { seq: batch.seq, records: self.nothing.clone(), places, rejects, duplicates };
        let taken_out = self.sink.prepare(taken_out)?;
        Ok(Apart { rows: self.barrier.prepare(batch)?, taken_out })
    }
}

impl<S: Sink> Sink for Into<'_, S>
where
    S::Ready: 'static,
{
    type Ready = Apart<S::Ready>;

    fn preparer(&self) -> Arc<dyn Prepare<Self::Ready>> {
        Arc::new(PrepareApart {
            barrier: self.barrier.preparer(),
            sink: self.sink.preparer(),
            nothing: self.nothing.clone(),
        })
    }

    fn push(&mut self, ready: Self::Ready) -> Result<()> {
        self.rows += ready.rows.ranks.len() as u64;
        self.barrier.push(ready.rows)?;
        self.sink.push(ready.taken_out)
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}
