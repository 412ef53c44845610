//! Runs a plan into memory: keeps all rows and the report, or only the report.

use std::sync::Arc;

use arrow::array::RecordBatch;

use super::interrupt::Interrupted;
use super::report::report;
use super::resources::Resources;
use super::run_plan::run_plan;
use super::sources::Sources;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::flow::{Prepare, Sink};
use crate::plan::Resolved;
use crate::record::Batch;
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
    let sources = Sources::open(&plan.job, resources, false, cancel, interrupted)?;
    let names = sources.names();
    let mut collect = Collect::new(plan.job.split_names.clone());
    let counts = run_plan(
        &plan.job,
        sources,
        None,
        &mut collect,
        resources.spill_anywhere(),
        resources,
        cancel,
        interrupted,
    )?;
    Ok(Collected { batches: collect.into_batches(), report: report(plan, &counts, &names) })
}

/// Runs a plan without keeping rows, and gives the report.
pub(crate) fn check(
    plan: &Resolved,
    resources: Resources,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
) -> Result<Report> {
    let sources = Sources::open(&plan.job, resources, false, cancel, interrupted)?;
    let names = sources.names();
    let counts = run_plan(
        &plan.job,
        sources,
        None,
        &mut Discard,
        resources.spill_anywhere(),
        resources,
        cancel,
        interrupted,
    )?;
    Ok(report(plan, &counts, &names))
}

/// A sink that keeps nothing.
struct Discard;

impl Prepare<()> for Discard {
    fn prepare(&self, _: Batch) -> Result<()> {
        Ok(())
    }
}

impl Sink for Discard {
    type Ready = ();

    fn preparer(&self) -> Arc<dyn Prepare<()>> {
        Arc::new(Discard)
    }

    fn push(&mut self, (): ()) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}
