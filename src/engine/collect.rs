//! Runs a plan into memory: keeps all rows and the report, or only the report.

use std::sync::Arc;

use arrow::array::RecordBatch;

use super::interrupt::Interrupted;
use super::report::report;
use super::resources::Resources;
use super::run::Run;
use super::run_plan::run_plan;
use super::sources::Sources;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::flow::{MakeReady, Sink};
use crate::plan::Resolved;
use crate::record::{Batch, FileNames};
use crate::report::Report;
use crate::write::Collect;

/// The rows and the report of a run into memory.
pub struct Collected {
    /// The rows, in order.
    pub batches: Vec<RecordBatch>,
    /// The report, as a sink gives it.
    pub report: Report,
}

/// Runs a plan into memory. The split of a row becomes a column `split`.
///
/// # Errors
/// Those of the sources and stages.
pub fn collect(
    plan: &Resolved,
    resources: Resources,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
) -> Result<Collected> {
    let mut sink = Collect::new(plan.job.split_names.clone());
    let report = run_into(&mut sink, plan, resources, cancel, interrupted, |_| {})?;
    Ok(Collected { batches: sink.into_batches(), report })
}

/// Runs a plan without keeping rows, and gives the report.
pub(crate) fn check(
    plan: &Resolved,
    resources: Resources,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
) -> Result<Report> {
    run_into(&mut Discard, plan, resources, cancel, interrupted, |_| {})
}

/// Runs a plan into a sink that writes no folder, and gives the report. `opened` gets the names of the files, before
/// the first row is read.
pub(super) fn run_into<S: Sink>(
    sink: &mut S,
    plan: &Resolved,
    resources: Resources,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
    opened: impl FnOnce(&FileNames),
) -> Result<Report>
where
    S::Ready: 'static,
{
    let mut run = Run { job: &plan.job, resources, cancel, interrupted };
    let sources = Sources::open(&mut run, false)?;
    let names = sources.names();
    opened(&names);
    let counts = run_plan(&mut run, sources, None, sink, resources.spill_anywhere())?;
    Ok(report(plan, &counts, &names))
}

/// A sink that keeps nothing.
struct Discard;

impl MakeReady<()> for Discard {
    fn make_ready(&self, _: Batch) -> Result<()> {
        Ok(())
    }
}

impl Sink for Discard {
    type Ready = ();

    fn ready_maker(&self) -> Arc<dyn MakeReady<()>> {
        Arc::new(Discard)
    }

    fn push(&mut self, (): ()) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}
