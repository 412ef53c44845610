//! The report of a run, from the counts of its steps.

use crate::plan::Resolved;
use crate::plan::resolve::{BarrierStep, Order};
use crate::record::FileNames;
use crate::report::{Report, ReportContext, StepCounts};

/// The report of a run of this plan.
pub(super) fn report(plan: &Resolved, counts: &[StepCounts], names: &FileNames) -> Report {
    let sources: Vec<usize> = plan.job.origins.iter().map(|origin| origin.step).collect();
    let shape = ReportContext {
        sources: &sources,
        verbs: &plan.job.verbs,
        split_names: &plan.job.split_names,
        tokenizer_warnings: plan.description.tokenizer.as_ref().map(|t| t.warnings.as_slice()),
        pack: plan.job.sections().iter().find_map(|section| match section.barrier {
            Some((step, BarrierStep { order: Order::Pack(how), .. })) => Some((step, how.max_length)),
            _ => None,
        }),
        report_by: plan.description.report_by.as_deref(),
    };
    Report::new(shape, counts, names)
}
