//! Runs the stages of a resolved plan into any sink; a shuffle or a pack makes two passes of it.

use std::sync::Arc;

use super::{FINDINGS, Interrupted, Job, Knobs, Stage, UNCOUNTED, attended, run};
use crate::cancel::{Cancel, Phase};
use crate::error::{Error, Result};
use crate::pack::{JoinRows, PackSink};
use crate::plan::Resolved;
use crate::plan::resolve::{Barrier, Build, Counted};
use crate::plan::source::Opened;
use crate::report::StepCounts;
use crate::shuffle::{PickRows, ShuffleSink};
use crate::spill::Spill;
use crate::stage::{Decode, Map, Sink};
use crate::write::PlainStage;

/// Opens the source; of Parquet, all footers are read.
pub(super) fn open(
    plan: &Resolved,
    knobs: Knobs,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
) -> Result<Opened> {
    attended(cancel, interrupted, || plan.found.open(&plan.columns, knobs.limits(), cancel))
}

/// `last` is what the rows go through after the stages of the plan; it counts findings alone.
#[expect(clippy::too_many_arguments, reason = "what a run is made of")]
pub(super) fn execute<S: Sink>(
    plan: &Resolved,
    opened: Opened,
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
    let names = opened.inputs.names();
    let mut stages = attended(cancel, interrupted, || stages(plan, cancel))?;
    stages.extend(last.map(|map| (FINDINGS, Stage::Map(map))));
    let (source, decode, steps, options) = (opened.source, opened.decode, plan.verbs.len(), knobs.options());
    let Some((step, barrier)) = plan.barrier else {
        let job = Job { source, decode, stages, sink, steps };
        return run(job, &options, cancel, interrupted).map_err(|e| e.name_file(&names));
    };
    stages.push((UNCOUNTED, Stage::Map(Arc::new(PlainStage))));
    let splits = plan.split_names.len();
    let (mut counts, source, decode, rows): (_, _, Arc<dyn Decode>, _) = match barrier {
        Barrier::Shuffle(seed) => {
            let mut shuffle = ShuffleSink::new(sink, seed, splits, spill);
            let job = Job { source, decode, stages, sink: &mut shuffle, steps };
            let counts = run(job, &options, cancel, interrupted).map_err(|e| e.name_file(&names))?;
            cancel.begin(Phase::Shuffle);
            let (totals, source) = attended(cancel, interrupted, || shuffle.into_source())?;
            sink.expect(&totals.rows, &totals.bytes)?;
            (counts, source, Arc::new(PickRows), totals.rows)
        }
        Barrier::Pack(how) => {
            let mut pack = PackSink::new(sink, how, splits, spill);
            let job = Job { source, decode, stages, sink: &mut pack, steps };
            let mut counts = run(job, &options, cancel, interrupted).map_err(|e| e.name_file(&names))?;
            cancel.begin(Phase::Pack);
            let (packed, source) = attended(cancel, interrupted, || pack.into_source())?;
            sink.expect(&packed.packs, &packed.bytes)?;
            if let Some(last) = counts.last_mut() {
                last.add("documents", packed.documents);
                last.add("packed_tokens", packed.tokens);
            }
            (counts, source, Arc::new(JoinRows { labels_follow: how.labels_follow }), packed.packs)
        }
    };
    run(
        Job { source: Box::new(source), decode, stages: Vec::new(), sink, steps: 0 },
        &options,
        cancel,
        interrupted,
    )?;
    // A barrier is no stage: its rows are those that the step before it let through.
    counts[step].rows_in = counts[step - 1].rows_out;
    counts[step].rows_out = rows.iter().sum();
    Ok(counts)
}

/// The stages of one run; keys of earlier folders are read now.
fn stages(plan: &Resolved, cancel: &Cancel) -> Result<Vec<(usize, Stage)>> {
    let mut stages = Vec::new();
    for (step, counted, build) in &plan.stages {
        let step = if *counted == Counted::Yes { *step } else { UNCOUNTED };
        let stage = match (build, build.ordered(cancel)?) {
            (_, Some(ordered)) => Stage::Ordered(ordered),
            (Build::Map(map), None) => Stage::Map(map.clone()),
            (_, None) => return Err(Error::internal("a stage is neither map nor ordered")),
        };
        stages.push((step, stage));
    }
    Ok(stages)
}
