//! Runs the stages of a resolved plan into any sink; a shuffle or a pack makes two passes of it.

use std::sync::Arc;

use super::sources::Sources;
use super::{FINDINGS, Interrupted, Knobs, Pass, UNCOUNTED, attended, run};
use crate::cancel::{Cancel, Phase};
use crate::error::Result;
use crate::pack::{JoinRows, PackSink};
use crate::plan::resolve::{Barrier, Job};
use crate::report::StepCounts;
use crate::shuffle::{PickRows, ShuffleSink};
use crate::spill::Spill;
use crate::stage::{Map, PairedScan, Scan, Sink};
use crate::write::PlainStage;

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
    let mut after: Vec<(usize, Arc<dyn Map>)> = last.map(|map| (FINDINGS, map)).into_iter().collect();
    let Some((step, barrier)) = job.barrier else {
        let counts = sources.run(job, &after, sink, knobs, cancel, interrupted)?;
        attended(cancel, interrupted, || sink.finish())?;
        return Ok(counts);
    };
    after.push((UNCOUNTED, Arc::new(PlainStage)));
    let splits = job.split_names.len();
    let (mut counts, scan, rows): (_, Box<dyn Scan>, _) = match barrier {
        Barrier::Shuffle(seed) => {
            let mut shuffle = ShuffleSink::new(sink, seed, splits, spill);
            let counts = sources.run(job, &after, &mut shuffle, knobs, cancel, interrupted)?;
            attended(cancel, interrupted, || shuffle.finish())?;
            cancel.begin(Phase::Shuffle);
            let (totals, source) = attended(cancel, interrupted, || shuffle.into_source())?;
            sink.expect(&totals.rows, &totals.bytes)?;
            (counts, Box::new(PairedScan::new(source, Arc::new(PickRows))), totals.rows)
        }
        Barrier::Pack(how) => {
            let mut pack = PackSink::new(sink, how, splits, spill);
            let mut counts = sources.run(job, &after, &mut pack, knobs, cancel, interrupted)?;
            attended(cancel, interrupted, || pack.finish())?;
            cancel.begin(Phase::Pack);
            let (packed, source) = attended(cancel, interrupted, || pack.into_source())?;
            sink.expect(&packed.packs, &packed.bytes)?;
            if let Some(last) = counts.last_mut() {
                last.add("documents", packed.documents);
                last.add("packed_tokens", packed.tokens);
            }
            let join = Arc::new(JoinRows { labels_follow: how.labels_follow });
            (counts, Box::new(PairedScan::new(source, join)), packed.packs)
        }
    };
    let pass = Pass { scan, source_step: UNCOUNTED, stages: Vec::new(), sink, steps: 0 };
    run(pass, &knobs.options(), cancel, interrupted)?;
    // A barrier is no stage: its rows are those that the step before it let through. A shuffle keeps them all.
    counts[step].rows_in = counts[step - 1].rows_out;
    counts[step].rows_out = match barrier {
        Barrier::Shuffle(_) => counts[step].rows_in,
        Barrier::Pack(_) => rows.iter().sum(),
    };
    Ok(counts)
}
