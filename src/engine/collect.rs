//! Runs into memory: all rows with the report, or the report alone.

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

/// Rows in memory, and how many were taken out for which reason.
pub struct Collected {
    /// The rows, in order.
    pub batches: Vec<RecordBatch>,
    /// The report, as for a sink.
    pub report: Report,
}

/// Runs into memory; a split becomes a column `split`.
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

/// Runs, keeps no row, and gives the report.
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
        &mut Nothing,
        resources.spill_anywhere(),
        resources,
        cancel,
        interrupted,
    )?;
    Ok(report(plan, &counts, &names))
}

/// Keeps nothing.
struct Nothing;

impl Prepare<()> for Nothing {
    fn prepare(&self, _: Batch) -> Result<()> {
        Ok(())
    }
}

impl Sink for Nothing {
    type Ready = ();

    fn preparer(&self) -> Arc<dyn Prepare<()>> {
        Arc::new(Nothing)
    }

    fn push(&mut self, (): ()) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}
